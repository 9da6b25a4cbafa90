//! Threads of people: who has which, and what is said there.
//!
//! An upstream of people is asked for what is new as long as somebody listens, and for a while after: one task for
//! each upstream, which reads many rooms with one request. What it reads is offered to the conversations whose
//! rooms they are; the store decides what is theirs. Each reading takes a request that nobody else wants.
//! Deliberately absent: how an upstream is asked, and what its rows mean.
//!
//! | file | holds |
//! |---|---|
//! | `listen` | who listens, and where |
//! | `pace` | how often it is looked |
//! | `round` | one look: what is read, and who is told |

mod listen;
mod pace;
mod round;

pub(super) use listen::{Listener, Listening};

use super::{Inner, RelayError};
use crate::metrics;
use crate::store::{Lent, RoomPool, Route};
use crate::subject::Subject;
use twinchat_protocol::id::ConversationId;

/// The longest pause that is named to whoever finds nobody free, in seconds: a thread may be given back before it is due.
const LONGEST_PAUSE: i64 = 300;

impl Inner {
    /// The rooms in which a conversation's messages are answered by people; none for any other twin.
    pub(super) fn pool(&self, route: &Route) -> Option<RoomPool<'_>> {
        self.directory.upstream(&route.upstream)?.rooms()?.pool(&route.twin)
    }

    /// Whether the twin can be told which message is answered.
    pub(super) fn can_reply(&self, route: &Route) -> bool {
        self.directory.upstream(&route.upstream).is_some_and(|upstream| upstream.capabilities(&route.twin).reply)
    }

    /// The room in which the conversation goes on, for a twin that is people.
    ///
    /// # Errors
    /// [`RelayError::NobodyFree`]; when the store fails.
    pub(super) async fn lend_room(
        &self,
        subject: &Subject,
        conversation: &ConversationId,
        route: &Route,
    ) -> Result<Option<String>, RelayError> {
        let Some(pool) = self.pool(route) else { return Ok(None) };
        let now = self.clock.now_millis();
        match self.store.lend_room(subject, conversation, &pool, now).await? {
            Lent::Room(room) => Ok(Some(room)),
            Lent::NoneFree(free_at) => {
                let seconds = (free_at - now + 999).div_euclid(1000).clamp(1, LONGEST_PAUSE);
                metrics::NOBODY_FREE.count([&route.upstream]);
                Err(RelayError::NobodyFree { retry_after: u32::try_from(seconds).unwrap_or(1) })
            }
        }
    }
}
