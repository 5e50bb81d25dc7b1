//! What a request asks for, and the sizes of its events and results.

use crate::release::Release;

/// An operation of the protocol itself: opens a session.
pub(crate) const REGISTER: u8 = 2;
/// An operation of the protocol itself: does nothing, durably.
pub(crate) const NOOP: u8 = 6;

/// What the events of a request are, whatever their encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Create accounts.
    CreateAccounts,
    /// Create transfers.
    CreateTransfers,
    /// Accounts by id.
    LookupAccounts,
    /// Transfers by id.
    LookupTransfers,
    /// Transfers of one account.
    GetAccountTransfers,
    /// Balances of one account over time.
    GetAccountBalances,
    /// Accounts by their fields.
    QueryAccounts,
    /// Transfers by their fields.
    QueryTransfers,
    /// What happened, in order.
    GetChangeEvents,
}

/// How events and results lie in a body. Older clients keep the encoding they were built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One batch, results only of events that were refused: releases before 0.16.34.
    Unbatched,
    /// Several batches, results only of events that were refused: releases before 0.17.
    Sparse,
    /// Several batches, one result for each event.
    Batched,
}

/// An operation of the ledger: its number on the wire says the kind and the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What is asked for.
    pub kind: Kind,
    /// How.
    pub encoding: Encoding,
}

use Encoding::{Batched, Sparse, Unbatched};
use Kind::{
    CreateAccounts, CreateTransfers, GetAccountBalances, GetAccountTransfers, GetChangeEvents,
    LookupAccounts, LookupTransfers, QueryAccounts, QueryTransfers,
};

/// Every operation with its number. 128 is the pulse, which no client may send.
const NUMBERS: [(u8, Kind, Encoding); 19] = [
    (129, CreateAccounts, Unbatched),
    (130, CreateTransfers, Unbatched),
    (131, LookupAccounts, Unbatched),
    (132, LookupTransfers, Unbatched),
    (133, GetAccountTransfers, Unbatched),
    (134, GetAccountBalances, Unbatched),
    (135, QueryAccounts, Unbatched),
    (136, QueryTransfers, Unbatched),
    (137, GetChangeEvents, Unbatched),
    (138, CreateAccounts, Sparse),
    (139, CreateTransfers, Sparse),
    (140, LookupAccounts, Batched),
    (141, LookupTransfers, Batched),
    (142, GetAccountTransfers, Batched),
    (143, GetAccountBalances, Batched),
    (144, QueryAccounts, Batched),
    (145, QueryTransfers, Batched),
    (146, CreateAccounts, Batched),
    (147, CreateTransfers, Batched),
];

impl Operation {
    /// The operation with this number, if there is one that a client may send.
    pub fn from_number(number: u8) -> Option<Self> {
        let (_, kind, encoding) = *NUMBERS.iter().find(|(known, ..)| *known == number)?;
        Some(Self { kind, encoding })
    }

    /// The operation as clients of [`Release::OURS`](crate::Release::OURS) send it.
    pub fn newest(kind: Kind) -> Self {
        Self::of(kind, Release::OURS)
    }

    /// The operation as the published clients of `release` send it.
    pub fn of(kind: Kind, release: Release) -> Self {
        let encoding = match kind {
            _ if release < Release::SEVERAL_BATCHES => Unbatched,
            GetChangeEvents => Unbatched,
            CreateAccounts | CreateTransfers if release < Release::A_RESULT_FOR_EACH => Sparse,
            _ => Batched,
        };
        Self { kind, encoding }
    }

    /// The number on the wire.
    pub fn number(self) -> u8 {
        let found =
            NUMBERS.iter().find(|(_, kind, encoding)| (*kind, *encoding) == (self.kind, self.encoding));
        // A combination that does not exist gets the reserved number, which every site refuses.
        found.map_or(0, |(number, ..)| *number)
    }

    /// Whether the body ends with the lengths of its batches.
    pub fn is_batched(self) -> bool {
        self.encoding != Unbatched
    }

    /// Bytes of one result on the wire.
    pub fn result_size(self) -> usize {
        match (self.kind, self.encoding) {
            (CreateAccounts | CreateTransfers, Unbatched | Sparse) => 8,
            (kind, _) => kind.result_size(),
        }
    }
}

impl Kind {
    /// Whether it changes the ledger.
    pub fn is_write(self) -> bool {
        matches!(self, CreateAccounts | CreateTransfers)
    }

    /// Whether a batch holds any number of events; else it holds exactly one, a filter.
    pub fn takes_many(self) -> bool {
        matches!(self, CreateAccounts | CreateTransfers | LookupAccounts | LookupTransfers)
    }

    /// Bytes of one event.
    pub const fn event_size(self) -> usize {
        match self {
            CreateAccounts | CreateTransfers | GetAccountTransfers | GetAccountBalances => 128,
            LookupAccounts | LookupTransfers => 16,
            QueryAccounts | QueryTransfers | GetChangeEvents => 64,
        }
    }

    /// Bytes of one result, as the ledger gives it.
    pub const fn result_size(self) -> usize {
        match self {
            CreateAccounts | CreateTransfers => 16,
            GetChangeEvents => 384,
            _ => 128,
        }
    }

    /// Where a filter keeps the most results it wants, four bytes; `None` if it is no filter.
    pub(crate) fn limit_at(self) -> Option<usize> {
        match self {
            GetAccountTransfers | GetAccountBalances => Some(120),
            QueryAccounts | QueryTransfers => Some(56),
            GetChangeEvents => Some(16),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_operations_are_the_same_thing() {
        for number in 0..=u8::MAX {
            if let Some(operation) = Operation::from_number(number) {
                assert_eq!(operation.number(), number);
            }
        }
        let refused = [0, 1, REGISTER, 3, 4, 5, NOOP, 127, 128, 148, 255];
        assert!(refused.iter().all(|number| Operation::from_number(*number).is_none()));
        assert_eq!(Operation::newest(CreateTransfers).number(), 147);
        assert_eq!(Operation::newest(GetChangeEvents).number(), 137);
        assert_eq!(Operation { kind: QueryAccounts, encoding: Sparse }.number(), 0);
    }

    #[test]
    fn clients_of_each_release_send_the_operations_that_it_has() {
        let number = |kind, minor, patch| Operation::of(kind, Release::new(0, minor, patch)).number();
        let releases = [(16, 4), (16, 33), (16, 34), (16, 78), (17, 0), (17, 9)];
        let numbers = |kind| releases.map(|(minor, patch)| number(kind, minor, patch));
        assert_eq!(numbers(CreateAccounts), [129, 129, 138, 138, 146, 146]);
        assert_eq!(numbers(CreateTransfers), [130, 130, 139, 139, 147, 147]);
        assert_eq!(numbers(LookupAccounts), [131, 131, 140, 140, 140, 140]);
        assert_eq!(numbers(QueryTransfers), [136, 136, 145, 145, 145, 145]);
        assert_eq!(numbers(GetChangeEvents), [137; 6]);
    }
}
