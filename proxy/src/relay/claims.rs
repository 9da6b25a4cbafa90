use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::watch;

/// Things that one task at a time may do, by name: to begin a reply, to use an idempotency key.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims(Arc<watch::Sender<HashSet<String>>>);

/// What is claimed until this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Claims,
    name: String,
}

impl Claims {
    /// Claims it, once nobody else does.
    pub(super) async fn take(&self, name: String) -> Claim {
        loop {
            self.free(&name).await;
            // Of several who waited, the first has it.
            if self.0.send_if_modified(|taken| taken.insert(name.clone())) {
                return Claim { claims: self.clone(), name };
            }
        }
    }

    /// Waits until nobody claims it.
    pub(super) async fn free(&self, name: &str) {
        // The sender is in `self`, so the channel cannot be closed.
        let _ = self.0.subscribe().wait_for(|taken| !taken.contains(name)).await;
    }

    /// How many are held.
    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.0.send_modify(|taken| {
            taken.remove(&self.name);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn one_at_a_time_has_a_name_and_others_are_not_held_up() {
        let claims = Claims::default();
        let first = claims.take("a".to_owned()).await;
        let mut second = Box::pin(claims.take("a".to_owned()));
        let mut third = Box::pin(claims.take("a".to_owned()));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        drop(claims.take("b".to_owned()).now_or_never().expect("another name"));
        drop(first);
        let second = second.await;
        assert!((&mut third).now_or_never().is_none());
        // Who goes away while waiting takes nothing along.
        drop(third);
        drop(second);
        assert_eq!(claims.count(), 0);
    }
}
