//! Several kinds of upstreams, and twins that the owner names.

use super::*;
use crate::config::{Auth, Avatar, Service, TwinSection, Upstream, UpstreamKind};

const OPENAI: &str = "[[upstream]]\nname = \"local\"\nkind = \"openai\"\norigin = \"http://127.0.0.1:11434/v1\"\n";
const LAN: &str = "[[upstream.twin]]\nid = \"lan\"\nname = \"Lan\"\nmodel = \"llama3.2\"\n";
const KAMIMIND: &str =
    "[[upstream]]\nname = \"bots\"\nkind = \"kamimind\"\norigin = \"https://api.example.com\"\nkey_env = \"TWINCHAT_TWINEXPERT_KEY\"\n";
const BOT: &str = "[[upstream.twin]]\nid = \"bot\"\nname = \"Bot\"\nbot_token_env = \"TWINCHAT_TWINEXPERT_KEY\"\n";
const TEAMS: &str = "[[upstream]]\nname = \"people\"\nkind = \"teams\"\norigin = \"https://bridge.example.com\"\nauth = \"none\"\n";
const THREAD: &str = "[[upstream.twin]]\nid = \"support\"\nname = \"Hỗ trợ\"\nrooms = [\"19:a@thread.v2\", \"19:b@thread.v2\"]\n";

fn upstreams(text: &str) -> Vec<Upstream> {
    read(text).unwrap_or_else(|error| panic!("{error}")).upstreams
}

#[test]
fn all_kinds_stand_side_by_side_each_with_its_twins() {
    let all = upstreams(&[UPSTREAM, KAMIMIND, BOT, TEAMS, THREAD, OPENAI, LAN].concat());
    let kinds: Vec<UpstreamKind> = all.iter().map(Upstream::kind).collect();
    assert_eq!(kinds, UpstreamKind::ALL);
    let [_, bots, people, local] = &all[..] else { panic!("four") };
    let Service::KamiMind(twins) = &bots.service else { panic!("{bots:?}") };
    assert_eq!(twins[0].bot_token.expose(), CANARY);
    let Service::Teams(twins) = &people.service else { panic!("{people:?}") };
    assert_eq!((twins[0].rooms.len(), twins[0].shared, people.auth), (2, false, Auth::None));
    let Service::OpenAi(twins) = &local.service else { panic!("{local:?}") };
    assert_eq!((twins[0].model.as_str(), twins[0].history_messages), ("llama3.2", 20));
    assert!(local.key.is_none(), "a server on this machine takes none");
    assert!(!format!("{all:?}").contains("canary"));
}

#[test]
fn an_address_is_understood_however_it_is_pasted() {
    for (origin, base) in [
        ("http://127.0.0.1:11434", "/v1"),
        ("http://127.0.0.1:11434/", "/v1"),
        ("http://127.0.0.1:8000/v1/", "/v1"),
        ("http://localhost:8080/v1/chat/completions", "/v1"),
        ("http://localhost:8080/v1/models", "/v1"),
        ("http://localhost:8080/openai/v1", "/openai/v1"),
        ("http://localhost:8080/v1beta/openai/", "/v1beta/openai"),
    ] {
        let all = upstreams(&format!("{}{LAN}", OPENAI.replace("http://127.0.0.1:11434/v1", origin)));
        assert_eq!(all[0].base, base, "{origin}");
        assert!(!all[0].origin.as_str().ends_with('/'));
    }
    assert_eq!(upstreams(&format!("{TEAMS}{THREAD}"))[0].base, "");
    assert_eq!(upstreams(&format!("{KAMIMIND}{BOT}"))[0].base, "/public/v1");
}

#[test]
fn a_key_may_be_left_out_only_where_a_server_takes_none() {
    let elsewhere = OPENAI.replace("http://127.0.0.1:11434", "https://models.example.com");
    let error = read(&format!("{elsewhere}{LAN}")).unwrap_err().to_string();
    assert!(error.contains("say where the secret is"), "{error}");
    assert!(upstreams(&format!("{elsewhere}auth = \"none\"\n{LAN}"))[0].key.is_none());
    let both = format!("{elsewhere}auth = \"none\"\nkey_env = \"TWINCHAT_TWINEXPERT_KEY\"\n{LAN}");
    let error = read(&both).unwrap_err().to_string();
    assert!(error.starts_with("/etc/twinchat/twinchat.toml:6: ") && error.contains("takes no key"), "{error}");
}

