//! One brand colour, two palettes, contrast guaranteed (WCAG 2.2, 1.4.3 and 1.4.11).

/// The brand colour when the owner has none.
pub const DEFAULT_ACCENT: &str = "#0f766e";

/// A colour in sRGB, each part from 0 to 255.
type Rgb = [u8; 3];

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [21, 24, 28];
/// The darkest surface text stands on in the light palette (`--_bg3` in `style/light.css`).
const LIGHT_SURFACE: Rgb = [233, 235, 238];
/// The lightest one in the dark palette (`--_bg3` in `style/dark.css`).
const DARK_SURFACE: Rgb = [42, 47, 53];
const LIGHT_BACKGROUND: Rgb = WHITE;
const DARK_BACKGROUND: Rgb = [21, 24, 27];
/// What text needs (WCAG 1.4.3, level AA), with a little to spare for rounding.
const TEXT_CONTRAST: f64 = 4.55;

/// A brand colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent(Rgb);

impl Accent {
    /// Reads `#rrggbb` or `#rgb`.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.trim().strip_prefix('#')?;
        let digit = |at: usize| hex.as_bytes().get(at).and_then(|byte| (*byte as char).to_digit(16)).map(|digit| digit as u8);
        let channel = |at: usize| match hex.len() {
            3 => digit(at).map(|high| high * 17),
            6 => Some(digit(at * 2)? * 16 + digit(at * 2 + 1)?),
            _ => None,
        };
        Some(Self([channel(0)?, channel(1)?, channel(2)?]))
    }

    /// The custom properties both palettes are made of, as name and value.
    pub fn properties(self) -> [(&'static str, String); 12] {
        let light = Palette::new(self.0, LIGHT_BACKGROUND, LIGHT_SURFACE, [0, 0, 0]);
        let dark = Palette::new(self.0, DARK_BACKGROUND, DARK_SURFACE, WHITE);
        [
            ("--tc-light-fill", hex(light.fill)),
            ("--tc-light-hover", hex(light.hover)),
            ("--tc-light-on", hex(light.on)),
            ("--tc-light-text", hex(light.text)),
            ("--tc-light-soft", hex(light.soft)),
            ("--tc-light-select", hex(light.select)),
            ("--tc-dark-fill", hex(dark.fill)),
            ("--tc-dark-hover", hex(dark.hover)),
            ("--tc-dark-on", hex(dark.on)),
            ("--tc-dark-text", hex(dark.text)),
            ("--tc-dark-soft", hex(dark.soft)),
            ("--tc-dark-select", hex(dark.select)),
        ]
    }
}

/// The colours made from the brand colour for one scheme.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    /// Behind the visitor's words and main buttons.
    pub(super) fill: Rgb,
    /// The same under the pointer.
    pub(super) hover: Rgb,
    /// Text on those two.
    pub(super) on: Rgb,
    /// Links, focus rings and icons on the scheme's surfaces.
    pub(super) text: Rgb,
    /// A tint of the background; the scheme's text stands on it.
    pub(super) soft: Rgb,
    /// A stronger tint, behind selected text.
    pub(super) select: Rgb,
}

impl Palette {
    fn new(brand: Rgb, background: Rgb, surface: Rgb, away: Rgb) -> Self {
        let on = if contrast(brand, WHITE) + 1.0 >= contrast(brand, INK) { WHITE } else { INK };
        let apart = if on == WHITE { [0, 0, 0] } else { WHITE };
        // A fill also has to stand out from the panel it lies on (1.4.11), unless its text does that.
        let fill = shift(brand, apart, |colour| contrast(colour, on) >= TEXT_CONTRAST);
        let hover = mix(fill, apart, 0.16);
        let soft = mix(background, brand, if away == WHITE { 0.14 } else { 0.08 });
        let readable = |colour| contrast(colour, surface) >= TEXT_CONTRAST && contrast(colour, soft) >= TEXT_CONTRAST;
        // On dark ground by way of a bright shade of the same hue: straight to white would be grey.
        let vivid = if away == WHITE { brighten(brand) } else { away };
        let text = shift(shift(brand, vivid, readable), away, readable);
        let select = mix(background, brand, if away == WHITE { 0.34 } else { 0.22 });
        Self { fill, hover, on, text, soft, select }
    }

    #[cfg(test)]
    pub(super) fn both(brand: Rgb) -> [(Self, Rgb); 2] {
        [
            (Self::new(brand, LIGHT_BACKGROUND, LIGHT_SURFACE, [0, 0, 0]), LIGHT_SURFACE),
            (Self::new(brand, DARK_BACKGROUND, DARK_SURFACE, WHITE), DARK_SURFACE),
        ]
    }
}

/// The colour nearest to `from` on the way to `to` that is good enough.
fn shift(from: Rgb, to: Rgb, good: impl Fn(Rgb) -> bool) -> Rgb {
    (0..=50).map(|step| mix(from, to, f64::from(step) / 50.0)).find(|&colour| good(colour)).unwrap_or(to)
}

/// The colour's hue at full brightness, a quarter of the way to white.
fn brighten(colour: Rgb) -> Rgb {
    let [r, g, b] = colour.map(u32::from);
    let top = r.max(g).max(b);
    if top == 0 {
        return WHITE;
    }
    mix([r, g, b].map(|part| u8::try_from(part * 255 / top).unwrap_or(u8::MAX)), WHITE, 0.25)
}

fn mix(from: Rgb, to: Rgb, share: f64) -> Rgb {
    let part = |at: usize| (f64::from(from[at]) + (f64::from(to[at]) - f64::from(from[at])) * share + 0.5) as u8;
    [part(0), part(1), part(2)]
}

/// The contrast ratio of two colours, 1 to 21 (WCAG 2.2 "contrast ratio").
pub(super) fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// `base` to the power of 2.4, for 0.09 to 1. `powf` alone would be 2 KB of the widget.
pub(super) fn to_the_2_4(base: f64) -> f64 {
    let square = base * base;
    // Newton's method for the fifth root, from above.
    let root = (0..16).fold(1.0, |guess: f64, _| guess - (guess - square / (guess * guess * guess * guess)) / 5.0);
    square * root
}

fn luminance(colour: Rgb) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { to_the_2_4((part + 0.055) / 1.055) }
    };
    0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
}

fn hex(colour: Rgb) -> String {
    let mut text = String::from("#");
    for part in colour {
        for digit in [part / 16, part % 16] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}
