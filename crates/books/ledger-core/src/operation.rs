//! The operations of a request and the limits of its body.

use crate::RequestError;

/// The size of one event in a request body, in bytes; that of a [`Booking`](crate::Booking) is twice as much.
pub const EVENT_BYTES: usize = 128;

/// The size of one outcome, in bytes.
pub const OUTCOME_BYTES: usize = 16;

/// The most events in one request: what fits into one mebibyte with room for headers.
pub const EVENTS_MAX: u32 = 8190;

/// The most [`Booking`](crate::Booking)s in one request, for the same reason.
pub const BOOKINGS_MAX: u32 = 4095;

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
    /// Creates transfers with what a bank's books say about them; the body is a sequence of
    /// [`Booking`](crate::Booking).
    CreateBookings = 4,
    /// Declares what ledgers are counted in; the body is a sequence of [`UnitDeclaration`](crate::UnitDeclaration).
    DeclareUnits = 5,
    /// Puts accounts below control accounts; the body is a sequence of [`Placement`](crate::Placement).
    PlaceAccounts = 6,
    /// Says for what money may be spent; the body is a sequence of [`PurposeRule`](crate::PurposeRule).
    SetPurposes = 7,
    /// Ends a business day and begins the next; the body is one [`DayCut`](crate::DayCut).
    CutDay = 8,
    /// Declares interest products and their rates; the body is a sequence of [`InterestRate`](crate::InterestRate).
    DeclareInterestRates = 9,
    /// Says which accounts bear interest; the body is a sequence of
    /// [`InterestAssignment`](crate::InterestAssignment).
    AssignInterest = 10,
    /// Posts the interest of accounts; the body is a sequence of [`InterestRun`](crate::InterestRun).
    AccrueInterest = 11,
    /// Pays posted interest to accounts; the body is a sequence of [`InterestRun`](crate::InterestRun).
    CapitaliseInterest = 12,
}

impl Operation {
    /// The size of one event, in bytes.
    pub const fn event_bytes(self) -> usize {
        match self {
            Self::CreateBookings => 2 * EVENT_BYTES,
            _ => EVENT_BYTES,
        }
    }

    /// The most events in one request.
    pub const fn events_max(self) -> u32 {
        match self {
            Self::CreateBookings => BOOKINGS_MAX,
            Self::CutDay => 1,
            _ => EVENTS_MAX,
        }
    }

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
        if !body.len().is_multiple_of(self.event_bytes()) {
            return Err(RequestError::Length { bytes: body.len(), event: self.event_bytes() });
        }
        match u32::try_from(body.len() / self.event_bytes()) {
            Ok(events) if events <= self.events_max() => Ok(events),
            _ => Err(RequestError::TooManyEvents { max: self.events_max() }),
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
            4 => Ok(Self::CreateBookings),
            5 => Ok(Self::DeclareUnits),
            6 => Ok(Self::PlaceAccounts),
            7 => Ok(Self::SetPurposes),
            8 => Ok(Self::CutDay),
            9 => Ok(Self::DeclareInterestRates),
            10 => Ok(Self::AssignInterest),
            11 => Ok(Self::AccrueInterest),
            12 => Ok(Self::CapitaliseInterest),
            _ => Err(RequestError::UnknownOperation { number }),
        }
    }
}
