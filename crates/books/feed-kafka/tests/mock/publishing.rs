//! What is in the topic, and how it goes on.

use ledger_api::OutletState;

use crate::site::{Kafka, Site, TOPIC, plain};

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_published_once_in_the_binary_mode_of_cloudevents() {
    let (kafka, folder) = (Kafka::start(1), tempfile::tempdir().unwrap());
    let mut site = Site::start(folder.path(), 10).await;
    site.pay(3).await;
    site.publish(kafka.settings(""));
    site.until_published().await;
    site.pay(2_500).await;
    site.pay(1).await;
    site.until_published().await;
    let read = kafka.read(1);
    assert_eq!(plain(&read), site.told().await);
    let ids: Vec<&str> = read.iter().map(|event| event.headers["ce_id"].as_str()).collect();
    assert_eq!(ids, ["bank/2", "bank/3", "bank/4.1", "bank/4.2", "bank/4", "bank/5"]);
    let event = &read[0];
    assert_eq!(event.key, "bank");
    let fixed = ["ce_specversion", "ce_source", "ce_type", "ce_partitionkey", "content-type"];
    let fixed = fixed.map(|name| event.headers[name].as_str());
    assert_eq!(fixed, ["1.0", "/shards/bank", "cn.tongbao.ledger.batch.v1", "bank", "application/json"]);
    assert_eq!(event.headers.len(), fixed.len() + 2);
    assert!(event.data.contains(&format!(r#""timestamp":"{}""#, event.headers["ce_time"])));
    let health = site.health();
    assert_eq!((health.state, health.published_seq, health.failure), (OutletState::Publishing, 5, None));
    assert!(health.target.ends_with(TOPIC));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_publisher_goes_on_where_the_topic_ends() {
    let (kafka, folder) = (Kafka::start(4), tempfile::tempdir().unwrap());
    let mut first_id = 10;
    let mut told = Vec::new();
    for round in 0..3 {
        let mut site = Site::start(folder.path(), first_id).await;
        site.publish(kafka.settings(""));
        for _ in 0..=round {
            site.pay(1_200).await;
        }
        site.until_published().await;
        first_id += 10_000;
        told = site.told().await;
        site.stop().await;
    }
    let read = kafka.read(4);
    assert_eq!(plain(&read), told, "the events of a shard are in one partition, in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_dies_inside_a_transaction_leaves_no_gap_and_no_repetition() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), 10).await;
    for payments in [1, 2_100, 1, 1] {
        site.pay(payments).await;
    }
    let told = site.told().await;
    assert_eq!(told.len(), 7);
    site.stop().await;
    for sent in 0..=told.len() {
        let kafka = Kafka::start(1);
        kafka.die_after(&told[..sent]);
        let mut site = Site::start_again(folder.path()).await;
        site.publish(kafka.settings(""));
        site.until_published().await;
        assert_eq!(plain(&kafka.read(1)), told, "after {sent} events");
        site.stop().await;
    }
}
