//! The bank API over gRPC, on one site: the same questions and the same answers as over HTTP.
//!
//! [`door`] is an axum router with the service `tongbao.ledger.v1.Ledger`, the standard services for reflection and health,
//! and the `.proto` file itself; it stands beside the HTTP API on the same port. Requests are read strictly (`shape`), become
//! the types of [`ledger_api`] (`read`), are asked of [`ledger::Api`], and what it answers becomes messages (`show`).
//!
//! The code for the messages is generated and kept ([`pb`]); a test makes it again from the `.proto` file and compares.

mod codec;
mod error;
#[rustfmt::skip]
#[expect(
    unused_qualifications,
    clippy::allow_attributes_without_reason,
    reason = "the generator has a style of its own"
)]
mod generated;
mod health;
mod metrics;
mod pages;
mod pipeline;
mod read;
mod service;
mod shape;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use ledger::Api;
use tonic::server::NamedService;
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::server::Builder;

pub use metrics::Metrics;
use pb::ledger_server::LedgerServer;
use service::LedgerService;

/// The messages and the service, as generated from the `.proto` file.
pub mod pb {
    pub use crate::generated::*;
}

/// The `.proto` file.
pub const PROTO: &str = include_str!("../proto/tongbao/ledger/v1/ledger.proto");

/// The descriptors of the `.proto` file and of what it imports: a `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!("descriptors.bin");

/// The largest message that is read: a batch of 8,190 transfers with room to spare, and as much as the body of an HTTP
/// request.
const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// How much the door puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Streams that are open at once, pipelines and lists together.
    pub streams_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { streams_max: 8_192 }
    }
}

/// The routes of the gRPC services on one site, to be merged with those of its HTTP API.
pub fn door(api: Api, limits: Limits, metrics: Arc<Metrics>) -> Router {
    let service = LedgerService::new(api.clone(), Arc::clone(&metrics), limits.streams_max);
    let service = LedgerServer::new(service).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let health = HealthServer::new(health::SiteHealth::new(api));
    let reflection = || {
        Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)
            .include_reflection_service(false)
    };
    let unreadable = "a test makes the descriptors again and compares";
    let reflection_v1 = reflection().build_v1().expect(unreadable);
    let reflection_v1alpha = reflection().build_v1alpha().expect(unreadable);
    let proto = || std::future::ready(([(CONTENT_TYPE, "text/plain; charset=utf-8")], PROTO));
    let counted = move || {
        let text = metrics.prometheus();
        std::future::ready(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text))
    };
    Router::new()
        .route_service(&path_of(&service), service)
        .route_service(&path_of(&health), health)
        .route_service(&path_of(&reflection_v1), reflection_v1)
        .route_service(&path_of(&reflection_v1alpha), reflection_v1alpha)
        .route("/v1/ledger.proto", get(proto))
        .route("/metrics/grpc", get(counted))
}

/// Every method of a service.
fn path_of<S: NamedService>(_: &S) -> String {
    format!("/{}/{{*method}}", S::NAME)
}

#[cfg(test)]
mod tests {
    use ledger_api::Account;

    /// Some account.
    pub(crate) fn account() -> Account {
        let account = r#"{"id":"1","currency":"CZK","code":1,"flags":[],"user_data_128":"0","user_data_64":"0",
            "user_data_32":0,"debits_pending":"0","debits_posted":"0","credits_pending":"0","credits_posted":"0",
            "balance":"0","available":"0","timestamp":"2026-01-01T00:00:00Z"}"#;
        serde_json::from_str(account).unwrap()
    }
}
