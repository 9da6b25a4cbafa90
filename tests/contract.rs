//! What `npm/index.d.ts` promises is what the loader and `src/embed` do, name by name.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const TYPES: &str = "npm/index.d.ts";
const LOADER: &str = "npm/twinchat-element.js";
/// Options that the loader keeps to itself.
const LAUNCHER_ONLY: [&str; 4] = ["position", "launcher", "load", "frame"];
/// What the frame's document says to the widget, and no page.
const FRAME_ONLY: &str = "surface";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text between the first `from` and the next `to` after it.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap_or_else(|| panic!("no {from:?}")) + from.len();
    let end = text[start..].find(to).unwrap_or_else(|| panic!("no {to:?} after {from:?}"));
    &text[start..start + end]
}

/// All texts in single quotes.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The identifier at the start of a text, if there is one.
fn identifier(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    (end > 0 && text.starts_with(|c: char| c.is_ascii_lowercase())).then(|| &text[..end])
}

fn kebab(name: &str) -> String {
    name.chars().flat_map(|c| c.is_ascii_uppercase().then_some('-').into_iter().chain([c.to_ascii_lowercase()])).collect()
}

/// Each member of a block of declarations with the comment above it.
fn documented(block: &str) -> Vec<(String, String)> {
    let mut members = Vec::new();
    let mut comment = String::new();
    for line in block.lines().map(str::trim) {
        if line.starts_with("/**") {
            comment.clear();
        }
        if line.starts_with("/**") || line.starts_with('*') {
            comment.push_str(line);
        } else if !line.is_empty() && !line.starts_with("//") {
            members.push((line.to_owned(), std::mem::take(&mut comment)));
        }
    }
    members
}

/// The options of the contract with their documented defaults.
fn promised_options() -> BTreeMap<String, String> {
    let types = read(TYPES);
    documented(between(&types, "interface TwinChatOptions {", "\n}"))
        .into_iter()
        .map(|(line, comment)| {
            let name = identifier(&line).unwrap_or_else(|| panic!("not an option: {line}")).to_owned();
            let default = comment.split("@default ").nth(1).unwrap_or_else(|| panic!("{name} has no @default"));
            assert!(comment.trim_start_matches("/**").trim_start_matches('*').trim().len() > 20, "{name} has no sentence");
            (name, default.split(" (").next().unwrap().trim_end_matches("*/").trim().trim_matches('"').to_owned())
        })
        .collect()
}

/// The loader's table of options with their defaults.
fn loader_options() -> BTreeMap<String, String> {
    let loader = read(LOADER);
    let table = between(&loader, "const OPTIONS = {", "};");
    let entries = table.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| entry.split_once(": ").expect("name: 'default'"))
        .map(|(name, text)| (name.to_owned(), text.trim_matches('\'').to_owned()))
        .collect()
}

/// The methods of the contract.
fn promised_methods() -> BTreeSet<String> {
    let types = read(TYPES);
    let class = between(&types, "class TwinChatElement extends HTMLElement {", "\n}\n");
    let mut methods = BTreeSet::from(["open".to_owned()]);
    for (line, comment) in documented(class) {
        let Some(name) = identifier(&line) else { continue };
        if line[name.len()..].starts_with(['(', '<']) && name != "addEventListener" {
            assert!(comment.len() > 15, "{name}() has no sentence");
            methods.insert(name.to_owned());
        }
    }
    methods
}

#[test]
fn every_option_stands_in_contract_and_loader_with_the_same_default() {
    let mut promised = promised_options();
    assert_eq!(promised.remove("open").as_deref(), Some("false"));
    assert_eq!(promised.remove("getToken").as_deref(), Some("undefined"));
    assert!(read(LOADER).contains("for (const name of ['getToken', ...NAMES]) this[name] = options[name];"));
    assert!(read("src/embed/site.rs").contains("&\"getToken\".into()"));
    assert_eq!(promised, loader_options());
}

#[test]
fn every_option_that_is_not_the_launchers_alone_is_read_by_the_widget() {
    let source = read("src/embed/options.rs");
    let fields: BTreeSet<String> = between(&source, "struct PageOptions {", "\n}")
        .lines()
        .filter_map(|line| line.trim().strip_suffix(": String,"))
        .filter(|name| *name != FRAME_ONLY)
        .map(str::to_owned)
        .collect();
    let passed_on = loader_options().into_keys().filter(|name| !LAUNCHER_ONLY.contains(&name.as_str()));
    assert_eq!(fields, passed_on.map(|name| kebab(&name).replace('-', "_")).collect());
}

#[test]
fn every_option_is_a_documented_property_of_the_element() {
    let types = read(TYPES);
    for name in loader_options().keys() {
        assert!(
            types.contains(&format!("  get {name}(): ")) && types.contains(&format!("  set {name}(value: ")),
            "{name} has no accessors"
        );
    }
}

#[test]
fn every_method_of_the_contract_is_there_and_no_other() {
    let loader = read(LOADER);
    let mut found = quoted(between(&loader, "const CALLS = [", "];"));
    let class = between(&loader, "class TwinChatElement", "\n}\n");
    for line in class.lines().filter_map(|line| line.strip_prefix("  ")) {
        let line = line.strip_prefix("async ").unwrap_or(line);
        if let Some(name) = identifier(line)
            && line[name.len()..].starts_with('(')
            && line.ends_with('{')
            && !name.ends_with("Callback")
            && name != "constructor"
        {
            found.insert(name.to_owned());
        }
    }
    found.insert("open".to_owned());
    assert!(class.contains("get open()"));
    assert_eq!(found, promised_methods());
}

