//! Requests with files: by `XMLHttpRequest`, since fetch does not tell how much has been sent.
//!
//! What the other side says is passed on as it comes, as from fetch.

use super::member;
use crate::platform::rare::{self, Rare};
use crate::platform::{Answer, LocalFile, Request, Task, Unreachable, Upload};
use futures_util::future::poll_fn;
use send_wrapper::SendWrapper;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, File, FormData, ProgressEvent, XmlHttpRequest};

/// `XMLHttpRequest.HEADERS_RECEIVED`.
const HEAD: u16 = 2;
/// `XMLHttpRequest.DONE`.
const DONE: u16 = 4;

/// A file as the visitor gives it: chosen, dropped, or pasted.
pub fn local_file(file: &File) -> LocalFile {
    let content: Rc<dyn std::any::Any> = Rc::new(file.clone());
    LocalFile { name: file.name(), media_type: file.type_(), size: file.size() as u64, content: SendWrapper::new(content) }
}

/// What the browser knows a file by.
pub fn browser_file(file: &LocalFile) -> Option<&Blob> {
    file.content.downcast_ref::<File>().map(AsRef::as_ref)
}

pub(super) fn send(request: Request, upload: Upload) -> Task<Result<Box<dyn Answer>, Unreachable>> {
    let answered = Rare(move || answered(request, upload));
    Box::pin(async move { rare::run(Box::new(answered)).await.map_err(|_| Unreachable)? })
}

async fn answered(request: Request, upload: Upload) -> Result<Box<dyn Answer>, Unreachable> {
    let answer = XhrAnswer::begin(&request, &upload).map_err(|_| Unreachable)?;
    poll_fn(|context| answer.line.poll_head(context)).await?;
    Ok(Box::new(answer))
}

/// The request, and who waits for it.
struct Line {
    xhr: XmlHttpRequest,
    waker: RefCell<Option<Waker>>,
    failed: Cell<bool>,
}

impl Line {
    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn poll_head(&self, context: &mut Context<'_>) -> Poll<Result<(), Unreachable>> {
        let there = self.xhr.ready_state() >= HEAD;
        // Without a status it is the end of a line that broke.
        if self.failed.get() || there && self.xhr.status().unwrap_or_default() == 0 {
            return Poll::Ready(Err(Unreachable));
        }
        if there {
            return Poll::Ready(Ok(()));
        }
        self.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

/// Takes the request back when dropped.
struct XhrAnswer {
    line: Rc<Line>,
    /// How much of the text has been passed on, in UTF-16 units.
    read: u32,
    _heard: [Closure<dyn FnMut(JsValue)>; 3],
}

impl XhrAnswer {
    fn begin(request: &Request, upload: &Upload) -> Result<Self, JsValue> {
        let form = FormData::new()?;
        for (name, value) in &upload.fields {
            form.append_with_str(name, value)?;
        }
        for file in &upload.files {
            let blob = browser_file(file).ok_or(JsValue::NULL)?;
            form.append_with_blob_and_filename("files", blob, &file.name)?;
        }
        let xhr = XmlHttpRequest::new()?;
        xhr.open_with_async(request.method, &request.url, true)?;
        for (name, value) in &request.headers {
            xhr.set_request_header(name, value)?;
        }
        let line = Rc::new(Line { xhr, waker: RefCell::default(), failed: Cell::new(false) });
        let (moved, broken, told) = (line.clone(), line.clone(), upload.told.clone());
        let heard = [
            Closure::new(move |_| moved.wake()),
            Closure::new(move |_| {
                broken.failed.set(true);
                broken.wake();
            }),
            Closure::new(move |event: JsValue| {
                let event: ProgressEvent = event.unchecked_into();
                if event.total() > 0.0 {
                    told((event.loaded() / event.total() * 100.0) as u8);
                }
            }),
        ];
        let xhr = &line.xhr;
        xhr.set_onreadystatechange(Some(heard[0].as_ref().unchecked_ref()));
        xhr.set_onprogress(Some(heard[0].as_ref().unchecked_ref()));
        xhr.set_onerror(Some(heard[1].as_ref().unchecked_ref()));
        xhr.upload()?.set_onprogress(Some(heard[2].as_ref().unchecked_ref()));
        xhr.send_with_opt_form_data(Some(&form))?;
        Ok(Self { line, read: 0, _heard: heard })
    }
}

impl Drop for XhrAnswer {
    fn drop(&mut self) {
        let xhr = &self.line.xhr;
        xhr.set_onreadystatechange(None);
        xhr.set_onprogress(None);
        xhr.set_onerror(None);
        if let Ok(upload) = xhr.upload() {
            upload.set_onprogress(None);
        }
        let _ = xhr.abort();
    }
}

impl Answer for XhrAnswer {
    fn status(&self) -> u16 {
        self.line.xhr.status().unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.line.xhr.get_response_header(name).ok().flatten()
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Unreachable>> {
        let text: js_sys::JsString = member(&self.line.xhr, "responseText").unchecked_into();
        // Half of a character is left for the next time.
        let whole = text.length() - u32::from(ends_in_half(&text));
        if whole > self.read {
            let new = String::from(text.substring(self.read, whole));
            self.read = whole;
            return Poll::Ready(Ok(Some(new.into_bytes())));
        }
        if self.line.failed.get() {
            return Poll::Ready(Err(Unreachable));
        }
        if self.line.xhr.ready_state() == DONE {
            return Poll::Ready(Ok(None));
        }
        self.line.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

fn ends_in_half(text: &js_sys::JsString) -> bool {
    let last = text.length().checked_sub(1).map(|at| text.char_code_at(at));
    last.is_some_and(|unit| (f64::from(0xd800)..f64::from(0xdc00)).contains(&unit))
}
