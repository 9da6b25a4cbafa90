//! Waiting in the line of an upstream's budget, as long as somebody listens.

use super::log::ReplyLog;
use super::{Inner, RelayError};
use crate::budget::{Customer, Fare, Place, Refusal, Turn};
use crate::store::{Route, StoreError};
use crate::subject::Subject;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use twinchat_protocol::id::ConversationId;

/// Places are told at most so often.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Why the upstream was not asked.
#[derive(Debug)]
pub(super) enum NotServed {
    /// It was not this one's turn in time, or cannot be.
    Refused(Refusal),
    /// Nobody listens any more.
    Unheard,
}

impl Inner {
    /// Stands in the line of a conversation's upstream. None when that upstream is no longer in the settings.
    ///
    /// # Errors
    /// When the upstream cannot be asked in time, or a reply is being written here.
    pub(super) async fn join(
        &self,
        subject: &Subject,
        (conversation, route): (&ConversationId, &Route),
        customer: Customer,
    ) -> Result<Option<Turn>, RelayError> {
        let Some(upstream) = self.directory.upstream(&route.upstream) else { return Ok(None) };
        match upstream.gate().join(customer, upstream.cost(route.conversation.is_none())) {
            Ok(turn) => Ok(Some(turn)),
            // Perhaps it is this conversation's own reply that stands there.
            Err(refusal) => match self.store.conversation(subject, conversation).await?.active_message_id {
                Some(_) => Err(StoreError::ReplyInProgress.into()),
                None => Err(refusal.into()),
            },
        }
    }
}

/// Waits for the turn and tells the place in line. Gives up when nobody has listened for `grace`: what
/// would be spent, would be spent for nobody.
pub(super) async fn served(turn: Turn, log: &ReplyLog, grace: Duration) -> Result<Fare, NotServed> {
    let places = turn.places();
    tokio::select! {
        biased;
        served = turn.served() => served.map_err(NotServed::Refused),
        () = unheard(log, grace) => Err(NotServed::Unheard),
        never = tell(places, log) => match never {},
    }
}

async fn tell(mut places: watch::Receiver<Option<Place>>, log: &ReplyLog) -> Infallible {
    loop {
        // Whoever is served is out of line: there is nothing to tell then.
        if places.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        let place = *places.borrow_and_update();
        if let Some(place) = place {
            log.queued(place);
            sleep(TOLD_EVERY).await;
        }
    }
}

/// Resolves once nobody has listened for so long.
pub(super) async fn unheard(log: &ReplyLog, patience: Duration) {
    let tick = Duration::from_secs(1).min(patience);
    let mut heard_at = Instant::now();
    while heard_at.elapsed() < patience {
        sleep(tick).await;
        if log.has_readers() {
            heard_at = Instant::now();
        }
    }
}
