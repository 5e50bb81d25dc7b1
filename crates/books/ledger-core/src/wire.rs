//! The records as they travel and as they are kept: little-endian, 128 bytes each, no padding.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[cfg(target_endian = "big")]
compile_error!("the wire records are used in place and are little-endian");

/// A set of flags that keeps unknown bits, so that a refused record can be shown as it came.
macro_rules! flags {
    (
        $(#[$doc:meta])* $name:ident, supported $supported:expr;
        $($(#[$flag_doc:meta])* $flag:ident = $bit:literal $text:literal;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
        #[repr(transparent)]
        pub struct $name(pub u16);

        impl $name {
            /// No flags.
            pub const NONE: Self = Self(0);
            $($(#[$flag_doc])* pub const $flag: Self = Self(1 << $bit);)*
            /// The flags this version understands; any other bit is refused as `reserved_flag`.
            pub const SUPPORTED: Self = Self($supported);

            const NAMES: &[(Self, &str)] = &[$((Self::$flag, $text)),*];

            /// Whether every flag of `other` is set.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether a flag of `other` is set.
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// The flags of both.
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The flags of this set that are not in `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// The names of the supported flags that are set, in bit order.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                Self::NAMES.iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| *name)
            }

            /// The supported flag called `name`.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::NAMES.iter().find(|(_, known)| *known == name).map(|(flag, _)| *flag)
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.with(other)
            }
        }
    };
}

flags! {
    /// What an account allows. Set once, when it is created; only `closed` changes later.
    AccountFlags, supported 0b11_1111;
    /// This event and the next succeed or fail together.
    LINKED = 0 "linked";
    /// A transfer is refused if it would make pending and posted debits exceed the posted credits.
    DEBITS_MUST_NOT_EXCEED_CREDITS = 1 "debits_must_not_exceed_credits";
    /// A transfer is refused if it would make pending and posted credits exceed the posted debits.
    CREDITS_MUST_NOT_EXCEED_DEBITS = 2 "credits_must_not_exceed_debits";
    /// The balances after each transfer are kept, for `get_account_balances`.
    HISTORY = 3 "history";
    /// The account comes from elsewhere and brings its own timestamp, which lies in the past.
    IMPORTED = 4 "imported";
    /// No transfer but the voiding of a pending one is allowed. A closing transfer sets it; voiding that, or
    /// its expiry, clears it.
    CLOSED = 5 "closed";
}

flags! {
    /// What a transfer does besides moving its amount.
    TransferFlags, supported 0b1_1111_1111;
    /// This event and the next succeed or fail together.
    LINKED = 0 "linked";
    /// The amount is reserved until the transfer is posted, voided or expires.
    PENDING = 1 "pending";
    /// Posts the pending transfer named by `pending_id`, in full or in part.
    POST_PENDING_TRANSFER = 2 "post_pending_transfer";
    /// Releases the pending transfer named by `pending_id`.
    VOID_PENDING_TRANSFER = 3 "void_pending_transfer";
    /// The amount is an upper limit: no more is moved than keeps the debit account's debits within its
    /// credits.
    BALANCING_DEBIT = 4 "balancing_debit";
    /// The amount is an upper limit: no more is moved than keeps the credit account's credits within its
    /// debits.
    BALANCING_CREDIT = 5 "balancing_credit";
    /// Closes the debit account for as long as this pending transfer is not voided and has not expired.
    CLOSING_DEBIT = 6 "closing_debit";
    /// Closes the credit account for as long as this pending transfer is not voided and has not expired.
    CLOSING_CREDIT = 7 "closing_credit";
    /// The transfer comes from elsewhere and brings its own timestamp, which lies in the past.
    IMPORTED = 8 "imported";
}

impl AccountFlags {
    /// Both limits at once would allow no transfer, so they exclude each other.
    pub(crate) const BOTH_LIMITS: Self =
        Self::DEBITS_MUST_NOT_EXCEED_CREDITS.with(Self::CREDITS_MUST_NOT_EXCEED_DEBITS);
}

impl TransferFlags {
    /// The transfer closes an account.
    pub(crate) const CLOSING: Self = Self::CLOSING_DEBIT.with(Self::CLOSING_CREDIT);
    /// The amount is an upper limit.
    pub(crate) const BALANCING: Self = Self::BALANCING_DEBIT.with(Self::BALANCING_CREDIT);
    /// The transfer resolves a pending one.
    pub(crate) const RESOLVING: Self = Self::POST_PENDING_TRANSFER.with(Self::VOID_PENDING_TRANSFER);
}

/// An account: what it is, and the sums of all transfers that touched it, in minor units of its ledger.
///
/// Standard: TigerBeetle `Account`, field for field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Account {
    /// The client's name for it; neither 0 nor 2^128 − 1.
    pub id: u128,
    /// Debits reserved by pending transfers.
    pub debits_pending: u128,
    /// Debits of posted transfers.
    pub debits_posted: u128,
    /// Credits reserved by pending transfers.
    pub credits_pending: u128,
    /// Credits of posted transfers.
    pub credits_posted: u128,
    /// The client's own reference.
    pub user_data_128: u128,
    /// The client's own reference.
    pub user_data_64: u64,
    /// The client's own reference.
    pub user_data_32: u32,
    /// Zero.
    pub reserved: u32,
    /// Accounts of one ledger can transact with each other; in Tongbao the ISO 4217 number of the currency.
    pub ledger: u32,
    /// The client's category of the account; not 0.
    pub code: u16,
    /// What the account allows.
    pub flags: AccountFlags,
    /// When it was created, in nanoseconds since 1970; 0 in a request, unless it is imported.
    pub timestamp: u64,
}

/// A transfer of an amount from one account to another. Never changes once created.
///
/// Standard: TigerBeetle `Transfer`, field for field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Transfer {
    /// The client's name for it; neither 0 nor 2^128 − 1.
    pub id: u128,
    /// The account debited. To post or void: 0, or that of the pending transfer.
    pub debit_account_id: u128,
    /// The account credited. To post or void: 0, or that of the pending transfer.
    pub credit_account_id: u128,
    /// Minor units. To post: at most the pending amount, 2^128 − 1 for all of it. To void: 0 or the pending
    /// amount.
    pub amount: u128,
    /// The pending transfer to post or void, else 0.
    pub pending_id: u128,
    /// The client's own reference. To post or void: 0 takes that of the pending transfer.
    pub user_data_128: u128,
    /// The client's own reference. To post or void: 0 takes that of the pending transfer.
    pub user_data_64: u64,
    /// The client's own reference. To post or void: 0 takes that of the pending transfer.
    pub user_data_32: u32,
    /// Seconds after which a pending transfer expires; 0 for never.
    pub timeout: u32,
    /// The ledger of both accounts. To post or void: 0, or that of the pending transfer.
    pub ledger: u32,
    /// The client's reason for the transfer; not 0. To post or void: 0, or that of the pending transfer.
    pub code: u16,
    /// What the transfer does.
    pub flags: TransferFlags,
    /// When it was created, in nanoseconds since 1970; 0 in a request, unless it is imported.
    pub timestamp: u64,
}

/// What became of one event of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Outcome {
    /// When the record was created (`created`, `exists`); for every other status, when the event was judged.
    pub timestamp: u64,
    /// A [`CreateAccountStatus`](crate::CreateAccountStatus) or
    /// [`CreateTransferStatus`](crate::CreateTransferStatus).
    pub status: u32,
    /// Zero.
    pub reserved: u32,
}

const _: () =
    assert!(size_of::<Account>() == 128 && size_of::<Transfer>() == 128 && size_of::<Outcome>() == 16);

/// Reading and writing a record in place.
macro_rules! record {
    ($name:ident) => {
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
    };
}

pub(crate) use record;

record!(Account);
record!(Transfer);
record!(Outcome);
