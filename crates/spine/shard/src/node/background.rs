//! Threads for work that nobody waits for.

use std::io;
use std::thread::{Builder, JoinHandle};

use rustix::process::setpriority_process;

/// How much such a thread gives way: a processor that is wanted by others is theirs by nine parts of ten.
const NICE: i32 = 10;

/// Starts a thread for work that may take its time, such as writing snapshots: where processors are short, it leaves them to
/// threads that clients or followers wait for.
pub(super) fn spawn_background(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(move || {
        // On Linux this is the calling thread alone. If it may not, the work is done all the same, only less politely.
        if let Err(error) = setpriority_process(None, NICE) {
            tracing::debug!(%error, "a background thread keeps its priority");
        }
        work();
    })
}
