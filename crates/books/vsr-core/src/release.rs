//! Releases of TigerBeetle, as clients name theirs in every message.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::Release;

    #[test]
    fn releases_sort_and_print() {
        assert_eq!(Release::new(0, 17, 8).0, 0x1108);
        assert_eq!(Release::new(1, 2, 3).to_string(), "1.2.3");
        assert!(Release::new(0, 16, 78) < Release::new(0, 17, 0));
    }
}
