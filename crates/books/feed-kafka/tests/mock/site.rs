//! Sites that publish, a mock cluster, and a consumer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use feed_kafka::{KafkaSettings, Publisher};
use journal::{FileStore, Options};
use ledger::{Feed, FeedStep, LedgerMachine, Storage};
use ledger_api::{FeedPlace, OutletHealth};
use ledger_core::{Account, Operation, Transfer};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::topic_partition_list::TopicPartitionList;
use shard::{Node, NodeConfig, Request, Role, wall_clock};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const TOPIC: &str = "tongbao.changes";

/// Kafka, as librdkafka plays it.
pub(crate) struct Kafka {
    pub(crate) cluster: MockCluster<'static, DefaultProducerContext>,
}

/// An event as a consumer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) key: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) data: String,
}

impl Kafka {
    pub(crate) fn start(partitions: i32) -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, partitions, 1).unwrap();
        Self { cluster }
    }

    pub(crate) fn settings(&self, properties: &str) -> KafkaSettings {
        KafkaSettings::new(&self.cluster.bootstrap_servers(), TOPIC, properties).unwrap()
    }

    /// Plays a publisher that dies when it has sent these events and not committed them.
    pub(crate) fn die_after(&self, events: &[(String, String)]) {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.cluster.bootstrap_servers());
        config.set("transactional.id", format!("tongbao/{TOPIC}/bank"));
        let producer: BaseProducer = config.create().unwrap();
        let patience = Duration::from_secs(30);
        producer.init_transactions(patience).unwrap();
        producer.begin_transaction().unwrap();
        for (id, data) in events {
            let headers = [("ce_id", id.as_str()), ("ce_source", "/shards/bank")];
            let headers = headers.into_iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header { key, value: Some(value) })
            });
            producer.send(BaseRecord::to(TOPIC).key("bank").payload(data).headers(headers)).unwrap();
        }
        producer.flush(patience).unwrap();
    }

    /// Everything in the topic, in the order of each partition.
    pub(crate) fn read(&self, partitions: i32) -> Vec<Read> {
        let mut config = ClientConfig::new();
        let servers = self.cluster.bootstrap_servers();
        let consumer: BaseConsumer = config
            .set("bootstrap.servers", servers)
            .set("group.id", "reader")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition_offset(TOPIC, partition, rdkafka::Offset::Beginning).unwrap();
        }
        consumer.assign(&list).unwrap();
        let (mut read, mut ends) = (Vec::new(), 0);
        while ends < partitions {
            match consumer.poll(Duration::from_secs(60)).unwrap() {
                Ok(message) => {
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                    let headers = message.headers().unwrap().iter();
                    let headers = headers.map(|header| (header.key.to_owned(), text(header.value.unwrap())));
                    read.push(Read {
                        key: text(message.key().unwrap()),
                        headers: headers.collect(),
                        data: text(message.payload().unwrap()),
                    });
                }
                Err(KafkaError::PartitionEOF(_)) => ends += 1,
                Err(error) => panic!("{error}"),
            }
        }
        read
    }
}

/// A site that leads, and perhaps publishes.
pub(crate) struct Site {
    pub(crate) feed: Arc<Feed>,
    node: Node<LedgerMachine>,
    outlet: Option<Outlet>,
    next_id: u128,
}

struct Outlet {
    stop: watch::Sender<bool>,
    work: JoinHandle<()>,
}

impl Site {
    /// A site on a folder, with two accounts if the folder is new.
    pub(crate) async fn start(folder: &Path, first_id: u128) -> Self {
        let mut site = Self::start_again(folder).await;
        site.next_id = first_id;
        let account = |id| Account { id, ledger: 203, code: 1, ..Account::default() };
        let body = [account(1).as_bytes(), account(2).as_bytes()].concat();
        site.submit(Operation::CreateAccounts, body).await;
        site
    }

    /// A site on a folder as it is.
    pub(crate) async fn start_again(folder: &Path) -> Self {
        let journal = FileStore::create(&folder.join("journal"), "bank", Options::default()).unwrap();
        let journal = Arc::new(journal);
        let config = NodeConfig {
            journal: Arc::<FileStore>::clone(&journal),
            site: "east-1".to_owned(),
            snapshots: folder.join("snapshots"),
            rank: 0,
            clock: wall_clock,
        };
        let node: Node<LedgerMachine> = Node::start(config, Storage::in_memory()).unwrap();
        let feed = Feed::new(node.handle(), journal, "east-1");
        until("it leads", || node.handle().status().role == Role::Leader).await;
        Self { feed, node, outlet: None, next_id: 0 }
    }

    async fn submit(&mut self, operation: Operation, body: Vec<u8>) {
        self.node.handle().submit(Request::forgotten(operation as u16, body)).await.unwrap();
    }

    /// Makes a batch of payments.
    pub(crate) async fn pay(&mut self, payments: u128) {
        let ids = self.next_id..self.next_id + payments;
        self.next_id += payments;
        let transfer = |id| Transfer {
            id,
            debit_account_id: 1,
            credit_account_id: 2,
            amount: 1,
            ledger: 203,
            code: 1,
            ..Transfer::default()
        };
        let body = ids.flat_map(|id| transfer(id).as_bytes().to_vec()).collect();
        self.submit(Operation::CreateTransfers, body).await;
    }

    pub(crate) fn publish(&mut self, settings: KafkaSettings) {
        let (stop, stopped) = watch::channel(false);
        let publisher = Publisher::new(Arc::clone(&self.feed), settings);
        self.outlet = Some(Outlet { stop, work: tokio::spawn(publisher.run(stopped)) });
    }

    /// What the site's health says of its publishing.
    pub(crate) fn health(&self) -> OutletHealth {
        self.feed.outlet_health().unwrap()
    }

    /// Waits until everything is published.
    pub(crate) async fn until_published(&self) {
        until("everything is published", || self.health().lag_batches == 0).await;
    }

    pub(crate) async fn until_failing(&self, code: &str) {
        until(code, || self.health().failure.is_some_and(|failure| failure.code == code)).await;
    }

    /// Ends the publisher as told, and then the site.
    pub(crate) async fn stop(mut self) {
        if let Some(outlet) = self.outlet.take() {
            outlet.stop.send_replace(true);
            outlet.work.await.unwrap();
        }
        self.node.handle().stop();
        self.node.finished().await.unwrap();
    }

    /// What the feed itself tells.
    pub(crate) async fn told(&self) -> Vec<(String, String)> {
        let mut reader = self.feed.reader(FeedPlace { seq: 0, part: None });
        let mut told = Vec::new();
        loop {
            match reader.next().await.unwrap() {
                FeedStep::Event(event) => {
                    told.push((event.id(), String::from_utf8(event.data().to_vec()).unwrap()));
                }
                FeedStep::Passed => {}
                FeedStep::CaughtUp => return told,
            }
        }
    }
}

/// Patience is for slow machines only; it decides nothing.
pub(crate) async fn until(what: &str, mut reached: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if reached() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never reached: {what}");
}

/// The events as the feed names them, without what Kafka adds.
pub(crate) fn plain(read: &[Read]) -> Vec<(String, String)> {
    read.iter().map(|event| (event.headers["ce_id"].clone(), event.data.clone())).collect()
}
