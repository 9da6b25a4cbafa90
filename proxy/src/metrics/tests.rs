use super::*;

#[test]
fn the_documents_list_every_series() {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md")).unwrap();
    assert!(document.contains(&table()), "docs/metrics.md needs this table:\n\n{}", table());
}

#[test]
fn names_follow_prometheus_conventions() {
    for series in SERIES {
        assert!(series.name.starts_with("twinchat_") && series.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        assert_eq!(series.name.ends_with("_total"), series.kind == Kind::Counter, "{}", series.name);
        assert_eq!(series.name.ends_with("_seconds"), series.kind == Kind::Histogram, "{}", series.name);
        assert!(!series.help.is_empty());
    }
}
