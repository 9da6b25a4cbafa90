//! Files of the visitor's, on their way to the proxy.

use send_wrapper::SendWrapper;
use std::any::Any;
use std::fmt;
use std::rc::Rc;

/// A file that the visitor has chosen. Its content stays in the browser until it is sent.
#[derive(Clone)]
pub struct LocalFile {
    /// Its name, without a folder.
    pub name: String,
    /// Its media type as the browser guesses it; may be empty.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// What the browser knows it by: a `web_sys::File`.
    pub content: SendWrapper<Rc<dyn Any>>,
}

impl fmt::Debug for LocalFile {
    /// Without its name, which may say a lot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalFile({} bytes)", self.size)
    }
}

/// A form with files (RFC 7578).
#[derive(Clone)]
pub struct Upload {
    /// Text fields: name and value.
    pub fields: Vec<(&'static str, String)>,
    /// Parts named `files`.
    pub files: Vec<LocalFile>,
    /// Hears how much of it is sent, in percent.
    pub told: Rc<dyn Fn(u8)>,
}

impl Upload {
    /// All files' bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.files).finish()
    }
}
