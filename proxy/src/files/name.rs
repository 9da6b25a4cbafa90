use crate::media;

/// The most characters of a name.
const LONGEST: usize = 120;
/// Names that Windows takes for devices, whatever follows the dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// A file's name without what could do harm to whoever is given it: folders, control characters and signs that turn
/// the direction of writing, signs that shells and file systems take for something else. Letters of all languages
/// stay, and so does the ending. Never empty.
pub fn harmless(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = name.chars().filter(|character| !is_invisible(*character)).map(|character| match character {
        '"' => '\'',
        '<' | '>' | ':' | '|' | '?' | '*' | '`' | '$' => '_',
        character if character.is_whitespace() => ' ',
        character => character,
    });
    let kept: String = kept.collect();
    let kept = kept.trim_matches([' ', '.']);
    let kept = shortened(kept);
    let stem = kept.split('.').next().unwrap_or_default().trim_end_matches(|last: char| last.is_ascii_digit()).to_ascii_lowercase();
    match kept.as_str() {
        "" => "file".to_owned(),
        _ if DEVICES.contains(&stem.as_str()) => format!("_{kept}"),
        _ => kept,
    }
}

/// Control characters, and those that show as nothing and change how others show.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Cut in the middle, so that the ending stays.
fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= LONGEST {
        return name.to_owned();
    }
    let ending = media::extension(name).map_or_else(String::new, |_| name[name.rfind('.').unwrap_or(name.len())..].to_owned());
    let kept: String = name.chars().take(LONGEST - ending.chars().count()).collect();
    format!("{}{ending}", kept.trim_end_matches([' ', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_stay_readable_in_any_language() {
        for name in
            ["Báo cáo quý 3 – Nguyễn Văn Đạt.pdf", "ảnh (1).png", "発表.pptx", "a.tar.gz", "don't.txt", "v1.2_final-final.md", "👋🏽.gif"]
        {
            assert_eq!(harmless(name), name);
        }
    }

    #[test]
    fn what_could_do_harm_is_taken_out() {
        for (name, expected) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a\\ảnh.png", "ảnh.png"),
            (".htaccess", "htaccess"),
            ("..", "file"),
            ("", "file"),
            (" . ", "file"),
            ("a\0b\r\nc\t.txt", "abc.txt"),
            ("photo\u{202e}gnp.exe", "photognp.exe"),
            ("a\"b<c>d:e|f?g*h.txt", "a'b_c_d_e_f_g_h.txt"),
            ("con.txt", "_con.txt"),
            ("LPT1", "_LPT1"),
            ("conference.pdf", "conference.pdf"),
            ("$(rm -rf).txt", "_(rm -rf).txt"),
        ] {
            assert_eq!(harmless(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = harmless(&format!("{}.docx", "dài ".repeat(100)));
        assert!(name.ends_with("dài.docx") && name.chars().count() <= LONGEST, "{name}");
    }

    proptest! {
        #[test]
        fn no_name_leads_elsewhere_or_breaks_a_line(name in "\\PC{0,200}|[a-z./\\\\\\x00-\\x1f\"]{0,40}") {
            let made = harmless(&name);
            prop_assert!(!made.is_empty() && made.chars().count() <= LONGEST + 1);
            prop_assert!(!made.contains(['/', '\\', '"']) && !made.chars().any(char::is_control) && !made.starts_with('.'));
            prop_assert_eq!(harmless(&made), made);
        }
    }
}
