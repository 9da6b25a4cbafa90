use super::{ConfigFile, Outcome, runtime};
use crate::app::App;
use crate::clock::{SystemClock, SystemDice};
use crate::config::{Admin, Config};
use crate::http::{serve, serve_admin};
use crate::metrics::Exposition;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let config = arguments.file.load()?;
    runtime()?.block_on(run_server(config))?;
    Ok(ExitCode::SUCCESS)
}

async fn run_server(mut config: Config) -> Result<(), String> {
    let address = config.server.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| format!("server.listen {address}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let admin = admin(&config.admin).await?;
    config.server.complete(address);
    let urls = config.server.public_urls.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let app = App::build(config, Arc::new(SystemClock), Arc::new(SystemDice)).await.map_err(|error| error.to_string())?;
    if let Some((listener, exposition)) = admin {
        tokio::spawn(exposition.clone().upkeep());
        tokio::spawn(serve_admin(listener, app.clone(), exposition));
    }
    tracing::info!("listening on {address}, reached as {urls}");
    serve(listener, app, told_to_stop()).await;
    tracing::info!("ended");
    Ok(())
}

/// The admin listener, if there is to be one; counting begins here, before anything can be counted.
async fn admin(settings: &Admin) -> Result<Option<(TcpListener, Exposition)>, String> {
    let Some(address) = settings.listen else { return Ok(None) };
    let listener = TcpListener::bind(address).await.map_err(|error| format!("admin.listen {address}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let exposition = Exposition::install().map_err(|error| error.to_string())?;
    tracing::info!("metrics at http://{address}/metrics");
    Ok(Some((listener, exposition)))
}

async fn told_to_stop() {
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending();
    tokio::select! {
        () = interrupted => {},
        () = terminated => {},
    }
    tracing::info!("told to stop: open streams are asked to end");
}