#[test]
fn every_call_that_the_loader_passes_on_is_carried_out() {
    let loader = read(LOADER);
    let mut passed_on = quoted(between(&loader, "const CALLS = [", "];"));
    passed_on.insert("open".to_owned());
    let source = read("src/embed/call.rs");
    let arms = between(&source, "match method {", "_ => ");
    let mut carried_out: BTreeSet<String> = arms
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"'))
        .filter_map(|line| line.split_once('"'))
        .map(|(name, _)| name.to_owned())
        .collect();
    // It takes a while, and so gives a promise.
    assert!(read("src/embed/handle.rs").contains("if method == \"identify\" {"));
    carried_out.insert("identify".to_owned());
    assert_eq!(carried_out, passed_on);
}

#[test]
fn every_event_of_the_widget_is_in_the_contract_and_no_other() {
    let types = read(TYPES);
    let promised: BTreeSet<String> = documented(between(&types, "interface TwinChatEventMap {", "\n}"))
        .into_iter()
        .filter_map(|(line, comment)| {
            let name = line.strip_prefix("'twinchat.")?.split('\'').next()?.to_owned();
            assert!(comment.len() > 15, "twinchat.{name} has no sentence");
            Some(name)
        })
        .collect();
    let events = read("src/app/events.rs");
    let names = between(&events, "match self {", "}\n    }");
    let told: BTreeSet<String> =
        names.lines().filter_map(|line| line.split("=> \"").nth(1)).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
    assert_eq!(promised, told);
}

/// The quoted or plain names of an interface's members, each with a sentence.
fn promised_members(interface: &str) -> BTreeSet<String> {
    let types = read(TYPES);
    documented(between(&types, &format!("interface {interface} {{"), "\n}"))
        .into_iter()
        .map(|(line, comment)| {
            let name = line.trim_start_matches('\'').split(['\'', '?', ':']).next().unwrap_or_default().to_owned();
            assert!(comment.len() > 15, "{interface}.{name} has no sentence");
            name
        })
        .collect()
}

/// All files of a folder, joined.
fn folder(path: &str) -> String {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// What stands between each `start` and the next character that is no part of a name.
fn names_after<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).map(|rest| &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len())])
}

#[test]
fn every_custom_property_of_the_contract_is_used_with_its_default_and_no_other() {
    let sources = [folder("style"), read("npm/twinchat-look.js"), read("npm/twinchat-frame.js")].concat();
    // Those of the palette are between the theme and its stylesheet.
    let is_own = |name: &&str| name.starts_with("light-") || name.starts_with("dark-");
    let used: BTreeSet<String> =
        names_after(&sources, "var(--tc-").filter(|name| !is_own(name)).map(|name| format!("--tc-{name}")).collect();
    assert_eq!(used, promised_members("TwinChatCssProperties"));
    let types = read(TYPES);
    for (line, comment) in documented(between(&types, "interface TwinChatCssProperties {", "\n}")) {
        let name = line.trim_start_matches('\'').split('\'').next().unwrap();
        let default = comment.split("@default ").nth(1).unwrap_or_else(|| panic!("{name} has no @default"));
        let default = default.split(" (").next().unwrap().trim_end_matches("*/").trim();
        assert!(default == "the system's" || sources.contains(&format!("var({name},{default})")), "{name} is not {default} by default");
    }
}

#[test]
fn every_part_of_the_contract_is_drawn_and_no_other() {
    let mut drawn: BTreeSet<String> = names_after(&folder("src/components"), ".attr(\"part\", \"").map(str::to_owned).collect();
    drawn.extend(
        names_after(&read(LOADER), " = make('button', '").chain(names_after(&read(LOADER), " = make('span', '")).map(str::to_owned),
    );
    drawn.extend(names_after(&read(LOADER), "#tip = make('div', '").map(str::to_owned));
    assert_eq!(drawn, promised_members("TwinChatParts"));
}

#[test]
fn the_shell_speaks_and_draws_as_the_widget_does() {
    let shell = read("npm/twinchat-shell.js");
    for language in ["en", "vi", "ar"] {
        let start = if language == "ar" { "TEXTS.ar = { ".to_owned() } else { format!("{language}: {{ ") };
        let (own, widgets) = (between(&shell, &start, " }"), read(&format!("src/i18n/{language}.rs")));
        for pair in own.split("', ") {
            let (name, text) = pair.split_once(": '").unwrap_or_else(|| panic!("{pair:?} is no text"));
            let said = format!("    {name}: \"{}\",", text.trim_end_matches('\''));
            assert!(widgets.contains(&said), "src/i18n/{language}.rs has no {said}");
        }
    }
    let icons = read("src/components/icon.rs");
    for name in ["CLOSE", "SEND", "BACK", "MORE", "COMPOSE"] {
        let path = between(&shell, &format!("const {name} = '"), "';");
        let (_, drawn) = icons.split_once(&format!("const {name}: Icon = Icon(")).unwrap_or_else(|| panic!("no icon {name}"));
        assert_eq!(between(drawn, "\"", "\""), path, "{name}");
    }
    let phone = between(&shell, "const PHONE = '", "'");
    assert!(read("src/components/panel.rs").contains(phone));
}
