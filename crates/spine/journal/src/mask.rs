//! Masks payloads so that stored bytes can never be mistaken for a write that did not happen, nor for another record.
//!
//! A stored payload is the payload, exclusive-or a four-byte mask repeated over it. The mask is the smallest one with which
//! 1. every aligned sector inside the payload has [`NON_ZERO_BYTES_MIN`] bytes that are not zero, so that a sector of
//!    zeroes always means that the disk lost a write, and
//! 2. no aligned word of the payload is a record's [`MARK`], so that a search for records after a damaged one cannot be
//!    led astray by what a client put into a payload.
//!
//! Such a mask always exists: each sector and each word rules out one mask at most, a payload has fewer than 2^18 of them,
//! and there are 2^32 masks. One byte would not do: 256 sectors, each filled with another byte, rule out all of them.

use crate::format::{MARK, NON_ZERO_BYTES_MIN, SECTOR_BYTES, bytes_to_sector};

/// The mask for `payload` when it is stored at `offset` of its file, a multiple of 8.
pub(crate) fn choose(payload: &[u8], offset: u64) -> u32 {
    if sectors(payload, offset).all(|sector| non_zero_bytes_reach_min(sector, 0)) && !has_mark(payload) {
        return 0;
    }
    let mut taken: Vec<u32> = sectors(payload, offset)
        .filter_map(|sector| {
            let mask = majority(sector);
            (!non_zero_bytes_reach_min(sector, mask)).then_some(mask)
        })
        .chain(words(payload).filter_map(mask_to_mark))
        .collect();
    taken.sort_unstable();
    taken.dedup();
    let mut mask = 0;
    for ruled_out in taken {
        if ruled_out != mask {
            break;
        }
        mask += 1;
    }
    mask
}

/// Masks or unmasks a payload.
pub(crate) fn apply(mask: u32, payload: &mut [u8]) {
    if mask == 0 {
        return;
    }
    let pattern = mask.to_le_bytes();
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= pattern[index % 4];
    }
}

/// The parts of the payload in each sector that holds nothing but payload and padding. Padding is not masked and zero, so
/// the last part may be up to 7 bytes short of a sector.
fn sectors(payload: &[u8], offset: u64) -> impl Iterator<Item = &[u8]> {
    let aligned = payload.get(bytes_to_sector(offset)..).unwrap_or_default();
    aligned.chunks(SECTOR_BYTES).filter(|sector| sector.len().next_multiple_of(8) == SECTOR_BYTES)
}

fn words(payload: &[u8]) -> impl Iterator<Item = [u8; 8]> {
    payload.as_chunks().0.iter().copied()
}

fn has_mark(payload: &[u8]) -> bool {
    words(payload).any(|word| word == MARK)
}

/// The mask that would turn `word` into the mark, if there is one.
fn mask_to_mark(word: [u8; 8]) -> Option<u32> {
    let [a, b, c, d, rest @ ..] = (u64::from_le_bytes(word) ^ u64::from_le_bytes(MARK)).to_le_bytes();
    (rest == [a, b, c, d]).then_some(u32::from_le_bytes(rest))
}

fn non_zero_bytes_reach_min(sector: &[u8], mask: u32) -> bool {
    let pattern = mask.to_le_bytes();
    sector
        .iter()
        .enumerate()
        .filter(|(index, byte)| **byte != pattern[index % 4])
        .nth(NON_ZERO_BYTES_MIN - 1)
        .is_some()
}

/// The only mask that can leave a sector nearly empty: the word most of it consists of (Boyer and Moore's vote; if no word
/// has a majority, any mask leaves enough).
fn majority(sector: &[u8]) -> u32 {
    let (mut candidate, mut votes) = (0, 0u32);
    for word in sector.as_chunks().0 {
        let word = u32::from_le_bytes(*word);
        match votes {
            0 => (candidate, votes) = (word, 1),
            _ if word == candidate => votes += 1,
            _ => votes -= 1,
        }
    }
    candidate
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the module promises, checked the slow way.
    fn check(payload: &[u8], offset: u64) -> u32 {
        let mask = choose(payload, offset);
        let mut stored = payload.to_vec();
        apply(mask, &mut stored);
        let mut padded = stored.clone();
        padded.resize(stored.len().next_multiple_of(8), 0);
        let starts = (0..padded.len()).filter(|start| (offset + *start as u64).is_multiple_of(512));
        for sector in starts.filter_map(|start| padded.get(start..start + 512)) {
            assert!(sector.iter().filter(|byte| **byte != 0).count() >= NON_ZERO_BYTES_MIN);
        }
        assert!(padded.chunks(8).all(|word| word != MARK));
        apply(mask, &mut stored);
        assert_eq!(stored, payload);
        mask
    }

    #[test]
    fn ordinary_payloads_are_not_masked() {
        assert_eq!(check(&[7; 4096], 512), 0);
        assert_eq!(check(&[], 512), 0);
        assert_eq!(check(&[0; 511 - 8], 512), 0, "shorter than a sector, so the trailer shares its sector");
        assert_eq!(check(&[0; 900], 8), 0, "no sector lies wholly inside");
    }

    #[test]
    fn empty_sectors_are_masked() {
        assert_eq!(check(&[0; 512], 512), 1);
        assert_eq!(check(&[0; 505], 512), 1, "seven bytes of padding complete the sector");
        let mut nearly_empty = [0; 512];
        nearly_empty[..7].fill(0xff);
        assert_eq!(check(&nearly_empty, 0), 1);
        nearly_empty[7] = 1;
        assert_eq!(check(&nearly_empty, 0), 0);
    }

    #[test]
    fn a_payload_made_to_rule_out_every_mask_does_not() {
        let hostile: Vec<u8> = (0..2048u32).flat_map(|mask| mask.to_le_bytes().repeat(128)).collect();
        assert_eq!(check(&hostile, 0), 2048);
        let marks: Vec<u8> = (0..1 << 17)
            .flat_map(|mask: u32| {
                let mut word = MARK;
                apply(mask, &mut word);
                word
            })
            .collect();
        assert_eq!(check(&marks, 8), 1 << 17);
    }

    #[test]
    fn a_payload_cannot_contain_a_record() {
        let mut payload = vec![9; 64];
        payload[16..24].copy_from_slice(&MARK);
        assert_eq!(check(&payload, 0), 1);
    }

    proptest! {
        #[test]
        fn every_payload_has_a_mask(
            words in prop::collection::vec(prop_oneof![3 => Just(0u32), 1 => 0u32..4, 1 => any::<u32>()], 0..600),
            tail in prop::collection::vec(0u8..2, 0..8),
            offset in 0u64..128,
        ) {
            let mut payload: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            payload.extend(tail);
            check(&payload, 512 - offset * 8 % 512);
        }
    }
}
