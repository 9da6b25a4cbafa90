//! Wakes whoever waits.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Rung when the network or the visitor is back.
#[derive(Clone, Default)]
pub(super) struct Bell(Rc<Inner>);

#[derive(Default)]
struct Inner {
    rings: Cell<u32>,
    waiting: RefCell<Vec<Waker>>,
}

impl Bell {
    /// Wakes all.
    pub(super) fn ring(&self) {
        self.0.rings.set(self.0.rings.get().wrapping_add(1));
        for waker in self.0.waiting.take() {
            waker.wake();
        }
    }

    /// How often it was rung; what [`Self::poll`] compares with.
    pub(super) fn rings(&self) -> u32 {
        self.0.rings.get()
    }

    /// Ready once it was rung again since `heard`, which is brought up to date.
    pub(super) fn poll(&self, heard: &mut u32, context: &mut Context<'_>) -> Poll<()> {
        if *heard != self.rings() {
            *heard = self.rings();
            return Poll::Ready(());
        }
        let mut waiting = self.0.waiting.borrow_mut();
        if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}
