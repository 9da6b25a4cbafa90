use crate::budget::Customer;
use crate::clock::base32_lower;
use crate::files::Spooled;
use crate::store::NewFile;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use twinchat_protocol::id::{ConversationId, MessageId};
use twinchat_protocol::message::MessageFile;

/// What the visitor says.
#[derive(Debug, Clone)]
pub struct Saying {
    /// Where.
    pub conversation: ConversationId,
    /// What; checked to be neither too long nor, without files, blank.
    pub content: String,
    /// What is sent along.
    pub files: Vec<Arc<Upload>>,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// The `Idempotency-Key`, if there was one.
    pub key: Option<String>,
    /// Who pays for it.
    pub customer: Customer,
}

/// A file that a visitor sends along. Removed with the last reference to it, unless it was stored with its message.
#[derive(Debug)]
pub struct Upload {
    /// What it is.
    pub file: MessageFile,
    /// Where it is.
    pub spooled: Spooled,
}

impl Saying {
    /// Fingerprint of what is said, the message it answers and the files with their contents included, compared when
    /// the key comes again.
    pub(super) fn hash(&self) -> String {
        let mut text = Sha256::digest(self.content.as_bytes());
        if let Some(answered) = &self.reply_to {
            text = Sha256::new_with_prefix(text).chain_update(answered.as_str()).finalize();
        }
        if self.files.is_empty() {
            return base32_lower(&text);
        }
        let each = self.files.iter().flat_map(|upload| [upload.file.name.as_str(), upload.spooled.digest()]);
        let whole = each.fold(Sha256::new_with_prefix(text), |hash, part| hash.chain_update(part).chain_update([0]));
        base32_lower(&whole.finalize())
    }
}

impl Upload {
    pub(super) fn to_store(&self) -> NewFile {
        NewFile { file: self.file.clone(), stored: self.spooled.stored().to_owned() }
    }
}
