//! `cargo xtask demo`: everything, running, on this machine.

use crate::servers::{Grants, Plan, Ports, Servers};
use crate::{Outcome, dist, paths, process, say};
use clap::Args;
use std::sync::mpsc;

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Prints one line of JSON when everything answers: `site`, `proxy` and `emulator` (addresses), `twinexpert_key`
    /// and `twinexpert_jwt` (the emulator's credentials), `twin` (a twin's id at the emulator), `proxy_twin` (the same
    /// twin's id at the proxy).
    #[arg(long)]
    json: bool,
    /// The site's port; the proxy takes the next one and the emulator the one after it. [default: the first free from 8080]
    #[arg(long)]
    port: Option<u16>,
    /// Runs the optimised servers.
    #[arg(long)]
    release: bool,
}

impl Demo {
    pub(crate) fn run(self) -> Outcome {
        let ports = Ports::choose(self.port)?;
        let built = dist::built()?;
        let (stop, stopped) = mpsc::channel();
        process::listen_for_interrupt(stop);
        say::step("starting emulator, proxy and site");
        let folder = paths::root().join(".demo");
        let plan = Plan {
            ports,
            folder: &folder,
            built: Some(built),
            release: self.release,
            pages: Vec::new(),
            grants: Grants::Documented,
            stranger: false,
            settings: String::new(),
        };
        let mut servers = Servers::start(&plan)?;
        if self.json {
            println!("{}", servers.addresses);
        } else {
            welcome(&servers);
        }
        let outcome = servers.wait(&stopped);
        say::step("ending emulator, proxy and site");
        outcome
    }
}

fn welcome(servers: &Servers) {
    let text = |name: &str| servers.addresses[name].as_str().unwrap_or_default().to_owned();
    println!(
        "
  The site with the widget   {}
  Its playground             {}/playground.html  (choose, look, copy the lines)
  The proxy                  {}  (its API: /openapi.json)
  The pretend upstream       {}

  Open the site, press the bubble, pick a twin and write to it.
  Things to try: close the tab while it answers and come back; go offline; switch the language; a phone's screen.
  Conversations and logs are in .demo/. Ctrl-C ends everything.
",
        text("site"),
        text("site"),
        text("proxy"),
        text("emulator"),
    );
}
