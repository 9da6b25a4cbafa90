use std::time::Duration;

/// How long after the last reader has left people are still listened to.
pub(super) const LINGER: Duration = Duration::from_secs(5 * 60);
/// The least time between two looks, however many come.
pub(super) const SHORTEST: Duration = Duration::from_secs(1);
/// The same with nobody listening.
const UNHEARD: Duration = Duration::from_secs(5);

/// How long until the next look, given how long ago there was something new.
pub(super) fn pause(since_news: Duration, is_heard: bool) -> Duration {
    let pause = match since_news.as_secs() {
        0..10 => SHORTEST,
        10..60 => Duration::from_secs(2),
        60..300 => Duration::from_secs(5),
        _ => Duration::from_secs(15),
    };
    if is_heard { pause } else { pause.max(UNHEARD) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_nothing_is_said_the_less_often_it_is_looked() {
        let after = |seconds| pause(Duration::from_secs(seconds), true).as_secs();
        assert_eq!([0, 9, 10, 59, 60, 299, 300, 100_000].map(after), [1, 1, 2, 2, 5, 5, 15, 15]);
        assert_eq!([0, 100, 1000].map(|seconds| pause(Duration::from_secs(seconds), false).as_secs()), [5, 5, 15]);
    }
}
