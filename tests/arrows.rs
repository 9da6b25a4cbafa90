//! Holds the house to `docs/architecture.md`: which room may import which, and how long things may get.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;
const VIEW_LINES: usize = 80;
const PARAMETERS: usize = 5;

/// One rank table of the architecture document.
#[derive(Debug, PartialEq, Eq)]
struct House {
    /// The source folder, relative to the repository, without the last slash.
    folder: String,
    /// Room to rank.
    rooms: BTreeMap<String, u8>,
}

/// Reads every `### Name (`folder/`)` heading that is followed by a table of `room` and rank.
fn rank_tables(document: &str) -> Vec<House> {
    let mut houses: Vec<House> = Vec::new();
    let mut open = false;
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            open = false;
            if let Some(folder) = heading.split('`').nth(1) {
                houses.push(House { folder: folder.trim_end_matches('/').to_owned(), rooms: BTreeMap::new() });
                open = true;
            }
        } else if line.starts_with('#') {
            open = false;
        } else if open && line.starts_with("| `") {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let rank = cells[2].parse().unwrap_or_else(|_| panic!("docs/architecture.md: `{}` is no rank in: {line}", cells[2]));
            houses.last_mut().unwrap().rooms.insert(cells[1].trim_matches('`').to_owned(), rank);
        }
    }
    houses.retain(|house| !house.rooms.is_empty());
    houses
}

/// The same text with comments, strings and characters blanked out, so that what is left is code. Line numbers stay.
fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => source[at..].find('\n').map_or(bytes.len(), |n| at + n),
            b'/' if bytes[at..].starts_with(b"/*") => end_of_block_comment(bytes, at),
            b'r' if at == 0 || !is_word(bytes[at - 1]) || bytes[at - 1] == b'b' => end_of_raw_string(source, at).unwrap_or(at),
            b'"' => end_of_quoted(bytes, at, b'"'),
            b'\'' if is_character(bytes, at) => end_of_quoted(bytes, at, b'\''),
            _ => at,
        };
        if end == at {
            at += 1;
            continue;
        }
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end;
    }
    String::from_utf8(out).expect("only whole strings and comments are blanked")
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Tells `'a'` and `'\n'` from the lifetime `'a`.
fn is_character(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at + 1) {
        Some(b'\\') => true,
        Some(byte) if byte.is_ascii() => bytes.get(at + 2) == Some(&b'\''),
        Some(_) => true,
        None => false,
    }
}

fn end_of_quoted(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != quote {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}

fn end_of_raw_string(source: &str, at: usize) -> Option<usize> {
    let hashes = source[at + 1..].bytes().take_while(|byte| *byte == b'#').count();
    let body = at + 1 + hashes + 1;
    (source.as_bytes().get(body - 1) == Some(&b'"')).then_some(())?;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(source[body..].find(&close).map_or(source.len(), |n| body + n + close.len()))
}

fn end_of_block_comment(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0;
    let mut end = at;
    while end < bytes.len() {
        if bytes[end..].starts_with(b"/*") {
            depth += 1;
            end += 2;
        } else if bytes[end..].starts_with(b"*/") {
            depth -= 1;
            end += 2;
            if depth == 0 {
                return end;
            }
        } else {
            end += 1;
        }
    }
    bytes.len()
}

/// Where the bracket that opens at `at` is closed.
fn closing(code: &str, at: usize) -> usize {
    let mut depth = 0_i32;
    for (offset, byte) in code[at..].bytes().enumerate() {
        depth += match byte {
            b'(' | b'[' | b'{' => 1,
            b')' | b']' | b'}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return at + offset;
        }
    }
    code.len().saturating_sub(1)
}

/// Blanks `#[cfg(test)] mod … { … }`: a test may look wherever it likes, and as long as it likes.
fn without_test_modules(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let item = out[start..].find(['{', ';']).map_or(out.len() - 1, |n| start + n);
        let end = if out.as_bytes()[item] == b'{' { closing(&out, item) } else { item };
        let blank: String = out[start..=end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..=end, &blank);
    }
    out
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// Every `word` in the code that stands by itself.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].bytes().next_back();
        let after = code[at + word.len()..].bytes().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The first names behind `crate::`, and behind `super::` where that leads out of the room, with their lines.
/// `depth` is how many modules the file is below the crate's root.
fn imported(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in words(code, "crate") {
        if let Some(rest) = code[at + 5..].strip_prefix("::") {
            found.extend(first_names(rest).into_iter().map(|name| (line_of(code, at), name)));
        }
    }
    for at in words(code, "super").filter(|at| !code[..*at].ends_with("super::")) {
        let mut rest = &code[at..];
        let mut ups = 0;
        while let Some(next) = rest.strip_prefix("super::") {
            rest = next;
            ups += 1;
        }
        if ups == depth {
            found.extend(first_names(rest).into_iter().map(|name| (line_of(code, at), name)));
        }
    }
    found
}

/// `a::b` gives `a`; `{a::b, c}` gives `a` and `c`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    if !path.starts_with('{') {
        return vec![name(path)];
    }
    let inside = &path[1..closing(path, 0)];
    top_level_parts(inside).into_iter().map(name).filter(|part| !part.is_empty()).collect()
}

