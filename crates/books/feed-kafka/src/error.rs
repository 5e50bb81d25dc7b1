//! Why the change feed is not published.

use ledger::FeedError;
use ledger_api::FeedPlace;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use stdx::{Coded, Retry};

/// Why an attempt to publish ended. All but `Settings` are tried again.
#[derive(Debug, thiserror::Error)]
pub enum KafkaFeedError {
    /// A setting is not one that Kafka's client takes.
    #[error("the Kafka setting `{key}` cannot be used: {what}")]
    Settings {
        /// The setting's name.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// The brokers did not do what they were asked for.
    #[error("could not {what}: {source}")]
    Brokers {
        /// What was asked for.
        what: &'static str,
        /// What the client library says.
        source: KafkaError,
    },
    /// There is no such topic.
    #[error("there is no topic `{topic}`")]
    NoTopic {
        /// The topic.
        topic: String,
    },
    /// The brokers take no messages of this size.
    #[error("the brokers refuse event {id} for its size, {bytes} bytes")]
    TooLarge {
        /// The event.
        id: String,
        /// The length of its data.
        bytes: usize,
    },
    /// Somebody else's transaction hides the end of the topic.
    #[error("an open transaction of somebody else hides the end of `{topic}`")]
    OpenTransaction {
        /// The topic.
        topic: String,
    },
    /// The topic's last event is none of these books.
    #[error("the topic's last event, {shard}/{place}, is not what these books say of that batch")]
    OtherBooks {
        /// The shard.
        shard: String,
        /// The event's place.
        place: FeedPlace,
    },
    /// Another publisher took over.
    #[error("another publisher of this shard has taken over")]
    Fenced,
    /// The feed does not go on.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The site stops.
    #[error("this site stops")]
    Stopping,
}

impl KafkaFeedError {
    /// The meaning of what the client library says.
    pub(crate) fn of(what: &'static str) -> impl Fn(KafkaError) -> Self {
        move |source| {
            let code = match &source {
                KafkaError::Transaction(error) => Some(error.code()),
                other => other.rdkafka_error_code(),
            };
            match code {
                Some(
                    RDKafkaErrorCode::Fenced
                    | RDKafkaErrorCode::ProducerFenced
                    | RDKafkaErrorCode::InvalidProducerEpoch,
                ) => Self::Fenced,
                _ => Self::Brokers { what, source },
            }
        }
    }
}

impl Coded for KafkaFeedError {
    fn code(&self) -> &'static str {
        match self {
            Self::Settings { .. } => "KFK-0001",
            Self::Brokers { .. } => "KFK-0002",
            Self::NoTopic { .. } => "KFK-0003",
            Self::TooLarge { .. } => "KFK-0004",
            Self::OpenTransaction { .. } => "KFK-0005",
            Self::OtherBooks { .. } => "KFK-0006",
            Self::Fenced => "KFK-0007",
            Self::Feed(error) => error.code(),
            Self::Stopping => "KFK-0008",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Settings { .. } => {
                "correct the line in the file of `--kafka-config`; librdkafka's documentation lists all settings"
            }
            Self::Brokers { .. } => {
                "look at the brokers; publishing goes on where it was as soon as they answer"
            }
            Self::NoTopic { .. } => "create the topic, or let the brokers create topics by themselves",
            Self::TooLarge { .. } => "set the topic's `max.message.bytes` to 1 MiB or more",
            Self::OpenTransaction { .. } => "keep other producers away from the topic",
            Self::OtherBooks { .. } => "give every bank a topic of its own",
            Self::Fenced => {
                "nothing, if another site leads; otherwise find out who else publishes this shard"
            }
            Self::Feed(error) => error.hint(),
            Self::Stopping => "nothing: the site that leads next goes on",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Settings { .. } => Retry::Never,
            Self::Feed(error) => error.retry(),
            _ => Retry::Later,
        }
    }
}
