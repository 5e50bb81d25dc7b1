//! A whole bank that publishes its change feed to Kafka, as librdkafka plays it.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::mocking::MockCluster;
use rdkafka::topic_partition_list::TopicPartitionList;
use rustix::process::Signal;
use serde_json::Value;

use crate::bank::{Bank, Folder, signal, until};
use crate::load::{Load, check_books};

const TOPIC: &str = "bank.changes";

/// Every event in the topic: its id and its data.
fn read(servers: &str) -> Vec<(String, Value)> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("group.id", "reader").set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.set("isolation.level", "read_committed").create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(TOPIC, 0, rdkafka::Offset::Beginning).unwrap();
    consumer.assign(&list).unwrap();
    let mut read = Vec::new();
    loop {
        match consumer.poll(Duration::from_secs(60)).unwrap() {
            Ok(message) => {
                let headers = message.headers().unwrap();
                let id = headers.iter().find(|header| header.key == "ce_id").unwrap().value.unwrap();
                let data = serde_json::from_slice(message.payload().unwrap()).unwrap();
                read.push((String::from_utf8(id.to_vec()).unwrap(), data));
            }
            Err(KafkaError::PartitionEOF(_)) => return read,
            Err(error) => panic!("{error}"),
        }
    }
}

fn told(folder: &Folder) -> Vec<(String, Value)> {
    let said = folder.tongbao(&["ledger", "changes", "--output", "json"]);
    assert!(said.ok, "{said:?}");
    let event = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    said.out
        .lines()
        .map(event)
        .map(|event| (event["id"].as_str().unwrap().to_owned(), event["data"].clone()))
        .collect()
}

fn until_published(bank: &Bank) {
    until("everything is published", || {
        let outlet = &bank.platform()["outlet"];
        outlet["state"] == "publishing" && outlet["lag_batches"] == 0
    });
}

#[test]
fn whoever_leads_publishes_and_each_event_is_in_the_topic_once() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    let servers = cluster.bootstrap_servers();
    let folder = Folder::new();
    let bank = Bank::up_with(&folder, &["--ledger-port", "off", "--kafka", &servers, "--kafka-topic", TOPIC]);
    bank.open_accounts(&[1, 2]);
    bank.until_whole();
    let load = Load::start(&bank, 1_000);
    let mut epoch = bank.epoch;
    for _ in 0..2 {
        load.until_more(50);
        let leader = bank.platform()["leader"].as_str().unwrap().to_owned();
        signal(bank.site_pid(&leader), Signal::KILL);
        until("another reign", || bank.platform()["epoch"].as_u64().unwrap() > epoch);
        epoch = bank.platform()["epoch"].as_u64().unwrap();
    }
    load.until_more(50);

    cluster.broker_down(1).unwrap();
    load.until_more(50);
    until("the lag is seen", || bank.platform()["outlet"]["lag_batches"].as_u64().unwrap() > 0);
    let status = folder.tongbao(&["status"]);
    assert!(status.out.contains(&format!("change feed to kafka://{servers}/{TOPIC}")), "{status:?}");
    cluster.broker_up(1).unwrap();

    let heard = load.stop();
    assert_eq!(heard.errors, [], "payments do not wait for Kafka");
    bank.until_whole();
    until_published(&bank);
    check_books(&folder, &bank, &heard);
    assert_eq!(read(&servers), told(&folder));
    assert!(bank.down().success());
}

#[test]
fn bad_settings_are_refused_before_anything_starts() {
    let folder = Folder::new();
    let file = folder.path().with_extension("properties");
    std::fs::write(&file, "transactional.id=mine\n").unwrap();
    let file = file.to_str().unwrap();
    for (arguments, word) in [
        (&["--kafka", "127.0.0.1:9", "--kafka-topic", "a b"][..], "topic"),
        (&["--kafka", "127.0.0.1:9", "--kafka-config", file], "transactional.id"),
        (&["--kafka", "127.0.0.1:9", "--kafka-config", "no-such-file"], "--kafka-config"),
    ] {
        let said = folder.tongbao(&[&["up", "--port", "0", "--console-port", "0"], arguments].concat());
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains("error[KFK-0001]") && said.err.contains(word), "{said:?}");
    }
}
