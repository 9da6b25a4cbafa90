//! `cargo xtask size`: what a visitor downloads, held against `benches/size.toml`, and where the WebAssembly's bytes go.

use crate::process::Program;
use crate::{Outcome, dist, paths, say, tools};
use clap::Args;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const BUDGETS: &str = "benches/size.toml";
const TABLE: &str = "docs/size.md";
/// What stands around the part of it that is made here.
const MARKS: (&str, &str) = ("<!-- made: sizes -->\n", "<!-- end -->");
/// A file may be this much larger than it was measured, in percent.
const ROOM: u64 = 2;
/// What is downloaded together: a name, and the roles in dist/manifest.json that are part of it.
const TOGETHER: [(&str, &[&str]); 2] = [("before the bubble shows", &["loader"]), ("for a first chat", &["loader", "widget"])];

#[derive(Debug, Args)]
pub(crate) struct Size {
    /// Takes what is measured as what is allowed: writes benches/size.toml and docs/size.md.
    #[arg(long)]
    write: bool,
    /// Also tells where the bytes of the WebAssembly go, by crate, and by function for so many of the largest.
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "40")]
    functions: Option<u32>,
}

/// A file, or several together, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    /// The file's name with `*` for what is made from its content.
    name: String,
    role: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Size {
    pub(crate) fn run(self) -> Outcome {
        let rows = measured(&dist::built()?.dist)?;
        if self.write {
            let write =
                |path: &str, text| fs::write(paths::root().join(path), text).map_err(|error| format!("cannot write {path}: {error}"));
            write(BUDGETS, budgets(&rows))?;
            write(TABLE, with_table(&paths::read(TABLE)?, &rows)?)?;
        }
        print!("{}", plain(&rows));
        if let Some(count) = self.functions {
            functions(count)?;
        }
        held_against(&rows, &allowed()?)
    }
}

/// Fails when what is in dist/ is larger than allowed.
pub(crate) fn check() -> Outcome {
    held_against(&measured(&dist::built()?.dist)?, &allowed()?)
}

fn measured(dist: &Path) -> Outcome<Vec<Row>> {
    let path = dist.join("manifest.json");
    let wrong = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| wrong(&error))?;
    let manifest: serde_json::Value = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    let length = |name: String| fs::metadata(dist.join(&name)).map(|file| file.len()).map_err(|error| format!("{name}: {error}"));
    let mut rows = Vec::new();
    for file in manifest["files"].as_array().into_iter().flatten() {
        let (Some(name), Some(role)) = (file["path"].as_str(), file["role"].as_str()) else {
            return Err(wrong(&"a file without path or role"));
        };
        if role == "types" {
            continue;
        }
        let (raw, gzip, brotli) = (length(name.to_owned())?, length(format!("{name}.gz"))?, length(format!("{name}.br"))?);
        rows.push(Row { name: lasting(name), role: role.to_owned(), raw, gzip, brotli });
    }
    for (name, roles) in TOGETHER {
        let sum = |of: fn(&Row) -> u64| rows.iter().filter(|row| roles.contains(&&row.role[..])).map(of).sum();
        let (raw, gzip, brotli) = (sum(|row| row.raw), sum(|row| row.gzip), sum(|row| row.brotli));
        rows.push(Row { name: name.to_owned(), role: "together".to_owned(), raw, gzip, brotli });
    }
    Ok(rows)
}

/// `twinchat-widget-65736c33.js` is `twinchat-widget-*.js` whatever is in it.
fn lasting(name: &str) -> String {
    let parts = name.rsplit_once('.').and_then(|(stem, kind)| Some((stem.rsplit_once('-')?, kind)));
    match parts {
        Some(((stem, hash), kind)) if hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => format!("{stem}-*.{kind}"),
        _ => name.to_owned(),
    }
}

fn allowed() -> Outcome<Vec<Row>> {
    let text = paths::read(BUDGETS)?;
    read_budgets(&text).map_err(|error| format!("{BUDGETS}: {error}"))
}

fn read_budgets(text: &str) -> Outcome<Vec<Row>> {
    let read: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let files = read.get("file").and_then(toml::Value::as_array).ok_or("there is no [[file]].")?;
    let row = |file: &toml::Value| {
        let words = |name| file.get(name).and_then(toml::Value::as_str).map(str::to_owned);
        let number = |name| file.get(name).and_then(toml::Value::as_integer).and_then(|number| u64::try_from(number).ok());
        Some(Row { name: words("name")?, role: words("role")?, raw: number("raw")?, gzip: number("gzip")?, brotli: number("brotli")? })
    };
    files.iter().map(|file| row(file).ok_or_else(|| format!("a [[file]] needs name, role, raw, gzip and brotli: {file}"))).collect()
}

fn limit(brotli: u64) -> u64 {
    brotli + (brotli * ROOM).div_ceil(100)
}

