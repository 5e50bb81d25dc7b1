//! What the model answers to a query: lists, filtered one record at a time.

use ledger_core::{
    Account, AccountBalance, AccountFilter, AccountFlags, ChangeEvent, ChangeEventsFilter, QueryFilter,
    Transfer, TransferFlags,
};

use crate::model::{Event, Model};

const LATEST: u64 = i64::MAX.unsigned_abs();

/// Whether a timestamp lies in the range of a filter; `None` if no timestamp can.
fn in_range(min: u64, max: u64) -> Option<impl Fn(u64) -> bool> {
    let is_valid = min <= LATEST && max <= LATEST && (max == 0 || min <= max);
    is_valid.then_some(move |timestamp| timestamp >= min && (max == 0 || timestamp <= max))
}

fn fits(asked: u128, actual: u128) -> bool {
    asked == 0 || asked == actual
}

/// The records a reply has room for, in the direction asked for.
fn cut<T>(mut found: Vec<T>, reversed: bool, limit: u32, most: usize) -> Vec<T> {
    if reversed {
        found.reverse();
    }
    found.truncate((limit as usize).min(most));
    found
}

impl Model {
    fn events_of(&self, filter: &AccountFilter) -> Vec<Event> {
        let is_valid = filter.limit > 0
            && filter.account_id != u128::MAX
            && filter.flags < 8
            && !filter.flags.is_multiple_of(4)
            && filter.reserved.iter().all(|byte| *byte == 0);
        let Some(in_range) = in_range(filter.timestamp_min, filter.timestamp_max).filter(|_| is_valid) else {
            return Vec::new();
        };
        let id = filter.account_id;
        let is_asked_for = |event: &&Event| {
            let transfer = &event.transfer;
            let debits = filter.flags % 2 == 1 && transfer.debit_account_id == id;
            let credits = filter.flags & 2 == 2 && transfer.credit_account_id == id;
            !event.expired
                && (debits || credits)
                && in_range(event.timestamp)
                && fits(filter.user_data_128, transfer.user_data_128)
                && fits(filter.user_data_64.into(), transfer.user_data_64.into())
                && fits(filter.user_data_32.into(), transfer.user_data_32.into())
                && fits(filter.code.into(), transfer.code.into())
        };
        let found = self.events.iter().filter(is_asked_for).copied().collect();
        cut(found, filter.flags >= 4, filter.limit, 8190)
    }

    pub(crate) fn get_account_transfers(&self, filter: &AccountFilter) -> Vec<Transfer> {
        self.events_of(filter).into_iter().map(|event| event.transfer).collect()
    }

    pub(crate) fn get_account_balances(&self, filter: &AccountFilter) -> Vec<AccountBalance> {
        let has_history = |account: &Account| account.flags.contains(AccountFlags::HISTORY);
        if !self.accounts.get(&filter.account_id).is_some_and(has_history) {
            return Vec::new();
        }
        let balance = |event: Event| {
            let account = if event.debit.id == filter.account_id { event.debit } else { event.credit };
            AccountBalance {
                debits_pending: account.debits_pending,
                debits_posted: account.debits_posted,
                credits_pending: account.credits_pending,
                credits_posted: account.credits_posted,
                timestamp: event.timestamp,
                reserved: [0; 56],
            }
        };
        self.events_of(filter).into_iter().map(balance).collect()
    }

    fn query<T>(
        &self,
        filter: &QueryFilter,
        records: Vec<T>,
        fields: impl Fn(&T) -> (u64, [u128; 5]),
    ) -> Vec<T> {
        let is_valid = filter.limit > 0 && filter.flags < 2 && filter.reserved.iter().all(|byte| *byte == 0);
        let Some(in_range) = in_range(filter.timestamp_min, filter.timestamp_max).filter(|_| is_valid) else {
            return Vec::new();
        };
        let asked = [
            filter.user_data_128,
            filter.user_data_64.into(),
            filter.user_data_32.into(),
            filter.ledger.into(),
            filter.code.into(),
        ];
        let is_asked_for = |record: &T| {
            let (timestamp, actual) = fields(record);
            in_range(timestamp) && asked.iter().zip(actual).all(|(asked, actual)| fits(*asked, actual))
        };
        let found = records.into_iter().filter(is_asked_for).collect();
        cut(found, filter.flags == 1, filter.limit, 8190)
    }

