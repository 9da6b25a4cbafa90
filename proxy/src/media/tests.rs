use super::{KINDS, Kind, extension};

fn claimed(name: &str, declared: &str) -> &'static str {
    Kind::claimed(name, declared).map_or("", |kind| kind.media_type)
}

#[test]
fn a_file_is_what_its_name_says_where_browsers_say_less() {
    for (name, declared, expected) in [
        ("ảnh.PNG", "image/png", "image/png"),
        ("a.jpeg", "image/jpg", "image/jpeg"),
        ("bảng.csv", "application/vnd.ms-excel", "text/csv"),
        ("bảng.csv", "text/plain; charset=utf-8", "text/csv"),
        ("đọc tôi.md", "", "text/markdown"),
        ("đọc tôi.md", "application/octet-stream", "text/markdown"),
        ("b.docx", "application/zip", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("tiếng.webm", "video/webm", "video/webm"),
        ("tiếng.webm", "audio/webm", "audio/webm"),
        ("Báo cáo v2.5", "application/pdf", "application/pdf"),
        ("blob", "image/png", "image/png"),
    ] {
        assert_eq!(claimed(name, declared), expected, "{name} {declared}");
    }
}

#[test]
fn a_name_and_a_type_that_contradict_each_other_say_nothing() {
    for (name, declared) in [
        ("photo.exe", "image/png"),
        ("photo.png", "application/pdf"),
        ("photo.png", "text/html"),
        ("photo.png", "application/x-msdownload"),
        ("notes", "application/x-msdownload"),
        ("notes", ""),
        ("notes", "application/octet-stream"),
    ] {
        assert_eq!(claimed(name, declared), "", "{name} {declared}");
    }
}

#[test]
fn bytes_show_what_they_are() {
    let docx = [b"PK\x03\x04".as_slice(), &[0; 26], b"word/document.xml"].concat();
    let jar = [b"PK\x03\x04".as_slice(), &[0; 26], b"META-INF/MANIFEST.MF"].concat();
    let shown = |media_type: &str, head: &[u8]| Kind::of_type(media_type).unwrap().is_shown_by(head, head.contains(&0));
    assert!(shown("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"));
    assert!(!shown("image/png", b"\xff\xd8\xff\xe0"));
    assert!(shown("image/webp", b"RIFF\x10\0\0\0WEBPVP8 ") && !shown("audio/wav", b"RIFF\x10\0\0\0WEBPVP8 "));
    assert!(shown("image/heic", b"\0\0\0\x18ftypheic") && !shown("video/mp4", b"\0\0\0\x18ftypheic"));
    let word = KINDS.iter().find(|kind| kind.extensions.contains(&"docx")).unwrap();
    assert!(word.is_shown_by(&docx, true) && !word.is_shown_by(&jar, true));
    assert!(shown("text/plain", "Xin chào".as_bytes()) && shown("text/csv", b"\xef\xbb\xbfa;b"));
    assert!(shown("text/plain", b"\xff\xfeX\0i\0n\0"), "UTF-16");
    assert!(!shown("text/plain", b"MZ\x90\0\x03\0"), "a program");
    assert!(!shown("text/plain", b"%PDF-1.7"), "a text that is a PDF");
    assert!(!shown("text/plain", b"\x89PNG\r\n\x1a\n"));
}

#[test]
fn every_kind_can_be_claimed_by_its_own_name_and_type() {
    for kind in KINDS {
        for extension in kind.extensions {
            assert_eq!(claimed(&format!("a.{extension}"), kind.media_type), kind.media_type);
        }
        assert_eq!(Kind::of_type(kind.media_type).unwrap().media_type, kind.media_type);
    }
}

#[test]
fn an_extension_is_short_and_no_number() {
    assert_eq!(extension("a.b.JPG").as_deref(), Some("jpg"));
    for none in ["", "a", ".png", "a.", "v2.5", "Mr. Smith", "a.ảnh", "a.verylongone"] {
        assert_eq!(extension(none), None, "{none}");
    }
}
