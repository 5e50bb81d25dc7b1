//! Changes to good bytes, as wear, crashes and enemies make them.

use arbitrary::{Result, Unstructured};

/// The most changes of one run: more make noise that every check refuses at once.
const CHANGES_MAX: u8 = 6;
/// The longest stretch that one change replaces.
const STRETCH_MAX: usize = 64;

/// Changes `bytes` some times, or not at all.
pub(crate) fn mutate(u: &mut Unstructured<'_>, bytes: &mut Vec<u8>) -> Result<()> {
    for _ in 0..u.int_in_range(0..=CHANGES_MAX)? {
        change(u, bytes)?;
    }
    Ok(())
}

fn change(u: &mut Unstructured<'_>, bytes: &mut Vec<u8>) -> Result<()> {
    let at = u.int_in_range(0..=bytes.len().saturating_sub(1))?;
    let rest = bytes.len() - at;
    match u.int_in_range(0..=7_u8)? {
        0 if rest > 0 => bytes[at] ^= 1 << u.int_in_range(0..=7)?,
        1 => {
            let length = u.int_in_range(0..=STRETCH_MAX.min(rest))?;
            u.fill_buffer(&mut bytes[at..at + length])?;
        }
        2 => {
            let length = u.int_in_range(0..=rest.min(1024))?;
            bytes[at..at + length].fill(0);
        }
        3 => bytes.truncate(at),
        4 => {
            let length = u.int_in_range(0..=STRETCH_MAX)?.min(u.len());
            bytes.splice(at..at, u.bytes(length)?.iter().copied());
        }
        5 => {
            let length = u.int_in_range(0..=rest.min(1024))?;
            bytes.drain(at..at + length);
        }
        // A stretch of the same bytes in another place, over what is there.
        6 => {
            let from = u.int_in_range(0..=bytes.len().saturating_sub(1))?;
            let length = u.int_in_range(0..=rest.min(bytes.len() - from))?;
            bytes.copy_within(from..from + length, at);
        }
        // A small number where a count or a length may be.
        _ if rest >= 4 => bytes[at..at + 4].copy_from_slice(&u.int_in_range(0..=300_u32)?.to_le_bytes()),
        _ => {}
    }
    Ok(())
}
