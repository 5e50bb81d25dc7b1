//! Payments, one and in batches.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU16;

use calendar::Date;
use ids::{AccountId, Id, RequestId, Timestamp, TransferId};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::{
    AmountText, BATCH_ITEMS_MAX, Cursor, DateText, IdText, PaymentFlags, TimestampText, U64Text, U128Text,
    Unit, flags::PaymentFlag,
};

/// A payment to be made. The same id with the same content again gives the same answer and moves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// The payment's id, chosen by the client.
    #[schema(value_type = IdText)]
    pub id: TransferId,
    /// The account that gives.
    #[schema(value_type = IdText)]
    pub debit_account: AccountId,
    /// The account that receives.
    #[schema(value_type = IdText)]
    pub credit_account: AccountId,
    /// How much; with a balancing flag, at most how much.
    pub amount: AmountText,
    /// The unit of `amount` and of both accounts.
    pub currency: Unit,
    /// What kind of payment this is, from the bank's own list; not zero.
    pub code: u16,
    /// Linked, pending, posting, voiding, balancing, closing, imported.
    #[serde(default, skip_serializing_if = "PaymentFlags::is_empty")]
    #[schema(value_type = Vec<PaymentFlag>)]
    pub flags: PaymentFlags,
    /// The pending payment that this one posts or voids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub pending_id: Option<TransferId>,
    /// Seconds after which a pending payment expires; 0: never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub timeout: u32,
    /// The client's own 128 bits.
    #[serde(default, skip_serializing_if = "U128Text::is_zero")]
    pub user_data_128: U128Text,
    /// The client's own 64 bits.
    #[serde(default, skip_serializing_if = "U64Text::is_zero")]
    pub user_data_64: U64Text,
    /// The client's own 32 bits.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub user_data_32: u32,
    /// When it was made, for an imported payment; otherwise the ledger says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TimestampText>)]
    pub timestamp: Option<Timestamp>,
    /// The day from which the amount counts for interest, at most 35 days before and 366 days after the business day;
    /// otherwise the day it is booked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateText>)]
    pub value_date: Option<Date>,
    /// What the amount is for, by the bank's own number or an ISO 18245 merchant category: then the account that gives must
    /// be free to spend on it, and the one that receives must be paid for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>, minimum = 1)]
    pub purpose: Option<NonZeroU16>,
    /// The posted payment that this one reverses: same amount, accounts exchanged, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub reverses: Option<TransferId>,
}

impl NewPayment {
    /// Whether it says what a plain transfer cannot: a value date, a purpose, or what it reverses. A request with one such
    /// payment may have 4,095 of them at most.
    pub fn is_booking(&self) -> bool {
        self.value_date.is_some() || self.purpose.is_some() || self.reverses.is_some()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature `skip_serializing_if` calls")]
pub(crate) fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The answer to a payment that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentAck {
    /// The payment's id.
    #[schema(value_type = IdText)]
    pub id: TransferId,
    /// That it is in the ledger.
    pub status: PaymentAckStatus,
    /// When it was made.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
}

/// The status in a [`PaymentAck`]; refusals are problems (RFC 9457).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentAckStatus {
    /// The payment is durable in the ledger.
    Created,
}

/// Payments to be made in one request, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentBatch {
    /// The id of this request: sent again with the same content it gives the same answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub id: Option<RequestId>,
    /// At most 8,190 payments; at most 4,095 if one of them has a value date, a purpose, or reverses another.
    #[serde(deserialize_with = "payments")]
    #[schema(max_items = 8190)]
    pub payments: Vec<NewPayment>,
}

fn payments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NewPayment>, D::Error> {
    at_most_a_batch(deserializer)
}

/// What became of a [`PaymentBatch`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentBatchOutcome {
    /// Payments that are new.
    pub created: u32,
    /// Payments that were made before, with the same content.
    pub existing: u32,
    /// Payments that were refused, in the order of the request.
    pub refused: Vec<Refused>,
    /// When the batch was made.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
}

/// One account or payment of a batch that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refused {
    /// Its place in the request, from 0.
    pub index: u32,
    /// Its id.
    #[schema(value_type = IdText)]
    pub id: Id,
    /// The ledger's result by name, e.g. `exceeds_credits`.
    #[schema(value_type = String)]
    pub status: Cow<'static, str>,
    /// The error's code, e.g. `LED-0054`.
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
}

