//! The door for TigerBeetle's published clients, and a client of the same protocol.
//!
//! [`serve`] takes connections and hands their requests to a [`Backend`]; [`ShardBackend`] is the one over a site's
//! shard. [`Client`] opens a session and asks.
//!
//! # Sites and views
//!
//! A client knows the addresses of all sites in one order and sends to the one at `view % sites`. Here the view of a
//! leader is `epoch × sites + index`: it never goes back, because epochs do not, and its remainder is the leader's
//! index. A site that follows does not know who leads: it claims a view below every leader's that names the next site,
//! and ignores requests. The client sends again after its timeout, to the leader of its view and to another site at
//! random, until the leader's reply tells it the new view.
//!
//! # Sessions
//!
//! A session's number is the position in the journal at which it was opened; nothing is kept for it. A request is named
//! by client, session and number, and the shard's window of recent requests answers a repetition with the first reply,
//! on every site, also after a failover. So there is no table of sessions to overflow and no limit of 64 clients. A
//! number beyond the journal's end was given by another journal: that client is evicted with `no_session`. See
//! `docs/adr/0004-sessions-without-a-table.md`.
//!
//! # Who may do what
//!
//! At the door of [`serve`] everybody may do everything. [`serve_tls`] has a [`Gate`] before it: TLS with certificates on
//! both sides, and a policy that says what each identity may read, post and approve. Published clients speak no TLS; a
//! [`Tunnel`] speaks it for them. See `docs/adr/0011-refused-before-the-ledger.md`.

mod access;
mod backend;
mod client;
mod door;
mod gate;
mod gate_metrics;
mod inbox;
mod metrics;
mod outbox;
mod talk;
mod tunnel;

pub use backend::{Answers, Backend, Lead, Position, Refusal, ShardBackend};
pub use client::{Answer, Client, ClientError, ClientOptions};
pub use door::{Address, Limits, serve, serve_tls};
pub use gate::{Gate, GateError, GateFiles};
pub use gate_metrics::GateCounts;
pub use metrics::{Counts, Metrics};
pub use tunnel::{Tunnel, TunnelError, Upstream};
pub use vsr_core::{BODY_BYTES_MAX, Encoding, Kind, Operation, Release, refusals};
