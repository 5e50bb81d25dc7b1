//! Random questions about the books of a life.

use ledger_core::{AccountFilter, ChangeEventsFilter, QueryFilter};
use vsr::Kind;

use super::clocks::Clocks;
use super::life::{ACCOUNTS, Life};

/// A question, to them and to us: they differ in timestamps only.
pub(crate) struct Question {
    pub(crate) kind: Kind,
    /// How many ids or filters each batch of the request has.
    pub(crate) batches: Vec<u16>,
    pub(crate) theirs: Vec<u8>,
    pub(crate) ours: Vec<u8>,
}

/// Bounds of time, theirs and ours: when something happened, with it or without.
struct Span {
    min: (u64, u64),
    max: (u64, u64),
}

impl Question {
    /// One id or filter after the other, in one batch or in one each.
    fn new(kind: Kind, theirs: Vec<u8>, ours: Vec<u8>) -> Self {
        let count = theirs.len() / kind.event_size();
        let batches = if kind.takes_many() { vec![u16::try_from(count).unwrap()] } else { vec![1; count] };
        Self { kind, batches, theirs, ours }
    }
}

/// Asks for something, now and then for several things in one request. `since`: when the life began, on their side.
pub(crate) fn question(life: &mut Life, clocks: &Clocks, since: u64) -> Question {
    let mut asked = one(life, clocks, since);
    if asked.kind == Kind::GetChangeEvents || !life.has_batches || !life.dice.once_in(5) {
        return asked;
    }
    for _ in 0..20 {
        let more = one(life, clocks, since);
        if more.kind == asked.kind {
            asked.batches.extend(more.batches);
            asked.theirs.extend(more.theirs);
            asked.ours.extend(more.ours);
        }
    }
    // All that is asked for must fit one reply.
    if let Some(place) = limit_place(asked.kind) {
        for filters in [&mut asked.theirs, &mut asked.ours] {
            for filter in filters.chunks_mut(asked.kind.event_size()) {
                filter[place + 1..place + 4].fill(0);
            }
        }
    }
    asked
}

/// Where a filter keeps its limit.
fn limit_place(kind: Kind) -> Option<usize> {
    match kind {
        Kind::GetAccountTransfers | Kind::GetAccountBalances => Some(120),
        Kind::QueryAccounts | Kind::QueryTransfers => Some(56),
        _ => None,
    }
}

fn one(life: &mut Life, clocks: &Clocks, since: u64) -> Question {
    match life.dice.within(0..11) {
        0 => lookup(Kind::LookupAccounts, accounts(life)),
        1 => {
            let ids = life.some_transfers();
            lookup(Kind::LookupTransfers, ids)
        }
        2..5 => of_account(Kind::GetAccountTransfers, life, clocks, since),
        5..7 => of_account(Kind::GetAccountBalances, life, clocks, since),
        7 => query(Kind::QueryAccounts, life, clocks, since),
        8..10 => query(Kind::QueryTransfers, life, clocks, since),
        _ => changes(life, clocks, since),
    }
}

/// Every account that the life may have.
pub(crate) fn accounts(life: &Life) -> Vec<u128> {
    (0..ACCOUNTS * 3 + 2).map(|id| life.id(id)).collect()
}

pub(crate) fn lookup(kind: Kind, ids: Vec<u128>) -> Question {
    let ids: Vec<u8> = ids.into_iter().flat_map(u128::to_le_bytes).collect();
    Question::new(kind, ids.clone(), ids)
}

/// Everything that happened since, in one question.
pub(crate) fn all_changes(theirs: u64, ours: u64) -> Question {
    let filter = |timestamp_min| {
        ChangeEventsFilter { timestamp_min, limit: 2_730, ..ChangeEventsFilter::default() }
            .as_bytes()
            .to_vec()
    };
    Question::new(Kind::GetChangeEvents, filter(theirs), filter(ours))
}

/// Everything about every account.
pub(crate) fn whole_accounts(life: &Life) -> Vec<Question> {
    let ask = |kind, id| {
        let (account_id, flags) = (life.id(id), AccountFilter::DEBITS | AccountFilter::CREDITS);
        let filter = AccountFilter { account_id, flags, limit: 8_189, ..AccountFilter::default() };
        let filter = filter.as_bytes().to_vec();
        Question::new(kind, filter.clone(), filter)
    };
    let both = |id| [ask(Kind::GetAccountTransfers, id), ask(Kind::GetAccountBalances, id)];
    (1..ACCOUNTS).flat_map(both).collect()
}

