//! The front door: forwards to the leading site, holds and retries across a failover.
//!
//! ```text
//! client ──HTTP/1.1 or h2──► serve ──► Gateway::handle ──► leader's site
//!                                        │   ▲
//!                            no leader:  │   │ Tracker asks every site for its role
//!                            hold, then ─┘   │ until one leads, highest epoch wins
//! ```
//!
//! gRPC goes through the same door: calls, lists, and pipelines that outlive a leader.
//!
//! A request is sent again only when doing it twice is doing it once: reads, and writes that carry an id
//! ([`is_repeatable`]). It is small on purpose: the mesh's data plane takes its place.

mod error;
mod forward;
mod grpc;
mod live;
mod relay;
mod serve;
mod tracker;

pub use error::GatewayError;
pub use forward::{BODY_BYTES_MAX, Gateway, GatewayLimits, is_repeatable};
pub use grpc::{MethodKind, method_kind};
pub use live::{Live, LiveSample};
pub use serve::{Body, ServeLimits, full, listen, problem_response, serve};
pub use tracker::{Leader, SiteAddress, Tracker};
