use super::{Finding, Trial, certificate};
use crate::budget::one_off_gate;
use crate::clock::{Clock, Dice, rfc3339};
use crate::config;
use crate::config::{UpstreamKind, is_near};
use crate::upstream::{self, Budget, Probe, Question, Remark, Timeouts, Upstream, UpstreamError, UpstreamEvent};
use futures_util::StreamExt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// How far the upstream's clock and ours may be apart, in seconds.
const CLOCKS_APART: i64 = 60;
/// How slow an answer is worth a word, in milliseconds.
const SLOW: i64 = 3000;
/// What is said when a conversation is recorded and the owner gives no words.
const GREETING: &str = "Xin chào! / Hello!";

/// At which account is looked, and with what.
pub(super) struct Look<'a> {
    pub(super) settings: &'a config::Upstream,
    pub(super) replies: &'a config::Replies,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) dice: &'a Arc<dyn Dice>,
}

impl Look<'_> {
    fn topic(&self, what: &str) -> String {
        format!("upstream {}: {what}", self.settings.name)
    }

    /// Looks from the outside in, and no further than it makes sense.
    pub(super) async fn examine(&self, trial: &Trial) -> Vec<Finding> {
        let mut findings = vec![self.spelling()];
        let address = self.address().await;
        let is_found = address.advice.is_none();
        findings.push(address);
        if !is_found {
            return findings;
        }
        let origin = self.settings.origin.as_str();
        findings.push(match origin.starts_with("https://") {
            true => certificate::examine(self.topic("certificate"), origin, self.clock.as_ref()).await,
            false => Finding::ok(self.topic("certificate"), "none, in a network of your own"),
        });
        let gate = one_off_gate(self.settings, (self.clock, self.dice));
        let client = match upstream::open(self.settings, gate, (self.clock.clone(), self.dice.clone()), Timeouts::from(self.replies)) {
            Ok(client) => client,
            Err(error) => {
                findings.push(Finding::failed(self.topic("client"), error.to_string(), "this is a bug; please report it"));
                return findings;
            }
        };
        match client.probe().await {
            Ok(probe) => {
                findings.extend(self.first_answer(&probe));
                let (tried, conversation) = self.trial(client.as_ref(), &probe, trial).await;
                findings.extend(tried);
                findings.extend(self.remarks(client.as_ref(), conversation.as_deref()).await);
            }
            Err(error) => findings.push(self.refused("answer", &error)),
        }
        findings
    }

    fn spelling(&self) -> Finding {
        let origin = &self.settings.origin;
        match origin.warning() {
            Some(warning) => Finding::warning(self.topic("host"), origin.as_str(), warning),
            None if self.settings.key.is_none() => Finding::ok(self.topic("host"), origin.as_str()),
            None => Finding::ok(self.topic("host"), format!("{origin}; the key is sent there and nowhere else")),
        }
    }

    async fn address(&self) -> Finding {
        let topic = self.topic("address");
        let url = reqwest::Url::parse(self.settings.origin.as_str()).ok();
        let host = url.as_ref().and_then(|url| Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), url.port_or_known_default()?)));
        let Some((host, port)) = host else { return Finding::failed(topic, "no host", "correct `origin`") };
        match tokio::net::lookup_host((host.as_str(), port)).await {
            Ok(found) => {
                let mut found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
                found.dedup();
                let seen = format!("{host} is {}", found.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", "));
                if self.settings.origin.is_in_the_clear() && !found.iter().all(|address| is_near(*address)) {
                    let advice = "use https: with http the key and what visitors say cross the internet for everybody to read";
                    return Finding::failed(topic, seen, advice);
                }
                Finding::ok(topic, seen)
            }
            Err(error) => {
                Finding::failed(topic, format!("{host}: {error}"), "check the spelling of `origin` and this machine's name server")
            }
        }
    }

    fn first_answer(&self, probe: &Probe) -> Vec<Finding> {
        let mut findings = vec![match &probe.twins {
            Err(error) => self.refused("key", error),
            Ok(_) if self.settings.key.is_none() => {
                Finding::ok(self.topic("key"), format!("none is sent, and none is asked for ({})", probe.status))
            }
            Ok(_) => Finding::ok(self.topic("key"), format!("accepted ({})", probe.status)),
        }];
        let took = format!("{} ms", probe.millis);
        findings.push(match probe.millis {
            0..SLOW => Finding::ok(self.topic("latency"), took),
            _ => Finding::warning(self.topic("latency"), took, "visitors wait this long before a reply begins"),
        });
        findings.push(self.clocks(probe.date));
        findings.push(self.limits(probe));
        if let Ok(twins) = &probe.twins {
            let names = twins.iter().take(5).map(|twin| twin.name.as_str()).collect::<Vec<_>>().join(", ");
            findings.push(match twins.len() {
                0 => Finding::warning(self.topic("twins"), "none", "make one in your account; visitors have nobody to talk to"),
                count => {
                    Finding::ok(self.topic("twins"), format!("{count} on the first page: {names}{}", if count > 5 { ", …" } else { "" }))
                }
            });
        }
        findings
    }

    fn clocks(&self, theirs: Option<i64>) -> Finding {
        let topic = self.topic("clock");
        let Some(theirs) = theirs else { return Finding::skipped(topic, "it sends no Date") };
        let apart = self.clock.now_seconds() - theirs;
        let seen = format!("this machine's is {} s {} its own", apart.abs(), if apart < 0 { "behind" } else { "ahead of" });
        match apart.abs() {
            0..=2 => Finding::ok(topic, "the same as its own"),
            3..=CLOCKS_APART => Finding::ok(topic, seen),
            _ => Finding::warning(topic, seen, "set this machine's clock by NTP: tokens and limits go by it"),
        }
    }

    fn limits(&self, probe: &Probe) -> Finding {
        let topic = self.topic("limits");
        match probe.budget {
            Some(Budget { limit, remaining, resets_at, window }) => {
                let window = window.map_or("an unknown window".to_owned(), |seconds| format!("{seconds} s"));
                let seen = format!("{remaining} of {limit} requests left, again full at {}, per {window}", rfc3339(resets_at));
                match remaining {
                    0 => Finding::warning(topic, seen, "no message can be sent before then"),
                    _ => Finding::ok(topic, seen),
                }
            }
            None if probe.rate_headers.is_empty() && self.settings.kind() != UpstreamKind::TwinExpert => {
                let config::Upstream { requests_per_hour, burst, .. } = self.settings;
                Finding::ok(topic, format!("it says none; {requests_per_hour} requests an hour, {burst} at once, by the settings"))
            }
            None if probe.rate_headers.is_empty() => {
                Finding::warning(topic, "it sends no X-RateLimit headers", "its limit is learnt by running into it")
            }
            None => {
                let sent: Vec<String> = probe.rate_headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                Finding::warning(topic, format!("not understood: {}", sent.join(", ")), "please report these headers; they hold no secret")
            }
        }
    }

    /// The only part that costs the account something.
    async fn trial(&self, client: &dyn Upstream, probe: &Probe, trial: &Trial) -> (Vec<Finding>, Option<String>) {
        let (topic, mut conversation) = (self.topic("reply"), None);
        if trial.message.is_none() && trial.capture.is_none() {
            let seen = "not tried, nor whether the key may write: give --send TEXT (makes a conversation there)";
            return (vec![Finding::skipped(topic, seen)], None);
        }
        if client.rooms().is_some() {
            return (vec![Finding::skipped(topic, "not tried: people would read it. Write to them through the widget")], None);
        }
        let named = trial.twin.as_deref();
        let first = || probe.twins.as_ref().ok().and_then(|twins| twins.first()).map(|twin| twin.id.as_str());
        let Some(twin) = named.or_else(first) else {
            return (vec![Finding::failed(topic, "there is no twin to ask", "name one with --twin")], None);
        };
        let message = trial.message.as_deref().unwrap_or(GREETING);
        let reply = match &trial.capture {
            Some(folder) => self.captured(client, (twin, message), folder).await,
            None => self.replied(client, (twin, message), &mut conversation).await,
        };
        (vec![reply.unwrap_or_else(|error| self.refused("reply", &error))], conversation)
    }

    /// What is documented nowhere, as it is there.
    async fn remarks(&self, client: &dyn Upstream, conversation: Option<&str>) -> Vec<Finding> {
        match client.remarks(conversation).await {
            Ok(remarks) => remarks.into_iter().map(|remark| self.finding(remark)).collect(),
            Err(error) => vec![self.refused("messages", &error)],
        }
    }

    fn finding(&self, remark: Remark) -> Finding {
        let topic = self.topic(remark.topic);
        match remark.advice {
            Some(advice) => Finding::warning(topic, remark.seen, advice),
            None => Finding::ok(topic, remark.seen),
        }
    }

    /// Tells which conversation was begun for it, if one was.
    async fn replied(
        &self,
        client: &dyn Upstream,
        (twin, message): (&str, &str),
        conversation: &mut Option<String>,
    ) -> Result<Finding, UpstreamError> {
        let fare = client.gate().operator();
        let mut begun = self.clock.now_millis();
        let mut events = client.ask(Question { twin, content: message, ..Question::default() }, &fare);
        let (mut first, mut deltas, mut whole) = (None, 0, None);
        while let Some(event) = events.next().await {
            match event? {
                UpstreamEvent::Began(id) => {
                    *conversation = Some(id);
                    begun = self.clock.now_millis();
                    continue;
                }
                UpstreamEvent::Progress(_) => {}
                UpstreamEvent::Delta(_) => deltas += 1,
                UpstreamEvent::Complete(text) => whole = Some(text),
                UpstreamEvent::Delivered => {}
            }
            first = first.or(Some(self.clock.now_millis() - begun));
        }
        let (first, took) = (first.unwrap_or(0), self.clock.now_millis() - begun);
        let seen = format!("first event after {first} ms, {deltas} pieces in {took} ms");
        let topic = self.topic("reply");
        Ok(match whole {
            Some(_) => Finding::ok(topic, seen),
            None => Finding::warning(topic, format!("{seen}; it ended without saying so"), "record it with --capture and report it"),
        })
    }

    async fn captured(&self, client: &dyn Upstream, asked: (&str, &str), folder: &Path) -> Result<Finding, UpstreamError> {
        let capture = client.capture(asked.0, asked.1).await?;
        let path = folder.join(format!("{}.capture.json", self.settings.name));
        let topic = self.topic("reply");
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, capture.to_json()));
        let seen: Vec<String> =
            capture.exchanges.iter().map(|exchange| format!("{} in {} pieces", exchange.status, exchange.chunks.len())).collect();
        Ok(match written {
            Ok(()) => Finding::ok(topic, format!("recorded into {} ({}); read it before you share it", path.display(), seen.join("; "))),
            Err(error) => Finding::failed(topic, format!("{}: {error}", path.display()), "name a folder that can be written"),
        })
    }

    fn refused(&self, what: &str, error: &UpstreamError) -> Finding {
        let advice = match error {
            UpstreamError::NotAsked(_) => "wait a while: the requests before this one used up the key's budget, or were refused",
            UpstreamError::Refused(note) if note.contains("403") => {
                "the key is read-only: visitors can see twins and say nothing. Make one with full_access"
            }
            UpstreamError::Refused(_) => "check the key, and `auth`: whether it is sent as `bearer` or `x-api-key`",
            UpstreamError::Unreachable(_) | UpstreamError::BrokeOff(_) => "check `origin`, this machine's network and its firewall",
            UpstreamError::Limited { .. } => "wait, and look again",
            UpstreamError::NotFound(_) if self.settings.kind() == UpstreamKind::OpenAi => "check `origin`, with its path, and `model`",
            UpstreamError::NotFound(_) => "check `origin`: this may be another service",
            UpstreamError::Failed(note) if note.contains("its shape is") && self.settings.kind() == UpstreamKind::TwinExpert => {
                "say where its text stands: text_at = [\"/name/name\"], after the shape above"
            }
            UpstreamError::Failed(_) | UpstreamError::Silent(_) => "look again later; if it stays so, ask the service",
        };
        Finding::failed(self.topic(what), error.to_string(), advice)
    }
}
