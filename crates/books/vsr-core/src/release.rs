//! Releases of TigerBeetle, as clients name theirs in every message.

use std::fmt;
use std::str::FromStr;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A release number, `major.minor.patch`.
///
/// On the wire 32 bits: patch, minor, and two bytes of major.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct Release(pub u32);

impl Release {
    /// The release whose protocol this is; what a cluster of that release would call itself.
    pub const OURS: Self = Self::new(0, 17, 9);
    /// The oldest client that is served, the same as TigerBeetle's 0.17 serves.
    pub const CLIENT_MIN: Self = Self::new(0, 16, 4);
    /// The newest client that is served: the wire and the operations of one minor release do not change.
    pub const CLIENT_MAX: Self = Self::new(0, 17, u8::MAX);

    /// The first whose requests hold several batches.
    pub(crate) const SEVERAL_BATCHES: Self = Self::new(0, 16, 34);
    /// The first whose writes have a result for each event, not only for those that were refused.
    pub(crate) const A_RESULT_FOR_EACH: Self = Self::new(0, 17, 0);

    /// The release `major.minor.patch`.
    pub const fn new(major: u16, minor: u8, patch: u8) -> Self {
        Self((major as u32) << 16 | (minor as u32) << 8 | patch as u32)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [patch, minor, major @ ..] = self.0.to_le_bytes();
        write!(f, "{}.{minor}.{patch}", u16::from_le_bytes(major))
    }
}

/// A text that is no release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a release is three numbers, as in 0.17.9")]
pub struct ReleaseError;

/// Reads `major.minor.patch`.
impl FromStr for Release {
    type Err = ReleaseError;

    fn from_str(text: &str) -> Result<Self, ReleaseError> {
        let mut numbers = text.split('.');
        let mut next = || numbers.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let (major, minor, patch) =
            (next().ok_or(ReleaseError)?, next().ok_or(ReleaseError)?, next().ok_or(ReleaseError)?);
        let wrong = |_| ReleaseError;
        let release = Self::new(
            major.parse().map_err(wrong)?,
            minor.parse().map_err(wrong)?,
            patch.parse().map_err(wrong)?,
        );
        if numbers.next().is_none() { Ok(release) } else { Err(ReleaseError) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Release, ReleaseError};

    #[test]
    fn a_release_is_read_as_it_is_printed() {
        for text in ["0.16.78", "0.17.9", "65535.255.255", "0.0.0"] {
            assert_eq!(text.parse::<Release>().unwrap().to_string(), text);
        }
        for text in
            ["", "0.16", "0.16.78.1", "0.16.256", "65536.0.0", "0.16.+7", "0..1", "v0.16.1", "0.16.78+00"]
        {
            assert_eq!(text.parse::<Release>(), Err(ReleaseError), "{text}");
        }
    }

    #[test]
    fn releases_sort_and_print() {
        assert_eq!(Release::new(0, 17, 8).0, 0x1108);
        assert_eq!(Release::new(1, 2, 3).to_string(), "1.2.3");
        assert!(Release::new(0, 16, 78) < Release::new(0, 17, 0));
    }
}
