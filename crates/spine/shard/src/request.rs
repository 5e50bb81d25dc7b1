//! Requests and how they lie in a batch.
//!
//! A batch's payload is a sequence of frames: a header of 40 bytes, then the body. All numbers are little-endian.
//!
//! | bytes | field |
//! |---|---|
//! | 16 | key |
//! | 16 | digest of operation and body |
//! | 2 | operation |
//! | 2 | reserved, zero |
//! | 4 | body length |

use ids::RequestId;

use crate::error::ShardError;

/// Bytes of a frame before its body.
pub const REQUEST_HEADER_BYTES: usize = 40;

/// Names a request in the window of recent requests. [`RequestKey::NONE`] is for requests that nobody will repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey(pub u128);

impl RequestKey {
    /// Not remembered.
    pub const NONE: Self = Self(0);
}

/// A request: one operation on a body of commands, and the names by which a repetition is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The name under which the reply is remembered.
    pub key: RequestKey,
    /// 128 bits of the SHA-256 of operation and body: tells a repetition from a clash.
    pub digest: u128,
    /// The machine's operation.
    pub operation: u16,
    /// The commands.
    pub body: Vec<u8>,
}

fn digest128(parts: &[&[u8]]) -> u128 {
    let mut sha = stdx::Sha256::default();
    parts.iter().for_each(|part| sha.update(part));
    let mut low = [0; 16];
    low.copy_from_slice(&sha.finish().0[..16]);
    u128::from_le_bytes(low)
}

impl Request {
    /// A request under the client's own id: the same id with another body will be refused.
    pub fn with_id(id: RequestId, operation: u16, body: Vec<u8>) -> Self {
        let digest = digest128(&[b"content", &operation.to_le_bytes(), &body]);
        let key = digest128(&[b"id", &operation.to_le_bytes(), &id.get().to_le_bytes()]);
        Self { key: RequestKey(key), digest, operation, body }
    }

    /// A request named by its content, for bodies whose commands carry ids of their own: sending the same bytes
    /// again returns the same reply.
    pub fn by_content(operation: u16, body: Vec<u8>) -> Self {
        let digest = digest128(&[b"content", &operation.to_le_bytes(), &body]);
        Self { key: RequestKey(digest), digest, operation, body }
    }

    /// A request whose name and digest the caller has made: two requests of one name are the same if their digests are.
    /// A name of 0 would not be remembered, so it is taken for 1.
    pub fn named(key: u128, digest: u128, operation: u16, body: Vec<u8>) -> Self {
        Self { key: RequestKey(key.max(1)), digest, operation, body }
    }

    /// A request that is never remembered.
    pub fn forgotten(operation: u16, body: Vec<u8>) -> Self {
        Self { key: RequestKey::NONE, digest: 0, operation, body }
    }

    /// Bytes this request takes in a batch.
    pub fn framed_len(&self) -> usize {
        REQUEST_HEADER_BYTES + self.body.len()
    }

    /// Appends the frame.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.key.0.to_le_bytes());
        out.extend_from_slice(&self.digest.to_le_bytes());
        out.extend_from_slice(&self.operation.to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        // A body fits a batch, and a batch fits 1 MiB.
        let len = u32::try_from(self.body.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&self.body);
    }
}

/// A request as it lies in a payload.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// See [`Request::key`].
    pub key: RequestKey,
    /// See [`Request::digest`].
    pub digest: u128,
    /// See [`Request::operation`].
    pub operation: u16,
    /// See [`Request::body`].
    pub body: &'a [u8],
}

/// The frames of a batch's payload, in order. A malformed payload ends with [`ShardError::Malformed`]: the journal's
/// digests held, so the writer itself was wrong, and nobody may go on.
pub fn frames(payload: &[u8]) -> impl Iterator<Item = Result<Frame<'_>, ShardError>> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let frame = split_frame(rest).ok_or(ShardError::Malformed { what: "a request frame" });
        rest = match &frame {
            Ok((_, tail)) => tail,
            Err(_) => &[],
        };
        Some(frame.map(|(frame, _)| frame))
    })
}

fn split_frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (header, rest) = bytes.split_at_checked(REQUEST_HEADER_BYTES)?;
    let key = u128::from_le_bytes(header[..16].try_into().ok()?);
    let digest = u128::from_le_bytes(header[16..32].try_into().ok()?);
    let operation = u16::from_le_bytes(header[32..34].try_into().ok()?);
    let len = u32::from_le_bytes(header[36..40].try_into().ok()?);
    let (body, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    Some((Frame { key: RequestKey(key), digest, operation, body }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_round_trip_and_refuse_the_rest() {
        let requests = [
            Request::by_content(1, vec![1, 2, 3]),
            Request::forgotten(3, Vec::new()),
            Request::with_id(RequestId::new(9).unwrap(), 2, vec![7; 300]),
        ];
        let mut payload = Vec::new();
        requests.iter().for_each(|request| request.encode(&mut payload));
        let read: Vec<_> = frames(&payload).map(Result::unwrap).collect();
        assert_eq!(read.len(), 3);
        for (frame, request) in read.iter().zip(&requests) {
            assert_eq!(
                (frame.key, frame.digest, frame.operation, frame.body),
                (request.key, request.digest, request.operation, request.body.as_slice())
            );
        }
        let ends: Vec<usize> = requests
            .iter()
            .scan(0, |at, request| {
                *at += request.framed_len();
                Some(*at)
            })
            .collect();
        for cut in 1..payload.len() {
            let whole = frames(&payload[..cut]).all(|frame| frame.is_ok());
            assert_eq!(whole, ends.contains(&cut), "cut at {cut}");
        }
    }

    #[test]
    fn the_same_id_under_two_operations_is_two_requests() {
        let id = RequestId::new(5).unwrap();
        assert_ne!(Request::with_id(id, 1, vec![]).key, Request::with_id(id, 2, vec![]).key);
        assert_ne!(Request::by_content(1, vec![]).key, Request::by_content(2, vec![]).key);
    }
}
