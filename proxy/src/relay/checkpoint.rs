use super::Inner;
use crate::store::SoFar;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;
use twinchat_protocol::id::MessageId;
use twinchat_protocol::message::Role;

/// How much of a reply is kept.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kept {
    /// Its last event; 0 for none.
    pub(super) seq: u32,
    /// Bytes of its text.
    pub(super) bytes: usize,
}

impl Inner {
    /// From the first reply on, keeps how far running replies have come: all with one write, and never per event.
    pub(super) fn keep_along(self: &Arc<Self>) {
        self.checkpoints
            .call_once(|| drop(tokio::spawn(run(Arc::downgrade(self), self.active.subscribe(), self.settings.checkpoint_every))));
    }

    async fn checkpoint(&self, kept: &mut HashMap<MessageId, Kept>) {
        let grown = self.grown_since(kept);
        if grown.is_empty() {
            return;
        }
        match self.store.checkpoint(&grown).await {
            Ok(()) => kept.extend(grown.into_iter().map(|reply| {
                let bytes = reply.start + reply.content.len();
                (reply.id, Kept { seq: reply.seq, bytes })
            })),
            Err(error) => tracing::warn!(%error, "running replies could not be kept; it is tried again"),
        }
    }

    fn grown_since(&self, kept: &mut HashMap<MessageId, Kept>) -> Vec<SoFar> {
        let runs = self.runs();
        kept.retain(|id, _| runs.get(id).is_some_and(|run| run.log.outcome().is_none()));
        let grown = runs.iter().filter_map(|(id, run)| {
            // What a visitor says to people is whole from the start.
            let is_reply = run.log.exchange.reply.role == Role::Assistant;
            let (start, content, seq) = is_reply.then(|| run.log.grown_since(kept.get(id).copied().unwrap_or_default()))??;
            Some(SoFar { subject: run.subject.clone(), id: id.clone(), start, content, seq })
        });
        grown.collect()
    }
}

async fn run(relay: Weak<Inner>, mut active: watch::Receiver<usize>, every: Duration) {
    let mut kept = HashMap::new();
    // An error means that the relay is gone.
    while active.wait_for(|active| *active > 0).await.is_ok() {
        sleep(every).await;
        let Some(relay) = relay.upgrade() else { return };
        relay.checkpoint(&mut kept).await;
    }
}
