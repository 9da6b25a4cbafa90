//! What went wrong, in the widget's nouns.

use crate::platform::json::Json;
use crate::platform::{Answer, Platform, Unreachable, read_to_end};
use crate::state::Problem;

/// The most bytes of an answer that are read.
pub(super) const MAX_BODY: usize = 8 << 20;

/// Nobody was reached.
pub(super) fn unreachable(platform: &Platform) -> Problem {
    Problem::own(if platform.page.online() { "NETWORK" } else { "OFFLINE" })
}

/// An answer that makes no sense.
pub(super) fn unreadable() -> Problem {
    Problem { retryable: false, ..Problem::own("UNREADABLE") }
}

/// The problem an answer other than 2xx tells of: the proxy's error body, the token endpoint's
/// (RFC 6749 section 5.2), or whatever somebody between here and there says.
pub(super) async fn of_answer(platform: &Platform, answer: Box<dyn Answer>) -> Result<Problem, Unreachable> {
    let status = answer.status();
    let retry_after = answer.header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    let request_id = answer.header("x-request-id");
    let body = read_to_end(answer, MAX_BODY).await?;
    let now = platform.clock.now();
    let mut problem = match Json::parse(&String::from_utf8_lossy(&body)) {
        Ok(json) if !json.text("error").is_empty() => of_json(&json, now),
        _ => Problem::own(match status {
            429 => "RATE_LIMITED",
            500.. => "UPSTREAM_UNAVAILABLE",
            _ => "UNREADABLE",
        }),
    };
    problem.retryable |= status == 429 || status >= 500;
    problem.retry_at = problem.retry_at.or(retry_after.map(|seconds: u64| now + seconds * 1000));
    if problem.request_id.is_empty() {
        problem.request_id = request_id.unwrap_or_default();
    }
    Ok(problem)
}

/// Why an exchange was refused. What the token endpoint says is for the site's developer, not for the visitor.
pub(super) async fn of_exchange(platform: &Platform, answer: Box<dyn Answer>, has_identity: bool) -> Problem {
    let refused = answer.status() == 400;
    let mut problem = of_answer(platform, answer).await.unwrap_or_else(|_| unreachable(platform));
    if refused && has_identity {
        "IDENTITY_REFUSED".clone_into(&mut problem.code);
    } else if refused {
        problem.message.clear();
    }
    problem
}

/// The problem an error body tells of.
pub(super) fn of_json(json: &Json, now: u64) -> Problem {
    let (details, described) = (json.get("details"), json.text("error_description"));
    Problem {
        code: json.text("error").to_ascii_uppercase(),
        message: if described.is_empty() { json.text("message") } else { described },
        request_id: json.get("meta").map(|meta| meta.text("requestId")).unwrap_or_default(),
        retry_at: details.as_ref().and_then(|details| details.number("retryAfter")).map(|seconds| now + (seconds * 1000.0) as u64),
        retryable: details.is_some_and(|details| details.flag("retryable")),
    }
}
