//! Every change of the books as an event, oldest first.

use std::collections::BTreeMap;

use crate::Ledger;
use crate::filter::{ChangeEvent, ChangeEventType};
use crate::history::Event;
use crate::ledgers::Ledgers;
use crate::scan::{Direction, TimeRange};
use crate::wire::{Account, Transfer, TransferFlags};

/// The two accounts of an event right after it.
type Accounts = [Account; 2];

impl Ledger {
    /// Appends up to `limit` events that happened in `range` in one of `ledgers`.
    pub(crate) fn write_change_events(
        &self,
        ledgers: &Ledgers,
        range: TimeRange,
        limit: usize,
        out: &mut Vec<u8>,
    ) {
        let events = if ledgers.is_empty() { Vec::new() } else { self.events(ledgers, range, limit) };
        for (event, [debit, credit]) in events.iter().zip(self.accounts_of(&events)) {
            let transfer = self.transfer_of(*event);
            let kind = kind_of(*event, &transfer);
            let event = change_event(self.timestamp_of(*event), kind, &transfer, &debit, &credit);
            out.extend_from_slice(event.as_bytes());
        }
    }

    /// Up to `limit` events of `range` in the order of their timestamps.
    fn events(&self, ledgers: &Ledgers, range: TimeRange, limit: usize) -> Vec<Event> {
        let is_within = |number: &u32| self.has_transfer_within(ledgers, *number);
        let transfers = self.scan().transfers(range, Direction::Ascending);
        let mut transfers = transfers.filter(is_within).peekable();
        let expiries = self.expiries(range);
        let mut expiries = expiries.filter(|number| is_within(&self.expired(*number))).peekable();
        let mut events = Vec::new();
        while events.len() < limit {
            let transfer = transfers.peek().map(|number| Event::Transfer(*number));
            let expiry = expiries.peek().map(|number| Event::Expiry(*number));
            // An expiry has a timestamp of its own, so the two never tie.
            let earlier =
                [transfer, expiry].into_iter().flatten().min_by_key(|event| self.timestamp_of(*event));
            match earlier {
                Some(Event::Transfer(_)) => transfers.next(),
                Some(Event::Expiry(_)) => expiries.next(),
                None => break,
            };
            events.extend(earlier);
        }
        events
    }

    /// The numbers of the expiries in `range`.
    fn expiries(&self, range: TimeRange) -> impl Iterator<Item = u32> {
        let expired = self.transfers.expiries.expired();
        let before = |timestamp: u64| expired.partition_point(|expiry| expiry.timestamp < timestamp);
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        number(before(range.first))..number(before(range.last.saturating_add(1)))
    }

    /// The number of the transfer that expired.
    fn expired(&self, expiry: u32) -> u32 {
        self.transfers.expiries.expired()[expiry as usize].transfer
    }

    fn transfer_of(&self, event: Event) -> Transfer {
        let number = match event {
            Event::Transfer(number) => number,
            Event::Expiry(number) => self.expired(number),
        };
        self.entry(number).transfer
    }

    /// The accounts after each event.
    fn accounts_of(&self, events: &[Event]) -> Vec<Accounts> {
        let mut found = vec![Accounts::default(); events.len()];
        // By account: where it stands in `events`, and on which side.
        let mut places: BTreeMap<u32, Vec<(usize, usize)>> = BTreeMap::new();
        for (place, event) in events.iter().enumerate() {
            let transfer = self.transfer_of(*event);
            for (side, id) in [transfer.debit_account_id, transfer.credit_account_id].into_iter().enumerate()
            {
                if let Some(account) = self.accounts.find(id) {
                    places.entry(account).or_default().push((place, side));
                }
            }
        }
        for (account, mut places) in places {
            places.sort_by_key(|(place, _)| self.position(events[*place]));
            let own: Vec<Event> = places.iter().map(|(place, _)| events[*place]).collect();
            for ((place, side), state) in places.iter().zip(self.states_after(account, &own)) {
                found[*place][*side] = state;
            }
        }
        found
    }
}

fn kind_of(event: Event, transfer: &Transfer) -> ChangeEventType {
    if matches!(event, Event::Expiry(_)) {
        ChangeEventType::TwoPhaseExpired
    } else if transfer.flags.contains(TransferFlags::PENDING) {
        ChangeEventType::TwoPhasePending
    } else if transfer.flags.contains(TransferFlags::POST_PENDING_TRANSFER) {
        ChangeEventType::TwoPhasePosted
    } else if transfer.flags.contains(TransferFlags::VOID_PENDING_TRANSFER) {
        ChangeEventType::TwoPhaseVoided
    } else {
        ChangeEventType::SinglePhase
    }
}

fn change_event(
    timestamp: u64,
    kind: ChangeEventType,
    transfer: &Transfer,
    debit: &Account,
    credit: &Account,
) -> ChangeEvent {
    ChangeEvent {
        transfer_id: transfer.id,
        transfer_amount: transfer.amount,
        transfer_pending_id: transfer.pending_id,
        transfer_user_data_128: transfer.user_data_128,
        transfer_user_data_64: transfer.user_data_64,
        transfer_user_data_32: transfer.user_data_32,
        transfer_timeout: transfer.timeout,
        transfer_code: transfer.code,
        transfer_flags: transfer.flags,
        ledger: transfer.ledger,
        kind: kind as u8,
        reserved: [0; 39],
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
        timestamp,
        transfer_timestamp: transfer.timestamp,
        debit_account_timestamp: debit.timestamp,
        credit_account_timestamp: credit.timestamp,
    }
}
