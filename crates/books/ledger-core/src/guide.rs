//! What stays in memory of a cold segment: when its blocks begin, and which values its transfers have.
//!
//! For every field that queries compare a segment has a list of all its transfers in the order of their
//! [keys](crate::keys), in blocks of 510 entries. The guide holds the first entry of each block, so that one read finds
//! any key, and a filter, so that few reads look for a key that is not there. A field with one value has no list.
//!
//! As bytes, little-endian: first timestamp u64 of each block | 5 × (kind u32 | key u32 | entries u32 | filter lines u32) |
//! for each list: first entry u64 of each block | filter lines (32).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::keys::{FIELDS, mix};

/// Entries of a block of a list.
pub(crate) const BLOCK_ENTRIES: usize = 510;

/// An entry as it is stored.
pub(crate) type Entry = zerocopy::U64<zerocopy::LE>;

/// The guide to one segment.
#[derive(Debug)]
pub(crate) struct Guide {
    /// The timestamp of the first transfer of each block.
    pub(crate) times: Box<[u64]>,
    fields: [Field; FIELDS],
    encoded_len: usize,
}

/// How a field's values are found.
#[derive(Debug)]
pub(crate) enum Field {
    /// All transfers have this key.
    Same(u32),
    Listed(List),
}

/// A list of entries, each a key above the place of a transfer in its segment, in ascending order. Key 0 is not listed.
#[derive(Debug)]
pub(crate) struct List {
    /// How many entries it has.
    pub(crate) entries: u32,
    /// The first entry of each block.
    fences: Box<[u64]>,
    filter: Filter,
}

/// A split block Bloom filter as Apache Parquet has it: a key sets one bit in each of a line's eight words.
#[derive(Debug)]
struct Filter(Box<[Line]>);

type Line = [u32; 8];
const LINE_BYTES: usize = size_of::<Line>();
const KEYS_PER_LINE: usize = 24;
const SALT: Line =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct FieldHead {
    kind: u32,
    key: u32,
    entries: u32,
    lines: u32,
}

const SAME: u32 = 0;
const LISTED: u32 = 1;
const HEAD_BYTES: usize = size_of::<FieldHead>();

/// The entry for a key and a place.
pub(crate) fn entry(key: u32, place: u32) -> u64 {
    u64::from(key) << 32 | u64::from(place)
}

pub(crate) fn key_of(entry: u64) -> u32 {
    u32::try_from(entry >> 32).unwrap_or(0)
}

pub(crate) fn place_of(entry: u64) -> u32 {
    u32::try_from(entry & u64::from(u32::MAX)).unwrap_or(0)
}

impl Filter {
    fn of(entries: &[u64]) -> Self {
        let keys = || entries.chunk_by(|a, b| key_of(*a) == key_of(*b)).map(|same| key_of(same[0]));
        let mut filter = Self(vec![Line::default(); keys().count().div_ceil(KEYS_PER_LINE).max(1)].into());
        for key in keys() {
            let (line, bits) = filter.place(key);
            filter.0[line].iter_mut().zip(bits).for_each(|(word, bit)| *word |= bit);
        }
        filter
    }

    fn may_have(&self, key: u32) -> bool {
        let (line, bits) = self.place(key);
        self.0[line].iter().zip(bits).all(|(word, bit)| word & bit != 0)
    }

    /// The line of a key, and its bits there.
    fn place(&self, key: u32) -> (usize, Line) {
        let hash = mix(u64::from(key));
        let low = place_of(hash);
        let line = (u64::from(key_of(hash)) * self.0.len() as u64) >> 32;
        (usize::try_from(line).unwrap_or(0), SALT.map(|salt| 1 << (low.wrapping_mul(salt) >> 27)))
    }
}

