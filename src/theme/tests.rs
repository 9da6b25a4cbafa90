use super::STYLESHEET;
use super::accent::{Accent, DEFAULT_ACCENT, Palette, contrast, to_the_2_4};

#[test]
fn a_colour_is_read_in_both_short_and_long_form_and_nothing_else_is() {
    assert_eq!(Accent::parse("#fa0"), Accent::parse(" #FFAA00 "));
    for wrong in ["", "#", "#12", "#12345", "#1234567", "red", "#ggg", "123456", "#ăn"] {
        assert_eq!(Accent::parse(wrong), None, "{wrong:?}");
    }
}

#[test]
fn every_part_of_a_colour_is_made_linear_as_the_standard_says() {
    for part in 11..=255 {
        let base = (f64::from(part) / 255.0 + 0.055) / 1.055;
        assert!((to_the_2_4(base) - base.powf(2.4)).abs() < 1e-14, "{part}");
    }
}

#[test]
fn every_brand_colour_gives_readable_text_in_both_schemes() {
    for r in (0..=255).step_by(15) {
        for g in (0..=255).step_by(15) {
            for b in (0..=255).step_by(15) {
                for (palette, surface) in Palette::both([r, g, b]) {
                    let brand = format!("#{r:02x}{g:02x}{b:02x}");
                    assert!(contrast(palette.fill, palette.on) >= 4.5, "text on fill of {brand}");
                    assert!(contrast(palette.hover, palette.on) >= 4.5, "text on hovered fill of {brand}");
                    assert!(contrast(palette.text, surface) >= 4.5, "links of {brand}");
                    assert!(contrast(palette.text, palette.soft) >= 4.5, "links on the tint of {brand}");
                }
            }
        }
    }
}

#[test]
fn the_default_colours_in_the_stylesheet_are_those_of_the_default_accent() {
    for (name, value) in Accent::parse(DEFAULT_ACCENT).unwrap().properties() {
        let declared = format!("var({name},{value})").replace("#ffffff", "#fff");
        assert!(STYLESHEET.contains(&declared), "style/light.css or dark.css should say {declared}");
    }
}

#[test]
fn texts_and_lines_of_the_neutral_palettes_have_the_contrast_they_need() {
    for file in [include_str!("../../style/light.css"), include_str!("../../style/dark.css")] {
        let colour = |name: &str| {
            let value = file.split(&format!("{name}:")).nth(1).and_then(|rest| rest.split([';', '}']).next()).unwrap();
            let hex = if value == "#fff" { "#ffffff" } else { value };
            let part = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            [part(1), part(3), part(5)]
        };
        for text in ["--_fg", "--_fg2"] {
            for surface in ["--_bg", "--_bg2", "--_bg3", "--_errb", "--_warnb"] {
                let ratio = contrast(colour(text), colour(surface));
                assert!(ratio >= 4.5, "{text} on {surface}: {ratio:.2}");
            }
        }
        for (text, surface) in [("--_err", "--_bg"), ("--_err", "--_errb"), ("--_warn", "--_warnb")] {
            assert!(contrast(colour(text), colour(surface)) >= 4.5, "{text} on {surface}");
        }
        for surface in ["--_bg", "--_bg2"] {
            assert!(contrast(colour("--_line2"), colour(surface)) >= 3.0, "edges of fields on {surface}");
        }
    }
}

#[test]
fn braces_in_the_stylesheet_are_balanced() {
    let depth = STYLESHEET.chars().try_fold(0_i32, |depth, c| match c {
        '{' => Some(depth + 1),
        '}' => (depth > 0).then_some(depth - 1),
        _ => Some(depth),
    });
    assert_eq!(depth, Some(0));
}

/// A declaration's value, in parts; what is in brackets is one part.
fn parts(value: &str) -> Vec<String> {
    let mut depth = 0;
    let flat: String = value
        .chars()
        .map(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            if c == ' ' && depth > 0 { '_' } else { c }
        })
        .collect();
    flat.split(' ').map(str::to_owned).collect()
}

#[test]
fn nothing_is_left_or_right_but_what_has_to_be() {
    // The screen's notch is where it is, and so is the middle; code is written from the left, and a tick looks as it does.
    let physical = [
        "padding-left:env(safe-area-inset-left,0px)",
        "padding-right:env(safe-area-inset-right,0px)",
        "left:50%",
        "text-align:left",
        "border-width:0 .15em .15em 0",
    ];
    for declaration in STYLESHEET.split(['{', '}', ';', '\n']) {
        let Some((name, value)) = declaration.trim().split_once(':') else { continue };
        let sides =
            ["left", "right", "margin-left", "margin-right", "padding-left", "padding-right", "border-left", "border-right", "float"];
        let one_side = sides.contains(&name) || name == "text-align" && matches!(value, "left" | "right");
        let four = parts(value);
        let apart = matches!(name, "margin" | "padding" | "inset" | "border-width") && four.len() == 4 && four[1] != four[3];
        assert!(
            !one_side && !apart || physical.contains(&declaration.trim()),
            "{declaration}: inline-start and inline-end follow the language"
        );
    }
    // Corners have no such names in shorthand; where they differ, both directions have to be told.
    for rule in STYLESHEET.split('}') {
        let Some((selector, body)) = rule.rsplit_once('{') else { continue };
        let corners = body.split(';').filter_map(|declaration| declaration.trim().strip_prefix("border-radius:")).map(parts);
        let apart = corners.filter(|corners| corners.len() == 4 && corners[2] != corners[3]).count() > 0;
        let told =
            STYLESHEET.contains(&["[dir=rtl] ", selector.trim().trim_start_matches(".tc-root[dir=rtl] "), "{border-radius"].concat());
        assert!(!apart || told, "{selector}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(20_000))]

    /// The grid above has corners and steps; this has what lies between. Texts, and what is no text but has to be seen
    /// (WCAG 2.2, 1.4.3 and 1.4.11).
    #[test]
    fn any_brand_colour_leaves_every_text_and_every_ring_readable(r: u8, g: u8, b: u8) {
        let inks = [[[21, 24, 28], [89, 97, 107]], [[236, 238, 240], [165, 174, 184]]];
        let grounds = [[255, 255, 255], [21, 24, 27]];
        for (((palette, surface), [ink, quiet]), ground) in Palette::both([r, g, b]).into_iter().zip(inks).zip(grounds) {
            let least = [
                ("a message's text", palette.on, palette.fill, 4.5),
                ("a button's text under the pointer", palette.on, palette.hover, 4.5),
                ("a link", palette.text, surface, 4.5),
                ("a link on the tint", palette.text, palette.soft, 4.5),
                ("text on the tint", ink, palette.soft, 4.5),
                ("quiet text on the tint", quiet, palette.soft, 4.5),
                ("selected text", ink, palette.select, 4.5),
                ("a focus ring", palette.text, ground, 3.0),
            ];
            for (what, colour, under, ratio) in least {
                let is = contrast(colour, under);
                proptest::prop_assert!(is >= ratio, "{what} of #{r:02x}{g:02x}{b:02x}: {is:.2}");
            }
        }
    }
}
