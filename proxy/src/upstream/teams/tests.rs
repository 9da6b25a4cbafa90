use super::answers::{Screen, checked, listing, thread, went_to};
use super::*;
use crate::config::ListedTwin;

const NOW: i64 = 1_760_000_000_000;
const MINE: &str = "19:mine@thread.v2";
const LONG: &str = "19:minelong@thread.v2";

fn screened(rows: &Value) -> RoomRows {
    read(rows, false)
}

fn read(rows: &Value, shared: bool) -> RoomRows {
    let (rooms, aliases) = ([MINE.to_owned()], BTreeMap::from([(LONG.to_owned(), MINE.to_owned())]));
    let listed = ListedTwin { id: "a".to_owned(), name: "A".to_owned(), description: String::new(), avatar: None, starters: Vec::new() };
    let twin = TeamsTwin {
        listed,
        rooms: rooms.to_vec(),
        shared,
        guest_name: "Khách".to_owned(),
        keep_hours: 1,
        cool_down_minutes: 1,
        self_names: vec!["TeamBot".to_owned()],
        room_aliases: aliases.clone(),
    };
    let screen = Screen { upstream: "people", rooms: &rooms, aliases: &aliases, twins: &[twin], now: NOW };
    screen.rows(rows.as_array().unwrap())
}

fn row(id: &str, room: &str, time: &str) -> Value {
    json!({"id": id, "name": " Lan ", "message": "hi", "time": "2025-06-19T09:31:44.000Z", "time_raw": time, "room_id": room})
}

#[test]
fn only_rows_that_say_they_stand_in_the_asked_thread_are_kept() {
    let mut nameless = row("e", MINE, "6");
    nameless.as_object_mut().unwrap().remove("room_id");
    let rows = json!([
        row("a", MINE, "5"),
        row("b", LONG, "3"),
        row("c", "19:other@thread.v2", "9"),
        row("d", "19:MINE@thread.v2", "9"),
        nameless
    ]);
    let found = screened(&rows);
    let kept: Vec<(&str, &str)> = found.rows.iter().map(|row| (row.id.as_str(), row.room.as_str())).collect();
    assert_eq!(kept, [("a", MINE), ("b", MINE)]);
    assert_eq!(found.oldest, Some(3), "others' rows count for how far was read");
}

#[test]
fn the_exact_time_counts_and_not_the_rounded_one() {
    let mut by_number = row("b", MINE, "");
    by_number["time_raw"] = json!(1_750_324_844_593_i64);
    let mut by_other_name = row("c", MINE, "x");
    by_other_name["date_time"] = json!("1754466808815");
    let found = screened(&json!([row("a", MINE, "1750325503714"), by_number, by_other_name]));
    let times: Vec<i64> = found.rows.iter().map(|row| row.time).collect();
    assert_eq!(times, [1_750_325_503_714, 1_750_324_844_593, 1_754_466_808_815]);
}

#[test]
fn rows_without_what_is_needed_are_left_out_and_the_rest_is_kept() {
    let with = |field: &str, value: Value| {
        let mut row = row("a", MINE, "5");
        row[field] = value;
        row
    };
    let damaged = [
        with("id", json!(5)),
        with("id", json!("")),
        with("message", json!(null)),
        with("message", json!("  ")),
        with("time_raw", json!("soon")),
        with("time_raw", json!("9999999999999999")),
        with("time_raw", json!("-5")),
        json!("row"),
        json!(null),
    ];
    for row in damaged {
        assert_eq!(screened(&json!([row.clone()])).rows, [], "{row}");
    }
    let odd = screened(&json!([with("name", json!(null)), with("message", json!("a\0b")), with("name", json!("x\ny"))]));
    assert_eq!(
        odd.rows.iter().map(|row| (row.name.as_str(), row.content.as_str())).collect::<Vec<_>>(),
        [("", "hi"), ("Lan", "ab"), ("xy", "hi")]
    );
}

#[test]
fn only_what_the_bridge_itself_posts_may_be_an_echo_where_its_names_are_known() {
    let mut own = row("a", MINE, "5");
    own["name"] = json!("TeamBot");
    let found = screened(&json!([own, row("b", MINE, "5")]));
    assert_eq!(found.rows.iter().map(|row| row.may_be_echo).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn where_visitors_share_a_thread_they_are_guests_to_each_other() {
    let mut other = row("a", MINE, "5");
    other["name"] = json!("TeamBot");
    let rows = json!([other, row("b", MINE, "5")]);
    let names = |shared| read(&rows, shared).rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert_eq!((names(true), names(false)), (vec!["Khách".to_owned(), "Lan".to_owned()], vec!["TeamBot".to_owned(), "Lan".to_owned()]));
}

#[test]
fn an_answer_is_a_success_only_when_its_body_says_nothing_else() {
    assert!(checked(json!({"status_code": 200, "data": []})).is_ok() && checked(json!({"data": []})).is_ok());
    for (status, kind) in [(400, "failed"), (401, "refused"), (403, "refused"), (404, "not_found"), (429, "limited"), (500, "failed")] {
        assert_eq!(checked(json!({"status_code": status, "message": "Thành công!"})).unwrap_err().kind(), kind);
    }
    assert!(checked(json!("Thành công!")).is_err());
}

#[test]
fn pages_are_counted_whatever_is_told_of_them() {
    let query = Query { page: Some(1), limit: Some(2), ..Query::default() };
    let rows = json!([{"id": "a"}, {"id": "b"}]);
    let more = |about: Value| {
        let mut answer = json!({"data": rows});
        answer.as_object_mut().unwrap().extend(about.as_object().unwrap().clone());
        listing(&answer, &query, thread).unwrap().more
    };
    assert!(more(json!({"current_page": 1, "last_page": 2})) && !more(json!({"current_page": 2, "last_page": 2})));
    assert!(more(json!({"total": 3})) && !more(json!({"current_page": 1, "per_page": 2, "total": 2})));
    assert!(more(json!({})), "a full page may have another one behind it");
    assert!(!listing(&json!({"data": [], "last_page": 9}), &query, thread).unwrap().more);
    assert!(listing(&json!({"data": {}}), &query, thread).is_err());
}

#[test]
fn where_a_message_went_is_read_from_both_places() {
    let answer = json!({"data": {"conversation": {"id": "19:a"}, "data": {"conversation_id": "19:b"}}});
    assert_eq!(went_to(&answer).collect::<Vec<_>>(), ["19:a", "19:b"]);
    assert_eq!(went_to(&json!({"data": null})).count(), 0);
}

#[test]
fn a_survey_says_what_to_write_into_the_settings_and_nothing_of_what_was_said() {
    let mut seen = super::survey::Seen::default();
    let mut nameless = row("c", MINE, "soon");
    nameless.as_object_mut().unwrap().remove("room_id");
    let rows = [row("a", MINE, "5"), row("b", LONG, "5"), nameless];
    seen.add(&rows, MINE, |id| id == MINE);
    let remarks = seen.remarks();
    let said: Vec<&str> = remarks.iter().map(|remark| remark.seen.as_str()).collect();
    assert_eq!(
        said,
        [
            "3 looked at in 1 threads",
            "1 of 3 do not say in which thread they stand",
            "1 of 3 lack their id, text or exact time",
            "some name 1 other threads than the one asked for"
        ]
    );
    let advice = remarks[3].advice.as_deref().unwrap();
    assert!(advice.contains(&format!("room_aliases = {{ \"{LONG}\" = \"{MINE}\" }}")), "{advice}");
    assert!(remarks[0].advice.is_none() && !format!("{remarks:?}").contains("hi\""));
}
