//! A twin's picture, or its initials.

use super::dom::{El, div, el};
use super::root::{Cx, set_style};
use js_sys::{Array, RegExp};
use twinchat_protocol::twin::Twin;

/// Draws it. `size` is added to the class: `small`, `medium`, `large`, or nothing for 36 px.
pub(crate) fn avatar(cx: Cx, twin: &Twin, size: &str) -> El {
    let class = if size.is_empty() { "tc-avatar".to_owned() } else { ["tc-avatar tc-avatar--", size].concat() };
    let avatar = div(&class).attr("aria-hidden", "true").attr("part", "avatar").text(&initials(&twin.name));
    set_style(&avatar.html(), "--_hue", &hue(&twin.name).to_string());
    match &twin.avatar_url {
        None => avatar,
        Some(path) => {
            let picture = el("img", "").attr("alt", "").attr("decoding", "async").attr("src", &cx.app.url(path));
            let node = picture.node().clone();
            // A picture that cannot be loaded uncovers the initials.
            avatar.child(picture.on("error", move |_| node.remove()))
        }
    }
}

/// A person's initials, as small as stands beside a message.
pub(crate) fn person(name: &str) -> El {
    let avatar = div("tc-avatar tc-avatar--small").attr("aria-hidden", "true").attr("part", "avatar").text(&initials(name));
    set_style(&avatar.html(), "--_hue", &hue(name).to_string());
    avatar
}

/// The same with a dot that says whether the twin can answer now.
pub(crate) fn avatar_with_presence(cx: Cx, twin: &Twin, size: &str) -> El {
    let dot = if twin.available { "tc-presence" } else { "tc-presence tc-presence--away" };
    avatar(cx, twin, size).child(el("span", dot))
}

/// The first letters of the first and the last word, as names are shortened in both languages.
fn initials(name: &str) -> String {
    // The browser's own tables of letters, so that none are downloaded.
    let letter = RegExp::new(r"[\p{L}\p{N}]", "u");
    let mut words = name.split_whitespace().filter_map(|word| letter.exec(word));
    let letters: Array = [words.next(), words.next_back()].into_iter().flatten().map(|found| found.get(0)).collect();
    letters.join("").to_upper_case().into()
}

/// A colour for a name, always the same one.
fn hue(name: &str) -> u32 {
    name.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) % 360
}
