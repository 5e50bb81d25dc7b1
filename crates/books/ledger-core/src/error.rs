//! Errors of whole requests, snapshots and statements. What can be wrong with one event is a status, not an
//! error.

use crate::EVENTS_MAX;

/// Why a request was not applied. The ledger is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The body is not a whole number of events.
    #[error("a request body of {bytes} bytes is not a whole number of {event}-byte events")]
    Length {
        /// The length of the body.
        bytes: usize,
        /// The length of one event.
        event: usize,
    },
    /// More events than the operation takes.
    #[error("a request of this operation has at most {max} events")]
    TooManyEvents {
        /// How many it takes.
        max: u32,
    },
    /// A request to create nothing.
    #[error("the request has no events")]
    Empty,
    /// A pulse carries nothing.
    #[error("a pulse has no body")]
    PulseWithBody,
    /// No such operation.
    #[error("operation {number} does not exist")]
    UnknownOperation {
        /// The number given.
        number: u8,
    },
    /// The first event would not be later than everything before it.
    #[error("the request is stamped {timestamp}, but its first event must come after {last}")]
    TimestampNotAfterLast {
        /// The stamp of the request.
        timestamp: u64,
        /// The stamp of the request before.
        last: u64,
    },
    /// The stamp is 2^63 nanoseconds or more.
    #[error("the request is stamped {timestamp}, beyond the year 2262")]
    TimestampOutOfRange {
        /// The stamp of the request.
        timestamp: u64,
    },
    /// The records of this ledger are numbered with 31 bits.
    #[error("the ledger is full")]
    Full,
}

impl stdx::Coded for RequestError {
    fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "LED-1001",
            Self::TooManyEvents { .. } => "LED-1002",
            Self::Empty => "LED-1003",
            Self::PulseWithBody => "LED-1004",
            Self::UnknownOperation { .. } => "LED-1005",
            Self::TimestampNotAfterLast { .. } => "LED-1006",
            Self::TimestampOutOfRange { .. } => "LED-1007",
            Self::Full => "LED-1008",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Length { .. } => "send whole records, one after the other",
            Self::TooManyEvents { .. } => "split the request; each part is applied in the order you send it",
            Self::Empty => "send at least one event",
            Self::PulseWithBody => "send the events as create_accounts or create_transfers",
            Self::UnknownOperation { .. } => {
                "use 1 (create accounts), 2 (create transfers), 3 (pulse), or 4 to 12 for what banks need beyond"
            }
            Self::TimestampNotAfterLast { .. } => "stamp requests with a clock that never goes backwards",
            Self::TimestampOutOfRange { .. } => "correct the clock of the machine that stamps requests",
            Self::Full => "open another shard for new accounts",
        }
    }
}

/// Why bytes are not a snapshot of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Does not begin like a snapshot.
    #[error("this is not a ledger snapshot")]
    NotASnapshot,
    /// Written by a newer version.
    #[error("the snapshot has format {version}, newer than this program reads")]
    NewerFormat {
        /// The format found.
        version: u32,
    },
    /// Shorter or longer than its header says.
    #[error("the snapshot is {actual} bytes long, but its header announces {expected}")]
    Length {
        /// The length its header announces, `u64::MAX` if it has no whole header or announces the impossible.
        expected: u64,
        /// The length found.
        actual: u64,
    },
    /// Its records contradict each other.
    #[error("the snapshot contradicts itself: {what}")]
    Inconsistent {
        /// What does not fit.
        what: &'static str,
    },
    /// A cold segment that it needs is missing or damaged.
    #[error("the snapshot needs a {0}")]
    Cold(#[source] crate::ColdError),
    /// Its records are not the ones that were saved.
    #[error("the snapshot's state hash differs from that of its content")]
    StateHash,
}

impl stdx::Coded for SnapshotError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotASnapshot => "LED-1101",
            Self::NewerFormat { .. } => "LED-1102",
            Self::Length { .. } => "LED-1103",
            Self::Inconsistent { .. } => "LED-1104",
            Self::StateHash => "LED-1105",
            Self::Cold(_) => "LED-1106",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NewerFormat { .. } => {
                "start the newer version of the program, or replay the journal from empty"
            }
            _ => "delete the snapshot; the ledger is rebuilt from an older one or from the journal",
        }
    }
}

