//! Blocks of cold segments that were read last.

use std::sync::{Mutex, PoisonError};

use crate::ColdError;
use crate::cold::BLOCK_BYTES;

/// Up to a mebibyte of blocks, each found whole when it was read: a page of an answer asks for the same block again and
/// again.
pub(crate) struct BlockCache(Mutex<Vec<Option<Held>>>);

struct Held {
    segment: u32,
    offset: u64,
    bytes: Box<Block>,
}

/// A block as it is stored.
pub(crate) type Block = [u8; BLOCK_BYTES];

const BLOCKS: u64 = 256;

impl BlockCache {
    pub(crate) fn new() -> Self {
        Self(Mutex::new((0..BLOCKS).map(|_| None).collect()))
    }

    /// Looks at the block at `offset` of `segment`, which `read` fills in if it is not held.
    pub(crate) fn look<T>(
        &self,
        segment: u32,
        offset: u64,
        read: impl FnOnce(&mut Block) -> Result<(), ColdError>,
        look: impl FnOnce(&Block) -> T,
    ) -> Result<T, ColdError> {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Neighbours lie beside each other, the same places of other segments elsewhere.
        let place = (offset / BLOCK_BYTES as u64).wrapping_add(u64::from(segment) * 67) % BLOCKS;
        let place = &mut blocks[usize::try_from(place).unwrap_or(0)];
        if let Some(held) = place.as_ref().filter(|held| held.segment == segment && held.offset == offset) {
            return Ok(look(&held.bytes));
        }
        let mut bytes = place.take().map_or_else(|| Box::new([0; BLOCK_BYTES]), |held| held.bytes);
        read(&mut bytes)?;
        let seen = look(&bytes);
        *place = Some(Held { segment, offset, bytes });
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_once_and_never_taken_for_another() {
        let cache = BlockCache::new();
        let look = |segment: u32, offset: u64, byte: Option<u8>| {
            let read = |bytes: &mut Block| match byte {
                Some(byte) => {
                    bytes.fill(byte);
                    Ok(())
                }
                None => Err(ColdError { segment, what: "not there".to_owned() }),
            };
            cache.look(segment, offset, read, |bytes| bytes[0]).ok()
        };
        assert_eq!(look(1, 4_096, Some(7)), Some(7));
        assert_eq!(look(1, 4_096, None), Some(7));
        let same_place = 4_096 + BLOCKS * 4_096;
        assert_eq!(look(1, same_place, None), None, "what failed is not held");
        assert_eq!(look(1, same_place, Some(8)), Some(8));
        assert_eq!(look(1, 4_096, Some(9)), Some(9));
    }
}
