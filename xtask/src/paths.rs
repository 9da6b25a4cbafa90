//! Where things are.

use crate::Outcome;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The repository.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        // Cargo sets it at run time too; the compiled-in one is for a binary started by hand.
        let own = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        own.parent().map_or_else(|| own.clone(), Path::to_path_buf)
    });
    &ROOT
}

/// Cargo's target folder.
pub(crate) fn target() -> &'static Path {
    static TARGET: LazyLock<PathBuf> =
        LazyLock::new(|| env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |set| root().join(set)));
    &TARGET
}

/// Our own corner of the target folder, made if need be.
pub(crate) fn scratch(name: &str) -> Outcome<PathBuf> {
    make(target().join("xtask").join(name))
}

/// Makes the folder if need be.
pub(crate) fn make(folder: PathBuf) -> Outcome<PathBuf> {
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Where pinned tools are kept for all clones: `$TWINCHAT_TOOLS`, `$XDG_CACHE_HOME/twinchat/tools` or `~/.cache/twinchat/tools`.
pub(crate) fn tools() -> Outcome<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("TWINCHAT_TOOLS")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("twinchat/tools")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/twinchat/tools")))
        .ok_or_else(|| "neither HOME nor TWINCHAT_TOOLS is set: set TWINCHAT_TOOLS to a folder for pinned tools.".to_owned())
}

/// The program of that name on PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Reads a file of the repository.
pub(crate) fn read(path: &str) -> Outcome<String> {
    fs::read_to_string(root().join(path)).map_err(|error| format!("cannot read {path}: {error}"))
}
