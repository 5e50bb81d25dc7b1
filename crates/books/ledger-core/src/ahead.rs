//! Looking up what transfers need before they are judged.
//!
//! A transfer touches some ten cache lines anywhere in the ledger's memory. Judged one by one, transfers would wait for
//! each of them in turn. So what a group of them needs is asked for while the group before is judged, in steps: where to
//! look next is known only when the memory of the last step is there.

use crate::Ledger;
use crate::id_index::IdHash;
use crate::transfers::NONE;
use crate::wire::Transfer;

/// Transfers looked up at once: what two groups touch fits into the second-level cache.
const GROUP: usize = 64;

/// Transfers that are judged between two steps for the next group.
const STRIDE: usize = GROUP / Step::ALL.len();
const _: () = assert!(GROUP.is_multiple_of(Step::ALL.len()));

/// What is done for a group. Each step reads the memory that the one before asked for.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Hashes ids, and asks for their places in the indexes.
    Ids,
    /// Finds the accounts and the transfers to resolve by their hashes, and asks for them.
    Records,
    /// Makes sure that these are the accounts, and asks for the ends of their lists.
    Lists,
    /// Asks for what is read when a list begins a new cell.
    Cells,
}

impl Step {
    const ALL: [Self; 4] = [Self::Ids, Self::Records, Self::Lists, Self::Cells];
}

/// What was looked up for a transfer. No transfer of the same request changes it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ahead {
    /// The hash of its id.
    pub(crate) hash: IdHash,
    /// The number of its debit account, or [`NONE`].
    pub(crate) debit: u32,
    /// The number of its credit account, or [`NONE`].
    pub(crate) credit: u32,
}

/// What is looked up for the transfers of a request: for a group that is judged, and for the next one.
#[derive(Default)]
pub(crate) struct Groups([Group; 2]);

impl Groups {
    /// Looks ahead as far as it is time before the transfer at `place` is judged. `from` gives the transfers of the request
    /// from a place on.
    #[inline]
    pub(crate) fn look_ahead<I>(&mut self, ledger: &Ledger, place: usize, from: impl Fn(usize) -> I)
    where
        I: Iterator<Item = Transfer>,
    {
        if place == 0 {
            Step::ALL.into_iter().for_each(|step| self.0[0].take(step, ledger, from(0)));
        }
        if place.is_multiple_of(STRIDE) {
            let next = place / GROUP + 1;
            let step = Step::ALL[place % GROUP / STRIDE];
            self.0[next % 2].take(step, ledger, from(next * GROUP));
        }
    }

    /// What was looked up for the transfer at `place`.
    #[inline]
    pub(crate) fn of(&self, place: usize) -> &Ahead {
        &self.0[place / GROUP % 2].ahead[place % GROUP]
    }
}

struct Group {
    ahead: [Ahead; GROUP],
    /// The ids of debit and credit accounts, and their hashes.
    accounts: [[(u128, IdHash); 2]; GROUP],
    /// The hashes of the ids of transfers to post or void, from the first on.
    pending: [IdHash; GROUP],
    len: usize,
    pending_len: usize,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            ahead: [Ahead::default(); GROUP],
            accounts: [[(0, IdHash::default()); 2]; GROUP],
            pending: [IdHash::default(); GROUP],
            len: 0,
            pending_len: 0,
        }
    }
}

impl Group {
    /// `transfers` are those of the group and any after them, the same for each step.
    fn take(&mut self, step: Step, ledger: &Ledger, transfers: impl Iterator<Item = Transfer>) {
        match step {
            Step::Ids => self.ask_for_ids(ledger, transfers.take(GROUP)),
            Step::Records => self.ask_for_records(ledger),
            Step::Lists => self.ask_for_lists(ledger),
            Step::Cells => self.ask_for_cells(ledger),
        }
    }

    fn ask_for_ids(&mut self, ledger: &Ledger, transfers: impl Iterator<Item = Transfer>) {
        (self.len, self.pending_len) = (0, 0);
        for transfer in transfers {
            let hash = IdHash::of(transfer.id);
            let accounts =
                [transfer.debit_account_id, transfer.credit_account_id].map(|id| (id, IdHash::of(id)));
            ledger.transfers.ask_for_id(hash);
            accounts.iter().for_each(|(_, hash)| ledger.accounts.ask_for_id(*hash));
            self.ahead[self.len].hash = hash;
            self.accounts[self.len] = accounts;
            self.len += 1;
            if transfer.pending_id != 0 {
                let pending = IdHash::of(transfer.pending_id);
                ledger.transfers.ask_for_id(pending);
                self.pending[self.pending_len] = pending;
                self.pending_len += 1;
            }
        }
    }

    fn ask_for_records(&mut self, ledger: &Ledger) {
        for (ahead, [debit, credit]) in self.ahead[..self.len].iter_mut().zip(&self.accounts) {
            ahead.debit = ledger.accounts.likely(debit.1);
            ahead.credit = ledger.accounts.likely(credit.1);
            ahead.accounts().for_each(|number| ledger.accounts.ask_for_row(number));
        }
        ledger.transfers.ask_for_rows(&self.pending[..self.pending_len]);
    }

    fn ask_for_lists(&mut self, ledger: &Ledger) {
        for (ahead, [debit, credit]) in self.ahead[..self.len].iter_mut().zip(&self.accounts) {
            ahead.debit = ledger.accounts.find_likely(ahead.debit, debit.1, debit.0);
            ahead.credit = ledger.accounts.find_likely(ahead.credit, credit.1, credit.0);
            ahead.accounts().for_each(|number| ledger.accounts.ask_for_list(number));
        }
    }

    fn ask_for_cells(&self, ledger: &Ledger) {
        let numbers = self.ahead[..self.len].iter().flat_map(Ahead::accounts);
        numbers.for_each(|number| ledger.accounts.ask_for_cell(number));
    }
}

impl Ahead {
    /// The numbers of those accounts that there are.
    fn accounts(&self) -> impl Iterator<Item = u32> + use<> {
        [self.debit, self.credit].into_iter().filter(|number| *number != NONE)
    }
}