    pub(crate) fn query_accounts(&self, filter: &QueryFilter) -> Vec<Account> {
        let mut accounts = self.accounts();
        accounts.sort_by_key(|account| account.timestamp);
        self.query(filter, accounts, |account| {
            let Account { user_data_128, user_data_64, user_data_32, ledger, code, timestamp, .. } = *account;
            (timestamp, [user_data_128, user_data_64.into(), user_data_32.into(), ledger.into(), code.into()])
        })
    }

    pub(crate) fn query_transfers(&self, filter: &QueryFilter) -> Vec<Transfer> {
        let transfers = self.transfers.values().map(|(transfer, _)| *transfer).collect();
        self.query(filter, transfers, |transfer| {
            let Transfer { user_data_128, user_data_64, user_data_32, ledger, code, timestamp, .. } =
                *transfer;
            (timestamp, [user_data_128, user_data_64.into(), user_data_32.into(), ledger.into(), code.into()])
        })
    }

    pub(crate) fn get_change_events(&self, filter: &ChangeEventsFilter) -> Vec<ChangeEvent> {
        let is_valid = filter.limit > 0 && filter.reserved.iter().all(|byte| *byte == 0);
        let Some(in_range) = in_range(filter.timestamp_min, filter.timestamp_max).filter(|_| is_valid) else {
            return Vec::new();
        };
        let mut events: Vec<&Event> = self.events.iter().filter(|event| in_range(event.timestamp)).collect();
        events.sort_by_key(|event| event.timestamp);
        cut(events.into_iter().map(change_event).collect(), false, filter.limit, 2730)
    }
}

fn change_event(event: &Event) -> ChangeEvent {
    let Event { timestamp, transfer, expired, debit, credit } = event;
    let flag = |flag| transfer.flags.contains(flag);
    ChangeEvent {
        kind: match () {
            () if *expired => 4,
            () if flag(TransferFlags::VOID_PENDING_TRANSFER) => 3,
            () if flag(TransferFlags::POST_PENDING_TRANSFER) => 2,
            () if flag(TransferFlags::PENDING) => 1,
            () => 0,
        },
        timestamp: *timestamp,
        ledger: transfer.ledger,
        transfer_id: transfer.id,
        transfer_amount: transfer.amount,
        transfer_pending_id: transfer.pending_id,
        transfer_user_data_128: transfer.user_data_128,
        transfer_user_data_64: transfer.user_data_64,
        transfer_user_data_32: transfer.user_data_32,
        transfer_timeout: transfer.timeout,
        transfer_code: transfer.code,
        transfer_flags: transfer.flags,
        transfer_timestamp: transfer.timestamp,
        debit_account_id: debit.id,
        debit_account_debits_pending: debit.debits_pending,
        debit_account_debits_posted: debit.debits_posted,
        debit_account_credits_pending: debit.credits_pending,
        debit_account_credits_posted: debit.credits_posted,
        debit_account_user_data_128: debit.user_data_128,
        debit_account_user_data_64: debit.user_data_64,
        debit_account_user_data_32: debit.user_data_32,
        debit_account_code: debit.code,
        debit_account_flags: debit.flags,
        debit_account_timestamp: debit.timestamp,
        credit_account_id: credit.id,
        credit_account_debits_pending: credit.debits_pending,
        credit_account_debits_posted: credit.debits_posted,
        credit_account_credits_pending: credit.credits_pending,
        credit_account_credits_posted: credit.credits_posted,
        credit_account_user_data_128: credit.user_data_128,
        credit_account_user_data_64: credit.user_data_64,
        credit_account_user_data_32: credit.user_data_32,
        credit_account_code: credit.code,
        credit_account_flags: credit.flags,
        credit_account_timestamp: credit.timestamp,
        ..ChangeEvent::default()
    }
}
