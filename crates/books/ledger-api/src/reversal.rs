//! Taking a payment back.

use calendar::Date;
use ids::TransferId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::payment::is_zero;
use crate::{DateText, IdText, U64Text, U128Text};

/// A counter-entry to be made: the payment's amount, back from the account that received it to the one that gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReversal {
    /// The id of the counter-entry, chosen by the client.
    #[schema(value_type = IdText)]
    pub id: TransferId,
    /// What kind of payment the counter-entry is. Default: that of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub code: Option<u16>,
    /// The day from which it counts for interest. Default: that of the payment, so that it never earned or cost any, as
    /// far back as books can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateText>)]
    pub value_date: Option<Date>,
    /// The client's own 128 bits.
    #[serde(default, skip_serializing_if = "U128Text::is_zero")]
    pub user_data_128: U128Text,
    /// The client's own 64 bits.
    #[serde(default, skip_serializing_if = "U64Text::is_zero")]
    pub user_data_64: U64Text,
    /// The client's own 32 bits.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub user_data_32: u32,
}
