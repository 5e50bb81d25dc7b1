//! The figures in the Prometheus text format.

use std::collections::BTreeMap;

use crate::clients::{get, post, send};
use crate::site::{Door, Site, Turn};

/// Reads the text format, version 0.0.4: samples by name and labels. Every sample must come after the help and the
/// type of its metric.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let (mut helped, mut typed) = (Vec::new(), BTreeMap::new());
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(!words.is_empty() && !helped.contains(&name), "{line}");
            helped.push(name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(helped.contains(&name) && typed.insert(name, kind).is_none(), "{line}");
        } else {
            let (key, value) = line.rsplit_once(' ').unwrap();
            let name = key.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let has_type = typed.contains_key(family.unwrap_or(name)) || typed.contains_key(name);
            assert!(has_type, "{line} comes before its type");
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.chars().all(plain), "{line}");
            assert!(samples.insert(key.to_owned(), value.parse().unwrap()).is_none(), "{line} comes twice");
        }
    }
    samples
}

#[tokio::test]
async fn the_figures_can_be_read_and_add_up() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    site.next(&[Turn::BreakOff]);
    for _ in 0..5 {
        assert_eq!(send(&door, post("/v1/payments", "{}")).await.status, 201);
    }
    site.next(&[Turn::BreakOff]);
    assert_eq!(send(&door, post("/v1/other", "{}")).await.status, 502);

    let answer = send(&door, get("/metrics")).await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (200, &"text/plain; version=0.0.4".parse().unwrap())
    );
    let samples = parse(&answer.body);
    let of = |name: &str| samples[&format!("tongbao_gateway_{name}")];
    assert_eq!(of(r#"requests_total{status="2xx"}"#), 5.0);
    assert_eq!(of(r#"requests_total{status="5xx"}"#), 1.0);
    assert_eq!((of("retried_total"), of("held")), (1.0, 0.0));
    assert_eq!(of("latency_seconds_count"), 6.0);
    assert!(of("latency_seconds_sum") > 0.0);

    let bound = |key: &String| {
        let text = key.strip_prefix("tongbao_gateway_latency_seconds_bucket{le=\"")?.strip_suffix("\"}")?;
        Some(if text == "+Inf" { f64::INFINITY } else { text.parse().unwrap() })
    };
    let mut buckets: Vec<(f64, f64)> =
        samples.iter().filter_map(|(key, count)| Some((bound(key)?, *count))).collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(buckets.len() > 10 && buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{buckets:?}");
    assert_eq!(buckets.last(), Some(&(f64::INFINITY, 6.0)));
    assert!(site.seen().iter().all(|seen| seen.path != "/metrics"), "the door's own figures");
    door.close().await;
}
