use metrics::{Key, Label, Level, Metadata, with_recorder};

/// What a series is, for `HELP`, `TYPE` and the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// What can be done with its numbers.
    pub kind: Kind,
    /// Its labels' names.
    pub labels: &'static [&'static str],
    /// What it counts.
    pub help: &'static str,
}

/// What can be done with a series' numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How many observations were at most so large.
    Histogram,
}

impl Kind {
    /// As `TYPE` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

impl About {
    fn key<const N: usize>(&self, values: [&str; N]) -> Key {
        let labels: Vec<Label> = self.labels.iter().zip(values).map(|(name, value)| Label::new(*name, value.to_owned())).collect();
        Key::from_parts(self.name, labels)
    }
}

/// A series that only grows, with the values of its `N` labels given in order.
#[derive(Debug, Clone, Copy)]
pub struct Counter<const N: usize>(pub(super) &'static About);

impl<const N: usize> Counter<N> {
    /// One more.
    pub fn count(&self, values: [&str; N]) {
        self.add(values, 1);
    }

    /// So many more.
    pub fn add(&self, values: [&str; N], by: u64) {
        with_recorder(|recorder| recorder.register_counter(&self.0.key(values), &METADATA).increment(by));
    }
}

/// A series that goes up and down.
#[derive(Debug, Clone, Copy)]
pub struct Gauge<const N: usize>(pub(super) &'static About);

impl<const N: usize> Gauge<N> {
    /// It is this now.
    pub fn set(&self, values: [&str; N], value: f64) {
        self.handle(values).set(value);
    }

    /// One more for as long as the value given back lives, however that ends.
    #[must_use]
    pub fn hold(&self, values: [&str; N]) -> Held {
        let gauge = self.handle(values);
        gauge.increment(1.0);
        Held(gauge)
    }

    fn handle(&self, values: [&str; N]) -> metrics::Gauge {
        with_recorder(|recorder| recorder.register_gauge(&self.0.key(values), &METADATA))
    }
}

/// Counts as one in a [`Gauge`] until it is dropped.
#[derive(Debug)]
pub struct Held(metrics::Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// A series of observations, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<const N: usize>(pub(super) &'static About);

impl<const N: usize> Histogram<N> {
    /// One that took so many milliseconds.
    pub fn took_millis(&self, values: [&str; N], millis: i64) {
        let seconds = millis.max(0) as f64 / 1000.0;
        with_recorder(|recorder| recorder.register_histogram(&self.0.key(values), &METADATA).record(seconds));
    }
}
