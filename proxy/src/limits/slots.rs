use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many of something each key may have open at once. A [`Slot`] is given back when it is dropped.
#[derive(Debug)]
pub struct Slots<K> {
    most: usize,
    open: Arc<Open<K>>,
}

#[derive(Debug)]
struct Open<K>(Mutex<Holders<K>>);

#[derive(Debug)]
struct Holders<K> {
    /// Who holds what, oldest first.
    held: HashMap<K, VecDeque<Held>>,
    /// The next slot's number. Never used twice: who was called back may still be there.
    next: u64,
}

#[derive(Debug)]
struct Held {
    number: u64,
    /// Dropping it tells the holder.
    _call: oneshot::Sender<()>,
}

impl<K: Hash + Eq + Clone> Slots<K> {
    /// So many for each key.
    pub fn new(most: u32) -> Self {
        Self { most: most as usize, open: Arc::new(Open(Mutex::new(Holders { held: HashMap::new(), next: 0 }))) }
    }

    /// One more, or none when the key has them all.
    pub fn take(&self, key: &K) -> Option<Slot<K>> {
        let mut open = self.open.lock();
        let full = open.held.get(key).is_some_and(|held| held.len() >= self.most);
        (!full).then(|| self.hold(&mut open, key))
    }

    /// One more; the key's oldest is called back when it has them all.
    pub fn take_in_turn(&self, key: &K) -> Slot<K> {
        let mut open = self.open.lock();
        if let Some(held) = open.held.get_mut(key)
            && held.len() >= self.most
        {
            held.pop_front();
        }
        self.hold(&mut open, key)
    }

    /// How many are open, of all keys.
    pub fn count(&self) -> usize {
        self.open.lock().held.values().map(VecDeque::len).sum()
    }

    fn hold(&self, open: &mut Holders<K>, key: &K) -> Slot<K> {
        let number = open.next;
        open.next += 1;
        let (call, called) = oneshot::channel();
        open.held.entry(key.clone()).or_default().push_back(Held { number, _call: call });
        Slot { open: self.open.clone(), key: key.clone(), number, called }
    }
}

impl<K> Open<K> {
    fn lock(&self) -> MutexGuard<'_, Holders<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of a key's slots.
pub struct Slot<K: Hash + Eq> {
    open: Arc<Open<K>>,
    key: K,
    number: u64,
    called: oneshot::Receiver<()>,
}

impl<K: Hash + Eq> Slot<K> {
    /// Resolves when somebody newer has this place.
    pub async fn called_back(&mut self) {
        let _ = (&mut self.called).await;
    }
}

impl<K: Hash + Eq> fmt::Debug for Slot<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<K: Hash + Eq> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(held) = open.held.get_mut(&self.key) {
            held.retain(|held| held.number != self.number);
            if held.is_empty() {
                open.held.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn each_key_has_its_own_places_and_a_dropped_one_is_free_again() {
        let slots = Slots::new(2);
        let held = [slots.take(&"ann").unwrap(), slots.take(&"ann").unwrap()];
        assert!(slots.take(&"ann").is_none());
        let other = slots.take(&"binh").unwrap();
        assert_eq!(slots.count(), 3);
        drop(held);
        assert!(slots.take(&"ann").is_some());
        drop(other);
        assert_eq!(slots.count(), 0);
        assert!(slots.open.lock().held.is_empty(), "nothing is left of who has gone");
    }

    #[test]
    fn the_oldest_is_called_back_for_the_newest_and_giving_it_back_takes_nobody_elses() {
        let slots = Slots::new(2);
        let mut held: Vec<_> = (0..4).map(|_| slots.take_in_turn(&"ann")).collect();
        let called: Vec<bool> = held.iter_mut().map(|slot| slot.called_back().now_or_never().is_some()).collect();
        assert_eq!(called, [true, true, false, false]);
        assert_eq!(slots.count(), 2);
        held.truncate(2);
        assert_eq!(slots.count(), 0);
        let newest = slots.take_in_turn(&"ann");
        held.clear();
        assert_eq!(slots.count(), 1, "those called back give nothing of others back");
        drop(newest);
        assert_eq!(slots.count(), 0);
    }
}
