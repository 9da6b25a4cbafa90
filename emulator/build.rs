//! Lists `answers/*/*.md` and `avatars/*` so that a new file there needs no line of code.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut code = String::from("/// Every answer: path inside `answers/`, text.\npub(super) static ANSWERS: &[(&str, &str)] = &[\n");
    for folder in listed(&here.join("answers"))? {
        if folder.is_dir() {
            for file in listed(&folder)? {
                let name = format!("{}/{}", file_name(&folder), file_name(&file));
                writeln!(code, "    ({name:?}, include_str!({:?})),", file.display().to_string()).map_err(io::Error::other)?;
            }
        }
    }
    code.push_str("];\n/// Every avatar: file name, bytes.\npub(super) static AVATARS: &[(&str, &[u8])] = &[\n");
    for file in listed(&here.join("avatars"))?.into_iter().filter(|file| file.extension().is_some()) {
        writeln!(code, "    ({:?}, include_bytes!({:?})),", file_name(&file), file.display().to_string()).map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    fs::write(out.join("files.rs"), code)
}

/// What is in a folder, in the order of the names, so that builds repeat.
fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|found| found.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
