//! A signal whose code exists once, whatever it holds.
//!
//! Leptos makes all the code of a signal anew for each type, and much of it again wherever one is read: with the thirty
//! signals of this widget that was a tenth of its download. Here the value is in a box; only taking it out is typed.

use leptos::prelude::*;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

type Held = Rc<dyn Any>;

/// As Leptos' [`RwSignal`] in one thread, with its most used methods under their names.
pub struct BoxSignal<T> {
    held: RwSignal<Held, LocalStorage>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for BoxSignal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for BoxSignal<T> {}

impl<T> fmt::Debug for BoxSignal<T> {
    /// Without the value: it can be a visitor's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxSignal")
    }
}

impl<T: Default + 'static> Default for BoxSignal<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: 'static> BoxSignal<T> {
    /// A signal that lives as long as the owner it is made under.
    pub fn new(value: T) -> Self {
        Self { held: hold(Rc::new(value)), of: PhantomData }
    }

    /// Reads it, and follows it.
    ///
    /// # Panics
    /// When its owner has ended, as [`Self::with_untracked`].
    pub fn with<U>(&self, read: impl FnOnce(&T) -> U) -> U {
        self.track();
        self.with_untracked(read)
    }

    /// Reads it.
    ///
    /// # Panics
    /// When its owner has ended.
    pub fn with_untracked<U>(&self, read: impl FnOnce(&T) -> U) -> U {
        self.try_with_untracked(read).expect("read while its owner lives")
    }

    /// Reads it, and follows it; `None` when its owner has ended.
    pub fn try_with<U>(&self, read: impl FnOnce(&T) -> U) -> Option<U> {
        self.track();
        self.try_with_untracked(read)
    }

    /// Reads it; `None` when its owner has ended.
    pub fn try_with_untracked<U>(&self, read: impl FnOnce(&T) -> U) -> Option<U> {
        let held = held(self.held)?;
        typed(&*held).map(read)
    }

    /// A copy of the value; follows it.
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// A copy of the value.
    pub fn get_untracked(&self) -> T
    where
        T: Clone,
    {
        self.with_untracked(T::clone)
    }

    /// Puts another value in its place and tells who follows. Nothing happens when its owner has ended.
    pub fn set(&self, value: T) {
        replace(self.held, Rc::new(value));
    }

    /// Changes the value and tells who follows. Nothing happens when its owner has ended, or in the middle of reading it.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        let mut change = Some(change);
        alter(self.held, &mut |value: &mut dyn Any| {
            if let Some((value, change)) = value.downcast_mut().zip(change.take()) {
                change(value);
            }
        });
    }

    /// Follows it.
    pub fn track(&self) {
        follow(self.held);
    }
}

/// A closure that changes a value. Not a `dyn FnMut`, which would carry a second way to be called for each of them.
trait Change {
    fn change(&mut self, value: &mut dyn Any);
}

impl<F: FnMut(&mut dyn Any)> Change for F {
    fn change(&mut self, value: &mut dyn Any) {
        self(value);
    }
}

// Once for each type.
#[inline(never)]
fn typed<T: 'static>(value: &dyn Any) -> Option<&T> {
    value.downcast_ref()
}

// All that is not typed, once.

fn hold(value: Held) -> RwSignal<Held, LocalStorage> {
    RwSignal::new_local(value)
}

fn held(signal: RwSignal<Held, LocalStorage>) -> Option<Held> {
    signal.try_with_untracked(Rc::clone)
}

fn replace(signal: RwSignal<Held, LocalStorage>, value: Held) {
    signal.try_set(value);
}

fn alter(signal: RwSignal<Held, LocalStorage>, change: &mut dyn Change) {
    signal.try_update(|value| Rc::get_mut(value).map(|value| change.change(value)));
}

fn follow(signal: RwSignal<Held, LocalStorage>) {
    signal.track();
}

#[cfg(test)]
mod tests {
    use super::BoxSignal;
    use leptos::prelude::*;

    #[test]
    fn it_reads_what_was_set_last_and_nothing_once_its_owner_has_ended() {
        let owner = Owner::new();
        let (words, count) = owner.with(|| (BoxSignal::new("one".to_owned()), BoxSignal::<u32>::default()));
        words.set("two".to_owned());
        words.update(|words| words.push('!'));
        count.update(|count| *count += 1);
        assert_eq!((words.get_untracked(), words.with_untracked(String::len), count.get_untracked()), ("two!".to_owned(), 4, 1));
        owner.cleanup();
        words.set("three".to_owned());
        words.update(|_| unreachable!("there is nothing to change"));
        assert_eq!((words.try_with_untracked(String::clone), words.try_with(String::clone)), (None, None));
    }

    #[test]
    fn what_follows_it_is_told_of_every_change_and_what_only_looks_is_not() {
        let owner = Owner::new();
        owner.with(|| {
            let (followed, looked_at) = (BoxSignal::new(1), BoxSignal::new(1));
            let sum = Memo::new(move |_| followed.get() + looked_at.get_untracked());
            assert_eq!(sum.get_untracked(), 2);
            looked_at.set(10);
            assert_eq!(sum.get_untracked(), 2);
            followed.set(2);
            assert_eq!(sum.get_untracked(), 12);
            followed.update(|value| *value += 1);
            assert_eq!(sum.get_untracked(), 13);
        });
    }
}
