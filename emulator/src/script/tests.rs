//! The texts hold what real twins' answers hold, and are found by what visitors ask.

use super::text::Kind;
use super::{Said, Script, Twin, avatar};
use std::collections::HashSet;

fn twin<'a>(script: &'a Script, slug: &str) -> &'a Twin {
    script.twins().iter().find(|twin| twin.slug == slug).expect("a twin")
}

fn ask(script: &Script, slug: &str, said: &mut Vec<Said>, question: &str) -> Said {
    let reply = script.reply(1, twin(script, slug), said, question);
    said.push(reply.clone());
    reply
}

fn first(script: &Script, slug: &str, question: &str) -> Said {
    ask(script, slug, &mut Vec::new(), question)
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[test]
fn eight_twins_introduce_themselves_with_a_picture_and_questions() {
    let script = Script::load();
    assert_eq!(script.twins().len(), 8);
    for twin in script.twins() {
        assert!(!twin.name.is_empty() && words(&twin.description) >= 10, "{}", twin.slug);
        assert!(twin.starters.len() >= 3, "{} has too few starters", twin.slug);
        assert!(avatar(&format!("{}.png", twin.slug)).is_some_and(|bytes| bytes.starts_with(b"\x89PNG")), "{} has no picture", twin.slug);
        for language in ["vi", "en"] {
            let speaks = script.answers.iter().any(|one| one.slug == twin.slug && one.language == language && one.kind == Kind::Answer);
            assert!(speaks, "{} has no answer in {language}", twin.slug);
        }
    }
}

#[test]
fn every_starter_is_answered_on_its_subject_and_in_its_language() {
    let script = Script::load();
    for twin in script.twins() {
        let sources: HashSet<String> =
            twin.starters.iter().map(|starter| script.reply(1, twin, &[], starter)).map(|said| said.source).collect();
        assert_eq!(sources.len(), twin.starters.len(), "{}: two starters have the same answer", twin.slug);
        for starter in &twin.starters {
            let sources: HashSet<String> = (0..20).map(|seed| script.reply(seed, twin, &[], starter).source).collect();
            assert_eq!(sources.len(), 1, "{starter:?} is left to the dice");
            let language = super::language::detect(starter);
            assert_eq!(Some(script.reply(1, twin, &[], starter).language.as_str()), language, "{starter:?}");
        }
    }
}

#[test]
fn the_demo_pages_questions_are_answered_by_the_twin_of_their_field() {
    let script = Script::load();
    for (slug, source, questions) in [
        ("lao-dong", ["thu-viec", "probation"], ["Thử việc tối đa bao lâu thì phải ký hợp đồng?", "How long can a probation period last?"]),
        (
            "dinh-duong",
            ["gia-dinh", "family-week"],
            ["Gợi ý thực đơn một tuần cho nhà bốn người", "Suggest a week of meals for a family of four"],
        ),
        (
            "tai-chinh",
            ["so-sach", "records"],
            ["Hộ kinh doanh nhỏ cần giữ những sổ sách nào?", "Which records does a small household business have to keep?"],
        ),
        (
            "english-coach",
            ["lich-hoc", "thirty-minutes"],
            ["Lập giúp tôi lịch học tiếng Anh 30 phút mỗi ngày", "Make me a plan for 30 minutes of English a day"],
        ),
        ("da-lat", ["hue", "hue-en"], ["Hai ngày ở Huế nên đi những đâu?", "Two days in Huế: where should I go?"]),
        (
            "rust",
            ["sao-luu", "backup"],
            ["Làm sao sao lưu ảnh trong điện thoại cho an toàn?", "How do I back up the photos on my phone safely?"],
        ),
    ] {
        for (source, question) in source.into_iter().zip(questions) {
            assert_eq!(first(&script, slug, question).source, format!("{slug}/{source}.md"), "{question}");
        }
    }
}

#[test]
fn answers_are_many_and_from_thirty_words_to_three_thousand() {
    let script = Script::load();
    let answers: Vec<_> = script.answers.iter().filter(|one| one.kind == Kind::Answer).collect();
    let distinct: HashSet<_> = answers.iter().map(|one| &one.body).collect();
    assert!(distinct.len() >= 30, "only {}", distinct.len());
    assert!(answers.iter().any(|one| (25..=45).contains(&words(&one.body))));
    assert!(words(&first(&script, "lao-dong", "Giải thích chi tiết quyền lợi khi nghỉ việc").answer) >= 3000);
    assert!(words(&first(&script, "rust", "Explain async Rust in detail").answer) >= 2500);
}

#[test]
fn answers_use_what_real_answers_use_in_both_languages() {
    let script = Script::load();
    for language in ["vi", "en"] {
        let all: String = script.answers.iter().filter(|one| one.language == language).map(|one| format!("\n{}\n", one.body)).collect();
        for mark in
            ["\n# ", "\n## ", "\n### ", "\n- ", "\n1. ", "\n   - ", "\n|---|", "\n> ", "**", "](https://", "- [ ] ", "- [x] ", "~~", "😊"]
        {
            assert!(all.contains(mark), "no {mark:?} in {language}");
        }
        let fences: HashSet<&str> =
            all.lines().filter_map(|line| line.trim().strip_prefix("```")).filter(|name| !name.is_empty()).collect();
        assert!(fences.len() >= 4, "code only in {fences:?} in {language}");
    }
    assert!(script.answers.iter().all(|one| one.body.matches("```").count() % 2 == 0));
}

#[test]
fn a_question_is_understood_without_diacritics_too() {
    let script = Script::load();
    assert!(first(&script, "lao-dong", "Thử việc tối đa bao lâu?").answer.contains("60 ngày"));
    assert!(first(&script, "lao-dong", "thu viec toi da bao lau").answer.contains("60 ngày"));
}

#[test]
fn thanks_and_greetings_are_answered_shortly_and_by_name() {
    let script = Script::load();
    for (question, expected) in
        [("Cảm ơn bạn nhiều!", "Không có gì"), ("thanks a lot", "welcome"), ("Xin chào!", "Xin chào"), ("hello", "Hello")]
    {
        let answer = first(&script, "lan-chi", question).answer;
        assert!(answer.contains(expected) && answer.contains("Lan Chi") && words(&answer) < 60, "{question}: {answer}");
    }
}

#[test]
fn a_twin_remembers_what_was_asked() {
    let script = Script::load();
    let mut said = Vec::new();
    ask(&script, "da-lat", &mut said, "Ăn gì ngon ở Đà Lạt?");
    ask(&script, "da-lat", &mut said, "Tháng 12 Đà Lạt lạnh không?");
    let recalled = ask(&script, "da-lat", &mut said, "Nãy giờ tôi hỏi gì rồi?").answer;
    assert!(recalled.contains("**2**") && recalled.contains("1. “Ăn gì ngon ở Đà Lạt?”"), "{recalled}");
    let vague = ask(&script, "da-lat", &mut said, "Còn nữa không?").answer;
    assert!(vague.starts_with("> Nối tiếp câu bạn vừa hỏi: “Nãy giờ tôi hỏi gì rồi?”"), "{vague}");
}

#[test]
fn the_same_question_again_gets_another_answer_where_there_is_one() {
    let script = Script::load();
    let mut said = Vec::new();
    let answers: HashSet<String> = (0..3).map(|_| ask(&script, "tai-chinh", &mut said, "…").source).collect();
    assert_eq!(answers.len(), 3);
}

#[test]
fn a_word_without_a_language_is_answered_in_the_conversations_language() {
    let script = Script::load();
    let mut said = Vec::new();
    ask(&script, "lan-chi", &mut said, "How do I book a meeting?");
    assert_eq!(ask(&script, "lan-chi", &mut said, "42?").language, "en");
    assert_eq!(first(&script, "lan-chi", "42?").language, "vi");
}
