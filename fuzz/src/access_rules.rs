//! Access rules and certificates: any text is a policy or refused, any bytes have names or none, and whatever the policy,
//! nothing gets into the books for which its sender lacks the right.

use access_core::{Identity, Permits, Policy, Review, Right, Write};
use arbitrary::{Result, Unstructured};
use certs::{Description, Names};
use ids::Timestamp;
use ledger_core::{Account, Ledger, Ledgers, Operation, Outcome, Transfer, TransferFlags};

use crate::assert_told;

const CREATED: u32 = u32::MAX;
/// Ledgers 1 to 3 have two accounts each, and a pending transfer that is called like the ledger.
const LEDGERS: u32 = 3;

/// Reads `bytes` as a certificate; and up to the first zero as a policy, whose grants to `me` then decide what becomes of
/// the transfers in the rest. Returns whether there was a policy with such a grant.
///
/// # Panics
/// If something does not hold.
pub fn run(bytes: &[u8]) -> bool {
    certificate(bytes);
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (text, rest) = bytes.split_at(end);
    let Ok(text) = std::str::from_utf8(text) else { return false };
    if let Ok(identity) = text.parse::<Identity>() {
        assert_eq!(identity.as_str().parse(), Ok(identity), "an identity is its text");
    }
    let policy = match Policy::parse(text) {
        Ok(policy) => policy,
        Err(error) => {
            assert_told(&error);
            return false;
        }
    };
    let me = "me".parse::<Identity>().ok().and_then(|me| policy.permits(&me).cloned());
    policy.iter().for_each(|(_, permits)| assert_told_whole(permits));
    let Some(permits) = me else { return false };
    let mut u = Unstructured::new(rest.get(1..).unwrap_or_default());
    let mut books = books();
    for _ in 0..4 {
        let Ok(transfers) = transfers(&mut u) else { break };
        send(&mut books, &permits, &transfers);
    }
    true
}

/// The grants that are told of permits are the permits.
fn assert_told_whole(permits: &Permits) {
    let grants = permits.grants();
    for right in Right::ALL {
        let mut told = Ledgers::NONE;
        grants
            .iter()
            .filter(|grant| grant.rights.contains(&right))
            .for_each(|grant| told.extend(&grant.ledgers));
        assert_eq!(&told, permits.ledgers(right), "{grants:?}");
    }
}

fn certificate(bytes: &[u8]) {
    for told in [Description::of(bytes).map(|_| ()), Description::all_of_pem(bytes).map(|_| ())] {
        if let Err(error) = told {
            assert_told(&error);
        }
    }
    match Names::of(bytes) {
        Err(error) => assert_told(&error),
        Ok(Names { uris, dns, common, .. }) => {
            if let Err(error) = Identity::of(&access_core::Names { uris, dns, common }) {
                assert_told(&error);
            }
        }
    }
}

fn books() -> Ledger {
    let mut books = Ledger::new();
    let account = |id: u32| Account { id: id.into(), ledger: id.div_ceil(2), code: 1, ..Account::default() };
    let body: Vec<u8> = (1..=2 * LEDGERS).flat_map(|id| account(id).as_bytes().to_vec()).collect();
    books.apply(Operation::CreateAccounts, Timestamp(100), &body, &mut Vec::new()).expect("whole events");
    let pending = |ledger| transfer(ledger, ledger.into(), TransferFlags::PENDING);
    let body: Vec<u8> = (1..=LEDGERS).flat_map(|ledger| pending(ledger).as_bytes().to_vec()).collect();
    books.apply(Operation::CreateTransfers, Timestamp(200), &body, &mut Vec::new()).expect("whole events");
    books
}

fn transfer(ledger: u32, id: u128, flags: TransferFlags) -> Transfer {
    let debit_account_id = u128::from(ledger) * 2 - 1;
    let credit_account_id = debit_account_id + 1;
    Transfer {
        id,
        debit_account_id,
        credit_account_id,
        amount: 1,
        ledger,
        code: 1,
        flags,
        ..Transfer::default()
    }
}

/// Transfers that are close to good ones.
fn transfers(u: &mut Unstructured<'_>) -> Result<Vec<Transfer>> {
    let count = u.int_in_range(1..=6_u8)?;
    let one = |u: &mut Unstructured<'_>| {
        let flags = TransferFlags(u.int_in_range(0..=0x1ff_u16)?);
        let mut transfer = transfer(u.int_in_range(1..=LEDGERS)?, u.int_in_range(1..=20)?, flags);
        if u.arbitrary()? {
            transfer.ledger = u.int_in_range(0..=LEDGERS)?;
        }
        if flags.intersects(TransferFlags::POST_PENDING_TRANSFER | TransferFlags::VOID_PENDING_TRANSFER) {
            transfer.pending_id = u.int_in_range(0..=20)?;
            transfer.amount = if u.arbitrary()? { 0 } else { u128::MAX };
            (transfer.debit_account_id, transfer.credit_account_id, transfer.code) = (0, 0, 0);
        }
        Ok(transfer)
    };
    (0..count).map(|_| one(u)).collect()
}

/// Reviews and applies transfers as the door does.
fn send(books: &mut Ledger, permits: &Permits, transfers: &[Transfer]) {
    let mut events: Vec<u8> = transfers.iter().flat_map(|transfer| transfer.as_bytes().to_vec()).collect();
    let ledgers = books.ledgers_of_pending(Review::pending_ids(permits, Write::Transfers, &events));
    let review = Review::new(permits, Write::Transfers, &mut events, &ledgers);
    let before = books.counts().transfers;
    let now = books.clock().0 + 100;
    if !review.is_clean() && review.leaves_nothing(&events) {
        assert_eq!(review.outcomes(&events, now).len(), transfers.len() * 16, "an outcome for each");
        return;
    }
    review.neutralise(&mut events, 1 << 100);
    let mut out = Vec::new();
    books.apply(Operation::CreateTransfers, Timestamp(now), &events, &mut out).expect("whole events");
    let outcomes = out.chunks_exact(16).filter_map(Outcome::from_bytes);
    let mut created = 0;
    for (sent, _) in transfers.iter().zip(outcomes).filter(|(_, outcome)| outcome.status == CREATED) {
        created += 1;
        let booked = books.transfer(sent.id).expect("it was created").transfer;
        let resolves = TransferFlags::POST_PENDING_TRANSFER | TransferFlags::VOID_PENDING_TRANSFER;
        let right = if booked.flags.intersects(resolves) { Right::Approve } else { Right::Post };
        assert!(permits.ledgers(right).contains(booked.ledger), "{booked:?} without its right");
    }
    assert_eq!(books.counts().transfers, before + created, "nothing else was booked");
}
