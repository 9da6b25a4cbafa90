use super::event::{Numbered, Told};
use super::log::ReplyLog;
use crate::store::Exchange;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;
use twinchat_protocol::id::EventId;
use twinchat_protocol::message::Message;

/// A reply that was asked for, now or before.
#[derive(Debug)]
pub struct Reply {
    pub(super) exchange: Exchange,
    /// None when it ended so long ago that only the store knows it.
    pub(super) log: Option<Arc<ReplyLog>>,
}

impl Reply {
    /// Its events from the first one to its end.
    pub fn events(&self) -> BoxStream<'static, Numbered> {
        if let Some(log) = &self.log {
            return log.read(0).boxed();
        }
        let Exchange { question, reply } = self.exchange.clone();
        let accepted = Numbered {
            id: EventId { ordinal: reply.ordinal, seq: 1 },
            message_id: reply.id.clone(),
            told: Told::Accepted { question: Box::new(question), reply: Box::new(reply.clone()) },
        };
        stream::iter([accepted, Numbered::ended(reply)]).boxed()
    }

    /// The reply as it is stored once it has ended, and the seconds until another try makes sense.
    pub async fn finished(self) -> (Message, Option<u32>) {
        let mut events = self.events();
        while let Some(event) = events.next().await {
            if let Told::Ended { message, retry_after } = event.told {
                return (*message, retry_after);
            }
        }
        (self.exchange.reply, None)
    }
}
