//! Pages of long lists.

use std::fmt;

use ids::{AccountId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::IntoParams;

use crate::schema::{IdText, TimestampText, text_schema};
use crate::{Order, U64Text, U128Text, Unit};

/// The most entries on one page.
pub const PAGE_LIMIT_MAX: u16 = 1_000;

/// Where the next page of a list begins: the text a server put into `next`, opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Cursor(String);

/// The longest cursor that is read.
const CURSOR_LENGTH_MAX: usize = 96;

impl Cursor {
    /// A cursor of `text`, which must be 1 to 96 characters that need no escaping in a URL
    /// (RFC 3986, "unreserved").
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (1..=CURSOR_LENGTH_MAX).contains(&text.len()).then_some(())?;
        text.bytes().all(plain).then_some(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Cursor;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the cursor from `next` of the page before")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Cursor, E> {
                Cursor::new(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

text_schema!(
    Cursor,
    "Cursor",
    "^[A-Za-z0-9._~-]{1,96}$",
    "1700000000000000001",
    "Where the next page begins; opaque."
);

/// The query of `GET /v1/accounts`. What is left out, or zero, asks for any value.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountsQuery {
    /// Only accounts with these 128 bits of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data_128: Option<U128Text>,
    /// Only accounts with these 64 bits of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data_64: Option<U64Text>,
    /// Only accounts with these 32 bits of the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data_32: Option<u32>,
    /// Only accounts of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Only accounts in this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Unit>,
    /// Only accounts opened at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<TimestampText>)]
    pub from: Option<Timestamp>,
    /// Only accounts opened before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<TimestampText>)]
    pub to: Option<Timestamp>,
    /// Which end comes first. Default: oldest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub order: Option<Order>,
    /// Go on after this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<IdText>)]
    pub after: Option<AccountId>,
    /// Entries on a page, 1 to 1,000. Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// The query of `GET /v1/accounts/{id}/statement`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementQuery {
    /// Only entries older than this cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Cursor>,
    /// Entries on a page, 1 to 1,000. Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// The query of `GET /v1/payments`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaymentsQuery {
    /// Only payments older than this cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Cursor>,
    /// Entries on a page, 1 to 1,000. Default: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_need_no_escaping() {
        assert_eq!(Cursor::new("17-a").unwrap().as_str(), "17-a");
        for bad in ["", "a b", "a&limit=9", "ä", &"1".repeat(97)] {
            assert_eq!(Cursor::new(bad), None, "{bad}");
        }
    }
}
