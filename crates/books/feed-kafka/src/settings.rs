//! Where to publish, and how to get there.

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;

use crate::error::KafkaFeedError;

/// Settings on which "exactly once" rests: they are not for users.
const OURS: [&str; 11] = [
    "bootstrap.servers",
    "transactional.id",
    "transaction.timeout.ms",
    "enable.idempotence",
    "acks",
    "request.required.acks",
    "isolation.level",
    "group.id",
    "enable.auto.commit",
    "enable.partition.eof",
    "auto.offset.reset",
];

/// Kafka's brokers, a topic, and whatever else the way there needs.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    brokers: String,
    topic: String,
    properties: Vec<(String, String)>,
}

impl std::fmt::Debug for KafkaSettings {
    /// Properties may hold passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaSettings").field("target", &self.target()).finish_non_exhaustive()
    }
}

impl KafkaSettings {
    /// `topic` at `brokers`, a list of `host:port`. `properties` are the lines of a file: `name=value` in librdkafka's
    /// names, and comments that begin with `#`.
    ///
    /// Errors: [`KafkaFeedError::Settings`].
    pub fn new(brokers: &str, topic: &str, properties: &str) -> Result<Self, KafkaFeedError> {
        let refuse =
            |key: &str, what: &str| KafkaFeedError::Settings { key: key.to_owned(), what: what.to_owned() };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        // Kafka's own rule for the names of topics.
        if topic.is_empty()
            || topic.len() > 249
            || [".", ".."].contains(&topic)
            || !topic.bytes().all(is_name)
        {
            return Err(refuse(
                "topic",
                "a topic has 1 to 249 letters, digits, dots, dashes and underscores",
            ));
        }
        let mut settings =
            Self { brokers: brokers.to_owned(), topic: topic.to_owned(), properties: Vec::new() };
        let lines =
            properties.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let Some((key, value)) = line.split_once('=') else {
                return Err(refuse(line, "a line reads name=value"));
            };
            let (key, value) = (key.trim(), value.trim());
            if OURS.contains(&key) {
                return Err(refuse(key, "the feed itself sets it"));
            }
            settings.properties.push((key.to_owned(), value.to_owned()));
        }
        let refused = settings.producer("check").create_native_config();
        match refused {
            Ok(_) => Ok(settings),
            Err(KafkaError::ClientConfig(_, what, key, _)) => Err(KafkaFeedError::Settings { key, what }),
            Err(other) => Err(refuse("bootstrap.servers", &other.to_string())),
        }
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The brokers, as they were given.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// For people: `kafka://broker:9092/topic`.
    pub fn target(&self) -> String {
        format!("kafka://{}/{}", self.brokers, self.topic)
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("client.id", "tongbao").set("compression.type", "lz4");
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    /// The configuration of the one producer of a shard.
    pub(crate) fn producer(&self, shard: &str) -> ClientConfig {
        let mut config = self.client();
        // Two banks on one Kafka do not fence each other: their topics differ.
        config
            .set("transactional.id", format!("tongbao/{}/{shard}", self.topic))
            .set("transaction.timeout.ms", "30000")
            .set("enable.idempotence", "true");
        config
    }

    /// The configuration of a consumer that sees what consumers see, or with `uncommitted` everything.
    pub(crate) fn consumer(&self, uncommitted: bool) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", "tongbao")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("fetch.wait.max.ms", "50")
            .set("isolation.level", if uncommitted { "read_uncommitted" } else { "read_committed" });
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_before_anything_begins() {
        let good =
            KafkaSettings::new("a:9092,b:9092", "changes.v1", "# ours\n\n linger.ms = 2 \nclient.rack=x");
        let good = good.unwrap();
        assert_eq!(good.target(), "kafka://a:9092,b:9092/changes.v1");
        assert!(!format!("{good:?}").contains("linger"));
        let key = |topic: &str, properties: &str| match KafkaSettings::new("a:9092", topic, properties) {
            Err(KafkaFeedError::Settings { key, .. }) => key,
            other => panic!("{other:?}"),
        };
        for topic in ["", ".", "..", "a b", "a/b", "ä", &"x".repeat(250)] {
            assert_eq!(key(topic, ""), "topic", "{topic}");
        }
        assert_eq!(key("t", "no.such.setting=1"), "no.such.setting");
        assert_eq!(key("t", "linger.ms=soon"), "linger.ms");
        assert_eq!(key("t", "linger.ms"), "linger.ms");
        for ours in OURS {
            assert_eq!(key("t", &format!("{ours}=1")), ours);
        }
    }
}
