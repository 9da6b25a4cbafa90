//! The texts hold what the documents' users would expect of real twins.

use super::text::Kind;
use super::{Said, Script, Twin};

fn twin<'a>(script: &'a Script, slug: &str) -> &'a Twin {
    script.twins().iter().find(|twin| twin.slug == slug).expect("a twin")
}

fn ask(script: &Script, slug: &str, said: &mut Vec<Said>, question: &str) -> String {
    let reply = script.reply(1, twin(script, slug), said, question);
    said.push(reply.clone());
    reply.answer
}

#[test]
fn a_question_gets_the_answer_that_is_about_its_words() {
    let script = Script::load();
    assert!(ask(&script, "lao-dong", &mut Vec::new(), "Thử việc tối đa bao lâu?").contains("60 ngày"));
    assert!(ask(&script, "lao-dong", &mut Vec::new(), "thu viec toi da bao lau").contains("60 ngày"));
    assert!(script.answers.iter().any(|answer| answer.kind == Kind::Answer));
}
