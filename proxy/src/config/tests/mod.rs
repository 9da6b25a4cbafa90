mod upstreams;

use super::*;
use std::net::IpAddr;
use std::path::Path;

const CANARY: &str = "tk_canary_5f0d2c";
const SECRET: &str = "canary_0123456789_0123456789_0123456789";
const IDENTITY: &str =
    "[[identity]]\nissuer = \"https://www.example.com\"\nalgorithm = \"HS256\"\nsecret_env = \"TWINCHAT_IDENTITY_SECRET\"\n";
const UPSTREAM: &str = "[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"https://api.twinexpert.com\"\nkey_env = \"TWINCHAT_TWINEXPERT_KEY\"\n";

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::read(Path::new("/etc/twinchat/twinchat.toml"), text, &|name| match name {
        "TWINCHAT_TWINEXPERT_KEY" => Some(CANARY.to_owned()),
        "TWINCHAT_IDENTITY_SECRET" => Some(SECRET.to_owned()),
        _ => None,
    })
}

#[test]
fn the_settings_in_the_readme_and_in_troubleshooting_can_be_used() {
    for (document, more) in [("README.md", ""), ("docs/troubleshooting.md", UPSTREAM)] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document)).unwrap();
        let (_, rest) = text.split_once("```toml\n").expect("it shows settings");
        let (settings, _) = rest.split_once("```").unwrap();
        let config =
            read(&(more.to_owned() + &settings.lines().map(|line| format!("{}\n", line.trim_start())).collect::<String>())).unwrap();
        assert_eq!(config.upstreams.len(), 1);
        assert_eq!(config.server.allowed_origins.len(), 1, "{document}");
    }
}

#[test]
fn the_example_file_is_what_config_help_prints_and_can_be_used() {
    let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/twinchat.example.toml")).unwrap();
    assert_eq!(example, help(), "write it anew: cargo run -p twinchat-proxy -- config-help > proxy/twinchat.example.toml");
    read(&example).unwrap();
    // Every field, with the examples taken at their word.
    let is_setting = |line: &str| line.split_once(" = ").is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    // The twins' section is for other kinds than the example's; see `tests/upstreams.rs`.
    let (before, rest) = example.split_once("# One twin of the upstream above").unwrap();
    let after = &rest[rest.find("\n[server]").unwrap()..];
    let all: String = format!("{before}{after}")
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest) || rest.starts_with("[[")).unwrap_or(line))
        .filter(|line| !["key_file", "secret_file", "public_key_file", "jwks_url"].iter().any(|field| line.starts_with(field)))
        .map(|line| format!("{line}\n"))
        .collect();
    let config = read(&all).unwrap();
    assert_eq!(config.server.public_urls[0].as_str(), "https://chat.example.com");
}

#[test]
fn what_the_help_calls_a_default_is_the_default() {
    fn defaults(section: &str, settings: &[Setting]) -> String {
        let lines = settings.iter().filter(|setting| setting.kind == SettingKind::Default);
        lines.fold(format!("{section}\n"), |text, setting| format!("{text}{} = {}\n", setting.name, setting.example))
    }
    let written = [
        UPSTREAM.to_owned(),
        defaults("", UpstreamSection::SETTINGS),
        IDENTITY.to_owned(),
        defaults("", IdentitySection::SETTINGS),
        defaults(Server::SECTION, Server::SETTINGS),
        defaults(Tokens::SECTION, Tokens::SETTINGS),
        defaults(Store::SECTION, Store::SETTINGS),
        defaults(Widget::SECTION, Widget::SETTINGS),
        defaults(Limits::SECTION, Limits::SETTINGS),
        defaults(Retention::SECTION, Retention::SETTINGS),
        defaults(Admin::SECTION, Admin::SETTINGS),
        defaults(Replies::SECTION, Replies::SETTINGS),
    ];
    assert_eq!(format!("{:?}", read(&written.concat()).unwrap()), format!("{:?}", read(&format!("{UPSTREAM}{IDENTITY}")).unwrap()));
}

