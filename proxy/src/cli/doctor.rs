use super::{ConfigFile, Outcome, runtime};
use crate::clock::{Clock, Dice, SystemClock, SystemDice};
use crate::doctor::{Finding, Trial, Verdict, examine};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Sends this to a twin of each upstream, to see whether a reply comes. Makes a conversation there.
    #[arg(long, value_name = "TEXT", visible_alias = "message")]
    send: Option<String>,
    /// Makes a conversation at each upstream and records what it answers, byte for byte, into this folder.
    #[arg(long, value_name = "DIR")]
    capture: Option<PathBuf>,
    /// The twin to ask, by the upstream's id. [default: the first]
    #[arg(long, value_name = "ID")]
    twin: Option<String>,
    /// Prints one JSON object: `verdict` and `findings` (`topic`, `verdict`, `seen`, `advice`).
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let mut config = arguments.file.read()?;
    config.server.complete(config.server.listen);
    let (clock, dice): (Arc<dyn Clock>, Arc<dyn Dice>) = (Arc::new(SystemClock), Arc::new(SystemDice));
    let trial = Trial { message: arguments.send.clone(), capture: arguments.capture.clone(), twin: arguments.twin.clone() };
    let findings = runtime()?.block_on(examine(&config, &clock, &dice, &trial));
    let worst = findings.iter().map(|finding| finding.verdict).filter(|verdict| *verdict != Verdict::Skipped).max().unwrap_or(Verdict::Ok);
    if arguments.json {
        println!("{}", json!({"verdict": worst, "findings": findings}));
    } else {
        findings.iter().for_each(print);
        let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
        println!("\n{} ok, {} warning(s), {} failed", count(Verdict::Ok), count(Verdict::Warning), count(Verdict::Failed));
    }
    Ok(if worst == Verdict::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(finding: &Finding) {
    let verdict = match finding.verdict {
        Verdict::Ok => "ok",
        Verdict::Skipped => "skipped",
        Verdict::Warning => "warning",
        Verdict::Failed => "FAILED",
    };
    println!("{verdict:<8} {}: {}", finding.topic, finding.seen);
    if let Some(advice) = &finding.advice {
        println!("{:<8} -> {advice}", "");
    }
}
