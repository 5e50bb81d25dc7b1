//! Declarations: units, placements, purposes, days. Each says how things shall be, so doing it twice is doing it once, and
//! none is remembered by name: what was said before and has been unsaid since must be sayable again.

use ledger_core::{DeclarationStatus, Operation, Outcome};
use shard::Request as ShardRequest;

use super::Api;
use super::accounts::outcomes;
use crate::error::ApiError;

impl Api {
    /// Declares all records of `body`, and tells what became of each.
    pub(super) async fn declare(
        &self,
        operation: Operation,
        body: Vec<u8>,
    ) -> Result<Vec<DeclarationStatus>, ApiError> {
        let reply = self.handle.submit(ShardRequest::forgotten(operation as u16, body)).await?;
        if reply.bytes.is_empty() {
            return Err(ledger_core::RequestError::Full.into());
        }
        Ok(outcomes(&reply.bytes).map(|outcome| status(&outcome)).collect())
    }

    /// The same, if all are done or none of them matters. Tells whether everything was as declared before.
    pub(super) async fn declare_all(&self, operation: Operation, body: Vec<u8>) -> Result<bool, ApiError> {
        let statuses = self.declare(operation, body).await?;
        match statuses.iter().find(|status| !status.is_done()) {
            Some(refused) => Err(ApiError::Declaration(*refused)),
            None => Ok(statuses.iter().all(|status| *status == DeclarationStatus::Exists)),
        }
    }
}

fn status(outcome: &Outcome) -> DeclarationStatus {
    DeclarationStatus::from_u32(outcome.status).expect("LED-INV-7: the ledger answers with its own statuses")
}
