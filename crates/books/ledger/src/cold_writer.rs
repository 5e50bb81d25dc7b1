//! The thread that writes cold segments.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ledger_core::{ColdSegment, Spill, WrittenSegment};
use shard::Priority;

use crate::cold_files::Folder;

/// How long a disk that refused a segment is left alone.
const RETRY: Duration = Duration::from_secs(1);

/// A segment, or nothing after an attempt that failed.
type Attempt = Option<WrittenSegment>;

/// The thread, which ends with this value.
#[derive(Debug)]
pub(crate) struct Writer {
    orders: Option<Sender<Spill>>,
    attempts: Mutex<Receiver<Attempt>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; its first work is to remove what is not `needed`.
    pub(crate) fn start(folder: Arc<Folder>, needed: Vec<ColdSegment>) -> io::Result<Self> {
        let (orders, queue) = mpsc::channel();
        let (results, attempts) = mpsc::channel();
        let thread = shard::spawn("cold", Priority::Usual, move || {
            if let Err(error) = folder.keep_only(&needed) {
                folder.failed(&error);
            }
            work(&folder, &queue, &results);
        })?;
        Ok(Self { orders: Some(orders), attempts: Mutex::new(attempts), thread: Some(thread) })
    }

    pub(crate) fn write(&self, spill: Spill) {
        if let Some(orders) = &self.orders {
            // A thread that is gone has panicked; its transfers stay in memory.
            let _ = orders.send(spill);
        }
    }

    /// The segment, if it is durable. With `wait`, once the next attempt has ended.
    pub(crate) fn written(&self, wait: bool) -> Option<WrittenSegment> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if wait {
            return attempts.recv().ok().flatten();
        }
        attempts.try_iter().flatten().next()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It has said what it had to say.
            let _ = thread.join();
        }
    }
}

/// Writes one segment after the other, each until it is durable, until nobody orders any more.
fn work(folder: &Folder, queue: &Receiver<Spill>, results: &Sender<Attempt>) {
    let mut waiting = VecDeque::new();
    loop {
        let Some(spill) = waiting.pop_front().or_else(|| queue.recv().ok()) else { return };
        loop {
            match folder.store(&spill) {
                Ok(segment) => {
                    folder.recovered();
                    // Nobody listens any more only when the ledger is gone.
                    let _ = results.send(Some(segment));
                    break;
                }
                Err(error) => {
                    folder.failed(&error);
                    let _ = results.send(None);
                }
            }
            match queue.recv_timeout(RETRY) {
                Ok(later) => waiting.push_back(later),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}
