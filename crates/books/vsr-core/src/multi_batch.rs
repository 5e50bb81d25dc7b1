//! Several batches of one operation in one body: the events of all, then a trailer with the length of each.
//!
//! ```text
//! ┌─ events of batch 0 ─┬─ of batch 1 ─┬ … ┬─ padding 0xff ─┬ … ┬ length 1 ┬ length 0 ┬ batches ┐
//! └─────────────────────┴──────────────┴───┴────────────────┴───┴──────────┴──────────┴─────────┘
//! ```
//!
//! Lengths count events and are 16 bits, the first batch's last. The trailer is padded to whole events, so that the
//! body is a whole number of them.

/// Bytes of a length, and of the number of batches.
const ITEM: usize = 2;
/// The number that means padding.
const PADDING: u16 = u16::MAX;

/// A body that is not what its trailer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body does not match the trailer that tells its batches")]
pub struct MultiBatchError;

/// Bytes of the trailer of `batches` batches of elements of `element_size` bytes.
pub fn trailer_size(batches: usize, element_size: usize) -> usize {
    ((batches + 1) * ITEM).next_multiple_of(element_size.max(1))
}

/// Reads the trailer: how many elements each batch holds, first to last. The elements lie before it.
///
/// Errors: no batch, a trailer longer than the body, padding that is none, lengths that do not fill the body.
pub fn decode(body: &[u8], element_size: usize) -> Result<Vec<u16>, MultiBatchError> {
    let (rest, batches) = body.split_last_chunk::<ITEM>().ok_or(MultiBatchError)?;
    let batches = u16::from_le_bytes(*batches);
    if batches == 0 || batches == PADDING {
        return Err(MultiBatchError);
    }
    let batches = usize::from(batches);
    let (rest, lengths) =
        rest.split_at_checked(rest.len().wrapping_sub(batches * ITEM)).ok_or(MultiBatchError)?;
    let padding = trailer_size(batches, element_size) - (batches + 1) * ITEM;
    let (payload, padding) =
        rest.split_at_checked(rest.len().wrapping_sub(padding)).ok_or(MultiBatchError)?;
    if padding.iter().any(|byte| *byte != 0xff) {
        return Err(MultiBatchError);
    }
    let (lengths, _) = lengths.as_chunks::<ITEM>();
    let lengths: Vec<u16> = lengths.iter().rev().map(|item| u16::from_le_bytes(*item)).collect();
    let elements: usize = lengths.iter().map(|length| usize::from(*length)).sum();
    if elements * element_size != payload.len() {
        return Err(MultiBatchError);
    }
    Ok(lengths)
}

/// Appends the trailer to elements that are already there.
pub fn append_trailer(lengths: &[u16], element_size: usize, out: &mut Vec<u8>) {
    let padding = trailer_size(lengths.len(), element_size) - (lengths.len() + 1) * ITEM;
    out.resize(out.len() + padding, 0xff);
    for length in lengths.iter().rev() {
        out.extend_from_slice(&length.to_le_bytes());
    }
    // A body of 1 MiB has no room for as many batches as the padding's number.
    let batches = u16::try_from(lengths.len()).unwrap_or(PADDING);
    out.extend_from_slice(&batches.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(lengths: &[u16], element_size: usize) -> Vec<u8> {
        let elements: usize = lengths.iter().map(|length| usize::from(*length)).sum();
        let mut body = vec![0x11; elements * element_size];
        append_trailer(lengths, element_size, &mut body);
        body
    }

    /// The example in TigerBeetle's description of the format: 1,664 bytes of events, 128 of trailer.
    #[test]
    fn the_published_example() {
        let body = encode(&[8, 1, 0, 4], 128);
        assert_eq!(body.len(), 1_792);
        let mut tail = vec![0xff; 118];
        tail.extend_from_slice(&[4, 0, 0, 0, 1, 0, 8, 0, 4, 0]);
        assert_eq!(body[1_664..], tail);
        assert_eq!(decode(&body, 128), Ok(vec![8, 1, 0, 4]));
    }

    #[test]
    fn every_wrong_trailer_is_refused() {
        let good = encode(&[2, 0, 1], 128);
        let cases: [(&str, Vec<u8>); 8] = [
            ("nothing", vec![]),
            ("one byte", vec![1]),
            ("no batch", encode(&[1], 128).into_iter().rev().skip(2).rev().chain([0, 0]).collect()),
            ("padding as a number", vec![0xff; 256]),
            ("an event less", good[128..].to_vec()),
            ("an event more", [vec![0; 128], good.clone()].concat()),
            ("more batches than bytes", [0_u8; 128].into_iter().chain([200, 0]).collect()),
            ("a byte of padding that is none", {
                let mut body = good.clone();
                body[3 * 128] = 0;
                body
            }),
        ];
        for (what, body) in cases {
            assert_eq!(decode(&body, 128), Err(MultiBatchError), "{what}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(
            lengths in prop::collection::vec(0_u16..50, 1..300),
            size in prop::sample::select(vec![8_usize, 16, 64, 128, 384]),
        ) {
            let body = encode(&lengths, size);
            prop_assert_eq!(body.len() % size, 0);
            prop_assert_eq!(decode(&body, size), Ok(lengths));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(body in prop::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(lengths) = decode(&body, 16) {
                let elements: usize = lengths.iter().map(|length| usize::from(*length)).sum();
                prop_assert_eq!(elements * 16 + trailer_size(lengths.len(), 16), body.len());
            }
        }
    }
}
