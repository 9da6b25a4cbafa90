//! The widget's files, from the folder `server.assets`.
//!
//! Read once, at the start, into memory: a request can then ask for nothing but what was there,
//! whatever it writes into its path. Files beside them with `.br` and `.gz` are the same, compressed.
//! Deliberately absent: HTTP headers, which are `http`'s.

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use std::collections::HashMap;
use std::io;
use std::path::Path;

/// A file larger than this is not the widget's.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// All files by their path, which begins with a slash.
#[derive(Debug, Default)]
pub struct Assets(HashMap<String, Asset>);

/// One file in all its codings.
#[derive(Debug)]
pub struct Asset {
    /// The media type, by the end of its name.
    pub content_type: &'static str,
    /// Whether its name holds the hash of its content, so that it never changes.
    pub is_immutable: bool,
    /// As it is.
    pub identity: Representation,
    /// Compressed with Brotli.
    pub brotli: Option<Representation>,
    /// Compressed with gzip.
    pub gzip: Option<Representation>,
}

/// A file in one coding.
#[derive(Debug)]
pub struct Representation {
    /// What is sent.
    pub bytes: Bytes,
    /// A hash of it, so that two codings of one file are told apart (RFC 9110 section 8.8.3.3).
    pub hash: String,
}

impl Assets {
    /// Reads the folder and those in it.
    ///
    /// # Errors
    /// When it, or something in it, cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut files = HashMap::new();
        collect(folder, "", &mut files)?;
        let mut assets = HashMap::new();
        for (path, bytes) in &files {
            let is_compressed = path.strip_suffix(".br").or_else(|| path.strip_suffix(".gz")).is_some_and(|of| files.contains_key(of));
            if is_compressed {
                continue;
            }
            let compressed = |suffix: &str| files.get(&format!("{path}{suffix}")).map(representation);
            let asset = Asset {
                content_type: content_type(path),
                is_immutable: has_hash(path),
                identity: representation(bytes),
                brotli: compressed(".br"),
                gzip: compressed(".gz"),
            };
            assets.insert(path.clone(), asset);
        }
        Ok(Self(assets))
    }

    /// The file at this path, which begins with a slash.
    pub fn get(&self, path: &str) -> Option<&Asset> {
        self.0.get(path)
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut HashMap<String, Bytes>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let (path, metadata) = (format!("{prefix}/{name}"), std::fs::metadata(entry.path())?);
        if metadata.is_dir() {
            collect(&entry.path(), &path, files)?;
        } else if metadata.len() <= MAX_FILE_BYTES {
            files.insert(path, Bytes::from(std::fs::read(entry.path())?));
        } else {
            tracing::warn!("{} is larger than {MAX_FILE_BYTES} bytes and is not served", entry.path().display());
        }
    }
    Ok(())
}

fn representation(bytes: &Bytes) -> Representation {
    let hash = digest(&SHA256, bytes).as_ref()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    Representation { bytes: bytes.clone(), hash }
}

fn has_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_hash = |part: &str| (8..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
    name.split(['-', '_', '.']).skip(1).any(is_hash)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt" | "md" | "ts") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_behind_a_separator_never_change() {
        for (name, never_changes) in [
            ("/twinchat-0123abcd.wasm", true),
            ("/twinchat-0123456789abcdef_bg.wasm", true),
            ("/chunks/vi.89abcdef01.js", true),
            ("/twinchat.js", false),
            ("/deadbeef.js", false),
            ("/0123abcd-folder/twinchat.js", false),
            ("/twinchat-0123abc.js", false),
            ("/twinchat-0123ABCD.js", false),
        ] {
            assert_eq!(has_hash(name), never_changes, "{name}");
        }
    }

    #[test]
    fn compressed_files_belong_to_the_file_they_are_made_of() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.js", "a.js.br", "a.js.gz", "alone.br", ".hidden"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let assets = Assets::read(folder.path()).unwrap();
        assert_eq!(assets.len(), 2);
        let script = assets.get("/a.js").unwrap();
        assert_eq!(script.brotli.as_ref().unwrap().bytes, "a.js.br");
        assert_ne!(script.brotli.as_ref().unwrap().hash, script.gzip.as_ref().unwrap().hash);
        assert!(assets.get("/a.js.br").is_none() && assets.get("/alone.br").is_some());
    }
}
