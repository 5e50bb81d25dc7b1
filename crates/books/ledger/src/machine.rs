//! The ledger as the shard's state machine.

use std::any::Any;

use ids::Timestamp;
use ledger_core::{ColdError, Ledger, Operation, RequestError};
use shard::{Failure, Frozen, StateMachine};
use stdx::{Coded as _, Digest};

use crate::storage::{Storage, Work};

/// [`Ledger`], driven by a shard. Its operations and bodies are those of [`ledger_core::Operation`].
pub struct LedgerMachine {
    ledger: Ledger,
    storage: Storage,
    work: Work,
}

impl LedgerMachine {
    /// The ledger, for reading.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn new(ledger: Ledger, storage: &Storage) -> Self {
        Self { ledger, storage: storage.clone(), work: Work::default() }
    }
}

fn operation(number: u16) -> Result<Operation, RequestError> {
    let number = u8::try_from(number).unwrap_or(u8::MAX);
    Operation::try_from(number)
}

impl StateMachine for LedgerMachine {
    type Context = Storage;

    fn genesis(storage: &Storage) -> Self {
        Self::new(storage.empty_ledger(), storage)
    }

    fn check(number: u16, body: &[u8]) -> Result<u32, String> {
        let events = operation(number).and_then(|operation| operation.events(body));
        // A pulse has no events and still takes a stamp: the one at which pending transfers expire.
        events.map(|events| events.max(1)).map_err(|error| error.to_string())
    }

    fn apply(&mut self, number: u16, timestamp: Timestamp, body: &[u8], reply: &mut Vec<u8>) {
        let applied =
            operation(number).and_then(|operation| self.ledger.apply(operation, timestamp, body, reply));
        match applied {
            // A full ledger refuses the whole request: an empty reply, on every replica alike.
            Ok(_) | Err(RequestError::Full) => {}
            Err(error) => {
                panic!("LED-INV-5: the sequencer admits only what the ledger can apply, but: {error}")
            }
        }
    }

    fn due(&self, now: Timestamp) -> Option<u16> {
        let due = self.ledger.next_expiry().is_some_and(|expiry| expiry <= now);
        due.then_some(Operation::Pulse as u16)
    }

    fn state_hash(&self) -> Digest {
        self.ledger.state_hash()
    }

    fn checkpoint(&mut self) -> Digest {
        self.ledger.checkpoint()
    }

    fn freeze(&mut self) -> Frozen {
        let ledger = self.ledger.freeze();
        Frozen::new(ledger.bytes(), move |out| ledger.write(|part| out.write_all(part)))
    }

    fn restore(bytes: &[u8], storage: &Storage) -> Result<Self, String> {
        let ledger = storage.restored_ledger(bytes).map_err(|error| error.to_string())?;
        Ok(Self::new(ledger, storage))
    }

    fn maintain(&mut self) {
        self.storage.maintain(&mut self.ledger, &mut self.work);
    }

    fn failure(payload: Box<dyn Any + Send>) -> Result<Failure, Box<dyn Any + Send>> {
        let error = payload.downcast::<ColdError>()?;
        Ok(Failure { code: error.code(), hint: error.hint(), what: error.to_string() })
    }
}
