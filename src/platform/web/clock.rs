//! `Date`, timers, animation frames, tasks.

use crate::platform::{Clock, Task};
use js_sys::Promise;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use wasm_bindgen_futures::JsFuture;

/// When no frame is drawn (hidden page, frame throttling), this is one.
const FRAME_MILLIS: u32 = 250;

#[derive(Debug)]
pub(super) struct BrowserClock;

impl Clock for BrowserClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
    fn now(&self) -> u64 {
        js_sys::Date::now() as u64
    }

    fn sleep(&self, millis: u32) -> Task<()> {
        Box::pin(Timer::new(millis, false))
    }

    fn frame(&self) -> Task<()> {
        Box::pin(Timer::new(FRAME_MILLIS, true))
    }

    fn spawn(&self, task: Task<()>) {
        wasm_bindgen_futures::spawn_local(task);
    }
}

/// A timeout that is cleared when nobody waits for it any more; with `frame`, the next animation
/// frame fulfils it as well.
struct Timer {
    timeout: i32,
    frame: i32,
    done: JsFuture,
}

impl Timer {
    fn new(millis: u32, frame: bool) -> Self {
        let window = web_sys::window();
        let mut ids = (0, 0);
        let promise = Promise::new(&mut |resolve, _| {
            if let Some(window) = &window {
                let millis = i32::try_from(millis).unwrap_or(i32::MAX);
                ids.0 = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis).unwrap_or_default();
                if frame {
                    ids.1 = window.request_animation_frame(&resolve).unwrap_or_default();
                }
            }
        });
        Self { timeout: ids.0, frame: ids.1, done: promise.into() }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.done).poll(context).map(drop)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            window.clear_timeout_with_handle(self.timeout);
            if self.frame != 0 {
                // A frame that is over is no error.
                let _ = window.cancel_animation_frame(self.frame);
            }
        }
    }
}
