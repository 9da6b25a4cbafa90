//! The settings explained, as a settings file.

use super::identity::IdentitySection;
use super::sections::{Admin, Limits, Replies, Retention, Server, Store, Tokens, Widget};
use super::settings::{Setting, SettingKind};
use super::twin::TwinSection;
use super::upstream::UpstreamSection;
use std::fmt::Write;

/// An annotated settings file that names every field. What is commented out is optional.
pub fn help() -> String {
    let mut text = String::from("# Settings of twinchat-proxy. Printed by: twinchat-proxy config-help\n");
    section(&mut text, UpstreamSection::SECTION, UpstreamSection::DOC, UpstreamSection::SETTINGS);
    text.push_str(&commented_out(TwinSection::SECTION, TwinSection::DOC, TwinSection::SETTINGS));
    section(&mut text, Server::SECTION, Server::DOC, Server::SETTINGS);
    section(&mut text, Tokens::SECTION, Tokens::DOC, Tokens::SETTINGS);
    text.push_str(&commented_out(IdentitySection::SECTION, IdentitySection::DOC, IdentitySection::SETTINGS));
    section(&mut text, Store::SECTION, Store::DOC, Store::SETTINGS);
    section(&mut text, Widget::SECTION, Widget::DOC, Widget::SETTINGS);
    section(&mut text, Limits::SECTION, Limits::DOC, Limits::SETTINGS);
    section(&mut text, Retention::SECTION, Retention::DOC, Retention::SETTINGS);
    section(&mut text, Admin::SECTION, Admin::DOC, Admin::SETTINGS);
    section(&mut text, Replies::SECTION, Replies::DOC, Replies::SETTINGS);
    text
}

/// A section that may be left out although some of its fields have no default.
fn commented_out(name: &str, doc: &[&str], settings: &[Setting]) -> String {
    let mut written = String::new();
    section(&mut written, name, doc, settings);
    let line = |line: &str| if line.is_empty() || line.starts_with('#') { format!("{line}\n") } else { format!("# {line}\n") };
    written.lines().map(line).collect()
}

fn section(text: &mut String, name: &str, doc: &[&str], settings: &[Setting]) {
    text.push('\n');
    comment(text, doc);
    let _ = writeln!(text, "{name}");
    for setting in settings.iter().filter(|setting| setting.kind != SettingKind::Sections) {
        text.push('\n');
        comment(text, setting.doc);
        let (mark, note) = match setting.kind {
            SettingKind::Required | SettingKind::Sections => ("", ""),
            SettingKind::Default => ("# ", ""),
            SettingKind::Example => ("# ", "   # for example"),
        };
        let _ = writeln!(text, "{mark}{} = {}{note}", setting.name, setting.example);
    }
}

fn comment(text: &mut String, lines: &[&str]) {
    for line in lines {
        let _ = writeln!(text, "#{line}");
    }
}