fn of_account(kind: Kind, life: &mut Life, clocks: &Clocks, since: u64) -> Question {
    let span = span(life, clocks, since);
    let id = life.dice.within(0..ACCOUNTS + 1);
    let mut filter = AccountFilter {
        account_id: if life.dice.once_in(20) { life.dice.one_of(&[0, u128::MAX]) } else { life.id(id) },
        limit: limit(life),
        flags: life.dice.one_of(&[3, 3, 3, 7, 7, 7, 1, 2, 5, 6, 0, 4, 8, 11, 1 << 31]),
        ..AccountFilter::default()
    };
    if life.dice.once_in(2) {
        filter.user_data_128 = life.dice.one_of(&[0, 0, 1, 2, 9]);
        filter.user_data_64 = life.dice.one_of(&[0, 0, 1, 2]);
        filter.user_data_32 = life.dice.one_of(&[0, 0, 0, 1, 2]);
        filter.code = life.dice.one_of(&[0, 1, 1, 2]);
    }
    if life.dice.once_in(25) {
        filter.reserved[57] = 1;
    }
    let with =
        |min, max| AccountFilter { timestamp_min: min, timestamp_max: max, ..filter }.as_bytes().to_vec();
    Question::new(kind, with(span.min.0, span.max.0), with(span.min.1, span.max.1))
}

fn query(kind: Kind, life: &mut Life, clocks: &Clocks, since: u64) -> Question {
    let span = span(life, clocks, since);
    let mut filter = QueryFilter {
        limit: limit(life),
        flags: life.dice.one_of(&[0, 0, 0, 1, 1, 1, 2, 3]),
        ..QueryFilter::default()
    };
    filter.user_data_128 = life.dice.one_of(&[0, 0, 0, 1, 2, 9]);
    filter.user_data_64 = life.dice.one_of(&[0, 0, 0, 1, 2]);
    filter.user_data_32 = life.dice.one_of(&[0, 0, 0, 1, 2]);
    filter.code = life.dice.one_of(&[0, 0, 1, 1, 2]);
    filter.ledger = life.dice.one_of(&[0, life.ledger(1), life.ledger(1), life.ledger(2), life.ledger(3)]);
    if life.dice.once_in(25) {
        filter.reserved[0] = 1;
    }
    let with =
        |min, max| QueryFilter { timestamp_min: min, timestamp_max: max, ..filter }.as_bytes().to_vec();
    Question::new(kind, with(span.min.0, span.max.0), with(span.min.1, span.max.1))
}

fn changes(life: &mut Life, clocks: &Clocks, since: u64) -> Question {
    let span = span(life, clocks, since);
    let mut filter = ChangeEventsFilter { limit: limit(life), ..ChangeEventsFilter::default() };
    if life.dice.once_in(25) {
        filter.reserved[43] = 1;
    }
    let with = |min, max| {
        ChangeEventsFilter { timestamp_min: min, timestamp_max: max, ..filter }.as_bytes().to_vec()
    };
    Question::new(Kind::GetChangeEvents, with(span.min.0, span.max.0), with(span.min.1, span.max.1))
}

fn limit(life: &mut Life) -> u32 {
    match life.dice.within(0..12) {
        0 => 0,
        1 => u32::MAX,
        2 => 1,
        3..6 => life.dice.one_of(&[2, 3, 7, 10]),
        _ => life.dice.one_of(&[50, 300, 8_189]),
    }
}

fn span(life: &mut Life, clocks: &Clocks, since: u64) -> Span {
    let impossible = life.dice.one_of(&[u64::MAX, 1 << 63]);
    let mut bound = |none: u64, is_min: bool| match life.dice.within(0..24) {
        0 => (impossible, impossible),
        1 => ((1 << 63) - 1, (1 << 63) - 1),
        drawn if drawn < none => (0, 0),
        _ => match clocks.pick(since, life.dice.index(1 << 20)) {
            // Without what happened then. On the other side of it the servers may leave different room.
            Some((theirs, ours)) if life.dice.once_in(3) => match is_min {
                true => (theirs + 1, ours + 1),
                false => (theirs.saturating_sub(1), ours.saturating_sub(1)),
            },
            known => known.unwrap_or_default(),
        },
    };
    // Without a bound most questions would be about all lives before this one.
    Span { min: bound(4, true), max: bound(14, false) }
}
