//! What queries ask and answer, as it travels: little-endian, no padding.

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use crate::apply::TIMESTAMP_MAX;
use crate::scan::{Direction, TimeRange};
use crate::wire::{AccountFlags, TransferFlags};

/// Which transfers of one account are asked for.
///
/// Standard: TigerBeetle `AccountFilter`, field for field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct AccountFilter {
    /// The account.
    pub account_id: u128,
    /// 0 for any.
    pub user_data_128: u128,
    /// 0 for any.
    pub user_data_64: u64,
    /// 0 for any.
    pub user_data_32: u32,
    /// 0 for any.
    pub code: u16,
    /// Zero.
    pub reserved: [u8; 58],
    /// The first nanosecond asked for, 0 for no bound.
    pub timestamp_min: u64,
    /// The last nanosecond asked for, 0 for no bound.
    pub timestamp_max: u64,
    /// The most records to answer with; not 0.
    pub limit: u32,
    /// A set of the constants of this type: which sides, and which end first.
    pub flags: u32,
}

/// Which accounts or transfers are asked for.
///
/// Standard: TigerBeetle `QueryFilter`, field for field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct QueryFilter {
    /// 0 for any.
    pub user_data_128: u128,
    /// 0 for any.
    pub user_data_64: u64,
    /// 0 for any.
    pub user_data_32: u32,
    /// 0 for any.
    pub ledger: u32,
    /// 0 for any.
    pub code: u16,
    /// Zero.
    pub reserved: [u8; 6],
    /// The first nanosecond asked for, 0 for no bound.
    pub timestamp_min: u64,
    /// The last nanosecond asked for, 0 for no bound.
    pub timestamp_max: u64,
    /// The most records to answer with; not 0.
    pub limit: u32,
    /// A set of the constants of this type: which end first.
    pub flags: u32,
}

/// Which events are asked for, oldest first.
///
/// Standard: TigerBeetle `ChangeEventsFilter`, field for field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ChangeEventsFilter {
    /// The first nanosecond asked for, 0 for no bound.
    pub timestamp_min: u64,
    /// The last nanosecond asked for, 0 for no bound.
    pub timestamp_max: u64,
    /// The most records to answer with; not 0.
    pub limit: u32,
    /// Zero.
    pub reserved: [u8; 44],
}

/// The sums of an account right after one of its transfers.
///
/// Standard: TigerBeetle `AccountBalance`, field for field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct AccountBalance {
    /// Debits reserved by pending transfers.
    pub debits_pending: u128,
    /// Debits of posted transfers.
    pub debits_posted: u128,
    /// Credits reserved by pending transfers.
    pub credits_pending: u128,
    /// Credits of posted transfers.
    pub credits_posted: u128,
    /// That of the transfer.
    pub timestamp: u64,
    /// Zero.
    pub reserved: [u8; 56],
}

/// What kind of event a [`ChangeEvent`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ChangeEventType {
    /// A transfer moved its amount at once.
    SinglePhase = 0,
    /// A transfer reserved its amount.
    TwoPhasePending = 1,
    /// A transfer posted a pending one.
    TwoPhasePosted = 2,
    /// A transfer voided a pending one.
    TwoPhaseVoided = 3,
    /// The timeout of a pending transfer passed.
    TwoPhaseExpired = 4,
}

