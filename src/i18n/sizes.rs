//! Sizes of files, written by the browser's `Intl`.

use super::Locale;
use js_sys::{Array, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

/// `640 kB`, `2.4 MB`, with the language's own decimal sign. Counted in thousands, as file managers on phones do.
pub fn file_size(bytes: u64, locale: Locale) -> String {
    let (divisor, unit) = match bytes {
        0..1000 => (1.0, "byte"),
        1000..1_000_000 => (1e3, "kilobyte"),
        1_000_000..1_000_000_000 => (1e6, "megabyte"),
        _ => (1e9, "gigabyte"),
    };
    let value = bytes as f64 / divisor;
    let digits = if value < 10.0 && divisor > 1e3 { 1.0 } else { 0.0 };
    let options = Object::new();
    let members: [(&str, JsValue); 4] =
        [("style", "unit".into()), ("unit", unit.into()), ("unitDisplay", "short".into()), ("maximumFractionDigits", digits.into())];
    for (name, value) in &members {
        let _ = Reflect::set(&options, &JsValue::from_str(name), value);
    }
    let format = Intl::NumberFormat::new(&Array::of1(&locale.intl().into()), &options).format();
    format.call1(&JsValue::UNDEFINED, &value.into()).ok().and_then(|text| text.as_string()).unwrap_or_default()
}
