//! For x86-64 processors with AES instructions.

use std::arch::x86_64::{
    __m128i, _mm_aesenc_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_unpackhi_epi64, _mm_xor_si128,
};

use super::{FINAL_ROUNDS, RATE, WARM_UP_ROUNDS, initial, lengths};

type State = [__m128i; 8];

/// The tag, if this processor has the instructions.
pub(super) fn mac(key: u128, nonce: u128, bytes: &[u8]) -> Option<u128> {
    if !std::is_x86_feature_detected!("aes") {
        return None;
    }
    #[expect(unsafe_code, reason = "the instructions were found a line ago")]
    let tag = unsafe { mac_aes(key, nonce, bytes) };
    Some(tag)
}

#[target_feature(enable = "aes,sse2")]
fn mac_aes(key: u128, nonce: u128, bytes: &[u8]) -> u128 {
    let mut state = initial(key, nonce).map(|block| load(&block.to_le_bytes()));
    let (nonce, key) = (load(&nonce.to_le_bytes()), load(&key.to_le_bytes()));
    for _ in 0..WARM_UP_ROUNDS {
        state = update(state, nonce, key);
    }
    let (chunks, rest) = bytes.as_chunks::<RATE>();
    for chunk in chunks {
        state = absorb(state, chunk);
    }
    if !rest.is_empty() {
        let mut padded = [0; RATE];
        padded[..rest.len()].copy_from_slice(rest);
        state = absorb(state, &padded);
    }
    let last = _mm_xor_si128(load(&lengths(bytes).to_le_bytes()), state[2]);
    for _ in 0..FINAL_ROUNDS {
        state = update(state, last, last);
    }
    let tag = state[1..7].iter().fold(state[0], |tag, block| _mm_xor_si128(tag, *block));
    let low = _mm_cvtsi128_si64(tag).cast_unsigned();
    let high = _mm_cvtsi128_si64(_mm_unpackhi_epi64(tag, tag)).cast_unsigned();
    (u128::from(high) << 64) | u128::from(low)
}

#[inline]
#[target_feature(enable = "aes,sse2")]
fn absorb(state: State, chunk: &[u8; RATE]) -> State {
    let (halves, _) = chunk.as_chunks::<16>();
    update(state, load(&halves[0]), load(&halves[1]))
}

#[inline]
#[target_feature(enable = "aes,sse2")]
fn update(s: State, m0: __m128i, m1: __m128i) -> State {
    [
        _mm_aesenc_si128(s[7], _mm_xor_si128(s[0], m0)),
        _mm_aesenc_si128(s[0], s[1]),
        _mm_aesenc_si128(s[1], s[2]),
        _mm_aesenc_si128(s[2], s[3]),
        _mm_aesenc_si128(s[3], _mm_xor_si128(s[4], m1)),
        _mm_aesenc_si128(s[4], s[5]),
        _mm_aesenc_si128(s[5], s[6]),
        _mm_aesenc_si128(s[6], s[7]),
    ]
}

#[inline]
#[target_feature(enable = "aes,sse2")]
fn load(bytes: &[u8; 16]) -> __m128i {
    let number = u128::from_le_bytes(*bytes);
    let (low, high) = (number.to_le_bytes(), (number >> 64).to_le_bytes());
    let half = |bytes: [u8; 16]| {
        i64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
    };
    _mm_set_epi64x(half(high), half(low))
}
