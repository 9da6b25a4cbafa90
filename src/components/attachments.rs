//! Files that go with a message: chosen, dropped or pasted; shown before they are sent, and by name afterwards.
//!
//! A picture's preview is painted on a canvas, which no Content-Security-Policy forbids; a `blob:` address would need
//! a place in the page's `img-src`.

use super::dom::{El, div, el};
use super::icon::{ATTACH, CLOSE, FILE, WARNING, icon};
use super::parts::icon_button;
use super::rare;
use super::root::Cx;
use crate::app::{Attachment, BoxSignal, Refusal, Refused};
use crate::i18n::{file_size, fill};
use crate::platform::LocalFile;
use crate::platform::web::{browser_file, local_file};
use leptos::prelude::*;
use twinchat_protocol::message::MessageFile;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, DataTransfer, DragEvent, Event, FileList, HtmlCanvasElement, HtmlInputElement, ImageBitmap};

/// How wide and high a preview is, in its own pixels.
const PREVIEW: u32 = 80;
/// Pictures larger than this are not worth the memory that painting them takes.
const LARGEST_PREVIEW: u64 = 20 << 20;

/// The button that lets the visitor choose files.
pub(crate) fn attach_button(cx: Cx) -> El {
    let types = cx.s.settings.with_untracked(|settings| {
        let dotted = settings.files.extensions.iter().map(|extension| [".", extension].concat());
        settings.files.types.iter().cloned().chain(dotted).collect::<Vec<_>>().join(",")
    });
    let input = el("input", "").attr("type", "file").attr("multiple", "").attr("hidden", "").attr("tabindex", "-1").attr("accept", &types);
    let chosen: HtmlInputElement = input.node().clone().unchecked_into();
    let opened = chosen.clone();
    let input = input.on("change", move |_| {
        let files = chosen.files().map(|list| local_files(&list)).unwrap_or_default();
        // The same file can be chosen again.
        chosen.set_value("");
        cx.app.attach(files);
    });
    let press = icon_button(ATTACH, cx.t.attach, move || opened.click()).class("tc-attach").attr("part", "attach");
    el("span", "tc-attach-anchor").child(press).child(input)
}

fn local_files(list: &FileList) -> Vec<LocalFile> {
    (0..list.length()).filter_map(|at| list.item(at)).map(|file| local_file(&file)).collect()
}

/// The files in what is dropped or pasted.
pub(crate) fn files_in(transfer: Option<DataTransfer>) -> Vec<LocalFile> {
    transfer.and_then(|transfer| transfer.files()).map(|list| local_files(&list)).unwrap_or_default()
}

/// The files that go with the draft, and those that cannot.
pub(crate) fn attachments(cx: Cx) -> El {
    let ids = move || cx.s.attachments.with(|files| files.iter().map(|attached| attached.id.to_string()).collect::<Vec<_>>());
    let find = move |id: &str| cx.s.attachments.with(|files| files.iter().find(|attached| attached.id.to_string() == id).cloned());
    let files = el("ul", "tc-files").attr("aria-label", cx.t.attached).flag("hidden", move || cx.s.attachments.with(Vec::is_empty));
    let files = rare::list(cx, files, ids, move |id| find(id).map(|attached| attached_file(cx, attached)));
    let refused_key = move || cx.s.refused.with(|refused| refused.iter().map(|file| file.name.clone()).collect::<Vec<_>>().join("\n"));
    rare::slot(cx, div(""), refused_key, move |_| Some(refused(cx))).child(files)
}

fn attached_file(cx: Cx, attached: Attachment) -> El {
    let file = attached.file;
    let picture = (file.media_type.starts_with("image/") && file.size <= LARGEST_PREVIEW).then(|| preview(&file));
    let item = describe(cx, el("li", "tc-file"), &file.name, file.size, picture);
    item.child(icon_button(CLOSE, &fill(cx.t.detach, &file.name), move || cx.app.detach(attached.id)))
}

fn describe(cx: Cx, item: El, name: &str, size: u64, picture: Option<El>) -> El {
    let words = div("tc-file-words")
        .child(div("tc-file-name").attr("dir", "auto").text(name))
        .child(div("tc-file-size").child(apart(&kind(name))).text(" · ").child(apart(&file_size(size, cx.locale))));
    item.attr("title", name).child(picture.unwrap_or_else(|| div("tc-file-icon").child(icon(FILE)))).child(words)
}