/// The books do not balance. This is a bug: the shard must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvariantBroken {
    /// LED-INV-1.
    #[error("LED-INV-1: debits and credits of ledger {ledger} differ")]
    LedgerDoesNotBalance {
        /// The ledger.
        ledger: u32,
    },
    /// LED-INV-2.
    #[error("LED-INV-2: account {account} does not equal the sum of its transfers")]
    AccountIsNotItsTransfers {
        /// The account.
        account: u128,
    },
    /// LED-INV-3.
    #[error("LED-INV-3: account {account} exceeds a limit it was created with")]
    LimitExceeded {
        /// The account.
        account: u128,
    },
    /// LED-INV-4.
    #[error("LED-INV-4: the pending transfers do not match the counters and timers kept for them")]
    PendingsDoNotMatch,
    /// LED-INV-8.
    #[error("LED-INV-8: account {account} is open, but a pending transfer closes it")]
    ClosingAccountIsOpen {
        /// The account.
        account: u128,
    },
    /// LED-INV-10.
    #[error("LED-INV-10: the sums kept for ledger {ledger}, code {code} are not those of its accounts")]
    KindIsNotItsAccounts {
        /// The ledger.
        ledger: u32,
        /// The code.
        code: u16,
    },
}

impl stdx::Coded for InvariantBroken {
    fn code(&self) -> &'static str {
        match self {
            Self::LedgerDoesNotBalance { .. } => "LED-1201",
            Self::AccountIsNotItsTransfers { .. } => "LED-1202",
            Self::LimitExceeded { .. } => "LED-1203",
            Self::PendingsDoNotMatch => "LED-1204",
            Self::ClosingAccountIsOpen { .. } => "LED-1205",
            Self::KindIsNotItsAccounts { .. } => "LED-1206",
        }
    }

    fn hint(&self) -> &'static str {
        "stop the shard, keep its journal and snapshots, and replay the journal from empty with this version"
    }
}

/// Why there is no statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// No such account.
    #[error("account {account} does not exist")]
    AccountNotFound {
        /// The id asked for.
        account: u128,
    },
    /// The cursor was not handed out for this account.
    #[error("the cursor does not belong to this account's statement")]
    BadCursor,
}

impl stdx::Coded for StatementError {
    fn code(&self) -> &'static str {
        match self {
            Self::AccountNotFound { .. } => "LED-1301",
            Self::BadCursor => "LED-1302",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::AccountNotFound { .. } => "check the account id",
            Self::BadCursor => "start without a cursor, then pass on the `next` of each page unchanged",
        }
    }
}

/// Why a query has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The body is not a whole number of ids.
    #[error("a query body of {bytes} bytes is not a whole number of 16-byte ids")]
    Ids {
        /// The length of the body.
        bytes: usize,
    },
    /// More ids than [`EVENTS_MAX`].
    #[error("a query has at most {EVENTS_MAX} ids")]
    TooManyIds,
    /// The body is not one filter.
    #[error("a query body of {bytes} bytes is not one filter of this operation")]
    Filter {
        /// The length of the body.
        bytes: usize,
    },
    /// No such operation.
    #[error("query operation {number} does not exist")]
    UnknownOperation {
        /// The number given.
        number: u8,
    },
}

impl stdx::Coded for QueryError {
    fn code(&self) -> &'static str {
        match self {
            Self::Ids { .. } => "LED-1401",
            Self::TooManyIds => "LED-1402",
            Self::Filter { .. } => "LED-1403",
            Self::UnknownOperation { .. } => "LED-1404",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Ids { .. } => "send whole 16-byte ids, one after the other",
            Self::TooManyIds => "split the query",
            Self::Filter { .. } => {
                "send one filter: 128 bytes for an account's transfers, 64 for anything else"
            }
            Self::UnknownOperation { .. } => "use 137 (get change events) or 140 to 145",
        }
    }
}
