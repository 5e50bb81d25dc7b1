//! The transfers of a snapshot: those in cold segments, of which only what the indexes need is read, and those in memory.

use zerocopy::FromBytes;

use crate::bulk::{Both, ROUND, Sorted};
use crate::cold::ColdSegment;
use crate::id_index::IdHash;
use crate::rows::{ROW_BYTES, Row};
use crate::snapshot::{SEGMENT_BYTES, ensure, is_id};
use crate::spill::Column;
use crate::transfers::{NONE, TransferState};
use crate::wire::TransferFlags;
use crate::{Ledger, SnapshotError};

/// Transfers on their way into the index and the lists.
struct Round<'a> {
    columns: Vec<Column>,
    /// The states of these transfers, and of all after them.
    states: &'a [u8],
    /// The ledgers of all accounts: close together, for they are looked at twice for each transfer.
    ledgers: Vec<u32>,
    both: &'a Both,
    sorted: [Sorted; 2],
}

impl Ledger {
    /// Takes in the transfers in `segments` and those in `rows`, after the accounts.
    pub(crate) fn restore_transfers(
        &mut self,
        segments: &[u8],
        rows: &[u8],
        states: &[u8],
        both: &Both,
    ) -> Result<(), SnapshotError> {
        let ledgers = self.accounts.rows().map(|account| self.accounts.ledger(account)).collect();
        let mut round = Round { columns: Vec::new(), states, ledgers, both, sorted: Default::default() };
        self.restore_segments(segments, &mut round)?;
        self.restore_rows(rows, &mut round)?;
        self.enter_round(&mut round)?;
        ensure(round.states.is_empty(), "the states of the transfers")
    }

    fn restore_segments(&mut self, segments: &[u8], round: &mut Round<'_>) -> Result<(), SnapshotError> {
        let mut last = 0;
        let segments = segments.chunks_exact(SEGMENT_BYTES);
        for segment in segments.filter_map(|bytes| ColdSegment::read_from_bytes(bytes).ok()) {
            let rows = &mut self.transfers.rows;
            let timestamp = rows.open(segment, &mut round.columns).map_err(SnapshotError::Cold)?;
            ensure(last < timestamp && timestamp <= self.clock, "the time of a cold segment")?;
            last = timestamp;
            if round.columns.len() >= ROUND {
                self.enter_round(round)?;
            }
        }
        Ok(())
    }

    fn restore_rows(&mut self, rows: &[u8], round: &mut Round<'_>) -> Result<(), SnapshotError> {
        self.transfers.rows.align();
        let mut last = 0;
        for row in rows.chunks_exact(ROW_BYTES).filter_map(|row| Row::read_from_bytes(row).ok()) {
            let timestamp = row.timestamp.get();
            ensure(last < timestamp && timestamp <= self.clock, "the time of a transfer")?;
            last = timestamp;
            self.check_row(&row)?;
            let column = Column::of(&row);
            let ledger = round.ledger_of(&column)?;
            round.columns.push(column);
            self.transfers.rows.push(row, ledger);
            if round.columns.len() >= ROUND {
                self.enter_round(round)?;
            }
        }
        self.transfers.rows.mark();
        Ok(())
    }

    fn check_row(&self, row: &Row) -> Result<(), SnapshotError> {
        let flags = row.flags();
        let resolves = flags.intersects(TransferFlags::RESOLVING);
        let pending = flags.contains(TransferFlags::PENDING);
        let is_two = flags.contains(TransferFlags::RESOLVING)
            || resolves && (pending || flags.intersects(TransferFlags::BALANCING))
            || !pending && flags.intersects(TransferFlags::CLOSING);
        ensure(TransferFlags::SUPPORTED.contains(flags) && !is_two, "the flags of a transfer")?;
        ensure(row.code != 0, "a field of a transfer")?;
        let timed = row.timeout != 0;
        let is_timed_right = (!timed || flags.contains(TransferFlags::PENDING))
            && row.due().is_none_or(|due| due <= crate::apply::TIMESTAMP_MAX);
        ensure(is_timed_right, "the timeout of a transfer")?;
        let pending = row.pending.get();
        let is_known = if resolves { pending < self.transfers.rows.len() } else { pending == NONE };
        ensure(is_known, "the pending transfer of a transfer")
    }

