//! The documents' own programs run against the emulator.

use crate::support::{Client, instant};
use std::path::Path;
use twinchat_emulator::examples::{Target, assert_all_worked, run_all};

#[tokio::test(flavor = "multi_thread")]
async fn the_published_programs_run_unchanged_except_for_address_and_key() {
    let client = Client::start(instant()).await;
    let target = Target {
        origin: client.emulator.origin(),
        key: client.emulator.key().to_owned(),
        jwt: Some(client.emulator.jwt().to_owned()),
        twin_id: client.emulator.twins()[0].id.clone(),
    };
    let runs = tokio::task::spawn_blocking(move || run_all(&target, Path::new(env!("CARGO_TARGET_TMPDIR")))).await.unwrap().unwrap();
    assert_eq!(runs.len(), 15);
    assert_all_worked(&runs);
}
