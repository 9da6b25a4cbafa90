//! `POST /oauth/token`: what stands for the visitor goes out, an access token comes back.

use super::dpop;
use super::error;
use super::token::{Identity, Known, Token, Tokens};
use super::wire;
use crate::platform::json::Json;
use crate::platform::{Answer, Request, Vouched, read_to_end};
use crate::state::Problem;
use twinchat_protocol::token::{ACCESS_TOKEN_TYPE, DPOP_KEY_TYPE, GRANT_TYPE, JWT_TYPE, NEW_VISITOR, VISITOR_SECRET_TYPE, WIDGET_HEADER};

impl Tokens {
    /// A token for whom the site says the visitor is, or else for whoever holds this browser's key.
    pub(super) async fn exchange(&self) -> Result<Token, Problem> {
        let claim = &self.0.claim;
        let mut again = claim.can_ask();
        loop {
            let token = match claim.ask().await? {
                Vouched::Nobody => return self.share_or_exchange().await.inspect(|_| claim.accepted(false)),
                Vouched::Identity(token) => self.exchange_for(Some(&token)).await,
                Vouched::Granted(answer) => self.take_in(&answer).await,
            };
            match token {
                // The site may not have known that its word is worth nothing any more.
                Err(problem) if problem.code == "IDENTITY_REFUSED" && again => again = false,
                result => return result.inspect(|_| claim.accepted(true)),
            }
            claim.reject();
        }
    }

    /// A token for whom this identity token names; without one, for whoever holds this browser's key.
    pub(super) async fn exchange_for(&self, identity_token: Option<&str>) -> Result<Token, Problem> {
        let platform = &self.0.platform;
        let mut tries = 0;
        loop {
            let (request, known) = self.exchange_request(identity_token).await;
            let answer = platform.http.send(request).await.map_err(|_| error::unreachable(platform))?;
            self.learn(answer.as_ref());
            if (200..300).contains(&answer.status()) {
                return self.accept(answer).await;
            }
            tries += 1;
            // A nonce or the right time may be all that was missing (RFC 9449 section 8).
            if tries > 2 || !self.knows_more_than(&known) || !matches!(answer.status(), 400 | 401) {
                return Err(error::of_exchange(platform, answer, identity_token.is_some()).await);
            }
        }
    }

    /// A token request, and what its proof was made with.
    async fn exchange_request(&self, identity_token: Option<&str>) -> (Request, Known) {
        let url = [&self.0.origin, "/oauth/token"].concat();
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned()), (WIDGET_HEADER, "1".to_owned())];
        let identity = self.identity().await;
        if matches!(identity, Identity::Key { .. }) {
            self.greeted().await;
        }
        let known = self.known();
        if matches!(identity, Identity::Key { .. }) {
            headers.extend(self.proof("POST", &url, "").await.map(|proof| ("dpop", proof)));
        }
        let (kind, subject) = match identity {
            _ if let Some(token) = identity_token => (JWT_TYPE, token.to_owned()),
            Identity::Key { thumbprint, .. } => (DPOP_KEY_TYPE, thumbprint),
            Identity::Secret { secret, .. } if secret.is_empty() => (VISITOR_SECRET_TYPE, NEW_VISITOR.to_owned()),
            Identity::Secret { secret, .. } => (VISITOR_SECRET_TYPE, secret),
        };
        let mut body = String::new();
        for (name, value) in [("grant_type", GRANT_TYPE), ("subject_token_type", kind), ("subject_token", &subject)] {
            push_form(&mut body, name, value);
        }
        (Request { method: "POST", url, headers, body, upload: None }, known)
    }

    async fn accept(&self, answer: Box<dyn Answer>) -> Result<Token, Problem> {
        let platform = &self.0.platform;
        let body = read_to_end(answer, error::MAX_BODY).await.map_err(|_| error::unreachable(platform))?;
        self.take_in(&String::from_utf8_lossy(&body)).await
    }

    /// Takes in what the proxy answered to an exchange.
    async fn take_in(&self, body: &str) -> Result<Token, Problem> {
        let platform = &self.0.platform;
        let response = Json::parse(body).ok().as_ref().and_then(wire::token).ok_or_else(error::unreadable)?;
        let dpop = response.token_type.eq_ignore_ascii_case("DPoP");
        if response.issued_token_type != ACCESS_TOKEN_TYPE || response.access_token.is_empty() {
            return Err(error::unreadable());
        }
        if let Some(secret) = response.visitor_secret {
            self.set_identity(Identity::Secret { secret, kept: false });
        }
        let hash = if dpop { dpop::hash(platform, &response.access_token).await.ok_or_else(error::unreadable)? } else { String::new() };
        let expires_at = platform.clock.now() + u64::from(response.expires_in) * 1000;
        self.0.visitor.replace(response.visitor_id.as_str().to_owned());
        Ok(Token { access: response.access_token, dpop, hash, expires_at })
    }
}

/// Appends `name=value` (application/x-www-form-urlencoded).
pub(super) fn push_form(body: &mut String, name: &str, value: &str) {
    if !body.is_empty() {
        body.push('&');
    }
    body.push_str(name);
    body.push('=');
    push_encoded(body, value);
}

/// Appends a text so that it can stand in a query or a form: percent-encoded UTF-8.
pub(super) fn push_encoded(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push('%');
            out.push(HEX[usize::from(byte >> 4)] as char);
            out.push(HEX[usize::from(byte & 15)] as char);
        }
    }
}
