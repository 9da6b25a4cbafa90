//! Makes writes fail as a full disk would, on whatever connection they are made.

use super::Store;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

/// What is said to the connection before a write, by file.
static PRAGMAS: LazyLock<Mutex<HashMap<PathBuf, &'static str>>> = LazyLock::new(Mutex::default);

impl Store {
    /// From now on every write is made with this pragma.
    pub(crate) async fn pragma(&self, text: &'static str) {
        PRAGMAS.lock().unwrap().insert(self.file.path.clone(), text);
        make(self).await;
    }
}

pub(super) async fn make(store: &Store) {
    let pragma = PRAGMAS.lock().unwrap().get(&store.file.path).copied();
    if let Some(pragma) = pragma {
        // A test that moves time on by minutes also moves what waits for the connection.
        while sqlx::query(pragma).execute(&store.writer).await.is_err() {}
    }
}
