//! A Python with `requests`, for TwinExpert's published example programs.

use crate::process::Program;
use crate::{Outcome, paths, say};
use std::path::PathBuf;

/// A virtual environment's python, made if need be; `None` where there is no Python, and the Python examples are left out.
pub(crate) fn installed() -> Outcome<Option<PathBuf>> {
    if paths::on_path("python3").is_none() {
        say::detail("there is no python3: the Python examples are left out");
        return Ok(None);
    }
    let home = paths::scratch("")?.join("python");
    let python = home.join("bin/python");
    let stamp = home.join("requests-2.34.2");
    if stamp.is_file() {
        return Ok(Some(python));
    }
    say::step("installing Python's requests from PyPI into target/ (about 10 seconds, once)");
    Program::new("python3")
        .args(["-m", "venv", "--clear"])
        .args([&home])
        .run_quietly()
        .map_err(|error| format!("{error}\nDebian keeps venv apart: `apt-get install python3-venv`."))?;
    Program::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "requests==2.34.2"]).run_quietly()?;
    std::fs::write(&stamp, "").map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(Some(python))
}
