//! `cargo xtask bench`: the widget in a browser, as it is shipped, in front of a real proxy.

use crate::process::Program;
use crate::servers::{Grants, Plan, Ports, Servers};
use crate::{Outcome, browser, dist, harness, npm, paths, say};
use clap::Args;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};

#[derive(Debug, Args)]
pub(crate) struct Widget {
    /// One round of the most telling ones: a minute, for a first look.
    #[arg(long)]
    quick: bool,
    /// How often each is measured; the median counts. [default: 3, with --quick 1]
    #[arg(long)]
    rounds: Option<u32>,
    /// Only those with this in their name, such as `stream-mixed` or `history`; can be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Says where the main thread's time went, and keeps the traces for DevTools. That costs time of its own.
    #[arg(long = "where", conflicts_with = "write")]
    whereto: bool,
    /// Writes the figures into docs/figures.md.
    #[arg(long)]
    write: bool,
}

impl Widget {
    pub(crate) fn run(self) -> Outcome {
        npm::installed()?;
        let chrome = browser::installed()?.chrome;
        let built = dist::built()?;
        harness::run()?;
        let folder = paths::scratch("bench/run")?;
        // An old database would hold what an earlier run has made.
        fs::remove_dir_all(&folder)
            .and_then(|()| fs::create_dir_all(&folder))
            .map_err(|error| format!("cannot empty {}: {error}", folder.display()))?;
        let ports = Ports::choose(None)?;
        let port = free_port()?;
        let site = format!("http://127.0.0.1:{port}");
        let _pretend = Program::new("node")
            .args(["benches/widget/pretend.mjs", &port.to_string(), &format!("http://127.0.0.1:{}", ports.proxy)])
            .start("pretend site", &folder.join("pretend.log"))?;
        let plan = Plan {
            ports,
            folder: &folder,
            built: Some(built),
            release: true,
            pages: vec![site.clone()],
            grants: Grants::Unlimited,
            stranger: false,
            settings: settings(&site),
        };
        let servers = Servers::start(&plan)?;
        let out = paths::scratch("bench")?;
        let world = serde_json::json!({
            "site": site, "proxy": servers.addresses["proxy"], "out": out, "twin": "bench",
            "issuer": {"site": servers.addresses["site"], "proxy": servers.addresses["proxy"], "secret": servers.addresses["identity_secret"]},
            "harness_files": paths::root().join("dist/harness"),
        });
        say::step(if self.quick { "measuring (about 2 minutes)" } else { "measuring; keep the machine quiet (about 15 minutes)" });
        Program::new("node")
            .args(["benches/widget/bench.mjs"])
            .args(self.arguments())
            .env("TWINCHAT_BENCH", world.to_string())
            .env("CHROME", chrome)
            .run()
    }

    fn arguments(self) -> Vec<String> {
        let mut all = Vec::new();
        all.extend(self.quick.then(|| "--quick".to_owned()));
        all.extend(self.rounds.map(|rounds| format!("--rounds={rounds}")));
        all.extend(self.only.into_iter().map(|name| format!("--only={name}")));
        all.extend(self.whereto.then(|| "--where".to_owned()));
        all.extend(self.write.then(|| "--write=docs/figures.md".to_owned()));
        all
    }
}

/// A twin that answers as the message asks for, as quickly as it can.
fn settings(origin: &str) -> String {
    format!(
        "\n[[upstream]]\nname = \"bench\"\nkind = \"openai\"\norigin = {origin:?}\nrequests_per_hour = 1000000\nburst = 1000000\n\
         [[upstream.twin]]\nid = \"bench\"\nname = \"Bench\"\nmodel = \"bench\"\n"
    )
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}
