//! The ledger as the shard's state machine.

use ids::Timestamp;
use ledger_core::{Ledger, Operation, RequestError};
use shard::StateMachine;
use stdx::Digest;

/// [`Ledger`], driven by a shard. Its operations and bodies are those of [`ledger_core::Operation`].
pub struct LedgerMachine(Ledger);

impl LedgerMachine {
    /// The ledger, for reading.
    pub fn ledger(&self) -> &Ledger {
        &self.0
    }
}

fn operation(number: u16) -> Result<Operation, RequestError> {
    let number = u8::try_from(number).unwrap_or(u8::MAX);
    Operation::try_from(number)
}

impl StateMachine for LedgerMachine {
    fn genesis() -> Self {
        Self(Ledger::new())
    }

    fn check(number: u16, body: &[u8]) -> Result<u32, String> {
        let events = operation(number).and_then(|operation| operation.events(body));
        // A pulse has no events and still takes a stamp: the one at which pending transfers expire.
        events.map(|events| events.max(1)).map_err(|error| error.to_string())
    }

    fn apply(&mut self, number: u16, timestamp: Timestamp, body: &[u8], reply: &mut Vec<u8>) {
        let applied = operation(number).and_then(|operation| self.0.apply(operation, timestamp, body, reply));
        match applied {
            // A full ledger refuses the whole request: an empty reply, on every replica alike.
            Ok(_) | Err(RequestError::Full) => {}
            Err(error) => {
                panic!("LED-INV-5: the sequencer admits only what the ledger can apply, but: {error}")
            }
        }
    }

    fn due(&self, now: Timestamp) -> Option<u16> {
        let due = self.0.next_expiry().is_some_and(|expiry| expiry <= now);
        due.then_some(Operation::Pulse as u16)
    }

    fn state_hash(&self) -> Digest {
        self.0.state_hash()
    }

    fn checkpoint(&mut self) -> Digest {
        self.0.checkpoint()
    }

    fn snapshot(&mut self, out: &mut Vec<u8>) {
        self.0.snapshot(out);
    }

    fn restore(bytes: &[u8]) -> Result<Self, String> {
        Ledger::restore(bytes).map(Self).map_err(|error| error.to_string())
    }
}
