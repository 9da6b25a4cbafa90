//! Instants as texts: RFC 3339 as the proxy writes it, and the `Date` header (RFC 9110 section 5.6.7).

/// Milliseconds since 1970 of `2026-11-21T03:20:31.500Z`; `None` for another form.
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (date, clock) = whole.split_once('T')?;
    let mut date = date.split('-');
    let (year, month, day) = (number(date.next()?)?, number(date.next()?)?, number(date.next()?)?);
    let millis = fraction
        .bytes()
        .chain("000".bytes())
        .take(3)
        .try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0')))?;
    Some((days(year, month, day)? * 86_400 + seconds(clock)?) * 1000 + millis)
}

/// Milliseconds since 1970 of `Sat, 21 Nov 2026 03:20:31 GMT`; `None` for another form.
pub fn parse_http_date(text: &str) -> Option<u64> {
    let mut parts = text.strip_suffix(" GMT")?.split(' ');
    parts.next()?.strip_suffix(',')?;
    let (day, month, year, clock) = (number(parts.next()?)?, parts.next()?, number(parts.next()?)?, parts.next()?);
    let month = b"JanFebMarAprMayJunJulAugSepOctNovDec".chunks(3).position(|name| name == month.as_bytes())? as u64 + 1;
    Some((days(year, month, day)? * 86_400 + seconds(clock)?) * 1000)
}

fn number(text: &str) -> Option<u64> {
    (text.len() <= 4 && text.bytes().all(|digit| digit.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Seconds since midnight of `03:20:31`.
fn seconds(clock: &str) -> Option<u64> {
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    Some(hours * 3600 + minutes * 60 + seconds)
}

/// Days since 1970-01-01, Gregorian: years run from March, so that the leap day is a year's last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month > 2 { year } else { year - 1 };
    let month = if month > 2 { month - 3 } else { month + 9 };
    Some(year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_as_other_programs_read_them() {
        assert_eq!(parse_rfc3339("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_rfc3339("2026-11-21T03:20:31.500Z"), Some(1_795_231_231_500));
        assert_eq!(parse_rfc3339("2024-02-29T23:59:59.9Z"), Some(1_709_251_199_900));
        assert_eq!(parse_rfc3339("2000-03-01T00:00:00.123456Z"), Some(951_868_800_123));
        assert_eq!(parse_http_date("Sat, 21 Nov 2026 03:20:31 GMT"), Some(1_795_231_231_000));
        assert_eq!(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000));
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for wrong in ["", "Z", "2026-11-21", "2026-11-21T03:20:31", "2026-13-01T00:00:00Z", "2026-11-21T03:20:31.xZ", "x-y-zT1:1:1Z"] {
            assert_eq!(parse_rfc3339(wrong), None, "{wrong:?}");
        }
        for wrong in ["", "Sat, 21 Nov 2026 03:20:31", "Sat, 21 anF 2026 03:20:31 GMT", "21 Nov 2026 03:20:31 GMT"] {
            assert_eq!(parse_http_date(wrong), None, "{wrong:?}");
        }
    }
}