impl Field {
    /// The field whose transfers have these `keys`, in order; its entries are left in `entries`.
    pub(crate) fn of(mut keys: impl Iterator<Item = u32> + Clone, entries: &mut Vec<u64>) -> Self {
        entries.clear();
        let first = keys.clone().next().unwrap_or(0);
        if keys.clone().all(|key| key == first) {
            return Self::Same(first);
        }
        let listed = (0..).zip(keys.by_ref()).filter(|(_, key)| *key != 0);
        entries.extend(listed.map(|(place, key)| entry(key, place)));
        entries.sort_unstable();
        Self::Listed(List {
            entries: u32::try_from(entries.len()).unwrap_or(u32::MAX),
            fences: entries.iter().step_by(BLOCK_ENTRIES).copied().collect(),
            filter: Filter::of(entries),
        })
    }

    /// Whether some transfer may have this key, which is not 0.
    pub(crate) fn may_have(&self, key: u32) -> bool {
        match self {
            Self::Same(same) => *same == key,
            Self::Listed(list) => list.filter.may_have(key),
        }
    }

    /// Blocks of its list.
    pub(crate) fn blocks(&self) -> u32 {
        match self {
            Self::Same(_) => 0,
            Self::Listed(list) => u32::try_from(list.fences.len()).unwrap_or(u32::MAX),
        }
    }
}

impl List {
    /// The block in which an entry lies if it is there, and the first entry of the block after that one.
    pub(crate) fn block_of(&self, entry: u64) -> Option<(usize, Option<u64>)> {
        let after = self.fences.partition_point(|fence| *fence <= entry);
        Some((after.checked_sub(1)?, self.fences.get(after).copied()))
    }

    pub(crate) fn first(&self) -> Option<u64> {
        self.fences.first().copied()
    }

    /// How many entries a block has.
    pub(crate) fn entries_of(&self, block: usize) -> usize {
        (self.entries as usize).saturating_sub(block * BLOCK_ENTRIES).min(BLOCK_ENTRIES)
    }
}

impl Guide {
    /// The most bytes of a guide to so many blocks and transfers.
    pub(crate) fn bytes_max(blocks: usize, rows: usize) -> usize {
        let list = 8 * rows.div_ceil(BLOCK_ENTRIES) + LINE_BYTES * (rows.div_ceil(KEYS_PER_LINE).max(1));
        8 * blocks + FIELDS * (HEAD_BYTES + list)
    }

    pub(crate) fn new(times: Box<[u64]>, fields: [Field; FIELDS]) -> Self {
        let encoded_len =
            fields.iter().fold(8 * times.len() + FIELDS * HEAD_BYTES, |sum, field| match field {
                Field::Same(_) => sum,
                Field::Listed(list) => sum + 8 * list.fences.len() + LINE_BYTES * list.filter.0.len(),
            });
        Self { times, fields, encoded_len }
    }

    /// How long its bytes are.
    pub(crate) fn encoded_len(&self) -> usize {
        self.encoded_len
    }

    pub(crate) fn field(&self, field: usize) -> &Field {
        &self.fields[field]
    }

    /// Blocks of all its lists.
    pub(crate) fn list_blocks(&self) -> u32 {
        self.fields.iter().map(Field::blocks).sum()
    }

    /// The block with which the list of a field begins.
    pub(crate) fn first_block(&self, field: usize) -> u32 {
        self.fields[..field].iter().map(Field::blocks).sum()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = self.times.as_bytes().to_vec();
        for field in &self.fields {
            let head = match field {
                Field::Same(key) => FieldHead { kind: SAME, key: *key, entries: 0, lines: 0 },
                Field::Listed(list) => {
                    let lines = u32::try_from(list.filter.0.len()).unwrap_or(u32::MAX);
                    FieldHead { kind: LISTED, key: 0, entries: list.entries, lines }
                }
            };
            out.extend_from_slice(head.as_bytes());
        }
        for field in &self.fields {
            if let Field::Listed(list) = field {
                out.extend_from_slice(list.fences.as_bytes());
                out.extend_from_slice(list.filter.0.as_bytes());
            }
        }
        out
    }