/// Splits at commas that stand in no bracket; `<` counts as one, `->` and `=>` do not.
fn top_level_parts(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts, mut before) = (0_i32, 0, Vec::new(), ' ');
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            '>' if before == '-' || before == '=' => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    parts.push(&list[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// A source file by its path below the house's folder: its room, or `None` for `lib.rs` and `main.rs`.
fn room_of(path: &str) -> Option<&str> {
    let first = path.split('/').next()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(path, "lib.rs" | "main.rs")).then_some(room)
}

fn depth_of(path: &str) -> usize {
    path.split('/').filter(|part| *part != "mod.rs").count()
}

/// One sentence per arrow that the table does not allow.
fn wrong_arrows(house: &House, path: &str, source: &str) -> Vec<String> {
    let Some(room) = room_of(path) else { return Vec::new() };
    let folder = &house.folder;
    let Some(rank) = house.rooms.get(room) else {
        return vec![format!(
            "{folder}/{path}:1: the room `{room}` has no rank: add it to the table of {folder}/ in docs/architecture.md."
        )];
    };
    let code = without_test_modules(&code_only(source));
    let mut wrong = Vec::new();
    for (line, other) in imported(&code, depth_of(path)).into_iter().filter(|(_, other)| other != room) {
        match house.rooms.get(&other) {
            Some(its) if its > rank => {}
            Some(its) => wrong.push(format!(
                "{folder}/{path}:{line}: `{room}` (rank {rank}) imports `{other}` (rank {its}); a room imports only rooms of a higher rank number."
            )),
            None => wrong.push(format!(
                "{folder}/{path}:{line}: `{other}` is no room of {folder}/; import from the room it lives in, so that the arrow can be seen."
            )),
        }
    }
    wrong
}

/// One sentence per file or function that outgrew its budget.
fn too_long(path: &str, source: &str) -> Vec<String> {
    let code = without_test_modules(&code_only(source));
    let tests: usize = source.lines().zip(code.lines()).filter(|(was, is)| was.contains("#[cfg(test)]") && is.trim().is_empty()).count();
    let lines = if tests == 0 { source.lines().count() } else { code.trim_end().lines().count() };
    let mut long = Vec::new();
    if lines > FILE_LINES {
        long.push(format!("{path}:{lines}: the file has {lines} lines; {FILE_LINES} are the most: split it by job."));
    }
    let budget = if path.starts_with("src/components/") { VIEW_LINES } else { FUNCTION_LINES };
    for start in words(&code, "fn") {
        let name: String = code[start + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(open) = code[start..].find('(').map(|n| start + n).filter(|_| !name.is_empty()) else { continue };
        let close = closing(&code, open);
        let line = line_of(&code, start);
        let parameters = top_level_parts(&code[open + 1..close]).iter().filter(|part| !is_self(part)).count();
        if parameters > PARAMETERS && !is_component(&code[..start]) {
            long.push(format!("{path}:{line}: `{name}` takes {parameters} parameters; {PARAMETERS} are the most: give them a struct."));
        }
        let Some(body) = body_of(&code, close) else { continue };
        let length = line_of(&code, closing(&code, body)) - line + 1;
        if length > budget {
            long.push(format!("{path}:{line}: `{name}` has {length} lines; {budget} are the most: give its parts names."));
        }
    }
    long
}

/// Where the body opens behind a function's parameters; `None` when it has none (in a trait).
fn body_of(code: &str, parameters_end: usize) -> Option<usize> {
    let mut at = parameters_end + 1;
    while at < code.len() {
        match code.as_bytes()[at] {
            b'{' => return Some(at),
            b';' => return None,
            b'(' | b'[' => at = closing(code, at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn is_self(parameter: &str) -> bool {
    let name = parameter.split(':').next().unwrap_or_default();
    words(name, "self").next().is_some()
}

/// A component's parameters are its props, given by name.
fn is_component(before: &str) -> bool {
    let item = before.rfind(['}', ';']).map_or(before, |at| &before[at..]);
    item.contains("#[component")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file below the folder that is not a test, by its path below it.
fn sources(folder: &str) -> Vec<(String, String)> {
    let (mut found, mut left) = (Vec::new(), vec![PathBuf::from(folder)]);
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(root().join(&next)).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let entry = entry.unwrap();
            let path = next.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
                if !name.ends_with("tests.rs") && !name.contains("tests/") {
                    found.push((name, fs::read_to_string(root().join(&path)).unwrap()));
                }
            }
        }
    }
    found.sort();
    found
}

/// Every file of the repository that people write, by its path.
fn files_of_people() -> Vec<PathBuf> {
    const MADE: [&str; 5] = ["target", "dist", "node_modules", "results", "corpus"];
    let (mut found, mut left) = (Vec::new(), vec![root().to_owned()]);
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !MADE.contains(&name.as_str()) && (!name.starts_with('.') || name == ".cargo" || name == ".ci") {
                left.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found
}

fn houses() -> Vec<House> {
    let houses = rank_tables(&fs::read_to_string(root().join("docs/architecture.md")).unwrap());
    assert_eq!(houses.iter().map(|house| house.folder.as_str()).collect::<Vec<_>>(), ["src", "proxy/src", "emulator/src"]);
    houses
}

#[test]
fn rooms_import_only_rooms_of_a_higher_rank() {
    let wrong: Vec<String> = houses()
        .iter()
        .flat_map(|house| {
            sources(&house.folder).into_iter().flat_map(|(path, source)| wrong_arrows(house, &path, &source)).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_room_of_the_tables_exists() {
    let missing: Vec<String> = houses()
        .iter()
        .flat_map(|house| house.rooms.keys().map(move |room| format!("{}/{room}", house.folder)))
        .filter(|room| !root().join(room).join("mod.rs").is_file() && !root().join(format!("{room}.rs")).is_file())
        .map(|room| format!("docs/architecture.md gives {room} a rank, but there is no such room."))
        .collect();
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn files_functions_and_parameter_lists_keep_their_budgets() {
    let long: Vec<String> = ["src", "protocol/src", "proxy/src", "emulator/src", "xtask/src"]
        .iter()
        .flat_map(|folder| sources(folder).into_iter().flat_map(move |(path, source)| too_long(&format!("{folder}/{path}"), &source)))
        .collect();
    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
fn no_file_holds_what_an_unfinished_merge_leaves() {
    let is_mark = |line: &[u8]| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ");
    let marked: Vec<PathBuf> =
        files_of_people().into_iter().filter(|path| fs::read(path).unwrap_or_default().split(|byte| *byte == b'\n').any(is_mark)).collect();
    assert!(marked.is_empty(), "{marked:?}");
}

#[test]
fn crates_depend_on_each_other_only_as_drawn() {
    for (manifest, allowed) in [
        ("Cargo.toml", &["twinchat-protocol"][..]),
        ("protocol/Cargo.toml", &[]),
        ("proxy/Cargo.toml", &["twinchat-protocol"]),
        ("emulator/Cargo.toml", &["twinchat-protocol"]),
        ("xtask/Cargo.toml", &[]),
    ] {
        let text = fs::read_to_string(root().join(manifest)).unwrap();
        let section = text.split("\n[dependencies]").nth(1).unwrap_or_default();
        let section = section.split("\n[").next().unwrap_or_default();
        for line in section.lines().filter(|line| line.starts_with("twinchat")) {
            let name = line.split(['.', ' ', '=']).next().unwrap();
            assert!(allowed.contains(&name), "{manifest} depends on {name}, which docs/architecture.md does not allow.");
        }
    }
}

fn sample_house() -> House {
    let table = "### Widget (`src/`)\n\n| room | rank | job |\n|---|---|---|\n| `views` | 2 | draw |\n| `app` | 3 | write |\n| `client` | 4 | x |\n| `state` | 4 | y |\n\n## Next\n| `gone` | 1 |";
    rank_tables(table).remove(0)
}

#[test]
fn a_table_is_read_with_its_folder_and_ends_at_the_next_heading() {
    let house = sample_house();
    assert_eq!(house.folder, "src");
    assert_eq!(
        house.rooms.into_iter().collect::<Vec<_>>(),
        [("app", 3), ("client", 4), ("state", 4), ("views", 2)].map(|(a, b)| (a.to_owned(), b))
    );
}

#[test]
fn an_arrow_up_or_sideways_or_past_the_rooms_is_reported_with_file_and_line() {
    for (path, source, says) in [
        ("client/mod.rs", "\nuse crate::app::App;", "src/client/mod.rs:2: `client` (rank 4) imports `app` (rank 3)"),
        ("client/retry.rs", "use crate::{state::Twin, client::x};", "`client` (rank 4) imports `state` (rank 4)"),
        ("app/mod.rs", "fn f() {\n  crate::views::draw(\"x\");\n}", "src/app/mod.rs:2: `app` (rank 3) imports `views` (rank 2)"),
        ("app/actions.rs", "use super::super::views::X;", "`app` (rank 3) imports `views` (rank 2)"),
        ("app.rs", "use super::views::X;", "`app` (rank 3) imports `views` (rank 2)"),
        ("app/mod.rs", "use crate::Everything;", "`Everything` is no room"),
        ("cellar/mod.rs", "", "the room `cellar` has no rank"),
    ] {
        let wrong = wrong_arrows(&sample_house(), path, source);
        assert!(wrong.len() == 1 && wrong[0].contains(says), "{path}: {wrong:?}");
    }
}

#[test]
fn comments_strings_tests_and_arrows_down_are_not_reported() {
    let source = r###"
        //! [`crate::views`]
        /* crate::views::X /* crate::views */ crate::views */
        use crate::{client::{A, B}, state};
        use super::sibling::C;
        const A: &str = "crate::views::X \" crate::views";
        const B: &str = r#"crate::views " crate::views"#;
        const C: char = '"'; fn f<'a>(x: &'a str) -> &'a str { x }
        #[cfg(test)] mod tests { use crate::views::X; }
    "###;
    assert_eq!(wrong_arrows(&sample_house(), "app/mod.rs", &source.replace("super::sibling", "self::sibling")), Vec::<String>::new());
    assert_eq!(wrong_arrows(&sample_house(), "app/actions.rs", source), Vec::<String>::new());
}

#[test]
fn what_outgrows_its_budget_is_reported_and_tests_do_not_count() {
    let body = "    let _ = '{';\n".repeat(FUNCTION_LINES);
    let long = too_long("src/app/mod.rs", &format!("impl X {{\n  fn big<T>(x: &str)\n  where T: Y {{\n{body}}}\n}}"));
    assert!(long.len() == 1 && long[0].contains("src/app/mod.rs:2: `big` has 63 lines"), "{long:?}");
    assert!(too_long("src/components/x.rs", &format!("fn big() {{\n{body}}}")).is_empty());
    assert!(too_long("src/app/mod.rs", &format!("#[cfg(test)]\nmod tests {{ fn big() {{\n{body}}} }}")).is_empty());
    assert!(too_long("x.rs", &"//\n".repeat(FILE_LINES + 1))[0].contains("the file has 401 lines"));
    assert!(
        too_long("x.rs", "fn f(&mut self, a: A<B, C>, b: (D, E), c: fn(F) -> G, d: H, e: I, f: J) {}")[0].contains("takes 6 parameters")
    );
    assert!(
        too_long("x.rs", "#[component]\npub fn F(a: A, b: B, c: C, d: D, e: E, f: F) -> X {}\nfn g(&self, a: A, b: B, c: C, d: D, e: E);")
            .is_empty()
    );
}
