//! The twins of a service that lists none: the owner has said who they are.

use super::client::Client;
use super::{Picture, UpstreamError, UpstreamTwin};
use crate::config::{Avatar, ListedTwin};
use bytes::Bytes;

/// What a picture on this machine is called where an address is expected; then comes the twin's id.
const OF_TWIN: &str = "avatar:";

/// As visitors see it.
pub(super) fn twin(listed: &ListedTwin) -> UpstreamTwin {
    UpstreamTwin {
        id: listed.id.clone(),
        name: listed.name.clone(),
        description: listed.description.clone(),
        picture: listed.avatar.as_ref().map(|avatar| match avatar {
            Avatar::File(_) => format!("{OF_TWIN}{}", listed.id),
            Avatar::Address(address) => address.clone(),
        }),
        available: true,
        starters: listed.starters.clone(),
    }
}

/// The picture that [`twin`] has named, of one of these twins.
///
/// # Errors
/// When it cannot be had, or is none.
pub(super) async fn picture<'a>(
    client: &Client,
    mut twins: impl Iterator<Item = &'a ListedTwin>,
    named: &str,
) -> Result<Picture, UpstreamError> {
    let Some(id) = named.strip_prefix(OF_TWIN) else { return client.picture(named).await };
    let Some(Avatar::File(file)) = twins.find(|twin| twin.id == id).and_then(|twin| twin.avatar.as_ref()) else {
        return Err(UpstreamError::NotFound("a picture of a twin that is not configured".to_owned()));
    };
    let bytes = tokio::fs::read(file).await.map_err(|error| UpstreamError::Failed(format!("{}: {error}", file.display())))?;
    let said = if file.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("svg")) { "image/svg+xml" } else { "" };
    let unknown = || UpstreamError::Failed(format!("{}: use PNG, JPEG, GIF, WebP or SVG of at most 512 KiB", file.display()));
    Picture::checked(Bytes::from(bytes), said).ok_or_else(unknown)
}