/// A transfer, or the expiry of one, with both accounts as they were right after.
///
/// Standard: TigerBeetle `ChangeEvent`, field for field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[expect(missing_docs, reason = "each field is the one of the transfer or account that its name says")]
pub struct ChangeEvent {
    pub transfer_id: u128,
    pub transfer_amount: u128,
    pub transfer_pending_id: u128,
    pub transfer_user_data_128: u128,
    pub transfer_user_data_64: u64,
    pub transfer_user_data_32: u32,
    pub transfer_timeout: u32,
    pub transfer_code: u16,
    pub transfer_flags: TransferFlags,
    pub ledger: u32,
    /// A [`ChangeEventType`].
    pub kind: u8,
    /// Zero.
    pub reserved: [u8; 39],
    pub debit_account_id: u128,
    pub debit_account_debits_pending: u128,
    pub debit_account_debits_posted: u128,
    pub debit_account_credits_pending: u128,
    pub debit_account_credits_posted: u128,
    pub debit_account_user_data_128: u128,
    pub debit_account_user_data_64: u64,
    pub debit_account_user_data_32: u32,
    pub debit_account_code: u16,
    pub debit_account_flags: AccountFlags,
    pub credit_account_id: u128,
    pub credit_account_debits_pending: u128,
    pub credit_account_debits_posted: u128,
    pub credit_account_credits_pending: u128,
    pub credit_account_credits_posted: u128,
    pub credit_account_user_data_128: u128,
    pub credit_account_user_data_64: u64,
    pub credit_account_user_data_32: u32,
    pub credit_account_code: u16,
    pub credit_account_flags: AccountFlags,
    /// When the event happened.
    pub timestamp: u64,
    pub transfer_timestamp: u64,
    pub debit_account_timestamp: u64,
    pub credit_account_timestamp: u64,
}

const _: () = assert!(
    size_of::<AccountFilter>() == 128
        && size_of::<QueryFilter>() == 64
        && size_of::<ChangeEventsFilter>() == 64
        && size_of::<AccountBalance>() == 128
        && size_of::<ChangeEvent>() == 384
);

impl AccountFilter {
    /// Transfers that debit the account.
    pub const DEBITS: u32 = 1;
    /// Transfers that credit the account.
    pub const CREDITS: u32 = 2;
    /// The newest first.
    pub const REVERSED: u32 = 4;

    /// The range and the direction; `None` if the filter is invalid.
    pub(crate) fn check(&self) -> Option<(TimeRange, Direction)> {
        let is_valid = self.account_id != 0
            && self.account_id != u128::MAX
            && self.limit != 0
            && self.flags & (Self::DEBITS | Self::CREDITS) != 0
            && self.flags <= Self::DEBITS | Self::CREDITS | Self::REVERSED
            && self.reserved == [0; 58];
        let range = range(self.timestamp_min, self.timestamp_max)?;
        is_valid.then_some((range, direction(self.flags & Self::REVERSED != 0)))
    }
}

impl QueryFilter {
    /// The newest first.
    pub const REVERSED: u32 = 1;

    /// The range and the direction; `None` if the filter is invalid.
    pub(crate) fn check(&self) -> Option<(TimeRange, Direction)> {
        let is_valid = self.limit != 0 && self.flags <= Self::REVERSED && self.reserved == [0; 6];
        let range = range(self.timestamp_min, self.timestamp_max)?;
        is_valid.then_some((range, direction(self.flags & Self::REVERSED != 0)))
    }
}

impl ChangeEventsFilter {
    /// The range; `None` if the filter is invalid.
    pub(crate) fn check(&self) -> Option<TimeRange> {
        let is_valid = self.limit != 0 && self.reserved == [0; 44];
        range(self.timestamp_min, self.timestamp_max).filter(|_| is_valid)
    }
}

fn range(min: u64, max: u64) -> Option<TimeRange> {
    let is_valid = min <= TIMESTAMP_MAX && max <= TIMESTAMP_MAX && (max == 0 || min <= max);
    is_valid.then_some(TimeRange { first: min, last: if max == 0 { TIMESTAMP_MAX } else { max } })
}

fn direction(is_reversed: bool) -> Direction {
    if is_reversed { Direction::Descending } else { Direction::Ascending }
}

/// A record of zeros, and its bytes.
macro_rules! record {
    ($($name:ident),*) => {
        $(
            impl Default for $name {
                fn default() -> Self {
                    Self::new_zeroed()
                }
            }

            impl $name {
                /// Reads a record. `None` if `bytes` has another length; every content is a record.
                pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                    Self::read_from_bytes(bytes).ok()
                }

                /// The record as it travels.
                pub fn as_bytes(&self) -> &[u8] {
                    IntoBytes::as_bytes(self)
                }
            }
        )*
    };
}

record!(AccountFilter, QueryFilter, ChangeEventsFilter, AccountBalance, ChangeEvent);