fn held_against(rows: &[Row], allowed: &[Row]) -> Outcome {
    let mut wrong = Vec::new();
    for row in rows {
        match allowed.iter().find(|other| other.name == row.name) {
            None => wrong.push(format!("{} has no budget", row.name)),
            Some(was) if row.brotli > limit(was.brotli) => {
                wrong.push(format!("{} is {} bytes by brotli; {} are allowed", row.name, row.brotli, limit(was.brotli)));
            }
            Some(_) => {}
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{}. If that is worth it, `cargo xtask size --write` allows it, and the commit says why.", wrong.join("; ")))
}

fn plain(rows: &[Row]) -> String {
    let mut out = format!("{:<32}{:>10}{:>10}{:>10}\n", "", "raw", "gzip", "brotli");
    for Row { name, raw, gzip, brotli, .. } in rows {
        let _ = writeln!(out, "{name:<32}{raw:>10}{gzip:>10}{brotli:>10}");
    }
    out
}

fn budgets(rows: &[Row]) -> String {
    let mut out = format!(
        "# What travels to a browser, in bytes, as it was last measured by `cargo xtask size --write`.\n\
         # `cargo xtask test` fails when something is more than {ROOM} % larger by brotli.\n"
    );
    for Row { name, role, raw, gzip, brotli } in rows {
        let _ = write!(out, "\n[[file]]\nname = \"{name}\"\nrole = \"{role}\"\nraw = {raw}\ngzip = {gzip}\nbrotli = {brotli}\n");
    }
    out
}

/// The document with these rows in its table.
fn with_table(document: &str, rows: &[Row]) -> Outcome<String> {
    let (begin, end) = MARKS;
    let parts = document.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("{TABLE} has lost its marks, {} and {end}.", begin.trim_end()))?;
    Ok([before, begin, &table(rows), end, after].concat())
}

fn table(rows: &[Row]) -> String {
    let mut out = "| | what for | raw | gzip 9 | brotli 11 |\n|---|---|--:|--:|--:|\n".to_owned();
    for Row { name, role, raw, gzip, brotli } in rows {
        let what = match &role[..] {
            "loader" => "draws the bubble; the only file a page asks for",
            "pinned" => "the loader for pages with `integrity`",
            "frame" => "frame mode",
            "widget" => "the widget, fetched when it is wanted",
            "rest" => "what few visitors need, fetched when one does",
            "lazy" => "fetched when an answer first needs it",
            _ => "together",
        };
        let _ = writeln!(out, "| {name} | {what} | {raw} | {gzip} | {brotli} |");
    }
    out
}

/// Builds once more with names and counts.
fn functions(count: u32) -> Outcome {
    let tools = [tools::wasm_bindgen()?];
    say::step("building the widget with the names of its functions (about 2 minutes)");
    Program::cargo()
        .args(["rustc", "--profile", "wasm-release", "--locked", "--target", "wasm32-unknown-unknown", "--bin", "twinchat-widget"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", dist::flags())
        .run()?;
    let wasm = paths::target().join("wasm32-unknown-unknown/wasm-release/twinchat-widget.wasm");
    let named = paths::scratch("named")?;
    Program::new("wasm-bindgen").args(["--target", "web", "--no-typescript", "--out-dir"]).args([&named, &wasm]).path(&tools)?.run()?;
    Program::new("node").args(["xtask/functions.mjs"]).args([&named]).args([count.to_string()]).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, brotli: u64) -> Row {
        Row { name: name.to_owned(), role: "widget".to_owned(), raw: brotli * 3, gzip: brotli * 2, brotli }
    }

    #[test]
    fn the_table_in_the_documents_is_that_of_the_budgets() {
        let rows = allowed().unwrap();
        let document = paths::read(TABLE).unwrap();
        assert_eq!(document, with_table(&document, &rows).unwrap(), "cargo xtask size --write makes both");
        assert_eq!(paths::read(BUDGETS).unwrap(), budgets(&rows), "cargo xtask size --write makes both");
        for (name, _) in TOGETHER {
            assert!(rows.iter().any(|row| row.name == name), "{name}");
        }
    }

    #[test]
    fn two_percent_more_is_allowed_and_not_a_byte_beyond() {
        let was = [row("a.js", 1000)];
        assert_eq!(held_against(&[row("a.js", 1020)], &was), Ok(()));
        let error = held_against(&[row("a.js", 1021)], &was).unwrap_err();
        assert!(error.contains("a.js is 1021 bytes by brotli; 1020 are allowed"), "{error}");
    }

    #[test]
    fn a_file_without_a_budget_is_not_allowed() {
        let error = held_against(&[row("new.js", 1)], &[row("a.js", 1000)]).unwrap_err();
        assert!(error.contains("new.js has no budget"), "{error}");
    }

    #[test]
    fn a_name_made_from_the_content_is_the_same_for_every_content() {
        assert_eq!(lasting("twinchat-widget-65736c33.js"), "twinchat-widget-*.js");
        assert_eq!(lasting("twinchat-document.js"), "twinchat-document.js");
        assert_eq!(lasting("twinchat.js"), "twinchat.js");
    }

    #[test]
    fn budgets_read_back() {
        let rows = vec![row("a-*.js", 1000), row("for a first chat", 5)];
        assert_eq!(read_budgets(&budgets(&rows)), Ok(rows));
        assert!(read_budgets("[[file]]\nname = \"a\"").unwrap_err().contains("needs name, role"));
    }
}
