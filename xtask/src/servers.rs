//! The demo's servers: the emulator with the pretend site, and the proxy.

use crate::process::{Program, Server};
use crate::upstreams::Upstreams;
use crate::{Outcome, paths, say};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(30);
/// Settings that keep nobody waiting.
const UNLIMITED: &str = "\n[limits]\nvisitor_requests_per_minute = 1000000\nvisitor_messages_per_minute = 1000000\n\
    token_requests_per_minute = 1000000\naddress_requests_per_minute = 1000000\n";
/// Where what is in examples/ is served: by Next.js, by Vite, and by hand.
const EXAMPLES: [u16; 3] = [3000, 5173, 8000];
const KEY_VARIABLE: &str = "TWINCHAT_TWINEXPERT_KEY";
const SECRET_VARIABLE: &str = "TWINCHAT_IDENTITY_SECRET";

/// Three ports in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    /// The pretend owner's site.
    pub(crate) site: u16,
    /// The proxy.
    pub(crate) proxy: u16,
    /// The pretend upstream.
    pub(crate) emulator: u16,
}

impl Ports {
    /// The port asked for and the two after it; when none was asked for, the first three free ones from 8080.
    pub(crate) fn choose(wanted: Option<u16>) -> Outcome<Self> {
        let from = |site: u16| Self { site, proxy: site + 1, emulator: site + 2 };
        if let Some(site) = wanted {
            if site > u16::MAX - 2 {
                return Err(format!("there are no two ports after {site}: choose a lower one with --port."));
            }
            return match from(site).taken() {
                Some(port) => Err(format!("port {port} is taken by another program: choose three free ones in a row with --port.")),
                None => Ok(from(site)),
            };
        }
        (8080..8580)
            .step_by(10)
            .map(from)
            .find(|ports| ports.taken().is_none())
            .ok_or_else(|| "no three free ports in a row from 8080 on: choose some with --port.".to_owned())
    }

    /// An error that names the port which is not.
    pub(crate) fn must_be_free(self) -> Outcome {
        self.taken().map_or(Ok(()), |port| Err(format!("port {port} is taken by another program: end that one first.")))
    }

    fn taken(self) -> Option<u16> {
        [self.site, self.proxy, self.emulator].into_iter().find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err())
    }
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// What is to be started.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Where they listen.
    pub(crate) ports: Ports,
    /// Where settings, database and logs go.
    pub(crate) folder: &'a Path,
    /// What is built for the browser; without it the proxy serves no widget and there is no site.
    pub(crate) built: Option<Built>,
    /// Whether to run the optimised programs.
    pub(crate) release: bool,
    /// More origins under which pages reach the proxy.
    pub(crate) pages: Vec<String>,
    /// How much may be asked.
    pub(crate) grants: Grants,
    /// Whether there is a server of models that is none of ours, aimock, with a twin of its own.
    pub(crate) stranger: bool,
    /// More sections of the proxy's settings.
    pub(crate) settings: String,
}

/// How much may be asked of the pretend upstream, and of the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grants {
    /// As documented.
    Documented,
    /// Nobody is limited and answers come at once: for programs that try many things.
    Unlimited,
    /// A request every other second: who comes together waits in line, and not for long.
    Scarce,
}

impl Grants {
    /// Options of the emulator.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Documented => &[],
            Self::Unlimited => &["--pace", "instant", "--full-access-limit", "1000000,1000000"],
            Self::Scarce => &["--pace", "instant", "--full-access-limit", "1800,8"],
        }
    }

    /// The proxy's settings: of the upstream, then sections after it.
    fn settings(self) -> &'static str {
        match self {
            Self::Documented => "",
            Self::Unlimited => UNLIMITED,
            Self::Scarce => "requests_per_hour = 1800\nburst = 8\n\n[limits]\nqueue_seconds = 10\nvisitor_messages_per_minute = 1000000\n",
        }
    }
}

/// What is built for the browser.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    /// The files to ship.
    pub(crate) dist: PathBuf,
    /// The pretend owner's site.
    pub(crate) site: PathBuf,
}

/// All of it, running.
#[derive(Debug)]
pub(crate) struct Servers {
    /// What a program needs to know to use it.
    pub(crate) addresses: Value,
    running: Vec<Server>,
}

