use super::{About, BUILD, Counter, Kind, PANICS, SERIES, STORE_ERRORS, STREAMS_OPEN};
use metrics::with_recorder;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::fmt;
use std::fmt::Write;
use std::time::Duration;
use tokio::time::interval;

/// Upper ends of the histograms' buckets, in seconds: answers take milliseconds, first texts seconds.
const BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];
/// How often observations are put into their buckets when nobody looks.
const UPKEEP: Duration = Duration::from_secs(5);

/// All series as text (Prometheus text format 0.0.4). Cheap to clone.
#[derive(Clone)]
pub struct Exposition(PrometheusHandle);

/// The process has a recorder of the facade `metrics` already.
#[derive(Debug, thiserror::Error)]
#[error("this process counts its metrics elsewhere already")]
pub struct AlreadyCounting;

impl Exposition {
    /// Begins to count, in the whole process.
    ///
    /// # Errors
    /// When the process counts already.
    pub fn install() -> Result<Self, AlreadyCounting> {
        let mut builder = PrometheusBuilder::new();
        for series in SERIES.iter().filter(|series| series.kind == Kind::Histogram) {
            let matcher = Matcher::Full(series.name.to_owned());
            // Fails without buckets only.
            builder = builder.set_buckets_for_metric(matcher, BUCKETS).map_err(|_| AlreadyCounting)?;
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| AlreadyCounting)?;
        SERIES.iter().for_each(|series| describe(series));
        BUILD.set([env!("CARGO_PKG_VERSION")], 1.0);
        // What has no labels is there from the start, so that its growth from nothing can be seen.
        [PANICS, STORE_ERRORS].iter().for_each(|counter: &Counter<0>| counter.add([], 0));
        STREAMS_OPEN.set([], 0.0);
        Ok(Self(handle))
    }

    /// All series that have numbers.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps memory small when nobody asks for the series. Goes on for ever.
    pub async fn upkeep(self) {
        let mut tick = interval(UPKEEP);
        loop {
            tick.tick().await;
            self.0.run_upkeep();
        }
    }
}

impl fmt::Debug for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exposition")
    }
}

fn describe(series: &About) {
    with_recorder(|recorder| match series.kind {
        Kind::Counter => recorder.describe_counter(series.name.into(), None, series.help.trim().into()),
        Kind::Gauge => recorder.describe_gauge(series.name.into(), None, series.help.trim().into()),
        Kind::Histogram => recorder.describe_histogram(series.name.into(), None, series.help.trim().into()),
    });
}

/// All series as a table in Markdown, as `docs/metrics.md` has it.
pub fn table() -> String {
    let mut text = String::from("| series | kind | labels | what it says |\n|---|---|---|---|\n");
    for About { name, kind, labels, help } in SERIES {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(text, "| `{name}` | {} | {} | {} |", kind.as_str(), labels.join(", "), help.trim());
    }
    text
}
