//! The protocol's checksum: the 128-bit tag of AEGIS-128L over the bytes as associated data, with key, nonce and
//! message all empty or zero. It finds damage; with a key that everybody knows it proves nothing about the sender.
//!
//! Standard: draft-irtf-cfrg-aegis-aead, section "AEGIS-128L".
//!
//! The state is eight AES blocks, and every 32 bytes of input take one AES round on each of them. Those rounds do not
//! depend on each other, so a processor with AES instructions runs at memory speed; others take the portable way.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

/// The initial state is the state after this many updates.
const WARM_UP_ROUNDS: usize = 10;
/// The tag is the state after this many updates with the lengths.
const FINAL_ROUNDS: usize = 7;
/// Bytes absorbed by one update.
const RATE: usize = 32;

/// The first 32 Fibonacci numbers modulo 256, in two blocks.
const C0: u128 = u128::from_le_bytes([
    0x00, 0x01, 0x01, 0x02, 0x03, 0x05, 0x08, 0x0d, 0x15, 0x22, 0x37, 0x59, 0x90, 0xe9, 0x79, 0x62,
]);
const C1: u128 = u128::from_le_bytes([
    0xdb, 0x3d, 0x18, 0x55, 0x6d, 0xc2, 0x2f, 0xf1, 0x20, 0x11, 0x31, 0x42, 0x73, 0xb5, 0x28, 0xdd,
]);

/// The checksum of no bytes at all: the body checksum of every message without a body.
pub const CHECKSUM_OF_NOTHING: u128 = 0x49f1_7461_8255_402d_e6e7_e3c4_0d60_cc83;

/// The checksum of `bytes`.
pub fn checksum(bytes: &[u8]) -> u128 {
    mac(0, 0, bytes)
}

/// The tag of an empty message with `bytes` as associated data.
fn mac(key: u128, nonce: u128, bytes: &[u8]) -> u128 {
    #[cfg(target_arch = "x86_64")]
    if let Some(tag) = x86::mac(key, nonce, bytes) {
        return tag;
    }
    portable::mac(key, nonce, bytes)
}

/// The blocks in which the state begins, before its warm-up.
fn initial(key: u128, nonce: u128) -> [u128; 8] {
    [key ^ nonce, C1, C0, C1, key ^ nonce, key ^ C0, key ^ C1, key ^ C0]
}

/// The lengths in bits that close the input: of the associated data, then of the message, which is empty.
fn lengths(bytes: &[u8]) -> u128 {
    (bytes.len() as u128) << 3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that TigerBeetle publishes for its own checksum, as bytes.
    #[test]
    fn the_published_checksums() {
        let zeros = [0; 16];
        let cases: [(&[u8], u128); 2] = [
            (&[], 0x83cc_600d_c4e3_e7e6_2d40_5582_6174_f149),
            (&zeros, 0xf72a_d48d_d05d_d165_6133_101c_d4be_3a26),
        ];
        for (bytes, expected) in cases {
            assert_eq!(checksum(bytes), expected.swap_bytes());
            assert_eq!(portable::mac(0, 0, bytes), expected.swap_bytes());
        }
        assert_eq!(checksum(&[]), CHECKSUM_OF_NOTHING);
    }

    /// Test vector 2 of the AEGIS draft: no associated data and no message, with a key and a nonce.
    #[test]
    fn the_drafts_vector() {
        let key = 0x0110_u128;
        let nonce = 0x0002_0010_u128;
        let expected = 0xc2b8_79a6_7def_9d74_e6c1_4f70_8bbc_c9b4_u128;
        assert_eq!(mac(key, nonce, &[]), expected.swap_bytes());
        assert_eq!(portable::mac(key, nonce, &[]), expected.swap_bytes());
    }

    #[test]
    fn both_ways_agree_for_every_length_and_alignment() {
        let bytes: Vec<u8> = (0..1_200_u32).map(|at| (at * 7 + (at >> 3)).to_le_bytes()[0]).collect();
        for start in 0..17 {
            for len in 0..300 {
                let part = &bytes[start..start + len];
                assert_eq!(checksum(part), portable::mac(0, 0, part), "{len} bytes from {start}");
            }
        }
        assert_eq!(checksum(&bytes), portable::mac(0, 0, &bytes));
    }

    #[test]
    fn every_bit_counts() {
        let mut bytes = vec![0x5a; 100];
        let whole = checksum(&bytes);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(checksum(&bytes), whole, "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