/// Words whose direction is their own and leaves alone what stands around them.
fn apart(words: &str) -> El {
    el("bdi", "").text(words)
}

/// What a file is, by its name: `PDF`.
fn kind(name: &str) -> String {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).filter(|extension| extension.len() <= 5);
    extension.unwrap_or("–").to_ascii_uppercase()
}

/// The files of a message that is sent, by name, type and size.
pub(crate) fn file_list(cx: Cx, files: &[MessageFile]) -> El {
    let items = files.iter().map(|file| describe(cx, el("li", "tc-file"), &file.name, file.size, None));
    el("ul", "tc-files").attr("aria-label", cx.t.attached).children(items)
}

fn refused(cx: Cx) -> El {
    let line = |file: &Refused| el("p", "").child(apart(&file.name)).text(": ").text(&why(cx, file));
    let lines: Vec<El> = cx.s.refused.with_untracked(|refused| refused.iter().map(line).collect());
    let words = div("tc-notice-text").children(lines);
    let dismiss = icon_button(CLOSE, cx.t.dismiss, move || cx.app.dismiss_refused());
    div("tc-notice").attr("role", "alert").child(icon(WARNING)).child(words).child(dismiss)
}

fn why(cx: Cx, file: &Refused) -> String {
    match file.why {
        Refusal::TooLarge(bytes) => fill(cx.t.file_large, &file_size(bytes, cx.locale)),
        Refusal::TooMany(count) => cx.t.file_many.of(count),
        Refusal::Type => cx.t.file_type.to_owned(),
        Refusal::Empty => cx.t.file_empty.to_owned(),
    }
}

/// Paints a small picture of the file once the browser has read it.
fn preview(file: &LocalFile) -> El {
    let canvas = el("canvas", "tc-file-icon").attr("aria-hidden", "true");
    let node: HtmlCanvasElement = canvas.node().clone().unchecked_into();
    node.set_width(PREVIEW);
    node.set_height(PREVIEW);
    if let Some(promise) = browser_file(file).and_then(|blob| window().create_image_bitmap_with_blob(blob).ok()) {
        leptos::task::spawn_local(async move {
            // What is no picture after all stays an empty square.
            if let Ok(bitmap) = JsFuture::from(promise).await {
                paint(&node, bitmap.unchecked_ref());
            }
        });
    }
    canvas
}

fn paint(canvas: &HtmlCanvasElement, bitmap: &ImageBitmap) {
    let context = canvas.get_context("2d").ok().flatten().and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
    let Some(context) = context else { return };
    let (width, height, side) = (f64::from(bitmap.width()), f64::from(bitmap.height()), f64::from(PREVIEW));
    let scale = side / width.min(height).max(1.0);
    let (w, h) = (width * scale, height * scale);
    let _ = context.draw_image_with_image_bitmap_and_dw_and_dh(bitmap, (side - w) / 2.0, (side - h) / 2.0, w, h);
    bitmap.close();
}

/// Lets files be dropped anywhere on `place`. Where none are taken, the page is not left for a dropped one either.
pub(crate) fn accept_drops(cx: Cx, place: El) -> El {
    let over = BoxSignal::new(false);
    let has_files = |event: &Event| {
        let transfer = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer);
        transfer.is_some_and(|transfer| transfer.types().includes(&"Files".into(), 0))
    };
    let node = place.node().clone();
    place
        .on("dragover", move |event| {
            if has_files(&event) {
                event.prevent_default();
                let takes = untrack(|| cx.app.takes_files());
                if let Some(transfer) = event.unchecked_ref::<DragEvent>().data_transfer() {
                    transfer.set_drop_effect(if takes { "copy" } else { "none" });
                }
                over.set(takes);
            }
        })
        .on("dragleave", move |event| {
            let to = event.unchecked_ref::<DragEvent>().related_target().and_then(|to| to.dyn_into::<web_sys::Node>().ok());
            if !to.is_some_and(|to| node.contains(Some(&to))) {
                over.set(false);
            }
        })
        .on("drop", move |event| {
            over.set(false);
            if has_files(&event) {
                event.prevent_default();
                cx.app.attach(files_in(event.unchecked_ref::<DragEvent>().data_transfer()));
            }
        })
        .when(
            move || over.get(),
            move || div("tc-drop").attr("aria-hidden", "true").child(icon(ATTACH)).child(el("span", "").text(cx.t.drop_files)),
        )
}
