use super::*;
use std::path::Path;

#[test]
fn the_example_file_is_what_config_help_prints() {
    let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/twinchat.example.toml")).unwrap();
    assert_eq!(example, help(), "write it anew: cargo run -p twinchat-proxy -- config-help > proxy/twinchat.example.toml");
}

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::read(Path::new("twinchat.toml"), text, &|name| (name == "TWINCHAT_TWINEXPERT_KEY").then(|| CANARY.to_owned()))
}
const CANARY: &str = "tk_canary_5f0d2c";
const UPSTREAM: &str = "[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"https://api.twinexpert.com\"\nkey_env = \"TWINCHAT_TWINEXPERT_KEY\"\n";

#[test]
fn the_shortest_settings_are_one_upstream() {
    let config = read(UPSTREAM).unwrap();
    assert_eq!(config.upstreams[0].key.expose(), CANARY);
    assert!(!format!("{config:?}").contains(CANARY));
}
