//! What a site or a visitor can choose. Plain data; every default stands here.

/// How the widget sits on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// A bubble in the corner that opens a panel over the page.
    #[default]
    Bubble,
    /// A panel in the page's flow, as large as its element; always open.
    Inline,
    /// The whole page; always open.
    Page,
}

/// Which palette is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorScheme {
    /// The one the visitor's system asks for.
    #[default]
    Auto,
    /// The light one.
    Light,
    /// The dark one.
    Dark,
}

/// What the panel is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surface {
    /// The page, of which it covers as much as the screen suggests.
    #[default]
    Page,
    /// A document of its own that is as large as the panel.
    Frame,
    /// The same, and it covers the whole screen.
    Cover,
}

/// What a screen reader is told of an answer, besides that it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Announce {
    /// The answer, once it is whole.
    #[default]
    Whole,
    /// Each sentence once it is whole.
    Sentences,
    /// Nothing: the visitor goes and reads.
    Nothing,
}

/// Everything that can be chosen. An empty text means "not chosen": then the owner's settings
/// (`GET /api/v1/widget`) decide, and after those the widget's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The proxy's origin, such as `https://chat.example.com`, without a path. Empty: the page's own origin.
    pub proxy: String,
    /// The twin to talk to, by id. Empty: the visitor picks; a single twin is picked by itself.
    pub twin: String,
    /// The conversation to open first, by id. Empty: the last one, as far as this tab remembers it.
    pub thread: String,
    /// Language of the widget, BCP 47. Empty: the page's, then the browser's.
    pub locale: String,
    /// Default [`ColorScheme::Auto`].
    pub color_scheme: ColorScheme,
    /// Default [`Announce::Whole`]; the visitor's own choice, which no page makes for them.
    pub announce: Announce,
    /// Default [`Mode::Bubble`].
    pub mode: Mode,
    /// The brand colour, `#rrggbb`. Empty: the owner's setting.
    pub accent: String,
    /// The panel's heading. Empty: the owner's setting.
    pub title: String,
    /// Shown above an empty conversation. Empty: the owner's setting.
    pub greeting: String,
    /// Questions a visitor can start with. Empty: the twin's own.
    pub starters: Vec<String>,
    /// Default [`Surface::Page`].
    pub surface: Surface,
    /// Whether the panel is open from the start. Default: closed in a bubble.
    pub open: bool,
    /// Whether a panel that was open when the page was left is open again afterwards. Default: yes, once the visitor has
    /// written; never where it would cover the screen.
    pub restore: bool,
    /// Origins whose pictures in answers are shown at once. Default: none, a picture is a link.
    pub image_origins: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            proxy: String::new(),
            twin: String::new(),
            thread: String::new(),
            locale: String::new(),
            color_scheme: ColorScheme::default(),
            announce: Announce::default(),
            mode: Mode::default(),
            accent: String::new(),
            title: String::new(),
            greeting: String::new(),
            starters: Vec::new(),
            surface: Surface::default(),
            open: false,
            restore: true,
            image_origins: Vec::new(),
        }
    }
}

impl Options {
    /// Whether an open panel covers the whole screen, where the page itself (`small`) would be.
    pub fn covers(&self, small: bool) -> bool {
        match self.surface {
            Surface::Page => small,
            Surface::Frame => false,
            Surface::Cover => true,
        }
    }

    /// Whether the panel can be closed; inline and on a page of its own it cannot.
    pub fn closable(&self) -> bool {
        self.mode == Mode::Bubble
    }
}
