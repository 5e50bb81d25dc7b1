//! For every processor.

use aes::Block;
use aes::hazmat::cipher_round;

use super::{FINAL_ROUNDS, RATE, WARM_UP_ROUNDS, initial, lengths};

type State = [u128; 8];

/// One AES round on `block`, with `key` added.
fn round(block: u128, key: u128) -> u128 {
    let mut block = Block::from(block.to_le_bytes());
    cipher_round(&mut block, &Block::from(key.to_le_bytes()));
    u128::from_le_bytes(block.into())
}

fn update(s: State, m0: u128, m1: u128) -> State {
    [
        round(s[7], s[0] ^ m0),
        round(s[0], s[1]),
        round(s[1], s[2]),
        round(s[2], s[3]),
        round(s[3], s[4] ^ m1),
        round(s[4], s[5]),
        round(s[5], s[6]),
        round(s[6], s[7]),
    ]
}

pub(super) fn mac(key: u128, nonce: u128, bytes: &[u8]) -> u128 {
    let mut state = initial(key, nonce);
    for _ in 0..WARM_UP_ROUNDS {
        state = update(state, nonce, key);
    }
    let mut chunks = bytes.chunks(RATE);
    for chunk in &mut chunks {
        let mut padded = [0; RATE];
        padded[..chunk.len()].copy_from_slice(chunk);
        let (m0, m1) = (half(&padded, 0), half(&padded, 16));
        state = update(state, m0, m1);
    }
    let last = lengths(bytes) ^ state[2];
    for _ in 0..FINAL_ROUNDS {
        state = update(state, last, last);
    }
    state[..7].iter().fold(0, |tag, block| tag ^ block)
}

fn half(chunk: &[u8; RATE], from: usize) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&chunk[from..from + 16]);
    u128::from_le_bytes(bytes)
}
