//! TigerBeetle's client protocol, as its releases 0.16.4 to 0.17 speak it: everything but the sockets.
//!
//! A client sends [requests](Request) and hears [replies](Reply), each a [`Header`] of 256 bytes and a body with the
//! same records that the ledger keeps. [`Connection`] is the site's half: messages go in, [`Effect`]s come out.
//! [`ClientSession`] is the client's half. [`multi_batch`] packs several batches into one body, and [`checksum()`] is
//! what both halves trust.
//!
//! ```text
//! bytes ─ Header::parse ─ Connection::receive ─┬─ Effect::Send: pong          ┌─ shard or ledger
//!                                              ├─ Effect::Evict: eviction     │
//!                                              └─ Effect::Submit ─────────────┘─ Connection::reply ─ bytes
//! ```
//!
//! Clients of 0.16 keep working: an operation's number tells how its body is laid out, see [`Encoding`].

mod body;
mod checksum;
mod client;
mod connection;
mod header;
pub mod multi_batch;
mod operation;
mod release;

pub use body::{
    Batches, EVENTS_MAX, clamp_limits, finish_read, finish_write, published_status, refusals, results,
};
pub use checksum::{CHECKSUM_OF_NOTHING, checksum};
pub use client::{ClientSession, Heard, SessionError};
pub use connection::{Connection, ConnectionError, Done, Effect, Ignored, Site, Submission, Work};
pub use header::{
    BODY_BYTES_MAX, Command, Eviction, EvictionReason, Fields, FrameError, HEADER_BYTES, Header,
    MESSAGE_BYTES_MAX, PingClient, PongClient, Reply, Request,
};
pub use operation::{Encoding, Kind, Operation};
pub use release::{Release, ReleaseError};
