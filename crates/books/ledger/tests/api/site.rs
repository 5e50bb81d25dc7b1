//! Sites that lead, follow, and have stopped.

use shard::Role;

use crate::bank::{Bank, Site, until};

async fn health(site: &Site) -> String {
    let answer = site.get("/v1/health").await;
    ["site", "shard", "role", "epoch", "seq"].map(|name| answer.field(name)).join(" ")
}

#[tokio::test]
async fn only_the_leader_answers_and_a_follower_says_so() {
    let mut bank = Bank::after("open id=1 currency=CZK code=1").await;
    let follower = Site::start(bank.folder.path(), "east-2", 1).until(Role::Follower).await;
    let account = r#"{"id":"2","currency":"CZK","code":1}"#;
    let answers = [
        follower.get("/v1/accounts/1").await,
        follower.get("/v1/accounts").await,
        follower.get("/v1/payments").await,
        follower.get("/v1/accounts/1/statement").await,
        follower.get("/v1/totals").await,
        follower.get("/v1/state-hash").await,
        follower.post("/v1/accounts", account).await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.field("code").as_str()), (421, "SHD-0002"), "{answer:?}");
        assert_eq!(answer.json()["retryable"], true);
    }
    let malformed = follower.post("/v1/accounts", "{").await;
    assert_eq!(malformed.status, 400, "what is wrong with the request itself, every site can tell");

    until("the follower has caught up", || follower.handle.status().seq == bank.site.handle.status().seq)
        .await;
    assert_eq!(health(&bank.site).await, "east-1 bank leader 1 2");
    assert_eq!(health(&follower).await, "east-2 bank follower 1 2");

    bank.site.stop().await;
    let leader = follower.until(Role::Leader).await;
    assert_eq!(leader.get("/v1/accounts/1").await.status, 200);
    assert_eq!(health(&leader).await, "east-2 bank leader 2 3");
}

#[tokio::test]
async fn every_site_tells_when_it_got_how_far() {
    let bank = Bank::after("open id=1 currency=CZK code=1").await;
    let follower = Site::start(bank.folder.path(), "east-2", 1).until(Role::Follower).await;
    bank.line("open id=2 currency=CZK code=1").await;
    let seq = bank.site.handle.status().seq;
    until("the follower has caught up", || follower.handle.status().seq == seq).await;
    for (site, role) in [(&bank.site, "leader"), (&follower, "follower")] {
        let told = site.get("/v1/progress").await;
        assert_eq!((told.status, told.field("role").as_str()), (200, role));
        let progress: ledger_api::Progress = serde_json::from_str(&told.body).unwrap();
        assert!(progress.steps.is_sorted_by(|a, b| a.seq < b.seq && a.at <= b.at), "{progress:?}");
        assert_eq!(progress.steps.last().map(|step| step.seq), Some(seq.0));
        let newest = site.get(&format!("/v1/progress?after={}", seq.0 - 1)).await;
        assert_eq!(
            newest.json()["steps"],
            serde_json::json!([told.json()["steps"].as_array().unwrap().last()])
        );
        assert_eq!(
            site.get(&format!("/v1/progress?after={}", seq.0)).await.json()["steps"],
            serde_json::json!([])
        );
    }
    for query in ["after=-1", "after=x", "before=1", "after=18446744073709551616"] {
        let refused = bank.site.get(&format!("/v1/progress?{query}")).await;
        assert_eq!((refused.status, refused.field("code").as_str()), (400, "API-0005"), "{query}");
    }
}

#[tokio::test]
async fn a_stopped_site_takes_nothing() {
    let mut bank = Bank::open().await;
    bank.site.stop().await;
    assert_eq!(bank.site.get("/v1/accounts").await.field("code"), "SHD-0002");
    let opened = bank.site.post("/v1/accounts", r#"{"id":"2","currency":"CZK","code":1}"#).await;
    assert_eq!(opened.field("code"), "SHD-0002");
}

#[tokio::test]
async fn metrics_are_in_the_text_format() {
    let bank = Bank::after("open id=1 currency=CZK code=1").await;
    let answer = bank.site.get("/metrics").await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4");
    let of = |name: &str| {
        let start = format!("tongbao_shard_{name}{{site=\"east-1\",shard=\"bank\"}} ");
        let value = answer.body.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        value.parse::<u64>().unwrap()
    };
    assert_eq!((of("leader"), of("epoch"), of("seq")), (1, 1, 2));
    assert!(of("delay_microseconds") > 0, "a batch takes its time to be durable");
    let known = ["# ", "tongbao_shard_", "tongbao_ledger_", "tongbao_feed_"];
    let bad = answer.body.lines().find(|line| !known.iter().any(|start| line.starts_with(start)));
    assert_eq!(bad, None);
}

#[tokio::test]
async fn the_description_names_every_route() {
    let document: serde_json::Value = serde_json::from_str(&ledger::openapi().to_json().unwrap()).unwrap();
    let bank = Bank::open().await;
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in
            methods.as_object().unwrap().keys().filter(|key| ["get", "post", "put"].contains(&key.as_str()))
        {
            operations += 1;
            let path = path
                .replace("{id}", "1")
                .replace("{date}", "2026-11-23")
                .replace("/changes", "/changes?follow=false");
            let answer = match method.as_str() {
                "get" => bank.site.get(&path).await,
                "put" => bank.site.put(&path, "").await,
                _ => bank.site.post(&path, "").await,
            };
            let code = if answer.status < 400 { String::new() } else { answer.field("code") };
            assert!(
                !["API-0002", "API-0003"].contains(&code.as_str()),
                "{method} {path} is described and not there"
            );
        }
    }
    assert_eq!(operations, 42);
}