#[test]
fn an_address_in_the_clear_on_another_machine_has_to_be_wanted() {
    let other = format!("{}auth = \"none\"\n", OPENAI.replace("127.0.0.1", "ollama"));
    let error = read(&format!("{other}{LAN}")).unwrap_err().to_string();
    assert!(error.starts_with("/etc/twinchat/twinchat.toml:4: ") && error.contains("plain_http"), "{error}");
    let wanted = read(&format!("{other}plain_http = true\n{LAN}")).unwrap();
    assert_eq!(wanted.upstreams[0].origin.as_str(), "http://ollama:11434");
    assert!(wanted.warnings().iter().any(|warning| warning.contains("reads the key")), "and is warned of");
    for (address, is_near) in [
        ("10.0.0.7", true),
        ("172.31.0.1", true),
        ("192.168.1.5", true),
        ("100.64.0.1", true),
        ("169.254.1.1", true),
        ("[fd00::1]", true),
        ("[fe80::1]", true),
        ("[::ffff:10.0.0.7]", true),
        ("203.0.113.5", false),
        ("172.32.0.1", false),
        ("100.128.0.1", false),
        ("[2001:db8::1]", false),
        ("[::ffff:203.0.113.5]", false),
    ] {
        let text = format!("{}auth = \"none\"\nplain_http = true\n{LAN}", OPENAI.replace("127.0.0.1", address));
        let found = read(&text).map_err(|error| error.to_string());
        assert_eq!(found.is_ok(), is_near, "{address}");
        assert!(found.is_ok() || found.unwrap_err().contains("use https"), "{address}");
    }
}

