//! What a state machine must offer.

use ids::Timestamp;
use stdx::Digest;

/// A deterministic state machine: the same requests with the same stamps give the same replies and the same state
/// hash, on every machine and in every build.
pub trait StateMachine: Sized {
    /// The empty state, before the first batch.
    fn genesis() -> Self;

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

    /// Appends the whole state as bytes.
    fn snapshot(&mut self, out: &mut Vec<u8>);

    /// The state from [`StateMachine::snapshot`]'s bytes; hostile bytes are an error, never a panic.
    fn restore(bytes: &[u8]) -> Result<Self, String>;
}