#[test]
fn the_shortest_settings_are_one_upstream_and_paths_are_relative_to_the_file() {
    let config = read(UPSTREAM).unwrap();
    assert_eq!(config.upstreams[0].key.as_ref().unwrap().expose(), CANARY);
    assert_eq!(config.store.path, Path::new("/etc/twinchat/twinchat.db"));
    let config = read(&format!("{UPSTREAM}[server]\nassets = \"dist\"\n[store]\npath = \"/var/lib/t.db\"\n")).unwrap();
    assert_eq!(config.server.assets.unwrap(), Path::new("/etc/twinchat/dist"));
    assert_eq!(config.store.path, Path::new("/var/lib/t.db"));
}

#[test]
fn the_key_is_in_no_debug_output() {
    let config = read(UPSTREAM).unwrap();
    for text in [format!("{config:?}"), format!("{config:#?}"), format!("{:?}", config.upstreams[0].key)] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn the_key_comes_from_a_file_without_the_line_end() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), format!("{CANARY}\n")).unwrap();
    let text = UPSTREAM.replace("key_env = \"TWINCHAT_TWINEXPERT_KEY\"", "key_file = \"key\"");
    let config = Config::read(&folder.path().join("twinchat.toml"), &text, &|_| None).unwrap();
    assert_eq!(config.upstreams[0].key.as_ref().unwrap().expose(), CANARY);
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_what_to_change() {
    let with = |line: &str| format!("{UPSTREAM}{line}\n");
    for (text, line, says) in [
        (with("[server]\nlisten_on = 1"), 7, "unknown field `listen_on`"),
        (with("[sever]"), 6, "unknown field `sever`"),
        (with("[server]\nlisten = 8787"), 7, "invalid type"),
        (with("[server]\nlisten = \"localhost:8787\""), 7, "server.listen: write an IP address and a port"),
        (with("[server]\n\nallowed_origins = [\"https://a.example/path\"]"), 8, "write \"https://a.example\""),
        (with("[server]\nallowed_origins = [\"*\"]"), 7, "wildcards are not accepted"),
        (with("[server]\nallowed_origins = [\"https://*.a.example\"]"), 7, "wildcards are not accepted"),
        (with("[server]\nallowed_origins = [\"null\"]"), 7, "cannot be allowed"),
        (with("[server]\nallowed_origins = [\"www.example.com\"]"), 7, "begin with https://"),
        (with("[server]\npublic_urls = [\"ftp://a.example\"]"), 7, "begin with https://"),
        (with("[server]\ntrusted_proxies = [\"nginx\"]"), 7, "write an address"),
        (with("[server]\ntrusted_proxies = [\"10.0.0.0/33\"]"), 7, "from 0 to 32"),
        (with("[widget]\naccent = \"blue\""), 7, "#rrggbb"),
        (with("[tokens]\nbearer = \"yes\""), 7, "expected a boolean"),
        (with("key = \"tk_canary_in_the_file\""), 6, "secrets are never in this file"),
        (with("api_key = \"tk_canary_in_the_file\""), 6, "key_env"),
        (with("[server]\ntoken = \"tk_canary_in_the_file\""), 7, "secrets are never in this file"),
        (with("[tokens]\nlifetime_seconds = \"tk_canary_in_the_file\""), 7, "invalid type: a text, expected u32"),
        (UPSTREAM.replace("twinexpert\"\n", "twinexprt\"\n"), 3, "unknown variant"),
        (UPSTREAM.replace("https://", "http://"), 4, "use https"),
        (UPSTREAM.replace(".com", ".com/api/v2"), 4, "with or without \"/api/v1\""),
        (UPSTREAM.replace("https://api", "https://user:tk_canary@api"), 4, "secrets do not belong"),
        (UPSTREAM.replace("\"main\"", "\"Main!\""), 2, "a-z"),
        (UPSTREAM.replace("name = \"main\"\n", ""), 1, "missing field `name`"),
        (UPSTREAM.replace("origin = \"https://api.twinexpert.com\"\n", ""), 1, "missing field `origin`"),
        ("[[upstream]\n".to_owned(), 1, ""),
    ] {
        let message = read(&text).unwrap_err().to_string();
        assert!(message.starts_with(&format!("/etc/twinchat/twinchat.toml:{line}: ")), "{message}\n{text}");
        assert!(message.contains(says), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
}

#[test]
fn every_mistake_is_said_at_once_in_the_order_of_the_lines() {
    let text = "[server]\nlisten = 8787\nallowed_origins = [\"https://a.example\", \"*\", \"null\"]\ncolour = 1\n\n[sever]\nx = 1\n\n\
                [tokens]\nlifetime_seconds = 5\n[limits]\nbody_bytes = \"many\"\n\n[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\n\
                key_env = \"ABSENT\"\n[[upstream]]\nkind = \"other\"\norigin = \"http://a.example\"\nkey_env = \"TWINCHAT_TWINEXPERT_KEY\"\n";
    let error = read(text).unwrap_err();
    let found: Vec<(Option<usize>, Option<&str>)> = error.problems.iter().map(|problem| (problem.line, problem.field.as_deref())).collect();
    let line = |line, field| (Some(line), Some(field));
    let expected = [
        line(2, "server.listen"),
        line(3, "server.allowed_origins"),
        line(3, "server.allowed_origins"),
        line(4, "server.colour"),
        line(6, "sever"),
        line(10, "tokens.lifetime_seconds"),
        line(12, "limits.body_bytes"),
        line(14, "upstream"),
        line(17, "upstream.key_env"),
        line(18, "upstream"),
        line(19, "upstream.kind"),
        line(20, "upstream.origin"),
    ];
    assert_eq!(found, expected, "{error}");
    let lines = error.to_string();
    assert_eq!(lines.lines().count(), expected.len());
    for says in ["twinchat.toml:14: missing field `origin`", "twinchat.toml:18: missing field `name`", "ABSENT is not set", "wildcards"] {
        assert!(lines.contains(says), "{says}\n{lines}");
    }
}

#[test]
fn a_damaged_file_is_not_said_to_lack_what_may_be_in_it() {
    let error = read(&UPSTREAM.replace("kind = ", "kind ").replace("[[", "[[ [")).unwrap_err();
    assert!(error.problems.iter().all(|problem| problem.line.is_some() && !problem.message.contains("missing")), "{error}");
}

#[test]
fn what_does_not_fit_together_is_said_too() {
    let section = |section: &str| format!("{UPSTREAM}{section}\n");
    for (text, says) in [
        (String::new(), "there is no upstream"),
        (UPSTREAM.repeat(2), "two upstreams have this name"),
        (UPSTREAM.replace("TWINCHAT_", "OTHER_"), "OTHER_TWINEXPERT_KEY is not set"),
        (UPSTREAM.replace("key_env = \"TWINCHAT_TWINEXPERT_KEY\"\n", ""), "say where the secret is, with key_env"),
        (section("key_file = \"key\""), "not both"),
        (UPSTREAM.replace("key_env = \"TWINCHAT_TWINEXPERT_KEY\"", "key_file = \"absent\""), "cannot be read"),
        (section("[tokens]\nlifetime_seconds = 59"), "tokens.lifetime_seconds is 59: choose a number from 60 to 3600"),
        (section("[server]\nlisten = \"0.0.0.0:8787\""), "server.public_urls is missing"),
    ] {
        let message = read(&text).unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }
    let empty = Config::read(Path::new("t.toml"), UPSTREAM, &|_| Some("  \n".to_owned())).unwrap_err().to_string();
    assert!(empty.contains("holds no key"), "{empty}");
}

#[test]
fn an_issuer_has_one_algorithm_and_its_key_in_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("short", "0123456789_0123456789_012345678\n");
    write("ed.pem", include_str!("../../../tests/fixtures/identity/ed25519.pub.pem"));
    write("ed_private.pem", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
    let public = |algorithm: &str, line: &str| format!("[[identity]]\nissuer = \"site\"\nalgorithm = \"{algorithm}\"\n{line}\n");
    let read = |identity: &str| Config::read(&folder.path().join("t.toml"), &format!("{UPSTREAM}{identity}"), &|_| Some(SECRET.to_owned()));
    let good = public("EdDSA", "public_key_file = \"ed.pem\"");
    assert_eq!(read(&format!("{IDENTITY}{good}")).unwrap().identities.len(), 2);
    for (identity, says) in [
        (IDENTITY.replace("HS256", "HS384"), "unknown variant"),
        (IDENTITY.replace("HS256", "none"), "unknown variant"),
        (IDENTITY.replace("https://www.example.com", ""), "1 to 255 bytes"),
        (IDENTITY.repeat(2), "two sections [[identity]] have the issuer"),
        (format!("{IDENTITY}secret_file = \"short\"\n"), "not both"),
        (format!("{IDENTITY}secret = \"{SECRET}\"\n"), "secrets are never in this file"),
        (format!("{IDENTITY}jwks_url = \"https://a.example/jwks.json\"\n"), "HS256 has a shared secret"),
        (format!("{IDENTITY}max_lifetime_seconds = 5\n"), "from 10 to 86400"),
        (format!("{IDENTITY}audience = \"\"\n"), "audience is empty"),
        (public("HS256", ""), "say where the secret is, with secret_env"),
        (public("HS256", "secret_file = \"short\""), "has 31 bytes where HS256 needs at least 32"),
        (public("RS256", ""), "RS256 needs a public key"),
        (public("RS256", "secret_env = \"X\""), "RS256 has a public key, not a secret"),
        (public("RS256", "public_key_file = \"ed.pem\""), "a key that is not for RS256"),
        (public("EdDSA", "public_key_file = \"ed_private.pem\""), "private key"),
        (public("EdDSA", "public_key_file = \"absent\""), "cannot be read"),
        (public("EdDSA", "public_key_file = \"ed.pem\"\njwks_url = \"https://a.example/jwks.json\""), "not both"),
        (public("ES256", "jwks_url = \"http://a.example/jwks.json\""), "use https"),
        (public("ES256", "jwks_url = \"file:///etc/passwd\""), "begin with https://"),
    ] {
        let message = read(&identity).unwrap_err().to_string();
        assert!(message.contains(says), "{message}\n{identity}");
        assert!(!message.contains("canary"), "{message}");
    }
    assert!(!format!("{:?}", read(IDENTITY).unwrap()).contains("canary"));
}

#[test]
fn an_upstream_may_be_named_with_or_without_its_path_and_in_the_clear_only_on_this_machine() {
    for (text, origin) in [
        ("https://api.twinexpert.com", Some("https://api.twinexpert.com")),
        ("https://api.twinexpert.com/", Some("https://api.twinexpert.com")),
        ("https://api.twinexpert.com/api/v1", Some("https://api.twinexpert.com")),
        ("https://API.twinexpert.com:443/api/v1/", Some("https://api.twinexpert.com")),
        ("http://127.0.0.1:4000", Some("http://127.0.0.1:4000")),
        ("http://localhost:4000/api/v1", Some("http://localhost:4000")),
        ("http://[::1]:4000", Some("http://[::1]:4000")),
        ("http://localhost.evil.example", None),
        ("http://127.0.0.1.evil.example", None),
        ("https://api.twinexpert.com/api", None),
        ("https://api.twinexpert.com/api/v1?x=1", None),
        ("https://api.twinexpert.com/api/v1#x", None),
        ("api.twinexpert.com", None),
        ("", None),
    ] {
        let config = read(&UPSTREAM.replace("https://api.twinexpert.com", text));
        assert_eq!(config.as_ref().ok().map(|config| config.upstreams[0].origin.as_str()), origin, "{text}");
        assert!(config.is_err() || config.unwrap().upstreams[0].base == "/api/v1", "{text}");
    }
}

#[test]
fn the_look_alike_host_and_a_chat_that_no_page_can_use_are_warned_of() {
    let config = read(&UPSTREAM.replace("twinexpert.com", "twineexpert.com")).unwrap();
    let warnings = config.warnings().join("\n");
    assert!(warnings.contains("spell this host in two ways") && warnings.contains("allowed_origins is empty"), "{warnings}");
    let config = read(&format!("{UPSTREAM}[server]\nallowed_origins = [\"https://www.example.com\"]")).unwrap();
    assert_eq!(config.warnings(), Vec::<String>::new());
}

#[test]
fn a_server_on_the_loopback_address_knows_how_it_is_reached() {
    let mut server = read(UPSTREAM).unwrap().server;
    server.complete("127.0.0.1:8787".parse().unwrap());
    let urls: Vec<&str> = server.public_urls.iter().map(PublicUrl::as_str).collect();
    assert_eq!(urls, ["http://127.0.0.1:8787", "http://localhost:8787"]);
    assert!(server.allows("http://localhost:8787") && !server.allows("http://localhost:8788"));
    let text = format!("{UPSTREAM}[server]\npublic_urls = [\"https://www.example.com/chat/\"]");
    let mut server = read(&text).unwrap().server;
    server.complete("127.0.0.1:8787".parse().unwrap());
    assert_eq!(server.public_urls, [PublicUrl::parse("https://www.example.com/chat").unwrap()]);
    assert!(server.allows("https://www.example.com"));
}

#[test]
fn networks_hold_the_addresses_they_say() {
    let is_in = |network: &str, address: &str| Network::parse(network).unwrap().contains(address.parse::<IpAddr>().unwrap());
    assert!(is_in("10.0.0.0/8", "10.255.0.1") && !is_in("10.0.0.0/8", "11.0.0.1"));
    assert!(is_in("192.0.2.7", "192.0.2.7") && !is_in("192.0.2.7", "192.0.2.6"));
    assert!(is_in("192.0.2.7", "::ffff:192.0.2.7"));
    assert!(is_in("2001:db8::/32", "2001:db8:1::1") && !is_in("2001:db8::/32", "2001:db9::1"));
    assert!(is_in("0.0.0.0/0", "8.8.8.8") && !is_in("0.0.0.0/0", "::1"));
}

#[test]
fn browsers_are_told_to_insist_on_https_only_where_nothing_else_is_served() {
    let insists = |urls: &str| {
        let text = format!("{UPSTREAM}[server]\npublic_urls = {urls}\n");
        read(&text).unwrap().server.is_https_only()
    };
    assert!(insists("[\"https://chat.example.com\"]"));
    assert!(!insists("[\"https://chat.example.com\", \"http://chat.example.com\"]"));
    assert!(!insists("[\"https://www.example.com/chat\"]"), "the host is the site's");
    assert!(!insists("[]"));
}

#[test]
fn a_key_put_where_the_name_of_its_place_belongs_is_not_repeated() {
    for field in ["key_env", "key_file"] {
        let text = UPSTREAM.replace("key_env = \"TWINCHAT_TWINEXPERT_KEY\"", &format!("{field} = \"txp_live_0123456789\""));
        let error = Config::read(Path::new("t.toml"), &text, &|_| None).unwrap_err().to_string();
        assert!(error.contains(&format!("that {field} names")) && !error.contains("txp_live"), "{field}: {error}");
    }
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_how_to_write_it() {
    let error = |text: &str| read(text).unwrap_err().to_string();
    assert!(error(&format!("{UPSTREAM}[server]\n[server]\n")).contains("stands twice in the file: keep one"));
    assert!(error("[server\nlisten = 1").contains("write `name = value`"));
}
