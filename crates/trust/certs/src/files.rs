//! Small files, read bounded and written once.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::CertsError;

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads a small file.
///
/// Errors: [`CertsError::File`], also if it is larger than 1 MiB.
pub fn read(path: &Path) -> Result<Vec<u8>, CertsError> {
    let failed = |source| CertsError::File { path: path.to_owned(), source };
    #[expect(clippy::disallowed_methods, reason = "certificates and keys are read at this edge")]
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(read).is_ok_and(|read| read > FILE_BYTES_MAX) {
        return Err(failed(io::Error::from(io::ErrorKind::FileTooLarge)));
    }
    Ok(bytes)
}

/// Writes a new file that only its owner may read. An existing one is an error and stays as it is.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), CertsError> {
    write(path, bytes, 0o600)
}

/// Writes a new file that everybody may read. An existing one is an error and stays as it is.
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<(), CertsError> {
    write(path, bytes, 0o644)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), CertsError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    #[expect(clippy::disallowed_methods, reason = "certificates and keys are written at this edge")]
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|source| CertsError::File { path: path.to_owned(), source })
}
