//! `sessionStorage` and `localStorage`; either may be forbidden.

use crate::platform::{Shelf, Storage};

#[derive(Debug)]
pub(super) struct WebStorage;

fn open(shelf: Shelf) -> Option<web_sys::Storage> {
    let window = web_sys::window()?;
    match shelf {
        Shelf::Tab => window.session_storage(),
        Shelf::Site => window.local_storage(),
    }
    .ok()?
}

impl Storage for WebStorage {
    fn get(&self, shelf: Shelf, name: &str) -> Option<String> {
        open(shelf)?.get_item(name).ok()?
    }

    fn set(&self, shelf: Shelf, name: &str, value: &str) {
        if let Some(storage) = open(shelf) {
            // A full or forbidden storage means that this is forgotten, nothing worse.
            let _ = if value.is_empty() { storage.remove_item(name) } else { storage.set_item(name, value) };
        }
    }
}
