//! What a state machine must offer.

use std::any::Any;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ids::Timestamp;
use stdx::{Coded, Digest};

use crate::error::ShardError;

/// A deterministic state machine: the same requests with the same stamps give the same replies and the same state
/// hash, on every machine and in every build.
pub trait StateMachine: Sized {
    /// What a machine needs besides requests: where to keep what does not fit in memory, and how much does. `()` if
    /// nothing. No reply and no digest may depend on it.
    type Context;

    /// The empty state, before the first batch.
    fn genesis(context: &Self::Context) -> Self;

    /// How many commands `body` holds, or why it is not a request of this machine. Looks at nothing but its
    /// arguments, so a shell may call it on any thread.
    fn check(operation: u16, body: &[u8]) -> Result<u32, String>;

    /// Applies one checked request and appends its reply. `timestamp` is the stamp of the last of its commands; they
    /// are stamped with consecutive nanoseconds.
    fn apply(&mut self, operation: u16, timestamp: Timestamp, body: &[u8], reply: &mut Vec<u8>);

    /// The operation to run, without a body, when time alone has work to do at `now` (a pending transfer expires).
    fn due(&self, now: Timestamp) -> Option<u16>;

    /// The digest of the whole state. Asking for it changes nothing.
    fn state_hash(&self) -> Digest;

    /// The same digest, taken where every replica takes it: a machine may begin to collect its changes anew.
    fn checkpoint(&mut self) -> Digest {
        self.state_hash()
    }

    /// The whole state as it is now. Nobody applies anything meanwhile, so what takes long is left to
    /// [`Frozen::write`].
    fn freeze(&mut self) -> Frozen;

    /// The state from the bytes that [`Frozen::write`] wrote; hostile bytes are an error, never a panic.
    fn restore(bytes: &[u8], context: &Self::Context) -> Result<Self, String>;

    /// Called between batches by the shell that keeps this state, so that the machine can hand work to other threads
    /// and take it back. Changes no reply and no digest.
    fn maintain(&mut self) {}

    /// The machine's own failure behind an unwinding, if it is one; else the payload again. See [`guard`].
    fn failure(payload: Box<dyn Any + Send>) -> Result<Failure, Box<dyn Any + Send>> {
        Err(payload)
    }
}

/// Gives a state's bytes to a writer, piece by piece.
type WriteState = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// A state as it was, which can be written as bytes on any thread: what the machine does afterwards does not change it.
pub struct Frozen {
    bytes: usize,
    write: WriteState,
}

impl Frozen {
    /// A state that `write` gives as so many bytes, in pieces that are not small: each is hashed and goes to the disk.
    pub fn new(bytes: usize, write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static) -> Self {
        Self { bytes, write: Box::new(write) }
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives the state to `out`. Errors: those of `out`.
    pub fn write(self, out: &mut dyn Write) -> io::Result<()> {
        (self.write)(out)
    }
}

impl From<Vec<u8>> for Frozen {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes.len(), move |out| out.write_all(&bytes))
    }
}

/// Why a machine cannot go on, although its journal is sound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// The stable code.
    pub code: &'static str,
    /// What to do next.
    pub hint: &'static str,
    /// What failed.
    pub what: String,
}

impl Coded for Failure {
    fn code(&self) -> &'static str {
        self.code
    }

    fn hint(&self) -> &'static str {
        self.hint
    }
}

/// Runs steps of a machine, and turns an unwinding into the error that ends the site. A machine unwinds where it cannot
/// go on and has no answer to give: nothing that `steps` worked on may be used afterwards.
pub fn guard<M: StateMachine, T>(steps: impl FnOnce() -> Result<T, ShardError>) -> Result<T, ShardError> {
    match catch_unwind(AssertUnwindSafe(steps)) {
        Ok(result) => result,
        Err(payload) => Err(match M::failure(payload) {
            Ok(failure) => ShardError::Machine(failure),
            Err(payload) => ShardError::Panicked { what: words(&*payload) },
        }),
    }
}

/// What a panic says.
fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it does not say why".to_owned())
}
