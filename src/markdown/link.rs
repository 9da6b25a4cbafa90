//! Which addresses may become an `href`: the only place that decides.

/// The address, if it may become an `href`: absolute `http:`, `https:`, `mailto:` or `tel:`.
///
/// Everything else is refused: other schemes in any case or disguise, control characters and white space
/// anywhere (browsers drop tabs and line ends inside a scheme), and relative addresses, which would lead
/// somewhere on the host's page that the twin knows nothing of. `http` and `https` need `//` and a host,
/// since browsers read `https:x` as relative.
pub fn href(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once(':')?;
    let fits = if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        rest.strip_prefix("//").is_some_and(|host| !host.starts_with(['/', '\\', '?', '#']) && !host.is_empty())
    } else {
        (scheme.eq_ignore_ascii_case("mailto") || scheme.eq_ignore_ascii_case("tel")) && !rest.is_empty()
    };
    let clean = !address.chars().any(|c| c <= ' ' || c == '\u{7f}' || c.is_control() || c.is_whitespace());
    (fits && clean).then_some(address)
}
