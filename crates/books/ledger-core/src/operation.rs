//! The operations of a request and the limits of its body.

use crate::RequestError;

/// The size of one event in a request body, in bytes.
pub const EVENT_BYTES: usize = 128;

/// The size of one outcome, in bytes.
pub const OUTCOME_BYTES: usize = 16;

/// The most events in one request: what fits into one mebibyte with room for headers.
pub const EVENTS_MAX: u32 = 8190;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// Creates accounts; the body is a sequence of [`Account`](crate::Account).
    CreateAccounts = 1,
    /// Creates transfers; the body is a sequence of [`Transfer`](crate::Transfer).
    CreateTransfers = 2,
    /// Only lets time pass, so that pending transfers expire; no body.
    Pulse = 3,
}

impl Operation {
    /// Counts the events in `body`.
    ///
    /// Errors: [`RequestError::Length`] if it is not a whole number of events, [`RequestError::Empty`],
    /// [`RequestError::TooManyEvents`], [`RequestError::PulseWithBody`].
    pub fn events(self, body: &[u8]) -> Result<u32, RequestError> {
        if self == Self::Pulse {
            return if body.is_empty() { Ok(0) } else { Err(RequestError::PulseWithBody) };
        }
        if body.is_empty() {
            return Err(RequestError::Empty);
        }
        if !body.len().is_multiple_of(EVENT_BYTES) {
            return Err(RequestError::Length { bytes: body.len() });
        }
        match u32::try_from(body.len() / EVENT_BYTES) {
            Ok(events) if events <= EVENTS_MAX => Ok(events),
            _ => Err(RequestError::TooManyEvents),
        }
    }
}

impl TryFrom<u8> for Operation {
    type Error = RequestError;

    fn try_from(number: u8) -> Result<Self, RequestError> {
        match number {
            1 => Ok(Self::CreateAccounts),
            2 => Ok(Self::CreateTransfers),
            3 => Ok(Self::Pulse),
            _ => Err(RequestError::UnknownOperation { number }),
        }
    }
}
