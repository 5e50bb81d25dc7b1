//! For what money may be spent, and spending what is held for it.

use std::fmt;
use std::num::NonZeroU16;

use ids::{AccountId, Timestamp, TransferId};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::{AmountText, IdText, TimestampText, Unit};

/// The most purposes in one list.
pub const PURPOSES_MAX: usize = 48;

/// For what the money of an account may be spent, and for what the account may be paid. Purposes are the bank's own
/// numbers, or merchant categories of ISO 18245.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Purposes {
    /// What is in the account may be spent on these only; on anything, if there are none.
    #[serde(deserialize_with = "purposes")]
    #[schema(value_type = Vec<u16>, max_items = 48)]
    pub spent_on: Vec<NonZeroU16>,
    /// The account may be paid for these.
    #[serde(deserialize_with = "purposes")]
    #[schema(value_type = Vec<u16>, max_items = 48)]
    pub paid_for: Vec<NonZeroU16>,
}

/// Reads at most [`PURPOSES_MAX`] purposes.
fn purposes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NonZeroU16>, D::Error> {
    struct Visitor;
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Vec<NonZeroU16>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {PURPOSES_MAX} purposes")
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Vec<NonZeroU16>, A::Error> {
            let mut purposes = Vec::new();
            while let Some(purpose) = list.next_element()? {
                if purposes.len() == PURPOSES_MAX {
                    return Err(de::Error::custom(format_args!("more than {PURPOSES_MAX} purposes")));
                }
                purposes.push(purpose);
            }
            Ok(purposes)
        }
    }
    deserializer.deserialize_seq(Visitor)
}

/// Spends a hold: its amount, or a part of it, goes through the account it is held for to somebody who may be paid for its
/// purpose, all or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSpending {
    /// The id of the payment to the one who receives, chosen by the client. The ids of what else is booked follow from the
    /// request, so that sending it twice is doing it once.
    #[schema(value_type = IdText)]
    pub id: TransferId,
    /// Who receives.
    #[schema(value_type = IdText)]
    pub credit_account: AccountId,
    /// How much, at most what is held.
    pub amount: AmountText,
    /// The unit of `amount` and of the hold.
    pub currency: Unit,
    /// What the payment is for. Default: what the hold is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>, minimum = 1)]
    pub purpose: Option<NonZeroU16>,
    /// What kind of payment this is. Default: that of the hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub code: Option<u16>,
    /// Whether what is left of the hold is held again, as a new hold; else it is free again.
    #[serde(default)]
    pub keep_rest: bool,
    /// With `keep_rest`: seconds after which the new hold expires; 0: never. Default: as many as the hold had from the
    /// beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_timeout: Option<u32>,
}

/// The answer to a hold that was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Spending {
    /// The payment to the one who receives.
    #[schema(value_type = IdText)]
    pub id: TransferId,
    /// The payment that posted the hold.
    #[schema(value_type = IdText)]
    pub posting: TransferId,
    /// The hold of what is left, if that is held again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub rest: Option<TransferId>,
    /// How much is held again.
    pub rest_amount: AmountText,
    /// When it was made.
    #[schema(value_type = TimestampText)]
    pub timestamp: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_purposes_has_a_bound() {
        let read =
            |list: &str| serde_json::from_str::<Purposes>(&format!(r#"{{"spent_on":{list},"paid_for":[]}}"#));
        let full = format!("[{}]", vec!["7"; PURPOSES_MAX].join(","));
        assert_eq!(read(&full).unwrap().spent_on.len(), PURPOSES_MAX);
        let one_more = format!("[{}]", vec!["7"; PURPOSES_MAX + 1].join(","));
        for bad in [&one_more, "[0]", "[65536]", "[-1]", "7", "null", r#"["7"]"#, r#"{"7":true}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Purposes>(r#"{"spent_on":[1]}"#).is_err(), "both lists are said");
    }
}
