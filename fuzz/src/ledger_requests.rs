//! Requests to the ledger: whatever they say, the books balance, and whoever applies them again gets the same books.

use arbitrary::{Result, Unstructured};
use ids::Timestamp;
use ledger_core::{
    CreateAccountStatus, CreateTransferStatus, DeclarationStatus, Ledger, OUTCOME_BYTES, Operation, Outcome,
};

use crate::assert_told;
use crate::script::{Request, request};

/// The most requests of one run: what a ledger forgets or mixes up shows early.
const REQUESTS_MAX: usize = 32;

/// What happened to a ledger, in order.
enum Step {
    Request(Request),
    Checkpoint,
}

/// Applies requests made of `bytes`. Returns whether one of them was taken.
///
/// # Panics
/// If something does not hold.
pub fn run(bytes: &[u8]) -> bool {
    let mut u = Unstructured::new(bytes);
    let (mut ledger, mut steps, mut taken) = (Ledger::new(), Vec::new(), false);
    while !u.is_empty() && steps.len() < REQUESTS_MAX {
        // Bytes that end in the middle of a request end the run before it.
        let Ok(step) = next(&mut u, &ledger) else { break };
        match &step {
            Step::Request(request) => taken |= apply(&mut ledger, request),
            Step::Checkpoint => drop(ledger.checkpoint()),
        }
        steps.push(step);
        if u.ratio(1_u8, 8).unwrap_or_default() {
            ledger = restored(&ledger);
        }
    }
    let mut again = Ledger::new();
    for step in &steps {
        match step {
            Step::Request(request) => drop(apply(&mut again, request)),
            Step::Checkpoint => drop(again.checkpoint()),
        }
    }
    assert_same(&ledger, &again);
    assert_same(&ledger, &restored(&ledger));
    taken
}

fn next(u: &mut Unstructured<'_>, ledger: &Ledger) -> Result<Step> {
    if u.ratio(1_u8, 16)? {
        return Ok(Step::Checkpoint);
    }
    request(u, ledger.clock().0).map(Step::Request)
}

/// Applies one request and checks what its answer may be. Returns whether it was taken.
fn apply(ledger: &mut Ledger, request: &Request) -> bool {
    let before = ledger.state_hash();
    let mut out = vec![0xa5; 3];
    match ledger.apply(request.operation, Timestamp(request.timestamp), &request.body, &mut out) {
        Err(error) => {
            assert_told(&error);
            assert_eq!(
                (ledger.state_hash(), out),
                (before, vec![0xa5; 3]),
                "a refused request changes nothing"
            );
            false
        }
        Ok(events) => {
            let outcomes = out.split_off(3);
            assert_eq!(outcomes.len(), events as usize * OUTCOME_BYTES);
            for outcome in outcomes.chunks_exact(OUTCOME_BYTES).filter_map(Outcome::from_bytes) {
                let is_known = match request.operation {
                    Operation::CreateAccounts => CreateAccountStatus::from_u32(outcome.status).is_some(),
                    operation if operation as u8 > Operation::CreateBookings as u8 => {
                        // A run of interest that cannot post says what became of its transfer.
                        DeclarationStatus::from_u32(outcome.status).is_some()
                            || CreateTransferStatus::from_u32(outcome.status).is_some()
                    }
                    _ => CreateTransferStatus::from_u32(outcome.status).is_some(),
                };
                assert!(is_known && outcome.reserved == 0, "{outcome:?} is no outcome");
            }
            assert_eq!(ledger.clock().0, request.timestamp);
            assert_eq!(ledger.check_invariants(), Ok(()), "after {request:?}");
            true
        }
    }
}

fn restored(ledger: &Ledger) -> Ledger {
    let mut snapshot = Vec::new();
    ledger.snapshot(&mut snapshot);
    let restored = Ledger::restore(&snapshot).expect("a ledger's own snapshot");
    let mut again = Vec::new();
    restored.snapshot(&mut again);
    assert_eq!(snapshot, again, "a restored ledger saves what it was restored from");
    restored
}

fn assert_same(one: &Ledger, other: &Ledger) {
    assert_eq!(one.state_hash(), other.state_hash());
    assert_eq!(
        (one.clock(), one.counts(), one.next_expiry()),
        (other.clock(), other.counts(), other.next_expiry())
    );
    assert_eq!(one.transfers_before(None, usize::MAX), other.transfers_before(None, usize::MAX));
    let accounts = one.accounts_after(None, usize::MAX);
    assert_eq!(accounts, other.accounts_after(None, usize::MAX));
    assert_eq!(one.control_accounts(), other.control_accounts());
    assert_eq!(one.closed_days(), other.closed_days());
    assert_eq!(one.interest_after(None, usize::MAX), other.interest_after(None, usize::MAX));
    for account in accounts {
        let statement = one.account_transfers(account.id, None, usize::MAX);
        assert_eq!(statement, other.account_transfers(account.id, None, usize::MAX));
    }
}
