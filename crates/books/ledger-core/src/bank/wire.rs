//! What a bank declares and books beyond TigerBeetle's records: little-endian, without padding, 128 bytes each; a
//! [`Booking`] has 256.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::wire::{Transfer, record};

/// The most purposes in one [`PurposeRule`].
pub const PURPOSES_MAX: usize = 48;

/// A transfer with what a bank's books say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Booking {
    /// The transfer, as for `create_transfers`.
    pub transfer: Transfer,
    /// The posted transfer that this one reverses, else 0: same amount, accounts exchanged, once.
    pub reverses: u128,
    /// The day from which the amount counts for interest, in days since 1970-01-01; 0 for the day it is booked on.
    pub value_date: u32,
    /// What the amount is for, by the bank's own number or an ISO 18245 merchant category; 0 if it is not said.
    pub purpose: u16,
    /// Zero.
    pub reserved: [u8; 106],
}

impl Default for Booking {
    fn default() -> Self {
        Self { transfer: Transfer::default(), reverses: 0, value_date: 0, purpose: 0, reserved: [0; 106] }
    }
}

/// What the amounts of a ledger are counted in. Currencies of ISO 4217 are known and need none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct UnitDeclaration {
    /// The ledger.
    pub ledger: u32,
    /// How many digits follow the point, at most 18.
    pub minor_digits: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// Two to twelve of `A`–`Z`, `0`–`9`, `.` and `-`, the first no sign, a letter among them, but not three letters, which
    /// are a currency's; filled up with zeros.
    pub code: [u8; 12],
    /// Zero.
    pub reserved_tail: [u8; 108],
}

/// Puts an account below a control account, which shows the sum of the accounts below it and takes no postings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Placement {
    /// The account.
    pub account: u128,
    /// The account above it; 0 for none.
    pub control: u128,
    /// Zero.
    pub reserved: [u8; 96],
}

/// What the purposes of a [`PurposeRule`] are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum PurposeRole {
    /// What is in the account may be spent on these only. None: on anything.
    SpentOn = 1,
    /// The account may be paid for these.
    PaidFor = 2,
}

impl PurposeRole {
    pub(crate) fn from_number(number: u16) -> Option<Self> {
        [Self::SpentOn, Self::PaidFor].into_iter().find(|role| *role as u16 == number)
    }
}

/// For what an account's money may be spent, or for what it may be paid: replaces what was said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PurposeRule {
    /// The account.
    pub account: u128,
    /// A [`PurposeRole`].
    pub role: u16,
    /// Zero.
    pub reserved: [u8; 14],
    /// Rising numbers from 1, filled up with zeros.
    pub purposes: [u16; PURPOSES_MAX],
}

/// Ends a business day and begins the next: whatever is booked from here on belongs to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DayCut {
    /// The day that ends, in days since 1970-01-01; 0 to begin the first.
    pub closes: u32,
    /// The day that begins.
    pub opens: u32,
    /// Zero.
    pub reserved: [u8; 120],
}

/// A rate of an interest product, with all that the product is. The first one declares the product; further ones set
/// rates from other days on, and say the same of everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InterestRate {
    /// Interest of deposits: the expense. Interest of loans: the income.
    pub contra_account: u128,
    /// Where interest is collected day by day, until it is capitalised: a payable for deposits, a receivable for loans.
    pub accrued_account: u128,
    /// The product; not 0.
    pub product: u32,
    /// The day from which the rate holds, counted from 1970-01-01.
    pub from: u32,
    /// Parts per million per year: 35 000 are 3.5 percent.
    pub ppm: i32,
    /// The code of the transfers that it posts; not 0.
    pub code: u16,
    /// 0: credit balances earn, as deposits do. 1: debit balances, as loans.
    pub side: u8,
    /// 0: actual/365 fixed. 1: actual/360. 2: 30/360. 3: 30E/360. 4: actual/actual ISDA.
    pub day_count: u8,
    /// 0: half up. 1: half even. 2: half down. 3: up. 4: down. 5: ceiling. 6: floor.
    pub rounding: u8,
    /// What becomes of the fraction left at the end of a period. 0: it is carried on. 1: it is dropped.
    pub remainder: u8,
    /// Zero.
    pub reserved: [u8; 78],
}

/// Lets an account bear interest from the open business day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InterestAssignment {
    /// The account.
    pub account: u128,
    /// The product; 0: it bears no interest any more.
    pub product: u32,
    /// Zero.
    pub reserved: [u8; 108],
}

/// Posts the interest of an account through a business day that ended; or pays what was posted to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InterestRun {
    /// The account.
    pub account: u128,
    /// The last day, counted from 1970-01-01.
    pub through: u32,
    /// Zero.
    pub reserved: [u8; 108],
}

record!(Booking);
record!(InterestRate);
record!(InterestAssignment);
record!(InterestRun);
record!(UnitDeclaration);
record!(Placement);
record!(PurposeRule);
record!(DayCut);

const _: () = assert!(
    size_of::<Booking>() == 256
        && size_of::<UnitDeclaration>() == 128
        && size_of::<Placement>() == 128
        && size_of::<PurposeRule>() == 128
        && size_of::<DayCut>() == 128
        && size_of::<InterestRate>() == 128
        && size_of::<InterestAssignment>() == 128
        && size_of::<InterestRun>() == 128
);
