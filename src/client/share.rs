//! One access token for all tabs of an anonymous visitor. Whoever gets one leaves it beside the key that it is bound to;
//! whoever needs one looks there first. One tab at a time: so one asks the proxy, and when it is closed meanwhile, the next.
//!
//! A signed-in visitor's token never leaves its tab: only the page in that tab knows who is signed in there.

use super::dpop;
use super::token::{AHEAD_MILLIS, Identity, Token, Tokens};
use crate::state::Problem;

/// A tab waits for its turn this long, then goes on: the one before it may be asleep.
const TURN_MILLIS: u32 = 5_000;

/// A token that a tab has left.
#[derive(Debug, PartialEq, Eq)]
struct Left<'a> {
    expires_at: u64,
    visitor: &'a str,
    access: &'a str,
}

impl Tokens {
    /// A token for whoever holds this browser's key: one that another tab has left, else a new one.
    pub(super) async fn share_or_exchange(&self) -> Result<Token, Problem> {
        let Identity::Key { thumbprint, kept: true, .. } = self.identity().await else { return self.exchange_for(None).await };
        let (keys, name) = (&self.0.platform.keys, self.left_name());
        // Without turns, as in old browsers, it is a matter of luck who looks when.
        let turn = keys.turn(&name, TURN_MILLIS).await;
        let text = keys.left(&name).await.unwrap_or_default();
        let left = usable(&text, &thumbprint, self.0.platform.clock.now(), &self.0.refused.borrow());
        if let Some(Left { expires_at, visitor, access }) = left
            && let Some(hash) = dpop::hash(&self.0.platform, access).await
        {
            drop(turn);
            self.0.visitor.replace(visitor.to_owned());
            // The first proof of this tab wants a nonce as well.
            self.greeted().await;
            return Ok(Token { access: access.to_owned(), dpop: true, hash, expires_at });
        }
        let token = self.exchange_for(None).await?;
        self.leave(&token).await;
        Ok(token)
    }

    /// Leaves an anonymous visitor's token for the other tabs, once the key is kept that it is bound to.
    pub(super) async fn leave(&self, token: &Token) {
        let Identity::Key { thumbprint, kept: true, .. } = self.identity().await else { return };
        if token.dpop {
            let text = [&thumbprint, " ", &token.expires_at.to_string(), " ", &self.visitor(), " ", &token.access].concat();
            self.0.platform.keys.leave(&self.left_name(), &text).await;
        }
    }

    pub(super) fn left_name(&self) -> String {
        [&self.0.origin, " token"].concat()
    }
}

/// What was left, if it is for this key, good for a while, and not what the proxy has refused.
fn usable<'a>(text: &'a str, thumbprint: &str, now: u64, refused: &str) -> Option<Left<'a>> {
    let mut parts = text.split(' ');
    let mine = parts.next() == Some(thumbprint);
    let left = Left { expires_at: parts.next()?.parse().ok()?, visitor: parts.next()?, access: parts.next()? };
    (mine && left.expires_at > now + AHEAD_MILLIS && left.access != refused).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::{Left, usable};

    const NOW: u64 = 1_000_000;

    #[test]
    fn a_token_is_taken_over_when_it_is_for_this_key_good_for_a_while_and_not_refused() {
        let left = Left { expires_at: NOW + 30_001, visitor: "vis_1", access: "t1" };
        assert_eq!(usable("jkt 1030001 vis_1 t1", "jkt", NOW, ""), Some(left));
        assert_eq!(usable("jkt 1030000 vis_1 t1", "jkt", NOW, ""), None, "about to expire");
        assert_eq!(usable("jkt 1600000 vis_1 t1", "other", NOW, ""), None, "bound to another key");
        assert_eq!(usable("jkt 1600000 vis_1 t1", "jkt", NOW, "t1"), None, "refused");
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "jkt", "jkt 1600000 vis_1", "jkt soon vis_1 t1"] {
            assert_eq!(usable(text, "jkt", NOW, ""), None, "{text}");
        }
    }
}
