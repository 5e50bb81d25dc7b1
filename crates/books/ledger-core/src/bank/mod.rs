//! What a bank's books need beyond accounts and transfers: units, control accounts, purposes, business days, value
//! dates, reversals and interest.
//!
//! Nothing of it changes what a transfer record is or means; clients of TigerBeetle's protocol see plain accounts and
//! transfers, and are held to the same rules.

mod booking;
mod controls;
mod days;
mod interest;
mod interest_run;
mod notes;
mod purposes;
mod snapshot;
mod units;
mod wire;

pub(crate) use booking::Particulars;
pub use controls::ControlAccount;
pub(crate) use controls::Controls;
pub(crate) use days::Days;
pub use days::{ClosedDay, VALUE_DAYS_AFTER_MAX, VALUE_DAYS_BEFORE_MAX};
pub(crate) use interest::Interest;
pub use interest::{AccountInterest, InterestProduct};
pub use interest_run::InterestRunKind;
pub use notes::Booked;
pub(crate) use notes::{Note, Notes};
pub(crate) use purposes::Purposes;
pub(crate) use snapshot::PIECE_BYTES;
pub(crate) use units::Units;
pub use wire::{
    Booking, DayCut, InterestAssignment, InterestRate, InterestRun, PURPOSES_MAX, Placement, PurposeRole,
    PurposeRule, UnitDeclaration,
};

/// The bank's part of the state.
#[derive(Default)]
pub(crate) struct Bank {
    pub(crate) units: Units,
    pub(crate) controls: Controls,
    pub(crate) purposes: Purposes,
    pub(crate) notes: Notes,
    pub(crate) days: Days,
    pub(crate) interest: Interest,
}
