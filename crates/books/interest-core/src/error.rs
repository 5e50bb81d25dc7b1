//! What can be refused.

use calendar::{CalendarError, Date};

use crate::{AHEAD_DAYS, BACK_DAYS, BALANCE_MAX, RATE_PPM_MAX, RATES_MAX};

/// Why a product, a booking or an accrual is refused. Each has a page under its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InterestError {
    /// A product without a single rate.
    #[error("a product needs at least one rate")]
    NoRates,
    /// The rates of a product are not in the order of their days, or two have the same day.
    #[error("the rate from {from} does not come after the one before it")]
    RatesOutOfOrder {
        /// The day of the later rate in the list.
        from: Date,
    },
    /// A rate beyond 10,000 percent per year, positive or negative.
    #[error("a rate of {ppm} parts per million is not between −{RATE_PPM_MAX} and {RATE_PPM_MAX}")]
    RateTooLarge {
        /// The rate.
        ppm: i32,
    },
    /// More rates than a product may have.
    #[error("a product has at most {RATES_MAX} rates")]
    TooManyRates,
    /// A new rate from a day whose interest may already be settled for some accounts.
    #[error("a rate from {from} is too late; the earliest day to set one from is {earliest}")]
    RateTooFarBack {
        /// The day the rate is to hold from.
        from: Date,
        /// The earliest such day.
        earliest: Date,
    },
    /// The product's first rate holds from a later day.
    #[error("the product has no rate on {day}")]
    NoRateOn {
        /// The day without a rate.
        day: Date,
    },
    /// A value date before the accrual's first day.
    #[error("value date {value_date} lies before {opened}, when interest began")]
    BeforeOpening {
        /// The value date.
        value_date: Date,
        /// The accrual's first day.
        opened: Date,
    },
    /// A value date more than [`BACK_DAYS`] before the business day.
    #[error("value date {value_date} is more than {BACK_DAYS} days back; the earliest is {earliest}")]
    TooFarBack {
        /// The value date.
        value_date: Date,
        /// The earliest value date now.
        earliest: Date,
    },
    /// A value date more than [`AHEAD_DAYS`] after the business day.
    #[error("value date {value_date} is more than {AHEAD_DAYS} days ahead; the latest is {latest}")]
    TooFarAhead {
        /// The value date.
        value_date: Date,
        /// The latest value date now.
        latest: Date,
    },
    /// Interest through this day was accrued before, with later days.
    #[error("interest through {through} is settled; the earliest day to accrue through is {earliest}")]
    AlreadySettled {
        /// The day asked for.
        through: Date,
        /// The earliest day to ask for.
        earliest: Date,
    },
    /// The balance on some day would exceed [`BALANCE_MAX`].
    #[error("interest is counted on balances up to {BALANCE_MAX} minor units on either side")]
    BalanceTooLarge,
    /// The exact interest does not fit into 128 bits. Only bytes made by hand lead here.
    #[error("the interest does not fit into 128 bits")]
    Overflow,
    /// Bytes that no accrual and no product is written as.
    #[error("the bytes are no record of interest: {what}")]
    Damaged {
        /// What is wrong with them.
        what: &'static str,
    },
    /// A day outside the calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

impl stdx::Coded for InterestError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoRates => "INT-0001",
            Self::RatesOutOfOrder { .. } => "INT-0002",
            Self::RateTooLarge { .. } => "INT-0003",
            Self::TooManyRates => "INT-0004",
            Self::RateTooFarBack { .. } => "INT-0005",
            Self::NoRateOn { .. } => "INT-0006",
            Self::BeforeOpening { .. } => "INT-0007",
            Self::TooFarBack { .. } => "INT-0008",
            Self::TooFarAhead { .. } => "INT-0009",
            Self::AlreadySettled { .. } => "INT-0010",
            Self::BalanceTooLarge => "INT-0011",
            Self::Overflow => "INT-0012",
            Self::Damaged { .. } => "INT-0013",
            Self::Calendar(error) => error.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NoRates => "give the product a rate from its first day on; zero is one",
            Self::RatesOutOfOrder { .. } => "list the rates by their day, each day once",
            Self::RateTooLarge { .. } => "check the unit: 1 percent is 10000 parts per million",
            Self::TooManyRates => "begin a new product with the rates that still matter",
            Self::RateTooFarBack { .. } => {
                "set the rate from a later day and correct older interest with a payment"
            }
            Self::NoRateOn { .. } => "use a product whose first rate holds from this day or earlier",
            Self::BeforeOpening { .. } => "use the day interest began or a later one",
            Self::TooFarBack { .. } => "use a later value date and correct older interest with a payment",
            Self::TooFarAhead { .. } => "book it when its value date is nearer",
            Self::AlreadySettled { .. } => "accrue through a later day; what is missing is posted then",
            Self::BalanceTooLarge => "divide the amount among accounts, or count in a larger unit",
            Self::Overflow => "restore the accrual from a snapshot that was not changed",
            Self::Damaged { .. } => "restore from another snapshot; the journal has everything",
            Self::Calendar(error) => error.hint(),
        }
    }
}