/// A payment as the ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payment {
    /// The payment's id.
    #[schema(value_type = IdText)]
    pub id: TransferId,
    /// The account that gives.
    #[schema(value_type = IdText)]
    pub debit_account: AccountId,
    /// The account that receives.
    #[schema(value_type = IdText)]
    pub credit_account: AccountId,
    /// How much.
    pub amount: AmountText,
    /// The currency of `amount`.
    pub currency: Unit,
    /// What kind of payment this is.
    pub code: u16,
    /// Linked, pending, posting, voiding, balancing, closing, imported.
    #[schema(value_type = Vec<PaymentFlag>)]
    pub flags: PaymentFlags,
    /// The pending payment that this one posts or voids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub pending_id: Option<TransferId>,
    /// Seconds after which a pending payment expires; 0: never.
    pub timeout: u32,
    /// The client's own 128 bits.
    pub user_data_128: U128Text,
    /// The client's own 64 bits.
    pub user_data_64: U64Text,
    /// The client's own 32 bits.
    pub user_data_32: u32,
    /// When it was made.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
    /// What became of it.
    pub status: PaymentStatus,
    /// The business day it was booked on; before the first business day, that of `timestamp` in UTC.
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

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// It moved the posted balances.
    Posted,
    /// It reserves its amount.
    Pending,
    /// It was pending and was posted by another payment, which carries the amount that moved.
    PostedPending,
    /// It was pending and was voided, or it voided one. It moved nothing.
    Voided,
    /// It was pending and its time ran out.
    Expired,
}

/// A page of payments, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentPage {
    /// The payments of this page.
    pub payments: Vec<Payment>,
    /// The `before` of the next page; nothing on the last.
    pub next: Option<Cursor>,
}

/// Reads a list of at most [`BATCH_ITEMS_MAX`] items and stops at the first one too many, so that a hostile list
/// cannot grow memory beyond that of a full batch.
pub(crate) fn at_most_a_batch<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Visitor<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {BATCH_ITEMS_MAX} items")
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = list.next_element()? {
                if items.len() == BATCH_ITEMS_MAX {
                    return Err(de::Error::custom(format_args!(
                        "more than {BATCH_ITEMS_MAX} items in a batch"
                    )));
                }
                items.push(item);
            }
            Ok(items)
        }
    }
    deserializer.deserialize_seq(Visitor(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYMENT: &str =
        r#"{"id":"7","debit_account":"1","credit_account":"2","amount":"700.00","currency":"CZK","code":1}"#;

    fn read(json: &str) -> Result<NewPayment, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_payment_reads_and_writes_the_same() {
        let payment = read(PAYMENT).unwrap();
        assert_eq!(serde_json::to_string(&payment).unwrap(), PAYMENT);
        let full = PAYMENT.replace(
            '}',
            r#","flags":["pending"],"pending_id":"3","timeout":60,"user_data_128":"340282366920938463463374607431768211455","user_data_64":"930101","user_data_32":5,"value_date":"2026-11-23","purpose":5193,"reverses":"4"}"#,
        );
        assert_eq!(serde_json::to_string(&read(&full).unwrap()).unwrap(), full);
    }

    #[test]
    fn bad_payments_are_named() {
        let cases = [
            (r#""7""#, "7", "invalid type: integer `7`"),
            (r#""7""#, r#""0""#, "reserved"),
            (r#""700.00""#, r#""-1""#, "negative"),
            (r#""700.00""#, "700.00", "invalid type: floating point"),
            (r#""700.00""#, r#""9e9""#, "an amount is written in digits"),
            (r#""CZK""#, r#""XXX""#, "ISO 4217"),
            (r#""code":1"#, r#""code":65536"#, "expected u16"),
            (r#""code":1"#, r#""code":1,"colour":"red""#, "unknown field `colour`"),
            (r#""code":1"#, r#""code":1,"code":2"#, "duplicate field"),
            (r#""code":1"#, r#""code":1,"purpose":0"#, "nonzero"),
            (r#""code":1"#, r#""code":1,"value_date":"2026-11-31""#, "there is no day 2026-11-31"),
            (r#""code":1"#, r#""code":1,"value_date":"23.11.2026""#, "a date is written as"),
            (r#""code":1"#, r#""code":1,"reverses":"0""#, "reserved"),
            (r#","code":1"#, "", "missing field `code`"),
            (r#""code":1"#, r#""code":1,"flags":["history"]"#, "unknown variant"),
        ];
        for (from, to, expected) in cases {
            let error = read(&PAYMENT.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    #[test]
    fn a_batch_has_a_bound() {
        let batch = |items: usize| format!(r#"{{"payments":[{}]}}"#, vec![PAYMENT; items].join(","));
        let full: PaymentBatch = serde_json::from_str(&batch(BATCH_ITEMS_MAX)).unwrap();
        assert_eq!(full.payments.len(), BATCH_ITEMS_MAX);
        let error = serde_json::from_str::<PaymentBatch>(&batch(BATCH_ITEMS_MAX + 1)).unwrap_err();
        assert!(error.to_string().contains("more than 8190 items"), "{error}");
    }
}
