//! Which threads come first where processors are short.
//!
//! A follower applies what its leader was told already, so it comes before those that read new requests, or it would fall
//! behind on a full machine. A leader does not: what piles up before it makes larger batches. A snapshot, which nobody waits
//! for, comes last.

use std::io;
use std::thread::{Builder, JoinHandle};

use rustix::process::setpriority_process;

/// When a thread gets a processor that others want, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Before others: three times their part. Only a process that may raise priorities gets it.
    First,
    /// Like any other, whoever starts it: a thread has the priority of the one that started it, unless it says otherwise.
    Usual,
    /// After others: what they want is theirs by nine parts of ten.
    Last,
}

impl Priority {
    fn nice(self) -> i32 {
        match self {
            Self::First => -5,
            Self::Usual => 0,
            Self::Last => 10,
        }
    }
}

/// Starts a thread of this priority. Errors: the system has no thread to give.
pub fn spawn<T: Send + 'static>(
    name: &str,
    priority: Priority,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.to_owned()).spawn(move || {
        take(priority);
        work()
    })
}

/// Gives this thread a priority, if it may have it. Without it everything is done all the same.
pub(super) fn take(priority: Priority) {
    // On Linux this is the calling thread alone.
    if let Err(error) = setpriority_process(None, priority.nice()) {
        tracing::debug!(%error, ?priority, "a thread keeps the priority it has");
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn a_thread_that_comes_last_changes_no_other() {
        let before = getpriority_process(None).unwrap();
        let last = spawn("last", Priority::Last, || getpriority_process(None).unwrap()).unwrap();
        assert_eq!(last.join().unwrap(), 10.max(before));
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
