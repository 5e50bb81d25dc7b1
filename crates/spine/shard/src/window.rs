//! The window of recent requests: what was answered, so that asking again gets the same answer.
//!
//! It is part of the replicated state: every replica evicts the same entries at the same batch.

use std::collections::VecDeque;

use hashbrown::HashTable;

/// Requests remembered.
pub const WINDOW_ENTRIES_MAX: usize = 100_000;
/// Bytes of replies remembered.
pub const WINDOW_BYTES_MAX: usize = 64 << 20;

struct Entry {
    key: u128,
    digest: u128,
    reply: Box<[u8]>,
}

/// Recent requests in the order of their batches; the oldest are forgotten first.
#[derive(Default)]
pub(crate) struct Window {
    entries: VecDeque<Entry>,
    /// The running number of the entry at the front.
    front: u64,
    /// Running numbers by key. Only ever looked up, never iterated.
    index: HashTable<u64>,
    bytes: usize,
}

/// What the window knows of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen<'a> {
    /// Never answered, or forgotten.
    New,
    /// Answered: this was the reply.
    Before(&'a [u8]),
    /// The key stands for another body.
    Clash,
}

// Keys are digests already: their low bits are as good as any hash.
fn hash(key: u128) -> u64 {
    let bytes = key.to_le_bytes();
    u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

impl Window {
    fn at(&self, number: u64) -> &Entry {
        let offset = usize::try_from(number - self.front).unwrap_or(usize::MAX);
        &self.entries[offset]
    }

    pub(crate) fn seen(&self, key: u128, digest: u128) -> Seen<'_> {
        match self.index.find(hash(key), |number| self.at(*number).key == key) {
            None => Seen::New,
            Some(number) => {
                let entry = self.at(*number);
                if entry.digest == digest { Seen::Before(&entry.reply) } else { Seen::Clash }
            }
        }
    }

    /// Remembers a reply under a key that is not in the window.
    pub(crate) fn remember(&mut self, key: u128, digest: u128, reply: &[u8]) {
        let number = self.front + self.entries.len() as u64;
        self.entries.push_back(Entry { key, digest, reply: reply.into() });
        self.bytes += reply.len();
        let (entries, front) = (&self.entries, self.front);
        self.index.insert_unique(hash(key), number, |other| {
            hash(entries[usize::try_from(other - front).unwrap_or(usize::MAX)].key)
        });
        while self.entries.len() > WINDOW_ENTRIES_MAX || self.bytes > WINDOW_BYTES_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(entry) = self.entries.front() else { return };
        let (key, front) = (entry.key, self.front);
        if let Ok(found) = self.index.find_entry(hash(key), |number| *number == front) {
            found.remove();
        }
        self.bytes -= entry.reply.len();
        self.entries.pop_front();
        self.front += 1;
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.entries.len() as u64).to_le_bytes());
        for entry in &self.entries {
            out.extend_from_slice(&entry.key.to_le_bytes());
            out.extend_from_slice(&entry.digest.to_le_bytes());
            out.extend_from_slice(&(entry.reply.len() as u64).to_le_bytes());
            out.extend_from_slice(&entry.reply);
        }
    }

    /// Reads what [`Window::encode`] wrote and gives what follows it.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut window = Self::default();
        for _ in 0..take_u64(&mut bytes)? {
            let key = take_u128(&mut bytes)?;
            let digest = take_u128(&mut bytes)?;
            let len = usize::try_from(take_u64(&mut bytes)?).ok()?;
            let (reply, rest) = bytes.split_at_checked(len)?;
            if window.seen(key, digest) != Seen::New {
                return None;
            }
            window.remember(key, digest, reply);
            bytes = rest;
        }
        Some((window, bytes))
    }
}

fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*head))
}

fn take_u128(bytes: &mut &[u8]) -> Option<u128> {
    let (head, rest) = bytes.split_first_chunk::<16>()?;
    *bytes = rest;
    Some(u128::from_le_bytes(*head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_gets_the_same_answer_and_a_clash_is_seen() {
        let mut window = Window::default();
        assert_eq!(window.seen(1, 10), Seen::New);
        window.remember(1, 10, b"yes");
        assert_eq!(window.seen(1, 10), Seen::Before(b"yes"));
        assert_eq!(window.seen(1, 11), Seen::Clash);
    }

    #[test]
    fn the_oldest_go_first_by_count_and_by_bytes() {
        let mut window = Window::default();
        for key in 0..WINDOW_ENTRIES_MAX as u128 + 3 {
            window.remember(key, key, b"r");
        }
        assert_eq!(window.seen(2, 2), Seen::New);
        assert_eq!(window.seen(3, 3), Seen::Before(b"r"));
        let large = vec![0; WINDOW_BYTES_MAX - 1];
        window.remember(u128::MAX, 0, &large);
        assert_eq!(window.entries.len(), 2, "one byte is left for one older reply");
        assert_eq!(window.index.len(), 2);
    }

    #[test]
    fn bytes_round_trip_and_cut_bytes_are_refused() {
        let mut window = Window::default();
        (1..5u128).for_each(|key| window.remember(key, key * 2, &vec![7; usize::try_from(key).unwrap()]));
        let mut bytes = Vec::new();
        window.encode(&mut bytes);
        for cut in 0..bytes.len() {
            assert!(Window::decode(&bytes[..cut]).is_none(), "cut at {cut}");
        }
        bytes.extend_from_slice(b"tail");
        let (read, rest) = Window::decode(&bytes).unwrap();
        assert_eq!(rest, b"tail");
        assert_eq!(read.seen(4, 8), Seen::Before(&[7; 4]));
        let mut again = Vec::new();
        read.encode(&mut again);
        assert_eq!(again, bytes[..bytes.len() - 4]);
    }
}
