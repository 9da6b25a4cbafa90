use super::{ConfigFile, Outcome};
use crate::app::App;
use crate::clock::{SystemClock, SystemDice};
use crate::config::{Admin, Config};
use crate::http::{Workers, serve, serve_admin};
use crate::metrics::Exposition;
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::watch;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let config = arguments.file.load()?;
    let cannot = |error: std::io::Error| format!("the threads that answer could not be started: {error}");
    let workers = Workers::start(available_parallelism().map_or(1, NonZero::get)).map_err(cannot)?;
    // This thread accepts connections and does what belongs to none.
    let runtime = Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    runtime.block_on(run_server(config, workers))?;
    Ok(ExitCode::SUCCESS)
}

async fn run_server(mut config: Config, workers: Workers) -> Result<(), String> {
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
    let told = watch::Sender::new(0);
    let (once, twice) = (told_to_stop(told.subscribe(), 1), told_to_stop(told.subscribe(), 2));
    tokio::spawn(listen_for_the_end(told));
    let once = async {
        once.await;
        tracing::info!("told to stop: open streams are asked to end; told again, the server ends at once");
    };
    tokio::select! {
        () = serve(listener, app, workers, once) => tracing::info!("ended"),
        // What was being written is found as interrupted at the next start.
        () = twice => tracing::warn!("told to stop again: ended at once"),
    }
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

/// Resolves when the process was told so often.
async fn told_to_stop(mut told: watch::Receiver<u32>, times: u32) {
    if told.wait_for(|told| *told >= times).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Counts Ctrl-C and SIGTERM.
async fn listen_for_the_end(told: watch::Sender<u32>) {
    #[cfg(unix)]
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    loop {
        #[cfg(unix)]
        let terminated = async {
            match &mut terminated {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        };
        #[cfg(not(unix))]
        let terminated = std::future::pending();
        tokio::select! {
            Ok(()) = tokio::signal::ctrl_c() => {}
            () = terminated => {}
            else => return,
        }
        told.send_modify(|told| *told += 1);
    }
}