#[test]
fn a_mistake_in_a_twin_is_said_with_its_line_and_what_to_change() {
    let openai = |line: &str| format!("{OPENAI}{LAN}{line}\n");
    let bot = |line: &str| format!("{KAMIMIND}{BOT}{line}\n");
    let thread = |line: &str| format!("{TEAMS}{THREAD}{line}\n");
    for (text, line, says) in [
        (OPENAI.to_owned(), 1, "openai lists no twins itself: add a section [[upstream.twin]] with id, name and model"),
        (KAMIMIND.to_owned(), 1, "with id, name and bot_token_env"),
        (TEAMS.to_owned(), 1, "with id, name and rooms"),
        (format!("{UPSTREAM}{LAN}"), 6, "twinexpert lists its twins itself"),
        (openai("modell = \"x\""), 9, "unknown field `modell`"),
        (openai("api_key = \"tk_canary\""), 9, "secrets are never in this file"),
        (openai("rooms = [\"19:a@thread.v2\"]"), 9, "rooms is for teams, and this upstream is openai"),
        (openai("bot_token_env = \"X\""), 9, "bot_token_env is for kamimind"),
        (bot("model = \"x\""), 9, "model is for openai, and this upstream is kamimind"),
        (openai("temperature = 3"), 9, "choose a number from 0 to 2"),
        (openai("max_tokens = 0"), 9, "from 1 to 1000000"),
        (openai("history_messages = 1000"), 9, "from 0 to 200"),
        (openai("system_prompt = \"a\"\nsystem_prompt_file = \"b\""), 10, "not both"),
        (openai("system_prompt_file = \"absent.txt\""), 9, "cannot be read"),
        (openai("avatar = \"absent.png\""), 9, "cannot be read"),
        (openai("avatar = \"https://cdn.example.com/lan.png\""), 9, "add picture_origins = [\"https://cdn.example.com\"]"),
        (openai("starters = [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\"]"), 9, "at most 6"),
        (openai(LAN), 10, "two twins of this upstream have this id"),
        (format!("{OPENAI}{}", LAN.replace("model = \"llama3.2\"\n", "")), 5, "say which model answers"),
        (format!("{OPENAI}{}", LAN.replace("\"lan\"", "\"Lan Anh\"")), 6, "use 1 to 64 of the characters"),
        (format!("{OPENAI}{}", LAN.replace("name = \"Lan\"\n", "")), 5, "missing field `name`"),
        (format!("{OPENAI}{}", LAN.replace("\"Lan\"", "\" \"")), 7, "name has 0 characters"),
        (format!("{KAMIMIND}{}", BOT.replace("TWINCHAT", "ABSENT")), 9, "ABSENT_TWINEXPERT_KEY is not set"),
        (thread("guest_name = \"Khách\""), 9, "goes with shared = true"),
        (format!("{OPENAI}text_at = [\"/a\"]\n{LAN}"), 5, "text_at is for twinexpert, and this upstream is openai"),
        (format!("{UPSTREAM}text_at = [\"a.b\"]\n"), 6, "JSON Pointers (RFC 6901)"),
        (thread("keep_hours = 0"), 9, "from 1 to 8760"),
        (thread("cool_down_minutes = 0"), 9, "from 1 to 525600"),
        (openai("keep_hours = 1"), 9, "keep_hours is for teams"),
        (thread("shared = true"), 8, "one thread for all visitors"),
        (thread("room_aliases = { \"19:x@thread.v2\" = \"19:other@thread.v2\" }"), 9, "the id in rooms"),
        (format!("{TEAMS}{}", THREAD.replace("19:b", "19:a")), 9, "each once"),
        (format!("{TEAMS}{}", THREAD.replace("19:b@thread.v2", "19:b,$in:x")), 9, "as the bridge does"),
        (format!("{TEAMS}{THREAD}{}", THREAD.replace("\"support\"", "\"sales\"")), 13, "two visitors would read each other"),
    ] {
        let error = read(&text).unwrap_err();
        let told =
            error.problems.iter().any(|problem| problem.message.contains(says) && problem.line.is_some_and(|at| at.abs_diff(line) <= 1));
        assert!(told, "{says} at {line}:\n{error}\n{text}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn a_picture_and_a_prompt_are_files_beside_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lan.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    std::fs::write(folder.path().join("lan.txt"), "You are Lan.\n").unwrap();
    let text = format!("{OPENAI}{LAN}avatar = \"lan.png\"\nsystem_prompt_file = \"lan.txt\"\n");
    let config = Config::read(&folder.path().join("twinchat.toml"), &text, &|_| None).unwrap();
    let Service::OpenAi(twins) = &config.upstreams[0].service else { panic!("{config:?}") };
    assert_eq!(twins[0].listed.avatar, Some(Avatar::File(folder.path().join("lan.png"))));
    assert_eq!(twins[0].system_prompt.as_str(), "You are Lan.");
    assert!(!format!("{config:?}").contains("You are Lan"));
}

#[test]
fn every_field_of_a_twin_can_be_used_as_the_help_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lan.png"), "x").unwrap();
    for (upstream, fields) in [
        (OPENAI, &["model", "system_prompt", "temperature", "max_tokens", "history_messages", "history_chars"][..]),
        (KAMIMIND, &["bot_token_env"]),
        (TEAMS, &["rooms", "shared", "keep_hours", "cool_down_minutes", "self_names", "room_aliases"]),
    ] {
        let common = ["id", "name", "description", "avatar", "starters"];
        let lines = TwinSection::SETTINGS.iter().filter(|setting| common.contains(&setting.name) || fields.contains(&setting.name));
        let twin = lines.fold(String::new(), |text, setting| format!("{text}{} = {}\n", setting.name, setting.example));
        let text = format!("{upstream}[[upstream.twin]]\n{twin}");
        let config = Config::read(&folder.path().join("t.toml"), &text, &|_| Some(CANARY.to_owned()));
        assert_eq!(config.unwrap_or_else(|error| panic!("{error}\n{text}")).upstreams.len(), 1);
    }
    let left_out = format!("{:?}", upstreams(&format!("{OPENAI}{LAN}")));
    let defaults =
        TwinSection::SETTINGS.iter().filter(|setting| setting.kind == SettingKind::Default && setting.name.starts_with("history"));
    let written = defaults.fold(format!("{OPENAI}{LAN}"), |text, setting| format!("{text}{} = {}\n", setting.name, setting.example));
    assert_eq!(format!("{:?}", upstreams(&written)), left_out);
}

#[test]
fn a_thread_that_visitors_share_is_warned_of() {
    let warnings = |twin: &str| read(&format!("{TEAMS}{twin}")).unwrap().warnings().join("\n");
    let one = THREAD.replace(", \"19:b@thread.v2\"", "");
    assert!(warnings(&format!("{one}shared = true\n")).contains("all visitors read each other"));
    assert!(!warnings(&one).contains("read each other"));
}

#[test]
fn a_host_for_trying_things_out_is_warned_of() {
    let text = format!("{}{BOT}", KAMIMIND.replace("api.example.com", "api.dev.kamimind.ai"));
    assert!(read(&text).unwrap().warnings().join("\n").contains("looks like a place for trying things out"));
}

#[test]
fn the_examples_in_the_documentation_can_be_used() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/upstreams.md")).unwrap();
    let examples: Vec<&str> = page.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    let read = |text: &str| Config::read(Path::new("/etc/twinchat/twinchat.toml"), text, &|_| Some(CANARY.to_owned()));
    let all = read(&examples.concat()).unwrap_or_else(|error| panic!("{error}"));
    let kinds: Vec<UpstreamKind> = all.upstreams.iter().map(Upstream::kind).collect();
    assert!(UpstreamKind::ALL.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    assert!(all.upstreams.iter().all(|upstream| page.contains(&format!("`{}`", upstream.kind().name()))));
    // Every setting that the page names is one.
    let named = |settings: &[Setting], name: &str| settings.iter().any(|setting| setting.name == name);
    for line in examples.iter().flat_map(|example| example.lines()) {
        let Some((name, _)) = line.split_once(" = ") else { continue };
        assert!(named(crate::config::UpstreamSection::SETTINGS, name) || named(TwinSection::SETTINGS, name), "{line}");
    }
    for (name, default) in [("history_messages", "(20)"), ("history_chars", "(24,000)")] {
        let setting = TwinSection::SETTINGS.iter().find(|setting| setting.name == name).unwrap();
        assert_eq!(setting.example, default.replace(['(', ')', ','], ""), "{name}");
        assert!(
            page.contains(&format!("`{name}` messages {default}")) || page.contains(&format!("`{name}` characters {default}")),
            "{name}"
        );
    }
}
