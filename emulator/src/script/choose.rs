//! Picks the answer: by kind of message, then by words, then by dice.

use super::Twin;
use super::language::{detect, fold, has_word};
use super::text::{Answer, Kind};
use crate::clock::Dice;

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// What the visitor asked.
    pub question: String,
    /// What the twin answered, Markdown.
    pub answer: String,
    /// `vi` or `en`.
    pub language: String,
    /// The file it came from.
    pub source: String,
}

pub(super) fn choose(answers: &[Answer], twin: &Twin, said: &[Said], question: &str, mut dice: Dice) -> Said {
    let folded = fold(question);
    let before = said.last();
    let language =
        detect(question).map(str::to_owned).or_else(|| before.map(|said| said.language.clone())).unwrap_or(twin.language.clone());
    let speaks =
        |wanted: &str| answers.iter().any(|answer| answer.slug == twin.slug && answer.kind == Kind::Answer && answer.language == wanted);
    let language = if speaks(&language) { language } else { twin.language.clone() };
    let mine: Vec<&Answer> =
        answers.iter().filter(|answer| answer.language == language && (answer.slug == twin.slug || answer.slug == "common")).collect();
    let kind = kind(&folded, before.is_some());
    let (answer, text) = match special(&mine, twin, kind) {
        Some(answer) => (answer, fill(&answer.body, twin, said)),
        None => {
            let (answer, bridge) = topical(&mine, said, &folded, &mut dice);
            let bridge = bridge.filter(|_| before.is_some()).map(|bridge| format!("{}\n\n", fill(&bridge.body, twin, said)));
            (answer, bridge.unwrap_or_default() + &answer.body)
        }
    };
    Said { question: question.to_owned(), answer: text, language, source: answer.path.clone() }
}

fn kind(folded: &str, not_first: bool) -> Kind {
    let words = folded.split(' ').count();
    let says = |list: &[&str]| list.iter().any(|word| has_word(folded, word));
    if words <= 8 && says(&["cam on", "thanks", "thank you", "cam on nhieu", "tks"]) {
        Kind::Thanks
    } else if words <= 4 && says(&["xin chao", "chao", "hello", "hi", "hey", "alo"]) {
        Kind::Greeting
    } else if not_first
        && says(&["hoi gi", "cau hoi truoc", "tom tat cuoc", "what did i ask", "my questions", "previous question", "recap"])
    {
        Kind::Recall
    } else {
        Kind::Answer
    }
}

/// The twin's own words for it, or everyone's; none for a question.
fn special<'a>(mine: &[&'a Answer], twin: &Twin, kind: Kind) -> Option<&'a Answer> {
    if kind == Kind::Answer {
        return None;
    }
    let of_kind = || mine.iter().copied().filter(|answer| answer.kind == kind);
    of_kind().find(|answer| answer.slug == twin.slug).or_else(|| of_kind().next())
}

/// The best answer by words, new ones before those already given; and a bridge when no word fits.
fn topical<'a>(mine: &[&'a Answer], said: &[Said], folded: &str, dice: &mut Dice) -> (&'a Answer, Option<&'a Answer>) {
    let given = |answer: &Answer| said.iter().filter(|said| said.source == answer.path).count();
    let score = |answer: &Answer| answer.about.iter().filter(|words| has_word(folded, words)).map(String::len).sum::<usize>();
    let candidates: Vec<&'a Answer> =
        mine.iter().copied().filter(|answer| answer.kind == Kind::Answer && answer.slug != "common").collect();
    let best = candidates.iter().map(|answer| score(answer)).max().unwrap_or_default();
    let best_ones = candidates.iter().copied().filter(|answer| score(answer) == best);
    let fewest = best_ones.clone().map(given).min().unwrap_or_default();
    let fresh: Vec<&'a Answer> = best_ones.filter(|answer| given(answer) == fewest).collect();
    let chosen = fresh[usize::try_from(dice.throw()).unwrap_or_default() % fresh.len()];
    let bridge = mine.iter().copied().filter(|answer| answer.kind == Kind::Bridge).find(|_| best == 0);
    (chosen, bridge)
}

/// Puts in what the texts leave open.
fn fill(text: &str, twin: &Twin, said: &[Said]) -> String {
    let previous = said.last().map(|said| said.question.as_str()).unwrap_or_default();
    let list: Vec<String> = said.iter().enumerate().map(|(index, said)| format!("{}. “{}”", index + 1, short(&said.question))).collect();
    text.replace("{name}", &twin.name)
        .replace("{previous}", &short(previous))
        .replace("{count}", &said.len().to_string())
        .replace("{questions}", &list.join("\n"))
}

/// The beginning of a question on one line.
fn short(question: &str) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 80 {
        return line;
    }
    format!("{}…", line.chars().take(79).collect::<String>())
}
