use super::capture::{Capture, Exchange};
use super::client::{ClientError, Timeouts};
use super::kamimind::{self, KamiMind};
use super::openai::{self, OpenAi};
use super::teams::Teams;
use super::twinexpert::{self, TwinExpert};
use super::{EventStream, Upstream, UpstreamError};
use crate::budget::Gate;
use crate::clock::{Clock, Dice};
use crate::config::{self, Service, UpstreamKind};
use std::sync::Arc;

/// Makes the adapter for an account, all of whose requests go through this gate.
///
/// # Errors
/// When it cannot be spoken to at all.
pub fn open(
    settings: &config::Upstream,
    gate: Gate,
    with: (Arc<dyn Clock>, Arc<dyn Dice>),
    timeouts: Timeouts,
) -> Result<Arc<dyn Upstream>, ClientError> {
    match &settings.service {
        Service::TwinExpert => Ok(Arc::new(TwinExpert::new(settings, gate, with, timeouts)?)),
        Service::KamiMind(bots) => Ok(Arc::new(KamiMind::new(settings, bots, gate, with, timeouts)?)),
        Service::OpenAi(twins) => Ok(Arc::new(OpenAi::new(settings, twins, gate, with, timeouts)?)),
        Service::Teams(twins) => Ok(Arc::new(Teams::new((settings, twins), gate, with, timeouts)?)),
    }
}

/// A recorded answer as the events that it means, without its pauses.
///
/// # Errors
/// When it holds no reply, or is of a kind that is not known.
pub fn replay(capture: &Capture, exchange: &Exchange) -> Result<EventStream<'static>, UpstreamError> {
    let kind = UpstreamKind::ALL.into_iter().find(|kind| kind.name() == capture.upstream);
    match kind {
        Some(UpstreamKind::TwinExpert) => twinexpert::replay(exchange),
        Some(UpstreamKind::KamiMind) => kamimind::replay(exchange),
        Some(UpstreamKind::OpenAi) => openai::replay(exchange),
        _ => Err(UpstreamError::Failed("this version cannot read captures of this kind".to_owned())),
    }
}
