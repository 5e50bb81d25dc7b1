//! The change feed in a Kafka topic: every event once, in order, whoever leads and whatever dies.
//!
//! The leading site publishes. What it has published is kept in one place only, the topic itself:
//!
//! 1. A producer with the shard's `transactional.id` fences out the one before and ends its transaction, either way.
//! 2. The end of the topic, read as a `read_committed` consumer reads it, says which event was the last.
//! 3. Everything after that event follows, in transactions.
//!
//! So a leader that dies anywhere leaves nothing to repair, and any failure is answered with the same three steps. That the
//! last event is one of these books is checked first: an event of the feed has the same content whenever it is made.

mod end;
mod error;
mod producer;
mod publisher;
mod settings;

pub use error::KafkaFeedError;
pub use publisher::Publisher;
pub use settings::KafkaSettings;
