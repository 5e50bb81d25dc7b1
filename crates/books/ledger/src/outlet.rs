//! What a site tells about publishing its change feed elsewhere.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ledger_api::{OutletFailure, OutletHealth, OutletState};
use stdx::Coded;

/// Where and how far the change feed is published: written by the publisher, read by health and metrics.
#[derive(Debug)]
pub struct Outlet {
    target: String,
    board: Mutex<Board>,
}

#[derive(Clone, Debug, Default)]
struct Board {
    state: OutletState,
    published: u64,
    events: u64,
    failures: u64,
    failure: Option<OutletFailure>,
}

impl Outlet {
    /// Nothing is published to `target` yet.
    pub fn new(target: String) -> Self {
        Self { target, board: Mutex::default() }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The publisher turns to something else.
    pub fn turn(&self, state: OutletState) {
        let mut board = self.board();
        board.state = state;
        if state != OutletState::Failing {
            board.failure = None;
        }
    }

    /// Everything up to batch `seq` is published, with `events` more than before.
    pub fn published(&self, seq: u64, events: u64) {
        let mut board = self.board();
        board.published = board.published.max(seq);
        board.events += events;
    }

    /// Publishing failed and will be tried again.
    pub fn failed(&self, error: &(impl Coded + std::fmt::Display)) {
        let mut board = self.board();
        board.state = OutletState::Failing;
        board.failures += 1;
        board.failure = Some(OutletFailure { code: error.code().to_owned(), detail: error.to_string() });
    }

    /// How it goes, when `seq` is the newest durable batch.
    pub fn health(&self, seq: u64) -> OutletHealth {
        let board = self.board().clone();
        OutletHealth {
            target: self.target.clone(),
            state: board.state,
            published_seq: board.published,
            lag_batches: seq.saturating_sub(board.published),
            failure: board.failure,
        }
    }

    /// Events published and failures since the site started.
    pub fn counts(&self) -> [u64; 2] {
        let board = self.board();
        [board.events, board.failures]
    }
}
