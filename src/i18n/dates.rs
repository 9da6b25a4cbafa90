//! Dates and times, written by the browser's `Intl` in the visitor's language and time zone.

use super::Locale;
use js_sys::{Array, Date, Intl, JsString, Object, Reflect};
use wasm_bindgen::JsValue;

const DAY: i64 = 86_400_000;

fn date(millis: u64) -> Date {
    Date::new(&JsValue::from_f64(millis as f64))
}

fn bag(options: &[(&str, &str)]) -> Object {
    let bag = Object::new();
    for (name, value) in options {
        let _ = Reflect::set(&bag, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    bag
}

fn format(millis: u64, locale: Locale, options: &[(&str, &str)]) -> String {
    date(millis).to_locale_string(locale.intl(), &bag(options)).into()
}

/// Today or yesterday, as the language says it.
fn relative(days_ago: i64, locale: Locale) -> String {
    let format = Intl::RelativeTimeFormat::new(&Array::of1(&locale.intl().into()), &bag(&[("numeric", "auto")]));
    capital(&String::from(format.format(-(days_ago as f64), "day")))
}

/// Reads an RFC 3339 time; milliseconds since 1970, 0 when it is none.
pub fn parse_time(text: &str) -> u64 {
    let millis = Date::parse(text);
    if millis.is_nan() || millis < 0.0 { 0 } else { millis as u64 }
}

/// How many midnights lie between two moments, in the visitor's time zone.
pub fn calendar_days_between(earlier: u64, later: u64) -> i64 {
    let offset = |millis| date(millis).get_timezone_offset() as i64;
    day_difference(earlier, later, offset(earlier), offset(later))
}

/// The same with the offsets given: minutes to add to local time to get UTC, as `Date` has them.
pub(super) fn day_difference(earlier: u64, later: u64, earlier_offset: i64, later_offset: i64) -> i64 {
    let day = |millis: u64, offset: i64| (millis as i64 - offset * 60_000).div_euclid(DAY);
    day(later, later_offset) - day(earlier, earlier_offset)
}

/// `14:05`, or as the language has it.
pub fn clock_time(millis: u64, locale: Locale) -> String {
    format(millis, locale, &[("hour", "numeric"), ("minute", "2-digit")])
}

/// The whole of it, for a tooltip.
pub fn date_and_time(millis: u64, locale: Locale) -> String {
    format(millis, locale, &[("dateStyle", "full"), ("timeStyle", "short")])
}

/// Today, yesterday, the weekday within the last week, else the date.
pub fn day_name(millis: u64, now: u64, locale: Locale) -> String {
    let options: &[(&str, &str)] = match calendar_days_between(millis, now) {
        days @ ..=1 => return relative(days.max(0), locale),
        2..=6 => &[("weekday", "long")],
        7..=300 => &[("day", "numeric"), ("month", "long")],
        _ => &[("day", "numeric"), ("month", "long"), ("year", "numeric")],
    };
    heading(millis, locale, options)
}

/// The part of time a list is divided by: today, yesterday, the last days, else the month.
pub fn group_name(millis: u64, now: u64, locale: Locale) -> String {
    let options: &[(&str, &str)] = match calendar_days_between(millis, now) {
        i64::MIN..=1 => return day_name(millis, now, locale),
        2..=7 => return locale.texts().last_week.to_owned(),
        8..=30 => return locale.texts().last_month.to_owned(),
        31..=300 => &[("month", "long")],
        _ => &[("month", "long"), ("year", "numeric")],
    };
    heading(millis, locale, options)
}

fn heading(millis: u64, locale: Locale, options: &[(&str, &str)]) -> String {
    capital(&format(millis, locale, options))
}

/// As a heading begins, which `Intl` does not give to every language's weekdays.
fn capital(text: &str) -> String {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let (first, rest) = text.split_at(first);
    [&String::from(JsString::from(first).to_upper_case()), rest].concat()
}

/// As short as a list needs it: the time today, else yesterday, the weekday, the date.
pub fn short_time(millis: u64, now: u64, locale: Locale) -> String {
    match calendar_days_between(millis, now) {
        i64::MIN..=0 => clock_time(millis, locale),
        1 => relative(1, locale),
        2..=6 => format(millis, locale, &[("weekday", "short")]),
        7..=300 => format(millis, locale, &[("day", "2-digit"), ("month", "2-digit")]),
        _ => format(millis, locale, &[("day", "2-digit"), ("month", "2-digit"), ("year", "numeric")]),
    }
}
