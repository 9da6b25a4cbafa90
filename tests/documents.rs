//! Lists in the documents are whole: every error code is explained to site owners, every room stands in the README.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::Path;
use twinchat_protocol::error::ErrorCode;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The codes in the first cells of a section's table.
fn explained<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let (_, section) = page.split_once(heading).unwrap_or_else(|| panic!("no {heading}"));
    let section = section.split("\n#").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")).map(|line| line.split(" | ").next().unwrap());
    cells.flat_map(|cell| cell.split("`, `")).map(|code| code.trim_end_matches('`')).collect()
}

#[test]
fn every_code_of_the_proxy_is_explained_and_no_other() {
    let page = read("docs/troubleshooting.md");
    let mut explained = explained(&page, "### Of the proxy");
    let mut all: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    explained.sort_unstable();
    all.sort_unstable();
    assert_eq!(explained, all);
}

#[test]
fn every_code_that_the_widget_makes_itself_is_explained_and_no_other() {
    let types = read("npm/index.d.ts");
    let (_, rest) = types.split_once("`code` is the proxy's, or ").unwrap();
    let promised: Vec<&str> = rest.split(". ").next().unwrap().split('`').skip(1).step_by(2).collect();
    let promised: Vec<&str> = promised.into_iter().take_while(|code| code.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect();
    let page = read("docs/troubleshooting.md");
    let mut explained = explained(&page, "### Of the widget");
    let mut promised = promised;
    explained.sort_unstable();
    promised.sort_unstable();
    assert_eq!(explained, promised);
}

/// The names that an interface of `npm/index.d.ts` declares.
fn declared<'a>(types: &'a str, interface: &str) -> Vec<&'a str> {
    let (_, body) = types.split_once(&format!("interface {interface} {{\n")).unwrap_or_else(|| panic!("no {interface}"));
    let lines =
        body.split("\n}\n").next().unwrap().lines().filter(|line| line.starts_with("  ") && !line.trim_start().starts_with(['*', '/']));
    let names = lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.trim().split([':', '?']).next());
    names.map(|name| name.trim_matches('\'')).filter(|name| !name.starts_with('}')).collect()
}

#[test]
fn what_the_contract_declares_stands_in_the_documents_tables() {
    let types = read("npm/index.d.ts");
    for (interface, page) in
        [("TwinChatCssProperties", "docs/theming.md"), ("TwinChatParts", "docs/theming.md"), ("TwinChatEventMap", "docs/events.md")]
    {
        let (names, text) = (declared(&types, interface), read(page));
        assert!(names.len() > 5, "{names:?}");
        let missing: Vec<&str> = names.into_iter().filter(|name| !text.contains(&format!("| `{name}` |"))).collect();
        assert!(missing.is_empty(), "{page} lacks {missing:?}: write its tables anew with `node xtask/documents.mjs`");
    }
}

#[test]
fn the_readme_names_every_room_of_widget_and_proxy() {
    let architecture = read("docs/architecture.md");
    let readme = read("README.md");
    for (heading, row) in [("### Widget (", "[`src/`](src)"), ("### Proxy (", "[`proxy/`](proxy)")] {
        let table = architecture.split_once(heading).unwrap().1.split("\n### ").next().unwrap();
        let line = readme.lines().find(|line| line.contains(row)).unwrap();
        let rooms = table.lines().filter_map(|line| line.strip_prefix("| `")).map(|line| line.split('`').next().unwrap());
        // For tests alone.
        let missing: Vec<&str> = rooms.filter(|room| *room != "fuzzing" && !line.contains(&format!("`{room}`"))).collect();
        assert!(missing.is_empty(), "README.md, {row}: {missing:?}");
    }
}
