//! What happened to one account.

use std::num::NonZeroU16;

use calendar::Date;
use ids::{AccountId, Timestamp, TransferId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AmountText, Cursor, DateText, IdText, PaymentStatus, SignedAmountText, TimestampText, U64Text, Unit,
};

/// A page of an account's entries, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Statement {
    /// The account.
    #[schema(value_type = IdText)]
    pub account: AccountId,
    /// Its currency.
    pub currency: Unit,
    /// The entries of this page.
    pub entries: Vec<StatementEntry>,
    /// The `before` of the next page; nothing on the last.
    pub next: Option<Cursor>,
}

/// One payment, seen from one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementEntry {
    /// The payment.
    #[schema(value_type = IdText)]
    pub payment: TransferId,
    /// When it was made.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
    /// Whether this account gave or received.
    pub direction: Direction,
    /// The other account.
    #[schema(value_type = IdText)]
    pub counterparty: AccountId,
    /// How much.
    pub amount: AmountText,
    /// The posted balance after this entry. A pending, voided or expired entry does not move it.
    pub balance: SignedAmountText,
    /// What became of the payment.
    pub status: PaymentStatus,
    /// What kind of payment this is.
    pub code: u16,
    /// The client's own 64 bits.
    pub user_data_64: U64Text,
    /// The business day it was booked on.
    #[schema(value_type = DateText)]
    pub booking_date: Date,
    /// The day from which the amount counts for interest.
    #[schema(value_type = DateText)]
    pub value_date: Date,
    /// What the amount is for, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>, minimum = 1)]
    pub purpose: Option<NonZeroU16>,
    /// The payment that it reverses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub reverses: Option<TransferId>,
    /// The payment that reverses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub reversed_by: Option<TransferId>,
}

/// The side of a payment an account stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The account gave.
    Debit,
    /// The account received.
    Credit,
}
