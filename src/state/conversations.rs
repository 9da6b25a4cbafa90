//! The list of conversations: latest first, each once.

use twinchat_protocol::conversation::Conversation;

/// Puts a conversation where it belongs, in place of what was known of it.
pub fn upsert(list: &mut Vec<Conversation>, conversation: Conversation) {
    list.retain(|other| other.id != conversation.id);
    // The proxy writes instants in one form, so their texts sort as they do.
    let at = list.partition_point(|other| (&other.updated_at, &other.id) > (&conversation.updated_at, &conversation.id));
    list.insert(at, conversation);
}

/// Adds a page to what is listed. A conversation that moved between two pages is still listed once.
pub fn add_page(list: &mut Vec<Conversation>, page: Vec<Conversation>) {
    for conversation in page {
        upsert(list, conversation);
    }
}

/// The beginning of a message as a list shows it: one line, at most `max` characters.
pub fn preview(text: &str, max: usize) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if let Some((end, _)) = out.char_indices().nth(max) {
            out.truncate(end);
            out.push('…');
            break;
        }
    }
    out
}
