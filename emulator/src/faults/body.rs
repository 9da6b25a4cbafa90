//! A body that is cut, stalled or split at exact bytes.

use super::{CutEnding, Fault, Released};
use crate::clock::Clock;
use crate::log::{Ending, Log};
use crate::net::Socket;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

/// What a faulty body needs.
#[derive(Debug)]
pub(crate) struct Faulty {
    /// What ends a stall.
    pub(crate) released: Released,
    /// Where stalls pass.
    pub(crate) clock: Arc<dyn Clock>,
    /// The connection to reset.
    pub(crate) socket: Socket,
    /// Where to write how the body ended.
    pub(crate) log: Arc<Log>,
    /// Under which number.
    pub(crate) number: u64,
}

struct Flow {
    tools: Faulty,
    inner: BoxStream<'static, Bytes>,
    plan: VecDeque<(u64, Fault)>,
    split: bool,
    rest: Bytes,
    sent: u64,
    over: bool,
}

impl Faulty {
    /// The same bytes, as far as the faults let them through.
    pub(crate) fn apply(self, faults: &[Fault], inner: BoxStream<'static, Bytes>) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let mut plan: Vec<(u64, Fault)> = faults.iter().filter_map(|fault| Some((offset(fault)?, fault.clone()))).collect();
        plan.sort_by_key(|(offset, _)| *offset);
        let split = faults.contains(&Fault::SplitUtf8);
        let flow = Flow { tools: self, inner, plan: plan.into(), split, rest: Bytes::new(), sent: 0, over: false };
        stream::unfold(flow, |mut flow| async move {
            let item = flow.next().await?;
            Some((item, flow))
        })
    }
}

fn offset(fault: &Fault) -> Option<u64> {
    match fault {
        Fault::Cut { after_bytes, .. } => Some(after_bytes.unwrap_or_default()),
        Fault::Stall { after_bytes, .. } => Some(*after_bytes),
        _ => None,
    }
}

impl Flow {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.over {
            return None;
        }
        loop {
            if let Some((_, fault)) = self.plan.pop_front_if(|(offset, _)| *offset <= self.sent) {
                match fault {
                    Fault::Cut { ending, .. } => return self.cut(ending).await,
                    Fault::Stall { millis, .. } => self.tools.released.or_after(millis, &*self.tools.clock).await,
                    _ => {}
                }
                continue;
            }
            if self.rest.is_empty() {
                let Some(chunk) = self.inner.next().await else {
                    self.end(Ending::Done);
                    return None;
                };
                self.rest = chunk;
                continue;
            }
            let piece = self.piece();
            self.sent += piece.len() as u64;
            let sent = self.sent;
            self.tools.log.change(self.tools.number, |entry| entry.bytes = sent);
            return Some(Ok(piece));
        }
    }

    /// As much as may go out at once.
    fn piece(&mut self) -> Bytes {
        let mut length = self.rest.len();
        if self.split
            && let Some(lead) = self.rest.iter().position(|&byte| byte >= 0xc0)
        {
            length = lead + 1;
        }
        if let Some((offset, _)) = self.plan.front() {
            length = length.min(usize::try_from(offset - self.sent).unwrap_or(usize::MAX));
        }
        self.rest.split_to(length)
    }

    async fn cut(&mut self, ending: CutEnding) -> Option<io::Result<Bytes>> {
        self.end(Ending::Cut);
        // A pause, so that what was sent leaves before the connection breaks.
        tokio::task::yield_now().await;
        match ending {
            CutEnding::Eof => return None,
            CutEnding::Truncate => {}
            CutEnding::Reset => self.tools.socket.reset_on_close(),
        }
        Some(Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by a fault")))
    }

    fn end(&mut self, ending: Ending) {
        self.over = true;
        self.tools.log.change(self.tools.number, |entry| entry.ending = ending);
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        if !self.over {
            self.end(Ending::ClientLeft);
        }
    }
}
