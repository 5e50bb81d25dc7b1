//! Pages of long lists.

use std::fmt;

use ids::AccountId;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::IntoParams;

use crate::schema::{IdText, text_schema};

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

/// The query of `GET /v1/accounts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountsQuery {
    /// Begin after this account.
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
