//! A browser whose requests are never answered, and in which time stands still.

use crate::data;
use std::any::Any;
use std::future::pending;
use std::rc::Rc;
use twinchat::platform::{Answer, Clock, Http, Key, Keys, Platform, Request, Task, Unreachable, web};

pub(crate) fn platform() -> Platform {
    let real = web::platform();
    Platform { http: Rc::new(Silence), clock: Rc::new(Stopped(real.clock.clone())), keys: Rc::new(Forgetful), ..real }
}

struct Silence;

impl Http for Silence {
    fn send(&self, _request: Request) -> Task<Result<Box<dyn Answer>, Unreachable>> {
        Box::pin(pending())
    }
}

/// Looks for keys for ever, so that the app begins nothing by itself.
struct Forgetful;

impl Keys for Forgetful {
    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn sha256(&self, _data: &[u8]) -> Task<Option<Vec<u8>>> {
        Box::pin(pending())
    }

    fn find(&self, _name: &str) -> Task<Option<Rc<dyn Key>>> {
        Box::pin(pending())
    }

    fn remove(&self, _name: &str) -> Task<()> {
        Box::pin(pending())
    }

    fn make(&self) -> Task<Option<Rc<dyn Key>>> {
        Box::pin(pending())
    }

    fn turn(&self, _name: &str, _millis: u32) -> Task<Option<Box<dyn Any>>> {
        Box::pin(pending())
    }

    fn left(&self, _name: &str) -> Task<Option<String>> {
        Box::pin(pending())
    }

    fn leave(&self, _name: &str, _text: &str) -> Task<()> {
        Box::pin(pending())
    }
}

struct Stopped(Rc<dyn Clock>);

impl Clock for Stopped {
    fn now(&self) -> u64 {
        data::now()
    }

    fn sleep(&self, _millis: u32) -> Task<()> {
        Box::pin(pending())
    }

    fn frame(&self) -> Task<()> {
        self.0.frame()
    }

    fn spawn(&self, task: Task<()>) {
        self.0.spawn(task);
    }
}
