//! Who the twins are and what they answer, by seed.
//!
//! Texts are files: `answers/<twin>/twin.md` introduces a twin, every other file beside it is an
//! answer. See the crate's README for the fields. Deliberately absent: HTTP, time.

mod choose;
mod language;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use choose::Said;

use crate::clock::Dice;
use text::Answer;

mod files {
    include!(concat!(env!("OUT_DIR"), "/files.rs"));
}

/// A twin, as the upstream lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Its id, the folder's name with `twin_` before it.
    pub id: String,
    /// Its folder in `answers/`.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its first language: `vi` or `en`.
    pub language: String,
    /// Questions to start with.
    pub starters: Vec<String>,
    /// Its place in the list.
    order: u32,
}

/// All twins and answers.
#[derive(Debug)]
pub(crate) struct Script {
    twins: Vec<Twin>,
    answers: Vec<Answer>,
}

impl Script {
    /// Reads the texts that were compiled in.
    ///
    /// # Panics
    /// When a text is not as documented: a mistake in the emulator, which its tests find.
    pub(crate) fn load() -> Self {
        let mut twins = Vec::new();
        let mut answers = Vec::new();
        for (path, text) in files::ANSWERS {
            let (slug, file) = path.split_once('/').unwrap_or((path, ""));
            if file == "twin.md" {
                twins.push(text::twin(slug, text).unwrap_or_else(|problem| panic!("answers/{path}: {problem}")));
            } else {
                answers.push(text::answer(slug, path, text).unwrap_or_else(|problem| panic!("answers/{path}: {problem}")));
            }
        }
        twins.sort_by_key(|twin| twin.order);
        Self { twins, answers }
    }

    /// The twins, in the order they are listed.
    pub(crate) fn twins(&self) -> &[Twin] {
        &self.twins
    }

    /// The twin with this id.
    pub(crate) fn twin(&self, id: &str) -> Option<&Twin> {
        self.twins.iter().find(|twin| twin.id == id)
    }

    /// What the twin answers, given what was said before. The same for the same arguments.
    pub(crate) fn reply(&self, seed: u64, twin: &Twin, said: &[Said], question: &str) -> Said {
        let dice = Dice::named(seed, &format!("{}/{}/{question}", twin.slug, said.len()));
        choose::choose(&self.answers, twin, said, question, dice)
    }
}

/// The picture of this name: `dinh-duong.png`.
pub(crate) fn avatar(file: &str) -> Option<&'static [u8]> {
    files::AVATARS.iter().find(|(name, _)| *name == file).map(|(_, bytes)| *bytes)
}
