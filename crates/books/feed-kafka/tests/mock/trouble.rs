//! Brokers that fail, refuse and fence; a topic of somebody else.

use ledger_api::OutletState;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::site::{Kafka, Site, plain, until};

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_are_down_hold_up_nobody_and_lose_nothing() {
    let (kafka, folder) = (Kafka::start(1), tempfile::tempdir().unwrap());
    let mut site = Site::start(folder.path(), 10).await;
    site.publish(kafka.settings(""));
    site.pay(1).await;
    site.until_published().await;
    kafka.cluster.broker_down(1).unwrap();
    for _ in 0..20 {
        site.pay(10).await;
    }
    assert!(site.health().lag_batches > 0, "payments go on, and the lag is seen");
    kafka.cluster.broker_up(1).unwrap();
    site.until_published().await;
    assert_eq!(plain(&kafka.read(1)), site.told().await);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_brokers_are_survived() {
    use RDKafkaApiKey::{AddPartitionsToTxn, EndTxn, InitProducerId, ListOffsets, Produce};
    use RDKafkaRespErr::*;
    let troubles = [
        (Produce, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION),
        (Produce, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS),
        (Produce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
        (AddPartitionsToTxn, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS),
        (AddPartitionsToTxn, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
        (EndTxn, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE),
        (EndTxn, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH),
        (InitProducerId, RD_KAFKA_RESP_ERR_NOT_COORDINATOR),
        (ListOffsets, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION),
    ];
    let (kafka, folder) = (Kafka::start(1), tempfile::tempdir().unwrap());
    let mut site = Site::start(folder.path(), 10).await;
    site.publish(kafka.settings(""));
    for (request, error) in troubles {
        kafka.cluster.request_errors(request, &[error; 3]);
        site.pay(5).await;
        site.until_published().await;
        kafka.cluster.clear_request_errors(request);
    }
    assert_eq!(plain(&kafka.read(1)), site.told().await);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_is_fenced_takes_over_again_only_from_the_topic() {
    let (kafka, folder) = (Kafka::start(1), tempfile::tempdir().unwrap());
    let mut site = Site::start(folder.path(), 10).await;
    site.publish(kafka.settings(""));
    site.pay(5).await;
    site.until_published().await;
    kafka.cluster.request_errors(
        RDKafkaApiKey::AddPartitionsToTxn,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_PRODUCER_FENCED],
    );
    site.pay(5).await;
    site.until_failing("KFK-0007").await;
    site.until_published().await;
    assert_eq!(plain(&kafka.read(1)), site.told().await);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_brokers_find_too_large_is_named_and_published_once_they_take_it() {
    let (kafka, folder) = (Kafka::start(1), tempfile::tempdir().unwrap());
    let mut site = Site::start(folder.path(), 10).await;
    site.publish(kafka.settings(""));
    site.pay(1).await;
    site.until_published().await;
    kafka
        .cluster
        .request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE; 2]);
    site.pay(900).await;
    site.until_failing("KFK-0004").await;
    assert!(site.health().failure.unwrap().detail.contains("bank/4"));
    site.until_published().await;
    assert_eq!(plain(&kafka.read(1)), site.told().await);
    site.stop().await;

    // The client itself refuses, too, if its settings say so.
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), 10).await;
    site.pay(900).await;
    let other = Kafka::start(1);
    site.publish(other.settings("message.max.bytes=1000\nmessage.copy.max.bytes=1000"));
    site.until_failing("KFK-0004").await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_another_banks_events_is_left_alone() {
    let kafka = Kafka::start(1);
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut ours = Site::start(one.path(), 10).await;
    ours.publish(kafka.settings(""));
    ours.pay(1).await;
    ours.until_published().await;
    let told = ours.told().await;
    ours.stop().await;
    let mut theirs = Site::start(two.path(), 10).await;
    theirs.pay(1).await;
    theirs.pay(1).await;
    theirs.publish(kafka.settings(""));
    theirs.until_failing("KFK-0006").await;
    theirs.stop().await;
    assert_eq!(plain(&kafka.read(1)), told);

    // A topic that is ahead of the books.
    let shorter = tempfile::tempdir().unwrap();
    let mut shorter = Site::start(shorter.path(), 10).await;
    shorter.publish(kafka.settings(""));
    until("it says so", || shorter.health().failure.is_some()).await;
    let code = shorter.health().failure.unwrap().code;
    assert!(["FED-0001", "KFK-0006"].contains(&code.as_str()), "{code}");
    shorter.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_does_not_exist_is_named() {
    let (kafka, folder) = (Kafka::start(1), tempfile::tempdir().unwrap());
    kafka.cluster.topic_error("nowhere", RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART).unwrap();
    let mut site = Site::start(folder.path(), 10).await;
    let settings = feed_kafka::KafkaSettings::new(&kafka.cluster.bootstrap_servers(), "nowhere", "").unwrap();
    site.publish(settings);
    site.until_failing("KFK-0003").await;
    assert_eq!(site.health().state, OutletState::Failing);
    site.stop().await;
}
