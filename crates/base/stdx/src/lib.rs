//! Batteries that every context needs and no domain owns: digests, checksums and errors that carry a code.
//!
//! Nothing here reads a clock, a file, a socket or a random source.

mod coded;
mod digest;

pub use coded::{Coded, Retry, is_code};
pub use digest::{Digest, Sha256, crc32c, crc32c_append};
