//! The way from an [`El`] into a Leptos view.

use super::dom::El;
use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::types;
use leptos::tachys::view::{Mountable, Position, PositionState, Render, RenderHtml, add_attr::AddAnyAttr};

/// Something that is drawn in the browser only. On a server it is nothing: the widget has no
/// meaning before its script runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaf(pub(crate) fn() -> El);

/// A drawn [`Leaf`].
#[derive(Debug)]
pub(crate) struct Drawn(types::Element);

impl Render for Leaf {
    type State = Drawn;

    fn build(self) -> Drawn {
        Drawn((self.0)().node().clone())
    }

    fn rebuild(self, _state: &mut Drawn) {}
}

impl Mountable for Drawn {
    fn unmount(&mut self) {
        self.0.remove();
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        let _ = parent.insert_before(&self.0, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.insert_before_this(child)
    }

    fn elements(&self) -> Vec<types::Element> {
        vec![self.0.clone()]
    }
}

impl AddAnyAttr for Leaf {
    type Output<NewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _attr: NewAttr) -> Self
    where
        Self: RenderHtml,
    {
        self
    }
}

impl RenderHtml for Leaf {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(self, _: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {}

    fn hydrate<const FROM_SERVER: bool>(self, _: &Cursor, _: &PositionState) -> Drawn {
        self.build()
    }

    fn into_owned(self) -> Self {
        self
    }
}
