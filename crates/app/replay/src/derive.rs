//! Ids that follow from names, so that doing the same replay twice is doing it once.

use ids::{AccountId, TransferId};
use stdx::Sha256;

/// The 128 bits that belong to `key` among things of one `kind` under the name of a mapping: the first half of a
/// SHA-256, in the layout of a version 8 UUID (RFC 9562). It is always above 2^64, so it cannot meet an account
/// number from a file, and never a reserved id.
fn bits(mapping: &str, kind: &str, key: &str) -> u128 {
    let mut hash = Sha256::default();
    for part in [mapping, kind, key] {
        // The length first, so that no two lists of parts give the same bytes.
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finish().0;
    let half = digest.first_chunk().map_or(0, |bytes: &[u8; 16]| u128::from_be_bytes(*bytes));
    let free = !((0xf << 76) | (0b11 << 62));
    (half & free) | (8 << 76) | (0b10 << 62)
}

/// The id of the counter-account with this key.
pub(crate) fn counter_account(mapping: &str, key: &str) -> AccountId {
    AccountId::new(bits(mapping, "account", key)).expect("version and variant bits are set and cleared")
}

/// The id of the payment that a row is.
pub(crate) fn row_payment(mapping: &str, row: &str) -> TransferId {
    TransferId::new(bits(mapping, "row", row)).expect("version and variant bits are set and cleared")
}

/// The id of the rounding payment that follows a row.
pub(crate) fn rounding_payment(mapping: &str, row: &str) -> TransferId {
    TransferId::new(bits(mapping, "rounding", row)).expect("version and variant bits are set and cleared")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_distinct() {
        // Fixed for good: a replay of an older version must meet its own payments.
        assert_eq!(row_payment("berka", "695247").to_string(), "9fb9f136-ebc0-8883-84ee-fe356c6672d3");
        assert_eq!(counter_account("berka", "cash").to_string(), "19702dd0-7aac-858f-8265-314b2d2a08d4");
        let ids = [
            row_payment("berka", "1"),
            row_payment("berka", "2"),
            row_payment("other", "1"),
            row_payment("berka1", ""),
            rounding_payment("berka", "1"),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.into_iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
