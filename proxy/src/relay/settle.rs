use super::Inner;
use super::event::event_id;
use crate::store::{Ending, SEQ_LEAP, StoreError};
use crate::subject::Subject;
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::id::EventId;
use twinchat_protocol::message::{Message, MessageStatus};

impl Inner {
    /// Tells the store of this visitor's replies that it takes to be running and that are not: those
    /// that ended while it could not be written to, and any that nobody writes any more.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn settle(&self, subject: &Subject) -> Result<(), StoreError> {
        for found in self.store.streaming(subject).await? {
            self.claims.free(found.as_str()).await;
            let message = match self.log_of(&found) {
                Some(log) => match log.outcome() {
                    Some(ended) => ended,
                    None => continue,
                },
                None => interrupted(self.store.message(subject, &found).await?),
            };
            let (content, seq) = (&message.content, event_id(&message).seq);
            let ending = Ending { content, status: message.status, seq, error: message.error_code };
            self.store.end_reply(subject, &message.id, &ending, self.clock.now_millis()).await?;
            self.announce(&message.conversation_id);
        }
        Ok(())
    }
}

/// What is made of a reply that nobody writes any more. Should it have ended by itself, the store
/// leaves it as it is.
fn interrupted(found: Message) -> Message {
    let seq = event_id(&found).seq.saturating_add(SEQ_LEAP);
    let event_id = Some(EventId { ordinal: found.ordinal, seq }.to_string());
    Message { status: MessageStatus::Interrupted, error_code: Some(ErrorCode::ReplyInterrupted), event_id, ..found }
}
