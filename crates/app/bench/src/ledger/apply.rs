//! The ledger alone: batches from memory applied on one core, as a follower or a replay does.

use anyhow::{Result, ensure};
use ids::Timestamp;
use ledger_core::{CreateTransferStatus, Ledger, OUTCOME_BYTES, Operation, Outcome};
use shard::STATE_HASH_EVERY_BATCHES;

use super::records::{self, Source, Workload};
use crate::clock;
use crate::stop::Stop;
use crate::workload::BATCH;

/// What applying measured.
pub(crate) struct Applied {
    /// Transfers per second of processor time.
    pub(crate) per_s: f64,
    /// Every batch's time in milliseconds, in ascending order.
    pub(crate) batch_ms: Vec<f64>,
}

/// Applies `batches` full batches of `workload` to an empty ledger with its accounts, and takes the state's digest as
/// often as a shard does. Making the batches is not measured.
pub(crate) fn apply(workload: Workload, batches: u32, stop: &Stop) -> Result<Applied> {
    let mut ledger = Ledger::new();
    let mut stamp = 0;
    let mut out = Vec::new();
    for body in records::accounts(workload.accounts, BATCH) {
        stamp += 1_000_000;
        ledger.apply(Operation::CreateAccounts, Timestamp(stamp), &body, &mut out)?;
    }
    ledger.checkpoint();
    let mut source = Source::new(workload, 7, 1);
    let (mut batch_ms, mut seconds, mut transfers) = (Vec::new(), 0.0, 0);
    for batch in 1..=u64::from(batches) {
        stop.check()?;
        let body = source.batch();
        stamp += 1_000_000;
        out.clear();
        let (applied, took) = clock::timed(|| {
            let applied = ledger.apply(Operation::CreateTransfers, Timestamp(stamp), &body, &mut out);
            if batch.is_multiple_of(STATE_HASH_EVERY_BATCHES) {
                ledger.checkpoint();
            }
            applied
        });
        transfers += applied?;
        let outcomes = out.chunks_exact(OUTCOME_BYTES).filter_map(Outcome::from_bytes);
        let refused = outcomes.filter(|o| o.status != CreateTransferStatus::Created as u32).count();
        ensure!(refused == 0, "{refused} transfers of batch {batch} were refused");
        batch_ms.push(clock::ms(took.wall));
        seconds += took.cpu.unwrap_or(took.wall).as_secs_f64();
    }
    batch_ms.sort_by(f64::total_cmp);
    Ok(Applied { per_s: f64::from(transfers) / seconds, batch_ms })
}
