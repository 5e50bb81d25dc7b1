//! The wire types of the bank API, version 1: what travels as JSON between clients, the gateway and the ledger.
//!
//! Both ends use these types, and the OpenAPI document is made of them, so the three cannot disagree. Input types
//! ([`NewAccount`], [`NewPayment`], …) refuse unknown fields and hold no strings: a batch of 8,190 payments is
//! parsed without one allocation per payment. Output types ([`Account`], [`Payment`], …) are read tolerantly, so
//! that an older client survives a newer server.
//!
//! An amount arrives before its currency is known, perhaps, so an [`AmountText`] keeps the digits as written until
//! [`AmountText::minor_units`] is asked. Errors travel as the `problem` crate's documents.

mod account;
mod amount;
mod change;
mod day;
mod flags;
mod health;
mod interest;
mod journal;
mod number;
mod page;
mod payment;
mod pending;
mod purpose;
mod reversal;
mod schema;
mod search;
mod statement;
mod tree;
mod trial_balance;
mod unit;
mod units;

pub use account::{Account, AccountBatch, AccountBatchOutcome, AccountPage, Balance, NewAccount};
pub use amount::{AmountText, SignedAmountText};
pub use change::{
    BATCH_EVENT_TYPE, BatchChanges, BatchEvent, Change, ChangesQuery, CreatedAccount, EVENT_CHANGES_MAX,
    ExpiredTransfer, FeedPlace, FeedPlaceError,
};
pub use day::{BusinessDay, DayCut, DayPage, DayTrialBalance, DaysQuery, NewDayCut};
pub use flags::{AccountFlag, AccountFlags, PaymentFlag, PaymentFlags};
pub use health::{
    Health, OutletFailure, OutletHealth, OutletState, Progress, ProgressQuery, ProgressStep, Role, StateHash,
    StorageLevels, Totals,
};
pub use interest::{
    AccountInterest, BalanceSide, DatedRate, InterestAccountPage, InterestAccountsQuery, InterestProduct,
    InterestProductPage, InterestProductsQuery, InterestRemainder, InterestRounding, InterestRunOutcome,
    NewInterestAssignment, NewInterestRate, NewInterestRun,
};
pub use journal::{
    JOURNAL_LIMIT_MAX, JournalKind, JournalPage, JournalQuery, JournalRecord, JournalState,
    JournalVerification, VerificationFault, VerificationState,
};
pub use number::{U64Text, U128Text};
pub use page::{AccountsQuery, Cursor, PAGE_LIMIT_MAX, PaymentsQuery, StatementQuery};
pub use payment::{
    NewPayment, Payment, PaymentAck, PaymentAckStatus, PaymentBatch, PaymentBatchOutcome, PaymentPage,
    PaymentStatus, Refused,
};
pub use pending::{Hold, PendingPage, PendingQuery};
pub use purpose::{NewSpending, PURPOSES_MAX, Purposes, Spending};
pub use reversal::NewReversal;
pub use schema::{DateText, DayCountText, IdText, TimestampText};
pub use search::{AccountTransfersQuery, BalanceAfter, BalancePage, Order, TransferPage, TransfersQuery};
pub use statement::{Direction, Statement, StatementEntry};
pub use tree::{
    AccountTree, BelowQuery, ControlAccount, Placement, PlacementBatch, PlacementBatchOutcome, TreeQuery,
};
pub use trial_balance::{
    TrialBalance, TrialBalanceCode, TrialBalanceCurrency, TrialBalanceQuery, TrialBalanceSums,
};
pub use unit::{UNIT_CODE_BYTES_MAX, Unit, UnitCode};
pub use units::{DeclaredUnit, Denomination, NewUnit, UnitError, UnitList, Units};

/// The most accounts or payments in one batch request: what one journal batch holds.
pub const BATCH_ITEMS_MAX: usize = 8_190;

/// The request header that names the client's attempt; for single payments and accounts it repeats the id.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The response header set to `true` when the answer repeats that of an earlier request with the same id.
pub const IDEMPOTENT_REPLAYED: &str = "idempotent-replayed";
