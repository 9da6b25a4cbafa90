//! This machine: database, disk, files, public addresses.

use super::Finding;
use super::certificate::causes;
use crate::assets::Assets;
use crate::config::{Config, PublicUrl};
use crate::store::inspect;
use reqwest::{Client, redirect};
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// How long an address of ours may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Free bytes below which something is wrong soon, and now.
const LITTLE: u64 = 1 << 30;
const TOO_LITTLE: u64 = 64 << 20;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![store(&config.store.path).await];
    findings.extend(disk(&config.store.path));
    findings.push(assets(config.server.assets.as_deref()));
    for url in &config.server.public_urls {
        findings.push(public_url(url).await);
    }
    // Those of the upstreams were told with them.
    let others = config.warnings().into_iter().filter(|warning| !warning.starts_with("upstream "));
    findings.extend(others.map(|warning| Finding::warning("settings", warning, "look at the settings file")));
    findings
}

async fn store(path: &Path) -> Finding {
    let topic = "store";
    if !path.exists() {
        return match folder_of(path).metadata() {
            Ok(folder) if folder.is_dir() && !folder.permissions().readonly() => {
                Finding::ok(topic, format!("{} is made at the first start", path.display()))
            }
            Ok(_) => Finding::failed(
                topic,
                format!("{} cannot be written", folder_of(path).display()),
                "give the server's user the right to write there",
            ),
            Err(error) => Finding::warning(
                topic,
                format!("{}: {error}", folder_of(path).display()),
                "it is made at the first start, if that is allowed",
            ),
        };
    }
    match inspect(path).await {
        Ok(found) => {
            let seen = format!("{}: {} bytes, {} conversations, can be written", path.display(), found.bytes, found.conversations);
            Finding::ok(topic, seen)
        }
        Err(error) => Finding::failed(
            topic,
            format!("{}: {error}", path.display()),
            "check who owns the file, and the disk; docs/deploying.md says how to restore a backup",
        ),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn disk(path: &Path) -> Option<Finding> {
    let found = rustix::fs::statvfs(folder_of(path)).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let seen = format!("{} MiB free", free >> 20);
    Some(match free {
        0..TOO_LITTLE => Finding::failed("disk", seen, "make room: what is said cannot be kept"),
        TOO_LITTLE..LITTLE => Finding::warning("disk", seen, "make room, or keep conversations for fewer days ([retention])"),
        _ => Finding::ok("disk", seen),
    })
}

#[cfg(not(unix))]
fn disk(_: &Path) -> Option<Finding> {
    None
}

/// What the build says there has to be.
#[derive(Deserialize)]
struct Manifest {
    files: Vec<ManifestFile>,
}

#[derive(Deserialize)]
struct ManifestFile {
    path: String,
}

fn assets(folder: Option<&Path>) -> Finding {
    let topic = "widget files";
    let Some(folder) = folder else {
        return Finding::warning(
            topic,
            "no `assets` under [server]",
            "name the folder of the widget, unless your pages load it from elsewhere",
        );
    };
    let again = "copy the whole folder that `cargo xtask dist` makes";
    let assets = match Assets::read(folder) {
        Ok(assets) => assets,
        Err(error) => return Finding::failed(topic, format!("{}: {error}", folder.display()), again),
    };
    let manifest = assets.get("/manifest.json").and_then(|asset| serde_json::from_slice::<Manifest>(&asset.identity.bytes).ok());
    let Some(manifest) = manifest else {
        return Finding::failed(topic, format!("{} has no manifest.json", folder.display()), again);
    };
    let missing: Vec<String> =
        manifest.files.into_iter().map(|file| file.path).filter(|path| assets.get(&format!("/{path}")).is_none()).collect();
    match missing.len() {
        0 => Finding::ok(topic, format!("{}: complete, {} files", folder.display(), assets.len())),
        _ => Finding::failed(topic, format!("{} lacks {}", folder.display(), missing.join(", ")), again),
    }
}

async fn public_url(url: &PublicUrl) -> Finding {
    let topic = format!("public address {url}");
    let client = match Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(PATIENCE).build() {
        Ok(client) => client,
        Err(error) => return Finding::failed(topic, causes(&error), "this is a bug; please report it"),
    };
    let start = "start the server and look again; then check the name, the reverse proxy and the firewall";
    match client.get(format!("{url}/healthz")).send().await {
        Err(error) => Finding::warning(topic, causes(&error), start),
        Ok(answer) => {
            let status = answer.status();
            match answer.text().await {
                Ok(body) if status.is_success() && body == "ok" => Finding::ok(topic, "answers"),
                _ => Finding::warning(topic, format!("somebody else answers: {status}"), start),
            }
        }
    }
}