    /// Enters the transfers of a round, whose rows are in place, into index and lists.
    fn enter_round(&mut self, round: &mut Round<'_>) -> Result<(), SnapshotError> {
        let Some((states, rest)) = round.states.split_at_checked(round.columns.len()) else {
            return Err(SnapshotError::Inconsistent { what: "the states of the transfers" });
        };
        for column in &round.columns {
            round.ledger_of(column)?;
        }
        let first = self.transfers.len();
        for state in states {
            let Some(state) = TransferState::from_number(*state) else {
                return Err(SnapshotError::Inconsistent { what: "the state of a transfer" });
            };
            self.transfers.restore(state);
        }
        round.states = rest;
        let Round { columns, both, sorted: [of_ids, of_lists], .. } = round;
        let (index, rows) = self.transfers.index_and_rows();
        let id_of = |number: u32| match number.checked_sub(first) {
            Some(place) => Ok(columns[place as usize].id),
            None => rows.try_get(number).map(|row| row.id),
        };
        let hashes = columns.iter().map(|column| IdHash::of(column.id.get()));
        let accounts = &mut self.accounts;
        let mut are_new = Ok(true);
        both(&mut || accounts.list_all(columns, first, of_lists), &mut || {
            are_new = index.insert_all(hashes.clone(), first, of_ids, |a, b| Ok(id_of(a)? == id_of(b)?));
        });
        ensure(are_new.map_err(SnapshotError::Cold)?, "a transfer id")?;
        round.columns.clear();
        Ok(())
    }
}

impl Round<'_> {
    /// The ledger of a transfer whose id and accounts are sound.
    fn ledger_of(&self, column: &Column) -> Result<u32, SnapshotError> {
        ensure(is_id(column.id.get()), "a transfer id")?;
        let ledger_of = |account: u32| self.ledgers.get(account as usize).copied();
        let (debit, credit) = (column.debit.get(), column.credit.get());
        match (ledger_of(debit), ledger_of(credit)) {
            (Some(of_debit), Some(of_credit)) if debit != credit && of_debit == of_credit => Ok(of_debit),
            _ => Err(SnapshotError::Inconsistent { what: "an account of a transfer" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ids::Timestamp;

    use super::*;
    use crate::bulk::in_turn;
    use crate::cold_memory::Memory;
    use crate::{Account, ColdOptions, Operation, Transfer};

    /// Two ids that the index cannot tell apart without their records.
    const TWINS: [u128; 2] =
        [0x4551_5229_63e1_4d94_d6ac_b640_980a_ad40, 0xb389_f37d_ddab_fecf_9bb2_54c3_d344_cb4a];

    #[test]
    fn ids_of_different_rounds_are_told_apart_by_their_records() {
        let [one, other] = TWINS.map(IdHash::of);
        assert_eq!((one.table(), one.tag()), (other.table(), other.tag()), "other ids are twins now");
        let store = Arc::new(Memory::default());
        let options = ColdOptions { keep_rows: 10_000, segment_blocks: 1 };
        let mut ledger = Ledger::with_cold_store(store.clone(), options);
        let account = |id| Account { id, ledger: 1, code: 1, ..Account::default() };
        let accounts = [account(1), account(2)].map(|account| account.as_bytes().to_vec()).concat();
        ledger.apply(Operation::CreateAccounts, Timestamp(1_000), &accounts, &mut Vec::new()).unwrap();
        let ids = [TWINS[0]].into_iter().chain(1..ROUND as u128 * 3).chain([TWINS[1]]);
        let transfer = |id| Transfer {
            id,
            debit_account_id: 1,
            credit_account_id: 2,
            ledger: 1,
            code: 1,
            ..Transfer::default()
        };
        let transfers: Vec<u8> = ids.flat_map(|id| transfer(id).as_bytes().to_vec()).collect();
        ledger.apply(Operation::CreateTransfers, Timestamp(2_000), &transfers, &mut Vec::new()).unwrap();
        store.take_all(&mut ledger);
        let mut bytes = Vec::new();
        ledger.snapshot(&mut bytes);
        let restored = Ledger::restore_with_cold_store(&bytes, store, options, &in_turn).unwrap();
        assert_eq!(restored.state_hash(), ledger.state_hash());
        for id in TWINS {
            assert_eq!(restored.transfer(id), ledger.transfer(id));
        }
    }
}
