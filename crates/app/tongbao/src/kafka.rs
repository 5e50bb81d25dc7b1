//! Publishing the change feed to Kafka, as the command line says it.

use std::path::PathBuf;

use feed_kafka::{KafkaFeedError, KafkaSettings};

use crate::layout::read;

/// Where the change feed is published; the same for `up` and for each of its sites.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct KafkaArgs {
    /// Publish the change feed to Kafka: a list of brokers, host:port,host:port.
    #[arg(long, value_name = "BROKERS")]
    kafka: Option<String>,
    /// The topic; every bank needs one of its own.
    #[arg(long, value_name = "NAME", default_value = "tongbao.changes")]
    kafka_topic: String,
    /// A file of further settings, name=value by line in librdkafka's names: security.protocol, sasl.username, …
    #[arg(long, value_name = "FILE", requires = "kafka")]
    kafka_config: Option<PathBuf>,
}

impl KafkaArgs {
    /// The settings, checked; nothing if the feed is not published.
    pub(crate) fn settings(&self) -> anyhow::Result<Option<KafkaSettings>> {
        let Some(brokers) = &self.kafka else { return Ok(None) };
        let properties = match &self.kafka_config {
            Some(path) => String::from_utf8_lossy(&read(path).map_err(unreadable)?).into_owned(),
            None => String::new(),
        };
        Ok(Some(KafkaSettings::new(brokers, &self.kafka_topic, &properties)?))
    }

    /// The same for a site's command line. Secrets stay in their file.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let Some(brokers) = &self.kafka else { return Vec::new() };
        let mut arguments = vec![format!("--kafka={brokers}"), format!("--kafka-topic={}", self.kafka_topic)];
        arguments.extend(self.kafka_config.as_ref().map(|path| format!("--kafka-config={}", path.display())));
        arguments
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature `map_err` calls")]
fn unreadable(error: std::io::Error) -> KafkaFeedError {
    KafkaFeedError::Settings { key: "--kafka-config".to_owned(), what: error.to_string() }
}
