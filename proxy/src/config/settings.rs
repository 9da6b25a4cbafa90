//! Declares a section once: the struct, its defaults and its help come from the same lines.

/// One field of the settings, for the help text and the example file.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it does, line by line.
    pub doc: &'static [&'static str],
    /// A value, in TOML.
    pub example: &'static str,
    /// What the example is.
    pub kind: SettingKind,
}

/// What a field's example stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// What holds when the field is absent.
    Default,
    /// One possible value; absent means none.
    Example,
    /// One possible value; the field has to be given.
    Required,
    /// Sections of their own, which are explained there.
    Sections,
}

/// `name: Type = default, Default "the default in TOML"` and so on; see [`SettingKind`].
macro_rules! settings {
    (
        $(#[doc = $section_doc:literal])+
        $section:literal $struct:ident optional {
            $( $(#[doc = $doc:literal])+ $name:ident : $type:ty = $default:expr, $kind:ident $example:literal; )*
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $struct { $( $(#[doc = $doc])+ pub $name: $type, )* }

        impl Default for $struct {
            fn default() -> Self {
                Self { $( $name: $default, )* }
            }
        }

        settings!(@list $section $struct { $($section_doc)+ } $( $name { $($doc)+ } $kind $example; )*);
    };
    (
        $(#[doc = $section_doc:literal])+
        $section:literal $struct:ident required {
            $( $(#[doc = $doc:literal])+ $(#[serde $serde:tt])? $name:ident : $type:ty, $kind:ident $example:literal; )*
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $struct { $( $(#[doc = $doc])+ $(#[serde $serde])? pub $name: $type, )* }

        settings!(@list $section $struct { $($section_doc)+ } $( $name { $($doc)+ } $kind $example; )*);
    };
    (@list $section:literal $struct:ident { $($section_doc:literal)+ } $( $name:ident { $($doc:literal)+ } $kind:ident $example:literal; )*) => {
        impl $struct {
            /// How the section is written in TOML.
            pub const SECTION: &'static str = $section;
            /// What the section is about, line by line.
            pub const DOC: &'static [&'static str] = &[$($section_doc),+];
            /// Its fields.
            pub const SETTINGS: &'static [$crate::config::Setting] = &[$(
                $crate::config::Setting {
                    name: stringify!($name),
                    doc: &[$($doc),+],
                    example: $example,
                    kind: $crate::config::SettingKind::$kind,
                },
            )*];
        }
    };
}
