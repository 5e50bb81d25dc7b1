//! Messages onto a stream.

use std::io::{self, IoSlice};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use vsr_core::Header;

/// Sends a message, header and body in as few packets as they need.
pub(crate) async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    header: &Header,
    body: &[u8],
) -> io::Result<()> {
    let head = header.to_bytes();
    if body.is_empty() {
        stream.write_all(&head).await?;
        return stream.flush().await;
    }
    let mut slices = [IoSlice::new(&head), IoSlice::new(body)];
    let mut left = &mut slices[..];
    while !left.is_empty() {
        match stream.write_vectored(left).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => IoSlice::advance_slices(&mut left, written),
        }
    }
    // Encryption keeps what it has not sent yet.
    stream.flush().await
}
