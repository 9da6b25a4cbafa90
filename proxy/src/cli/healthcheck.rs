use super::{ConfigFile, Outcome, runtime};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
}

/// Asks the server of these settings, on this machine, whether it is ready.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let config = arguments.file.read()?;
    let address = reachable(config.server.listen);
    let asked = async {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        client.get(format!("http://{address}/readyz")).send().await?.error_for_status()?.text().await
    };
    let said = runtime()?.block_on(asked).map_err(|error| format!("not ready: {error}"))?;
    println!("{said}");
    Ok(ExitCode::SUCCESS)
}

/// A server on all addresses is reached on the loopback address.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, listen.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, listen.port()).into(),
        _ => listen,
    }
}