impl Servers {
    /// Builds the programs if need be, starts them, and waits until everything answers.
    pub(crate) fn start(plan: &Plan<'_>) -> Outcome<Self> {
        let programs = build(plan.release)?;
        paths::make(plan.folder.to_owned())?;
        let Ports { site, proxy, emulator } = plan.ports;
        let (key, secret) = (fresh_key()?, fresh_key()?);
        let mut upstream = Program::new(programs.join("twinchat-emulator"))
            .args(["--json", "--port", &emulator.to_string()])
            .args(plan.grants.options())
            .env("TWINCHAT_EMULATOR_KEY", &key);
        if let Some(built) = &plan.built {
            upstream = upstream.args(["--site-port", &site.to_string(), "--proxy", &local(proxy), "--site-dir"]).args([&built.site]);
        }
        let mut running = vec![upstream.start("emulator", &plan.folder.join("emulator.log"))?];
        wait_for(emulator, "/__emulator", &mut running)?;
        let told = told_by(&plan.folder.join("emulator.log"), &mut running)?;
        let mut upstreams = Upstreams::of(&told);
        if plan.stranger {
            upstreams.stranger(&told, &stranger(plan.folder, &mut running)?);
        }
        fs::write(plan.folder.join("twinchat.toml"), settings(plan) + &upstreams.settings + &plan.settings)
            .map_err(|error| format!("cannot write the proxy's settings: {error}"))?;
        // The pretend upstreams begin with nothing and give the same ids again: what a proxy kept of their last start
        // would be somebody else's conversations.
        for file in ["twinchat.db", "twinchat.db-wal", "twinchat.db-shm"] {
            let _ = fs::remove_file(plan.folder.join(file));
        }
        let mut server = Program::new(programs.join("twinchat-proxy"))
            .args(["serve", "--config"])
            .args([plan.folder.join("twinchat.toml")])
            .env(KEY_VARIABLE, &key)
            .env(SECRET_VARIABLE, &secret);
        for (variable, secret) in &upstreams.secrets {
            server = server.env(variable, secret);
        }
        running.push(server.start("proxy", &plan.folder.join("proxy.log"))?);
        for (port, path) in [(proxy, "/readyz"), (site, "/")].into_iter().take(if plan.built.is_some() { 2 } else { 1 }) {
            wait_for(port, path, &mut running)?;
        }
        let addresses = serde_json::json!({
            "site": local(site), "proxy": local(proxy), "emulator": local(emulator),
            "twinexpert_key": key, "twinexpert_jwt": told["twinexpert_jwt"],
            "identity_secret": secret, "twin": told["twin"], "proxy_twin": first_twin(proxy, &visitor_token(plan.ports)?)?,
        });
        Ok(Self { addresses, running })
    }

    /// Stays until told to stop, or until one of them ends by itself.
    pub(crate) fn wait(&mut self, stop: &Receiver<()>) -> Outcome {
        loop {
            match stop.recv_timeout(Duration::from_millis(500)) {
                Err(RecvTimeoutError::Timeout) => self.running.iter_mut().try_for_each(Server::still_running)?,
                _ => return Ok(()),
            }
        }
    }

    /// One more program that ends with them.
    pub(crate) fn add(&mut self, server: Server) {
        self.running.push(server);
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // Last started, first ended.
        while self.running.pop().is_some() {}
    }
}

/// The folder with both programs.
fn build(release: bool) -> Outcome<PathBuf> {
    say::step("building proxy and emulator (about 4 minutes the first time, then seconds)");
    let profile: &[&str] = if release { &["--release"] } else { &[] };
    Program::cargo().args(["build", "--locked", "-p", "twinchat-proxy", "-p", "twinchat-emulator", "--bins"]).args(profile).run()?;
    Ok(paths::target().join(if release { "release" } else { "debug" }))
}

/// The proxy's settings file. The key is not in it.
fn settings(plan: &Plan<'_>) -> String {
    let Ports { site, proxy, emulator } = plan.ports;
    let mut origins = vec![local(site), format!("http://localhost:{site}")];
    let mut urls = vec![local(proxy), format!("http://localhost:{proxy}")];
    origins.extend(plan.pages.iter().cloned());
    origins.extend(EXAMPLES.iter().flat_map(|port| [local(*port), format!("http://localhost:{port}")]));
    urls.extend(plan.pages.iter().cloned());
    let assets = plan.built.as_ref().map(|built| format!("assets = {:?}\n", built.dist.display().to_string())).unwrap_or_default();
    let granted = plan.grants.settings();
    format!(
        "# Written by cargo xtask; every start writes it anew.\n\
         [server]\nlisten = \"127.0.0.1:{proxy}\"\npublic_urls = {urls:?}\nallowed_origins = {origins:?}\n{assets}\n\
         [store]\npath = \"twinchat.db\"\n\n\
         [[identity]]\nissuer = \"{}\"\nalgorithm = \"HS256\"\nsecret_env = \"{SECRET_VARIABLE}\"\n\n\
         [[upstream]]\nname = \"demo\"\nkind = \"twinexpert\"\norigin = \"{}\"\nkey_env = \"{KEY_VARIABLE}\"\n{granted}",
        local(site),
        local(emulator),
    )
}

