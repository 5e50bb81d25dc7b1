//! The port to the file system, as narrow as a journal needs it.

use std::fmt::Debug;
use std::io;

/// One folder of files. Two implementations: [`RealDisk`](crate::RealDisk) and the simulator's
/// [`SimProcess`](crate::sim::SimProcess).
pub trait Disk: Debug + Send + Sync {
    /// The names of all files in the folder, in any order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file.
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file a new name, replacing the file that had it. Durable after [`Disk::sync`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Durable after [`Disk::sync`].
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the folder itself durable: which names exist and which file each one means.
    fn sync(&self) -> io::Result<()>;

    /// Creates the file if need be and locks it for this process; `None` if another one holds it. The lock lives as long
    /// as the handle and ends with the process, however it ends.
    fn try_lock(&self, name: &str) -> io::Result<Option<Box<dyn DiskFile>>>;
}

/// How to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// An existing file, to read.
    Read,
    /// An existing file, to overwrite or cut.
    Rewrite,
    /// An existing file, to append to. Appending goes to the end of the file whatever another process does meanwhile.
    Append,
    /// A file that must not exist yet, to append to.
    Create,
}

/// An open file.
pub trait DiskFile: Debug + Send + Sync {
    /// The file's length in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Reads at `offset` and says how many bytes it got: fewer than asked only where the file ends.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all bytes to the end of the file. A failure may leave any part of them written.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Overwrites from `offset`. A failure may leave any part of the bytes written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to `size` bytes.
    fn truncate(&self, size: u64) -> io::Result<()>;

    /// Makes the file's content and length durable (`fdatasync`). After a failure nothing is known about the bytes written
    /// since the last success, and a second call may succeed without having written them.
    fn sync(&self) -> io::Result<()>;
}
