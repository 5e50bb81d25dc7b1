//! The values that queries compare, folded to 32 bits.
//!
//! Keys are kept in cold segments, so their making is part of the format: a value of zero, which no query asks for, has key
//! 0, and no other value has a key whose upper half is 0. A code is its own key's upper half. Equal values have equal keys;
//! different ones may, too, so whoever finds a record by its keys compares the record.

use crate::filter::QueryFilter;

/// How many fields have keys: user data of 128, 64 and 32 bits, ledger, code.
pub(crate) const FIELDS: usize = 5;
const LEDGER: usize = 3;
const CODE: usize = 4;

/// The fields that a [`QueryFilter`] compares.
#[derive(Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) user_data_128: u128,
    pub(crate) user_data_64: u64,
    pub(crate) user_data_32: u32,
    pub(crate) ledger: u32,
    pub(crate) code: u16,
}

/// The keys of a record's fields, or of a filter's, where 0 asks for any value.
pub(crate) type Keys = [u32; FIELDS];

/// The upper halves of keys: what is kept of records in memory.
pub(crate) type Marks = [u16; FIELDS];

impl Fields {
    pub(crate) fn keys(&self) -> Keys {
        let mut keys = [0; FIELDS];
        keys[0] = key(self.user_data_128);
        keys[1] = key(self.user_data_64.into());
        keys[2] = key(self.user_data_32.into());
        // Ledgers and codes are few: half a key tells them apart, and can be had from the marks.
        keys[LEDGER] = u32::from(mark_of(self.ledger.into())) << 16;
        keys[CODE] = u32::from(self.code) << 16;
        keys
    }
}

/// The mark of a value, but for a code, which is its own mark.
pub(crate) fn mark_of(value: u128) -> u16 {
    mark(key(value))
}

/// The keys of a transfer that is kept as these fields and, of its ledger, as a mark.
pub(crate) fn with_ledger_mark(fields: &Fields, ledger: u16) -> Keys {
    let mut keys = Fields { ledger: 0, ..*fields }.keys();
    keys[LEDGER] = u32::from(ledger) << 16;
    keys
}

/// The mark of the ledger among all.
pub(crate) fn ledger_mark(marks: &Marks) -> u16 {
    marks[LEDGER]
}

pub(crate) fn mark(key: u32) -> u16 {
    let [_, _, low, high] = key.to_le_bytes();
    u16::from_le_bytes([low, high])
}

fn key(value: u128) -> u32 {
    if value == 0 {
        return 0;
    }
    let [low, high] =
        [value & u128::from(u64::MAX), value >> 64].map(|half| u64::try_from(half).unwrap_or(0));
    let high = if high == 0 { 0 } else { mix(high) };
    let [.., a, b, c, d] = mix(low ^ high).to_le_bytes();
    let key = u32::from_le_bytes([a, b, c, d]);
    if key >> 16 == 0 { key | 1 << 16 } else { key }
}

/// The finalizer of MurmurHash3: every bit of the value changes half of the result's.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let value = (value ^ value >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ value >> 33
}

impl QueryFilter {
    /// What a record must have; 0 where any value will do.
    pub(crate) fn fields(&self) -> Fields {
        Fields {
            user_data_128: self.user_data_128,
            user_data_64: self.user_data_64,
            user_data_32: self.user_data_32,
            ledger: self.ledger,
            code: self.code,
        }
    }

    pub(crate) fn matches(&self, fields: &Fields) -> bool {
        is_any_or(self.user_data_128, fields.user_data_128)
            && is_any_or(self.user_data_64, fields.user_data_64)
            && is_any_or(self.user_data_32, fields.user_data_32)
            && is_any_or(self.ledger, fields.ledger)
            && is_any_or(self.code, fields.code)
    }
}

/// Zero asks for any value.
pub(crate) fn is_any_or<T: Copy + Default + PartialEq>(asked: T, actual: T) -> bool {
    asked == T::default() || asked == actual
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_zero_has_no_mark(value in 1..=u128::MAX) {
            prop_assert_ne!(mark(key(value)), 0);
            prop_assert_eq!(key(0), 0);
        }
    }

    #[test]
    fn keys_are_those_that_segments_were_written_with() {
        let fields =
            Fields { user_data_128: u128::MAX - 7, user_data_64: 1, user_data_32: 77, ledger: 840, code: 10 };
        assert_eq!(fields.keys(), [0x7e78_ed4d, 0xb456_bcfc, 0x29b2_73e5, 0x3a65_0000, 0xa0000]);
        let kept = with_ledger_mark(&Fields { ledger: 1, ..fields }, ledger_mark(&fields.keys().map(mark)));
        assert_eq!(kept, fields.keys());
    }
}
