//! What is read by hand is what serde reads.

use super::*;
use crate::platform::json::Json;
use serde::Serialize;
use twinchat_protocol::id::VisitorId;

fn json(value: &impl Serialize) -> Json {
    Json::parse(&serde_json::to_string(value).unwrap()).unwrap()
}

fn full_message() -> Message {
    Message {
        id: MessageId::from_random("aaaaaaaa1"),
        conversation_id: ConversationId::from_random("bbbbbbbb2"),
        ordinal: 7,
        role: Role::User,
        content: "Xin ch\u{e0}o".into(),
        status: MessageStatus::Incomplete,
        created_at: "2026-11-21T08:00:00.000Z".into(),
        event_id: Some("7.3".into()),
        error_code: Some(ErrorCode::UpstreamTimeout),
        client_id: Some("key".into()),
        feedback: Some(Feedback::Down),
        files: vec![MessageFile { name: "a.pdf".into(), media_type: "application/pdf".into(), size: 5_000_000_000 }],
        author: Some("Lan".into()),
        reply_to: Some(Quote { message_id: MessageId::from_random("cccccccc3"), excerpt: "what".into(), author: Some("Minh".into()) }),
    }
}

fn sparse_message() -> Message {
    Message {
        event_id: None,
        error_code: None,
        client_id: None,
        feedback: None,
        files: Vec::new(),
        author: None,
        reply_to: None,
        ..full_message()
    }
}

#[test]
fn messages_are_read_as_serde_reads_them() {
    for sample in [full_message(), sparse_message()] {
        assert_eq!(message(&json(&sample)), Some(sample));
    }
    let none = Quote { author: None, ..full_message().reply_to.unwrap() };
    assert_eq!(quote(&json(&none)), Some(none));
}

#[test]
fn every_name_on_the_wire_is_known() {
    let name = |value: &dyn Fn() -> serde_json::Value| value().as_str().unwrap().to_owned();
    for role in [Role::User, Role::Assistant] {
        let sample = Message { role, ..full_message() };
        assert_eq!(message(&json(&sample)), Some(sample));
    }
    for feedback in [Some(Feedback::Up), Some(Feedback::Down), None] {
        let sample = Message { feedback, ..full_message() };
        assert_eq!(message(&json(&sample)), Some(sample));
    }
    use MessageStatus::{Complete, Failed, Incomplete, Interrupted, Stopped, Streaming};
    for status in [Streaming, Complete, Stopped, Incomplete, Interrupted, Failed] {
        assert_eq!(MessageStatus::from_name(&name(&|| serde_json::to_value(status).unwrap())), Some(status));
    }
    use ProgressState::{Accepted, Connecting, Queued, Working};
    for state in [Accepted, Queued, Connecting, Working] {
        assert_eq!(ProgressState::from_name(&name(&|| serde_json::to_value(state).unwrap())), Some(state));
    }
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_name(&name(&|| serde_json::to_value(code).unwrap())), Some(*code));
    }
}

#[test]
fn conversations_are_read_as_serde_reads_them() {
    let full = Conversation {
        id: ConversationId::from_random("aaaaaaaa1"),
        twin_id: TwinId::from_random("bbbbbbbb2"),
        title: "t".into(),
        created_at: "c".into(),
        updated_at: "u".into(),
        last_message: Some("l".into()),
        message_count: 4,
        active_message_id: Some(MessageId::from_random("cccccccc3")),
        waiting_for_person: true,
    };
    let sparse = Conversation {
        last_message: None,
        active_message_id: None,
        waiting_for_person: false,
        title: String::new(),
        message_count: 0,
        ..full.clone()
    };
    for sample in [full, sparse] {
        assert_eq!(conversation(&json(&sample)), Some(sample));
    }
}

#[test]
fn twins_are_read_as_serde_reads_them() {
    let nothing = Capabilities::default();
    let each = [
        Capabilities { stream: true, ..nothing },
        Capabilities { files: true, ..nothing },
        Capabilities { stop: true, ..nothing },
        Capabilities { reply: true, ..nothing },
        Capabilities { search: true, ..nothing },
        Capabilities { shared: true, ..nothing },
    ];
    for capabilities in each {
        let full = Twin {
            id: TwinId::from_random("aaaaaaaa1"),
            name: "n".into(),
            description: "d".into(),
            avatar_url: Some("/a".into()),
            available: true,
            starters: vec!["s".into(), "r".into()],
            capabilities,
        };
        assert_eq!(twin(&json(&full)), Some(full));
    }
    let least = serde_json::json!({"id": "twin_aaaaaaaa1", "name": "n"});
    assert_eq!(twin(&json(&least)), Some(serde_json::from_value(least).unwrap()));
}

#[test]
fn settings_are_read_as_serde_reads_them() {
    let full = WidgetSettings {
        title: "t".into(),
        greeting: "g".into(),
        accent: "#123456".into(),
        locale: "vi".into(),
        max_message_chars: 123,
        disclaimer: "d".into(),
        bearer_allowed: true,
        files: FileLimits { max_count: 3, max_bytes: 5_000_000_000, types: vec!["a/b".into()], extensions: vec!["c".into()] },
    };
    for sample in [full, WidgetSettings::default()] {
        assert_eq!(settings(&json(&sample)), Some(sample));
    }
}

#[test]
fn tokens_are_read_as_serde_reads_them() {
    let full = TokenResponse {
        access_token: "a".into(),
        issued_token_type: "i".into(),
        token_type: "DPoP".into(),
        expires_in: 600,
        scope: "chat".into(),
        expires_at: 1_800_000_000,
        visitor_id: VisitorId::from_random("aaaaaaaa1"),
        visitor_secret: Some("s".into()),
    };
    for sample in [TokenResponse { visitor_secret: None, ..full.clone() }, full] {
        assert_eq!(token(&json(&sample)), Some(sample));
    }
}

#[test]
fn what_lacks_something_it_has_to_have_is_not_read() {
    for member in ["id", "conversationId", "ordinal", "role", "content", "status", "createdAt"] {
        let mut value = serde_json::to_value(full_message()).unwrap();
        value[member] = serde_json::Value::Null;
        assert_eq!(message(&json(&value)), None, "{member}");
    }
    for empty in [serde_json::json!({}), serde_json::json!([]), serde_json::json!(1)] {
        assert_eq!(twin(&json(&empty)), None);
        assert_eq!(conversation(&json(&empty)), None);
        assert_eq!(token(&json(&empty)), None);
    }
}