/// A key in the upstream's form; a fresh one for each start, so that a leaked one is worth nothing.
fn fresh_key() -> Outcome<String> {
    let mut bytes = [0; 20];
    fs::File::open("/dev/urandom").and_then(|mut dice| dice.read_exact(&mut bytes)).map_err(|error| format!("no randomness: {error}"))?;
    Ok(bytes.iter().fold("txp_live_".to_owned(), |text, byte| format!("{text}{byte:02x}")))
}

/// What the emulator says of itself, which it does once it answers.
fn told_by(log: &Path, running: &mut [Server]) -> Outcome<Value> {
    patiently(running, || last_json(log))
}

/// Looks until there is something, for as long as all of them run.
fn patiently<T>(running: &mut [Server], look: impl Fn() -> Outcome<T>) -> Outcome<T> {
    let mut seen = look();
    for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
        if seen.is_ok() {
            break;
        }
        running.iter_mut().try_for_each(Server::still_running)?;
        std::thread::sleep(LOOK_EVERY);
        seen = look();
    }
    seen
}

/// Starts the server of models that somebody else wrote, and says where it listens.
fn stranger(folder: &Path, running: &mut Vec<Server>) -> Outcome<String> {
    let log = folder.join("stranger.log");
    let program = Program::new("node").args(["node_modules/@copilotkit/aimock/dist/cli.js", "--host", "127.0.0.1", "--port", "0"]);
    running.push(program.args(["--fixtures", "tests/e2e/fixtures/stranger.json"]).start("server of models", &log)?);
    patiently(running, || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let origin = text.lines().find_map(|line| line.split_once("listening on ")).map(|(_, origin)| origin.trim().to_owned());
        origin.ok_or_else(|| format!("{} does not say where it listens.", log.display()))
    })
}

/// The line of JSON in a log.
fn last_json(log: &Path) -> Outcome<Value> {
    let text = fs::read_to_string(log).map_err(|error| format!("cannot read {}: {error}", log.display()))?;
    text.lines().rev().find_map(|line| serde_json::from_str(line).ok()).ok_or_else(|| format!("{} has no line of JSON.", log.display()))
}

fn wait_for(port: u16, path: &str, running: &mut [Server]) -> Outcome {
    for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
        if request(port, &format!("GET {path} HTTP/1.1\r\n"), "").is_ok() {
            return Ok(());
        }
        running.iter_mut().try_for_each(Server::still_running)?;
        std::thread::sleep(LOOK_EVERY);
    }
    let words: String = running.iter().map(Server::last_words).collect();
    Err(format!("{}{path} did not answer within {} s.{words}", local(port), PATIENCE.as_secs()))
}

fn first_twin(port: u16, token: &str) -> Outcome<String> {
    let answer = request(port, &format!("GET /api/v1/twins HTTP/1.1\r\nAuthorization: Bearer {token}\r\n"), "")?;
    let found = serde_json::from_str::<Value>(&answer).ok().and_then(|list| list["data"][0]["id"].as_str().map(str::to_owned));
    found.ok_or_else(|| format!("{}/api/v1/twins names no twin: {answer}", local(port)))
}

/// A token as a widget without keys would get it, for the proxy's list of twins.
pub(crate) fn visitor_token(ports: Ports) -> Outcome<String> {
    let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
                &subject_token_type=urn%3Atwinchat%3Aparams%3Aoauth%3Atoken-type%3Avisitor-secret&subject_token=new";
    let head = format!(
        "POST /oauth/token HTTP/1.1\r\nOrigin: {}\r\nX-TwinChat: 1\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        local(ports.site)
    );
    let answer = request(ports.proxy, &head, form)?;
    let token = serde_json::from_str::<Value>(&answer).ok().and_then(|body| body["access_token"].as_str().map(str::to_owned));
    token.ok_or_else(|| format!("the proxy gave no token: {answer}"))
}

/// One plain request on the loopback address; the answer's body, whatever its status.
fn request(port: u16, head: &str, body: &str) -> Outcome<String> {
    let exchange = || {
        let mut line = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        line.set_read_timeout(Some(PATIENCE))?;
        write!(line, "{head}Host: 127.0.0.1:{port}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())?;
        let mut answer = Vec::new();
        line.read_to_end(&mut answer)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = exchange().map_err(|error| format!("{}: {error}", local(port)))?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).ok_or_else(|| format!("{} did not answer in HTTP.", local(port)))
}

#[cfg(test)]
mod tests {
    use super::Ports;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn a_taken_port_is_named_and_without_a_wish_others_are_found() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(Ports::choose(Some(port)).unwrap_err().contains(&format!("port {port} is taken")));
        let ports = Ports::choose(None).unwrap();
        assert_eq!((ports.proxy, ports.emulator), (ports.site + 1, ports.site + 2));
        assert!(Ports::choose(Some(u16::MAX)).is_err());
    }
}
