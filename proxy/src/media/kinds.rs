use super::Kind;
use super::Looks::{Begins, Brand, Riff, Text, Zip};

/// What a document of Office Open XML (ECMA-376) begins with, whoever wrote it.
const OOXML: [&str; 4] = ["[Content_Types].xml", "_rels/", "docProps/", "customXml/"];
const WORD: &[&str] = &[OOXML[0], OOXML[1], OOXML[2], OOXML[3], "word/"];
const SHEET: &[&str] = &[OOXML[0], OOXML[1], OOXML[2], OOXML[3], "xl/"];
const SLIDES: &[&str] = &[OOXML[0], OOXML[1], OOXML[2], OOXML[3], "ppt/"];
/// Compound File Binary, in which older Office programs write.
const COMPOUND: &[&[u8]] = &[b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];
const MATROSKA: &[&[u8]] = &[b"\x1a\x45\xdf\xa3"];

macro_rules! kinds {
    ($($media_type:literal, $also:expr, $extensions:expr, $looks:expr;)*) => {
        /// All kinds that are known.
        pub static KINDS: &[Kind] = &[$(Kind { media_type: $media_type, also: &$also, extensions: &$extensions, looks: $looks }),*];
    };
}

kinds! {
    "image/png", [], ["png"], Begins(&[b"\x89PNG\r\n\x1a\n"]);
    "image/jpeg", ["image/jpg", "image/pjpeg"], ["jpg", "jpeg", "jfif"], Begins(&[b"\xff\xd8\xff"]);
    "image/gif", [], ["gif"], Begins(&[b"GIF87a", b"GIF89a"]);
    "image/webp", [], ["webp"], Riff(b"WEBP");
    "image/heic", ["image/heif"], ["heic", "heif"], Brand(&[b"heic", b"heix", b"heif", b"hevc", b"mif1", b"msf1"]);
    "image/avif", [], ["avif"], Brand(&[b"avif", b"avis"]);
    "application/pdf", ["application/x-pdf"], ["pdf"], Begins(&[b"%PDF-"]);
    "text/plain", [], ["txt", "text", "log"], Text;
    "text/csv", ["application/csv", "application/vnd.ms-excel"], ["csv"], Text;
    "text/tab-separated-values", [], ["tsv"], Text;
    "text/markdown", ["text/x-markdown"], ["md", "markdown"], Text;
    "application/json", ["text/json"], ["json"], Text;
    "application/xml", ["text/xml"], ["xml"], Text;
    "text/html", ["application/xhtml+xml"], ["html", "htm"], Text;
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document", [], ["docx"], Zip(WORD);
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", [], ["xlsx"], Zip(SHEET);
    "application/vnd.openxmlformats-officedocument.presentationml.presentation", [], ["pptx"], Zip(SLIDES);
    "application/vnd.oasis.opendocument.text", [], ["odt"], Zip(&["mimetypeapplication/vnd.oas"]);
    "application/vnd.oasis.opendocument.spreadsheet", [], ["ods"], Zip(&["mimetypeapplication/vnd.oas"]);
    "application/vnd.oasis.opendocument.presentation", [], ["odp"], Zip(&["mimetypeapplication/vnd.oas"]);
    "application/msword", [], ["doc"], Begins(COMPOUND);
    "application/vnd.ms-excel", [], ["xls"], Begins(COMPOUND);
    "application/vnd.ms-powerpoint", [], ["ppt"], Begins(COMPOUND);
    "application/rtf", ["text/rtf", "application/msword"], ["rtf"], Begins(&[b"{\\rtf"]);
    "application/zip", ["application/x-zip-compressed", "application/x-zip"], ["zip"], Zip(&[]);
    "audio/mpeg", ["audio/mp3"], ["mp3"], Begins(&[b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"]);
    "audio/wav", ["audio/x-wav", "audio/wave", "audio/vnd.wave"], ["wav"], Riff(b"WAVE");
    "audio/mp4", ["audio/x-m4a", "audio/m4a"], ["m4a"], Brand(&[b"M4A ", b"M4B ", b"mp42", b"mp41", b"isom", b"iso2", b"dash"]);
    "audio/ogg", ["application/ogg", "audio/opus"], ["ogg", "oga", "opus"], Begins(&[b"OggS"]);
    "audio/webm", [], ["weba", "webm"], Begins(MATROSKA);
    "video/webm", [], ["webm"], Begins(MATROSKA);
    "video/mp4", [], ["mp4", "m4v"], Brand(&[b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"]);
    "video/quicktime", [], ["mov"], Brand(&[b"qt  "]);
}
