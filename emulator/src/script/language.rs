//! Which language a question is in, and its words without case and diacritics.

/// Lower case, no diacritics, one space between words, nothing else than letters, digits, `+` and `#`.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match plain(letter) {
            Some(plain) => folded.push(plain),
            // A combining mark belongs to the letter before it.
            None if ('\u{300}'..='\u{36f}').contains(&letter) => {}
            None if !folded.ends_with(' ') => folded.push(' '),
            None => {}
        }
    }
    folded.trim().to_owned()
}

fn plain(letter: char) -> Option<char> {
    Some(match letter {
        'à'..='ã' | 'ă' | 'ạ'..='ặ' | 'å' => 'a',
        'è'..='ê' | 'ẹ'..='ệ' => 'e',
        'ì' | 'í' | 'ĩ' | 'ỉ' | 'ị' => 'i',
        'ò'..='õ' | 'ơ' | 'ọ'..='ợ' => 'o',
        'ù' | 'ú' | 'ũ' | 'ư' | 'ụ'..='ự' => 'u',
        'ý' | 'ỳ'..='ỹ' => 'y',
        'đ' => 'd',
        '+' | '#' => letter,
        _ if letter.is_alphanumeric() => letter,
        _ => return None,
    })
}

/// Words that Vietnamese typed without diacritics can hardly do without.
const VIETNAMESE: &[&str] = &[
    "toi",
    "ban",
    "la gi",
    "khong",
    "nhu the nao",
    "lam sao",
    "cho toi",
    "duoc",
    "nhung",
    "minh",
    "cam on",
    "xin chao",
    "chi tiet",
    "bao nhieu",
];
/// Words that an English question can hardly do without.
const ENGLISH: &[&str] = &[
    "the", "what", "how", "is", "are", "do", "does", "can", "you", "i", "my", "thanks", "thank", "hello", "hi", "please", "explain",
    "tell", "show", "in", "of", "to", "write", "why", "when", "which", "good", "plan", "and", "me", "help", "with", "for", "on", "at",
];

/// `vi` or `en`, or `None` when nothing tells. A Vietnamese name does not make an English sentence Vietnamese.
pub(super) fn detect(question: &str) -> Option<&'static str> {
    let folded = fold(question);
    let count = |words: &[&str]| words.iter().filter(|word| has_word(&folded, word)).count();
    let (vietnamese, english) = (count(VIETNAMESE), count(ENGLISH));
    let marked = question.split_whitespace().filter(|word| word.chars().flat_map(char::to_lowercase).any(is_vietnamese)).count();
    if marked > 0 && (english == 0 || marked * 4 > question.split_whitespace().count()) {
        return Some("vi");
    }
    match (vietnamese, english) {
        (0, 0) => None,
        (vi, en) if vi > en => Some("vi"),
        _ => Some("en"),
    }
}

/// Letters and combining marks that Vietnamese writes and English does not.
fn is_vietnamese(letter: char) -> bool {
    match letter {
        'ă' | 'đ' | 'ĩ' | 'ũ' | 'ơ' | 'ư' | 'ì' | 'í' | 'ù' | 'ú' | 'ý' => true,
        'à'..='ã' | 'è'..='ê' | 'ò'..='õ' | 'ạ'..='ỹ' => true,
        _ => matches!(letter, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}'),
    }
}

/// Whether these words stand in the folded text as whole words.
pub(super) fn has_word(folded: &str, words: &str) -> bool {
    folded.match_indices(words).any(|(at, found)| {
        let before = folded[..at].ends_with(' ') || at == 0;
        let after = at + found.len() == folded.len() || folded[at + found.len()..].starts_with(' ');
        before && after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diacritics_composed_or_not_fold_to_the_same_words() {
        assert_eq!(fold("Thử việc ĐƯỢC mấy tháng?"), "thu viec duoc may thang");
        assert_eq!(fold("Thu\u{31b}\u{309} vie\u{323}\u{302}c"), "thu viec");
        assert_eq!(fold("C++, C#!"), "c++ c#");
    }

    #[test]
    fn the_language_of_a_question_is_told_with_and_without_diacritics() {
        assert_eq!(detect("Đà Lạt mùa này có gì?"), Some("vi"));
        assert_eq!(detect("lam sao de tiet kiem cho toi"), Some("vi"));
        assert_eq!(detect("What is a lifetime?"), Some("en"));
        assert_eq!(detect("Two days in Huế: where should I go?"), Some("en"));
        assert_eq!(detect("Huế?"), Some("vi"));
        assert_eq!(detect("42"), None);
    }
}
