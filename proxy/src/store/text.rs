//! Titles, excerpts and folding. Pure.

/// The longest title made of a message, in characters.
const TITLE_CHARS: usize = 60;
/// The longest excerpt, in characters.
const EXCERPT_CHARS: usize = 120;

/// What search compares: lower case by Unicode's rules (SQLite's own `lower` knows only ASCII).
pub(super) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// A `LIKE ... ESCAPE '\'` pattern that finds the text anywhere, with its wildcards taken literally.
pub(super) fn like_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in fold(text).chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The beginning of a first message as a title, cut at a word's end.
pub(super) fn title_of(content: &str) -> String {
    shorten(&content.split_whitespace().collect::<Vec<_>>().join(" "), TITLE_CHARS)
}

/// The beginning of a Markdown text in plain words.
pub(super) fn excerpt(markdown: &str) -> String {
    let mut plain = String::new();
    for line in markdown.lines() {
        let line = line.trim_start().trim_start_matches(['#', '>', ' ']);
        let line = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).unwrap_or(line);
        if line.starts_with("```") || line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '*' | '=')) {
            continue;
        }
        push_words(&mut plain, line);
        if plain.len() > EXCERPT_CHARS * 8 {
            break;
        }
    }
    shorten(&plain, EXCERPT_CHARS)
}

/// Adds a line's words, without emphasis marks, code marks, table bars and link targets.
fn push_words(plain: &mut String, line: &str) {
    let mut rest = line;
    let mut words = String::with_capacity(line.len());
    while let Some(at) = rest.find("](") {
        words.push_str(&rest[..at]);
        let target = &rest[at + 2..];
        match target.find(')') {
            Some(end) => rest = &target[end + 1..],
            None => rest = target,
        }
    }
    words.push_str(rest);
    let words = words.replace("![", "").replace("__", "").replace(['*', '`', '['], "").replace('|', " ");
    for word in words.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
}

/// A place in a text, with the words around it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) before: String,
    pub(super) found: String,
    pub(super) after: String,
}

/// Characters shown before what was found.
const SHOWN_BEFORE: usize = 40;
/// Characters shown after it.
const SHOWN_AFTER: usize = 100;

/// The first place in a text that [`fold`]s to this, with the words around it. `cut`: there is more before
/// the text. Where it cannot be told, the text begins with nothing found.
pub(super) fn around(text: &str, folded: &str, cut: bool) -> Around {
    let (start, end) = place(text, folded).unwrap_or((0, 0));
    let before = in_one_line(&text[..start]).trim_start().to_owned();
    let skipped = before.chars().count().saturating_sub(SHOWN_BEFORE);
    let shown: String = before.chars().skip(skipped).collect();
    // From a word's beginning, where there is one.
    let shown = if skipped > 0 { shown.split_once(' ').map_or(shown.as_str(), |(_, rest)| rest) } else { &shown };
    let ellipsis = if skipped > 0 || cut { "…" } else { "" };
    let after = in_one_line(&text[end..]);
    let after = shorten(after.trim_end(), SHOWN_AFTER);
    Around { before: format!("{ellipsis}{shown}"), found: in_one_line(&text[start..end]), after }
}

/// Where a text folds to this, in bytes. Folding may change how long a character is.
fn place(text: &str, folded: &str) -> Option<(usize, usize)> {
    let (mut whole, mut places) = (String::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
    for (at, character) in text.char_indices() {
        for lower in character.to_lowercase() {
            whole.push(lower);
            places.extend(std::iter::repeat_n(at, lower.len_utf8()));
        }
    }
    places.push(text.len());
    let start = whole.find(folded)?;
    let (first, after) = (places[start], places[start + folded.len()]);
    // In the middle of a character that folds to several: all of it.
    Some((first, if after == first { text.ceil_char_boundary(first + 1) } else { after }))
}

/// White space as single spaces, also at the ends, and without the marks of Markdown.
fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars().filter(|character| !matches!(character, '*' | '`' | '#' | '|' | '>')) {
        match character.is_whitespace() {
            true if line.ends_with(' ') => {}
            true => line.push(' '),
            false => line.push(character),
        }
    }
    line
}

/// At most `limit` characters, cut at a word's end where one is near, with an ellipsis when cut.
fn shorten(text: &str, limit: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(limit) else {
        return text.to_owned();
    };
    let kept = &text[..text.char_indices().nth(limit - 1).map_or(end, |(at, _)| at)];
    let at_word = match kept.rfind(' ') {
        Some(space) if space * 2 > kept.len() && !text[kept.len()..].starts_with(' ') => &kept[..space],
        _ => kept,
    };
    format!("{}…", at_word.trim_end_matches([' ', ',', '.', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_beginning_of_the_message_cut_at_a_word() {
        assert_eq!(title_of("  Xin   chào\nbạn "), "Xin chào bạn");
        let long = "Cho tôi biết lịch trình tham quan Hà Nội trong ba ngày với trẻ nhỏ và ông bà";
        let title = title_of(long);
        assert!(title.chars().count() <= TITLE_CHARS, "{title}");
        assert!(long.starts_with(title.trim_end_matches('…')) && title.ends_with('…'), "{title}");
        assert!(long[title.len() - '…'.len_utf8()..].starts_with(' '), "cut at a word: {title}");
        assert_eq!(title_of(&"x".repeat(90)).chars().count(), TITLE_CHARS);
    }

    #[test]
    fn an_excerpt_is_plain_text() {
        assert_eq!(excerpt("## Lịch trình\n\n- **Ngày 1**: [Hồ Gươm](https://example.com)\n"), "Lịch trình Ngày 1: Hồ Gươm");
        assert_eq!(excerpt("| a | b |\n|---|---|\n| 1 | 2 |"), "a b 1 2");
        assert_eq!(excerpt("```rust\nlet x = 1;\n```"), "let x = 1;");
        assert!(excerpt(&"từ ".repeat(400)).chars().count() <= EXCERPT_CHARS);
    }

    #[test]
    fn what_was_found_is_shown_with_the_words_around_it() {
        let shown = |text: &str, search: &str| {
            let Around { before, found, after } = around(text, &fold(search), false);
            (before, found, after)
        };
        let parts = |before: &str, found: &str, after: &str| (before.to_owned(), found.to_owned(), after.to_owned());
        assert_eq!(shown("Hà Nội mùa thu", "NỘI"), parts("Hà ", "Nội", " mùa thu"));
        assert_eq!(shown("## Lịch trình\n\n- **Ngày 1**", "ngày"), parts("Lịch trình - ", "Ngày", " 1"));
        assert_eq!(shown("thu", "thu"), parts("", "thu", ""));
        // İ folds to two characters.
        assert_eq!(shown("İİ and Nội", "nội"), parts("İİ and ", "Nội", ""));
        let long = format!("{}Nội{}", "từ ".repeat(50), " dài".repeat(80));
        let (before, found, after) = shown(&long, "nội");
        assert!(before.starts_with("…từ") && before.ends_with("từ ") && before.chars().count() <= SHOWN_BEFORE + 1, "{before}");
        assert!(found == "Nội" && after.starts_with(" dài") && after.ends_with('…') && after.chars().count() <= SHOWN_AFTER, "{after}");
        assert_eq!(around("Nội", "nội", true).before, "…");
        assert_eq!(shown("nothing", "xyz").1, "");
    }

    #[test]
    fn wildcards_in_a_search_are_taken_literally() {
        assert_eq!(like_pattern("100%_ĐÀ\\"), "%100\\%\\_đà\\\\%");
    }
}
