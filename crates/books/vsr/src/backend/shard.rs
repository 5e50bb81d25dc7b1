//! The backend of a site: its shard.

use std::ops::Range;

use ledger::LedgerMachine;
use ledger_core::{Ledgers, QueryOperation};
use shard::{Handle, Request, RequestError, Role};
use vsr_core::{EvictionReason, Kind, Operation};

use super::{Answers, Backend, Lead, Position, Refusal};

/// The ledger's shard on one site.
#[derive(Clone)]
pub struct ShardBackend {
    handle: Handle<LedgerMachine>,
    sites: u8,
    index: u8,
}

impl ShardBackend {
    /// The shard behind `handle`, on the site at `index` of the list of `sites` addresses.
    pub fn new(handle: Handle<LedgerMachine>, sites: u8, index: u8) -> Self {
        Self { handle, sites: sites.max(1), index: index % sites.max(1) }
    }
}

/// The view in which the site at `index` of `sites` leads. Views are 32 bits; after the last one they begin again, which
/// takes more failovers than a cluster will see.
fn view(epoch: u64, sites: u8, index: u8) -> u32 {
    let (sites, index) = (u64::from(sites), u64::from(index));
    let views = u64::from(u32::MAX) / sites * sites;
    u32::try_from((epoch % (views / sites)) * sites + index).unwrap_or_default()
}

fn refusal(error: RequestError) -> Refusal {
    match error {
        RequestError::Malformed { what } => {
            tracing::warn!(what, "the ledger refused a request whose form was checked");
            Refusal::Impossible(EvictionReason::InvalidRequestBody)
        }
        // Another body under the same name is the client's mistake; there is only the first one's reply.
        RequestError::NotLeader | RequestError::Clash | RequestError::Busy | RequestError::Unknown => {
            Refusal::Unanswered
        }
    }
}

impl Backend for ShardBackend {
    fn lead(&self) -> Lead {
        let status = self.handle.status();
        match status.role {
            Role::Leader => Lead { view: view(status.epoch.0, self.sites, self.index), leads: true },
            // Not this site: the smallest view that says so, below every leader's.
            _ => Lead { view: u32::from(self.index.wrapping_add(1) % self.sites), leads: false },
        }
    }

    async fn position(&self) -> Result<Position, Refusal> {
        let look =
            self.handle.read(|replica| Position { seq: replica.seq().0, timestamp: replica.timestamp().0 });
        look.await.map_err(refusal)
    }

    async fn write(&self, key: u128, digest: u128, kind: Kind, events: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let operation = match kind {
            Kind::CreateAccounts => ledger_core::Operation::CreateAccounts,
            _ => ledger_core::Operation::CreateTransfers,
        };
        let request = Request::named(key, digest, operation as u16, events);
        let reply = self.handle.submit(request).await.map_err(refusal)?;
        if reply.bytes.is_empty() {
            tracing::error!("the ledger is full and takes no more records");
            return Err(Refusal::Impossible(EvictionReason::InvalidRequestBody));
        }
        Ok(reply.bytes)
    }

    async fn read(
        &self,
        operation: Operation,
        events: Vec<u8>,
        batches: Vec<Range<usize>>,
        within: Ledgers,
    ) -> Result<Answers, Refusal> {
        let query =
            query(operation.kind).ok_or(Refusal::Impossible(EvictionReason::InvalidRequestOperation))?;
        let look = move |replica: &mut shard::Replica<LedgerMachine>| {
            let mut answers = Answers { timestamp: replica.timestamp().0, ..Answers::default() };
            let ledger = replica.machine().ledger();
            for batch in batches {
                let found = ledger.answer_within(&within, query, &events[batch], &mut answers.results);
                found.map_err(|error| {
                    tracing::warn!(%error, "the ledger refused a query whose form was checked");
                    Refusal::Impossible(EvictionReason::InvalidRequestBody)
                })?;
                answers.ends.push(answers.results.len());
            }
            Ok(answers)
        };
        self.handle.read(look).await.map_err(refusal)?
    }

    async fn ledgers_of_pending(&self, ids: Vec<u128>) -> Result<Vec<Option<u32>>, Refusal> {
        let look = move |replica: &mut shard::Replica<LedgerMachine>| {
            replica.machine().ledger().ledgers_of_pending(ids)
        };
        self.handle.read(look).await.map_err(refusal)
    }

    async fn reply_to(&self, key: u128, digest: u128) -> Result<Option<Vec<u8>>, Refusal> {
        // A request that was queued before this one has been done when this one is answered. A read would not tell: it
        // overtakes what is queued.
        let barrier = Request::forgotten(ledger_core::Operation::Pulse as u16, Vec::new());
        self.handle.submit(barrier).await.map_err(refusal)?;
        let look = move |replica: &mut shard::Replica<LedgerMachine>| {
            replica.reply_to(key, digest).map(<[u8]>::to_vec)
        };
        self.handle.read(look).await.map_err(refusal)
    }
}

/// The ledger's query for a read. Writes are no queries and have none.
fn query(kind: Kind) -> Option<QueryOperation> {
    match kind {
        Kind::CreateAccounts | Kind::CreateTransfers => None,
        Kind::LookupAccounts => Some(QueryOperation::LookupAccounts),
        Kind::LookupTransfers => Some(QueryOperation::LookupTransfers),
        Kind::GetAccountTransfers => Some(QueryOperation::GetAccountTransfers),
        Kind::GetAccountBalances => Some(QueryOperation::GetAccountBalances),
        Kind::QueryAccounts => Some(QueryOperation::QueryAccounts),
        Kind::QueryTransfers => Some(QueryOperation::QueryTransfers),
        Kind::GetChangeEvents => Some(QueryOperation::GetChangeEvents),
    }
}

#[cfg(test)]
mod tests {
    use super::view;

    #[test]
    fn views_grow_with_the_epoch_and_name_the_leader() {
        let mut last = 0;
        for epoch in 1..50 {
            for index in 0..3 {
                let view = view(epoch, 3, index);
                assert_eq!(view % 3, u32::from(index));
                assert!(view > last, "epoch {epoch}");
                last = view;
            }
        }
        for sites in 1..=6 {
            assert_eq!(view(u64::MAX, sites, sites - 1) % u32::from(sites), u32::from(sites - 1));
        }
    }
}