    /// The guide to a segment of so many blocks and transfers. `None` if the bytes are none.
    pub(crate) fn decode(bytes: &[u8], blocks: usize, rows: usize) -> Option<Self> {
        let mut rest = bytes;
        let times = numbers(&mut rest, blocks)?;
        let (heads, mut rest) = rest.split_at_checked(FIELDS * HEAD_BYTES)?;
        let mut fields = [const { Field::Same(0) }; FIELDS];
        for (field, head) in fields.iter_mut().zip(heads.chunks_exact(HEAD_BYTES)) {
            let FieldHead { kind, key, entries, lines } = FieldHead::read_from_bytes(head).ok()?;
            *field = match kind {
                SAME if entries == 0 && lines == 0 => Field::Same(key),
                LISTED if key == 0 && entries as usize <= rows && lines > 0 => {
                    let fences = numbers(&mut rest, (entries as usize).div_ceil(BLOCK_ENTRIES))?;
                    let length = (lines as usize).checked_mul(LINE_BYTES)?;
                    let (filter, tail) = rest.split_at_checked(length)?;
                    rest = tail;
                    let lines = filter.chunks_exact(LINE_BYTES);
                    let filter = lines.filter_map(|line| Line::read_from_bytes(line).ok()).collect();
                    Field::Listed(List { entries, fences, filter: Filter(filter) })
                }
                _ => return None,
            };
        }
        let is_sorted = |numbers: &[u64]| numbers.is_sorted();
        let lists_are = fields.iter().all(|field| match field {
            Field::Same(_) => true,
            Field::Listed(list) => is_sorted(&list.fences),
        });
        (rest.is_empty() && is_sorted(&times) && lists_are).then(|| Self::new(times, fields))
    }
}

/// Takes `count` numbers from the front of `bytes`.
fn numbers(bytes: &mut &[u8], count: usize) -> Option<Box<[u64]>> {
    let (numbers, rest) = bytes.split_at_checked(count.checked_mul(8)?)?;
    *bytes = rest;
    Some(numbers.chunks_exact(8).filter_map(|number| u64::read_from_bytes(number).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(keys: &[u32]) -> (Field, Vec<u64>) {
        let mut entries = Vec::new();
        (Field::of(keys.iter().copied(), &mut entries), entries)
    }

    fn guide() -> Guide {
        let keys: Vec<u32> = (0..2_000).map(|place| (place % 700) << 16).collect();
        let fields = [&keys[..], &[7 << 16; 2_000], &[0; 2_000], &keys[..], &keys[..]];
        Guide::new(vec![5, 6, 6].into(), fields.map(|keys| field(keys).0))
    }

    #[test]
    fn a_guide_is_read_as_it_was_written_and_nothing_else_is() {
        let bytes = guide().encode();
        assert!(bytes.len() <= Guide::bytes_max(3, 2_000));
        assert_eq!(bytes.len(), guide().encoded_len());
        let read = Guide::decode(&bytes, 3, 2_000).expect("a guide");
        assert_eq!(read.encode(), bytes);
        assert_eq!(read.list_blocks(), 12);
        assert_eq!(read.first_block(4), 8);
        for length in 0..bytes.len() {
            assert!(Guide::decode(&bytes[..length], 3, 2_000).is_none(), "cut to {length}");
        }
        assert!(Guide::decode(&[&bytes[..], &[0]].concat(), 3, 2_000).is_none());
        assert!(Guide::decode(&bytes, 3, 1_000).is_none(), "more entries than transfers");
        for at in 24..24 + FIELDS * HEAD_BYTES {
            let mut hostile = bytes.clone();
            hostile[at] ^= 0x80;
            // Whatever it is, it is small.
            if let Some(guide) = Guide::decode(&hostile, 3, 2_000) {
                assert_eq!(guide.encode().len(), bytes.len());
            }
        }
    }

    #[test]
    fn a_filter_forgets_nothing_and_invents_little() {
        let keys: Vec<u32> =
            (0..20_000u32).map(|place| place.wrapping_mul(2_654_435_761) | 1 << 16).collect();
        let (field, entries) = field(&keys);
        assert!(entries.is_sorted() && entries.len() == keys.len());
        assert!(keys.iter().all(|key| field.may_have(*key)));
        let others = (20_000..120_000u32).map(|place| place.wrapping_mul(2_654_435_761));
        let invented = others.filter(|key| field.may_have(*key)).count();
        assert!(invented < 4_000, "{invented} of 100,000");
    }
}
