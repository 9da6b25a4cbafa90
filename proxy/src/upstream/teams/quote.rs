/// A text and what it quotes, as the bridge has it: the quoted text, a line with the hour at which it was written,
/// perhaps what people think of it, an empty line, and what is said.
pub(super) fn apart(text: &str) -> (Option<String>, String) {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let Some((quoted, said)) = split(&lines) else { return (None, text) };
    // Who answers a message that quotes quotes both: what was said last is meant.
    let meant = split(quoted).map_or_else(|| quoted.join("\n"), |(_, said)| said);
    (Some(meant.trim().to_owned()), said)
}

/// The lines before the last hour, and what stands below the empty line after it.
fn split<'a>(lines: &'a [&'a str]) -> Option<(&'a [&'a str], String)> {
    let last_gap = lines.iter().rposition(|line| line.trim().is_empty())?;
    let hour = (1..last_gap).rev().find(|at| is_hour(lines[*at]))?;
    let gap = hour + 1 + lines[hour + 1..].iter().position(|line| line.trim().is_empty())?;
    let said = lines[gap + 1..].join("\n").trim().to_owned();
    (!said.is_empty()).then(|| (&lines[..hour], said))
}

/// Whether the line is a day and an hour, in whatever order and with whatever between: `8/6/2025, 9:11 AM`.
fn is_hour(line: &str) -> bool {
    let line = line.trim();
    let rest = ["AM", "PM", "SA", "CH"].iter().find_map(|half| line.strip_suffix(half)).unwrap_or(line).trim_end();
    let is_of_dates = |c: char| c.is_ascii_digit() || "/.-:, T\u{202f}\u{a0}".contains(c);
    let numbers = rest.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).count();
    rest.chars().all(is_of_dates) && rest.contains(':') && (5..=6).contains(&numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: &str) -> (Option<String>, String) {
        apart(text)
    }

    #[test]
    fn the_documents_reply_is_taken_apart() {
        assert_eq!(both("heheh\n8/6/2025, 9:11 AM\n😠\n\nhello"), (Some("heheh".to_owned()), "hello".to_owned()));
        assert_eq!(both("a\nb\r\n06/08/2025, 21:11\n\nx\n\ny"), (Some("a\nb".to_owned()), "x\n\ny".to_owned()));
        assert_eq!(both("a\n9:11 CH, 6/8/2025\n\nx").0, None, "the half of the day stands last");
        assert_eq!(both("a\n6/8/2025, 9:11 CH\n\nx").0.as_deref(), Some("a"));
    }

    #[test]
    fn who_quotes_a_quote_quotes_what_was_said_last() {
        let first = "one\n8/6/2025, 9:11 AM\n\ntwo";
        assert_eq!(both(&format!("{first}\n8/6/2025, 9:12 AM\n\nthree")), (Some("two".to_owned()), "three".to_owned()));
    }

    #[test]
    fn however_often_it_is_quoted_it_is_taken_apart_once() {
        let deep = format!("one\n{}end", "8/6/2025, 9:11 AM\n\n".repeat(20_000));
        assert_eq!(both(&deep).1, "end");
    }

    #[test]
    fn what_only_looks_like_a_quote_is_left_as_it_is() {
        for text in [
            "hello",
            "",
            "8/6/2025, 9:11 AM\n\nhello",
            "a\n8/6/2025, 9:11 AM\nb",
            "a\n8/6/2025, 9:11 AM\n\n",
            "a\n9:11\n\nb",
            "a\n1 2 3 4 5\n\nb",
        ] {
            assert_eq!(both(text), (None, text.to_owned()));
        }
    }
}
