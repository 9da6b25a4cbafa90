//! `cargo xtask dev`: the widget with live reload, talking to a real proxy.

use crate::process::{self, Program};
use crate::servers::{Grants, Plan, Ports, Servers};
use crate::{Outcome, paths, say, tools};
use clap::Args;
use std::sync::mpsc;

/// Where Trunk.toml expects the proxy; the emulator and its site are beside it.
const PORTS: Ports = Ports { proxy: 8081, emulator: 8082, site: 8083 };

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The page's port.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

impl Dev {
    pub(crate) fn run(self) -> Outcome {
        tools::wasm_target()?;
        let tools = [tools::wasm_bindgen()?, tools::trunk()?];
        PORTS.must_be_free()?;
        let (stop, stopped) = mpsc::channel();
        process::listen_for_interrupt(stop);
        let folder = paths::root().join(".demo/dev");
        let page = format!("http://127.0.0.1:{}", self.port);
        // The page reaches the proxy through Trunk, so the proxy's address is the page's own.
        let plan = Plan {
            ports: PORTS,
            folder: &folder,
            built: None,
            release: false,
            pages: vec![page.clone(), format!("http://localhost:{}", self.port)],
            grants: Grants::Documented,
            stranger: false,
            settings: String::new(),
        };
        let mut servers = Servers::start(&plan)?;
        say::step(&format!("serving the widget at {page} (the first build takes about 3 minutes; Ctrl-C ends everything)"));
        servers.add(
            Program::new("trunk")
                .args(["serve", "--offline", "--port", &self.port.to_string()])
                .env("CARGO_TARGET_DIR", paths::target())
                .without_env("NO_COLOR")
                .path(&tools)?
                .start_in_sight("live reload")?,
        );
        servers.wait(&stopped)
    }
}
