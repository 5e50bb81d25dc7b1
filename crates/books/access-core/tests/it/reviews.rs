//! What a review leaves of a write, applied to real books.

use access_core::{Permits, Policy, Review, Right, Write};
use ids::Timestamp;
use ledger_core::{
    Account, AccountFlags, CreateTransferStatus as Status, EVENT_BYTES, Ledger, Operation, Outcome, Transfer,
    TransferFlags,
};
use proptest::prelude::*;
use proptest::sample::select;

const CREATED: u32 = Status::Created as u32;
const REFUSED: u32 = Status::LedgerMustNotBeZero as u32;
const FAILED: u32 = Status::LinkedEventFailed as u32;
const OPEN: u32 = Status::LinkedEventChainOpen as u32;

const LINKED: TransferFlags = TransferFlags::LINKED;
const PENDING: TransferFlags = TransferFlags::PENDING;
const POST: TransferFlags = TransferFlags::POST_PENDING_TRANSFER;
const VOID: TransferFlags = TransferFlags::VOID_PENDING_TRANSFER;

/// Grants as `rights ledgers`, such as `post 1 2`.
fn permits(grants: &[&str]) -> Permits {
    let grants: Vec<String> = grants
        .iter()
        .map(|grant| {
            let (right, ledgers) = grant.split_once(' ').unwrap();
            let ledgers: Vec<String> = ledgers.split(' ').map(|ledger| format!("'{ledger}'")).collect();
            format!("{{identity: me, ledgers: [{}], rights: [{right}]}}", ledgers.join(","))
        })
        .collect();
    let policy = Policy::parse(&format!("grants: [{}]", grants.join(","))).unwrap();
    policy.permits(&"me".parse().unwrap()).map(|permits| Permits::clone(permits)).unwrap_or_default()
}

fn bytes<T>(records: &[T], bytes: impl Fn(&T) -> &[u8]) -> Vec<u8> {
    records.iter().flat_map(|record| bytes(record).to_vec()).collect()
}

/// Accounts 1 and 2 in ledger 1, 3 and 4 in ledger 2, and the pending transfers 91 and 92, one in each.
fn books() -> Ledger {
    let mut ledger = Ledger::new();
    let account = |id, ledger| Account { id, ledger, code: 1, ..Account::default() };
    let accounts = [account(1, 1), account(2, 1), account(3, 2), account(4, 2)];
    let body = bytes(&accounts, Account::as_bytes);
    ledger.apply(Operation::CreateAccounts, Timestamp(10), &body, &mut Vec::new()).unwrap();
    let body = bytes(&[transfer(91, 1, PENDING), transfer(92, 2, PENDING)], Transfer::as_bytes);
    let mut out = Vec::new();
    ledger.apply(Operation::CreateTransfers, Timestamp(20), &body, &mut out).unwrap();
    assert_eq!(statuses(&out), [CREATED, CREATED]);
    ledger
}

fn transfer(id: u128, ledger: u32, flags: TransferFlags) -> Transfer {
    let debit_account_id = u128::from(ledger) * 2 - 1;
    let credit_account_id = debit_account_id + 1;
    Transfer {
        id,
        debit_account_id,
        credit_account_id,
        amount: 9,
        ledger,
        code: 1,
        flags,
        ..Transfer::default()
    }
}

/// Posts or voids all of a pending transfer.
fn resolve(id: u128, pending_id: u128, ledger: u32, flags: TransferFlags) -> Transfer {
    let amount = if flags.contains(POST) { u128::MAX } else { 0 };
    Transfer { id, pending_id, amount, ledger, flags, ..Transfer::default() }
}

fn statuses(outcomes: &[u8]) -> Vec<u32> {
    outcomes.chunks_exact(16).filter_map(Outcome::from_bytes).map(|outcome| outcome.status).collect()
}

fn operation(write: Write) -> Operation {
    match write {
        Write::Accounts => Operation::CreateAccounts,
        Write::Transfers => Operation::CreateTransfers,
    }
}

/// Reviews a request as the door does, and applies what is left. Gives the statuses.
fn send(ledger: &mut Ledger, permits: &Permits, write: Write, mut events: Vec<u8>) -> Vec<u32> {
    let ids = Review::pending_ids(permits, write, &events);
    let ledgers = ledger.ledgers_of_pending(ids);
    let review = Review::new(permits, write, &mut events, &ledgers);
    let now = ledger.clock().0 + events.len() as u64;
    if !review.is_clean() && review.leaves_nothing(&events) {
        return statuses(&review.outcomes(&events, now));
    }
    review.neutralise(&mut events, 1 << 100);
    let mut out = Vec::new();
    ledger.apply(operation(write), Timestamp(now), &events, &mut out).unwrap();
    statuses(&out)
}

fn make(ledger: &mut Ledger, permits: &Permits, transfers: &[Transfer]) -> Vec<u32> {
    send(ledger, permits, Write::Transfers, bytes(transfers, Transfer::as_bytes))
}

#[test]
fn posting_takes_the_right_to_post() {
    let sent =
        [transfer(1, 1, PENDING), transfer(2, 2, TransferFlags::NONE), transfer(3, 1, TransferFlags::NONE)];
    for (grants, expected) in [
        (&["post 1 2"][..], [CREATED, CREATED, CREATED]),
        (&["post *"], [CREATED, CREATED, CREATED]),
        (&["post 1", "read *", "approve *"], [CREATED, REFUSED, CREATED]),
        (&["post 2"], [REFUSED, CREATED, REFUSED]),
        (&["read *", "approve *"], [REFUSED, REFUSED, REFUSED]),
        (&["post 9"], [REFUSED, REFUSED, REFUSED]),
    ] {
        assert_eq!(make(&mut books(), &permits(grants), &sent), expected, "{grants:?}");
    }
}

#[test]
fn accounts_take_the_right_to_post() {
    let account = |id, ledger| Account { id, ledger, code: 1, ..Account::default() };
    let sent = bytes(&[account(11, 1), account(12, 2), account(13, 1), account(14, 0)], Account::as_bytes);
    let mut books = books();
    let made = send(&mut books, &permits(&["post 1"]), Write::Accounts, sent);
    assert_eq!(made, [CREATED, 13, CREATED, 13]);
    assert!(books.account(11).is_some() && books.account(12).is_none());
}

/// With the ledger of the pending transfer given, and left open.
#[test]
fn posting_and_voiding_a_pending_transfer_takes_the_right_to_approve() {
    for flags in [POST, VOID] {
        for [first, second] in [[1, 2], [0, 0]] {
            let sent = [resolve(1, 91, first, flags), resolve(2, 92, second, flags)];
            for (grants, expected) in [
                (&["approve 1 2"][..], [CREATED, CREATED]),
                (&["approve *"], [CREATED, CREATED]),
                (&["approve 2", "post *", "read *"], [REFUSED, CREATED]),
                (&["post *", "read *"], [REFUSED, REFUSED]),
            ] {
                assert_eq!(make(&mut books(), &permits(grants), &sent), expected, "{grants:?}");
            }
        }
    }
}

#[test]
fn a_wrong_ledger_does_not_help() {
    let mine = permits(&["approve 1", "post 1"]);
    let sent = [resolve(1, 92, 1, POST), Transfer { ledger: 1, ..transfer(2, 2, PENDING) }];
    let expected =
        [Status::PendingTransferHasDifferentLedger, Status::TransferMustHaveTheSameLedgerAsAccounts];
    assert_eq!(make(&mut books(), &mine, &sent), expected.map(Status::as_u32));
}

/// The pending transfer is not there when its ledger is looked up, and is there when it is posted.
#[test]
fn a_ledger_left_open_is_settled_before_the_request_is_applied() {
    let mine = permits(&["approve 1"]);
    let mut events = bytes(&[resolve(1, 93, 0, POST)], Transfer::as_bytes);
    let mut books = books();
    let ids = Review::pending_ids(&mine, Write::Transfers, &events);
    let ledgers = books.ledgers_of_pending(ids);
    assert_eq!(ledgers, [None]);
    let review = Review::new(&mine, Write::Transfers, &mut events, &ledgers);
    assert!(review.is_clean());
    assert_eq!(make(&mut books, &permits(&["post *"]), &[transfer(93, 2, PENDING)]), [CREATED]);
    let mut out = Vec::new();
    books.apply(Operation::CreateTransfers, Timestamp(1_000), &events, &mut out).unwrap();
    assert_eq!(statuses(&out), [Status::PendingTransferHasDifferentLedger as u32]);
}

#[test]
fn a_pending_transfer_of_the_same_request_is_found() {
    let sent = [transfer(1, 2, PENDING), resolve(2, 1, 0, POST), resolve(3, 77, 0, POST)];
    let not_found = Status::PendingTransferNotFound as u32;
    let made = make(&mut books(), &permits(&["post *", "approve 1 2"]), &sent);
    assert_eq!(made, [CREATED, CREATED, not_found]);
    let made = make(&mut books(), &permits(&["post *", "approve 1"]), &sent);
    assert_eq!(made, [CREATED, REFUSED, not_found]);
}

#[test]
fn a_chain_with_one_refused_event_is_refused_as_a_whole() {
    let mine = permits(&["post 1"]);
    let sent = [
        transfer(1, 1, LINKED),
        transfer(2, 2, LINKED),
        transfer(3, 1, TransferFlags::NONE),
        transfer(4, 1, TransferFlags::NONE),
        transfer(5, 2, LINKED),
        transfer(6, 2, TransferFlags::NONE),
        transfer(7, 1, LINKED),
    ];
    let mut books = books();
    let made = make(&mut books, &mine, &sent);
    assert_eq!(made, [FAILED, REFUSED, FAILED, CREATED, REFUSED, FAILED, OPEN]);
    assert_eq!(books.counts().transfers, 3, "and nothing is left of it");
    assert_eq!(books.counts().failed, 0, "no id is used up");
    // Nothing of this one is left, so it never reaches the ledger.
    let made = make(&mut books, &mine, &[sent[0], sent[1], sent[2], sent[4], sent[6]]);
    assert_eq!(made, [FAILED, REFUSED, FAILED, REFUSED, OPEN]);
    let granted = permits(&["post *"]);
    assert_eq!(make(&mut books, &granted, &sent[..3]), [CREATED; 3], "the same ids, once it is permitted");
}

#[test]
fn imported_events_beside_a_refused_one_stay_imported() {
    let import =
        |id, ledger, timestamp| Transfer { timestamp, ..transfer(id, ledger, TransferFlags::IMPORTED) };
    let sent = [import(1, 2, 31), import(2, 1, 32), import(3, 2, 33)];
    let mut books = books();
    books.apply(Operation::Pulse, Timestamp(100), &[], &mut Vec::new()).unwrap();
    assert_eq!(make(&mut books, &permits(&["post 1"]), &sent), [REFUSED, CREATED, REFUSED]);
}

fn any_transfer() -> impl Strategy<Value = Transfer> {
    let flags = select(vec![0_u16, 0, 1, 1, 2, 3, 4, 5, 8, 9, 16, 12, 6]);
    (1..12_u128, 0..3_u32, 1..4_u32, flags, select(vec![0_u128, 1, 2, 3, 91, 91, 92, 92])).prop_map(
        |(id, named, actual, flags, pending_id)| {
            let flags = TransferFlags(flags);
            let resolves = flags.intersects(POST | VOID);
            let mut any =
                if resolves { resolve(id, pending_id, named, flags) } else { transfer(id, actual, flags) };
            if !resolves && named == 0 {
                any.ledger = 1;
            }
            any
        },
    )
}

fn any_permits() -> impl Strategy<Value = Permits> {
    let right =
        select(vec!["post 1", "post 2", "post *", "approve 1", "approve 2", "approve 1 2", "approve *"]);
    prop::collection::vec(right, 0..3).prop_map(|grants| permits(&grants))
}

fn right_for(transfer: &Transfer) -> Right {
    if transfer.flags.intersects(POST | VOID) { Right::Approve } else { Right::Post }
}

/// Whether two pending transfers have the same id and are in different ledgers.
fn has_one_id_in_two_ledgers(sent: &[Transfer]) -> bool {
    let pending = || sent.iter().filter(|transfer| transfer.flags.contains(TransferFlags::PENDING));
    pending().any(|one| pending().any(|other| one.id == other.id && one.ledger != other.ledger))
}

#[test]
fn of_two_pending_transfers_with_one_id_the_first_is_meant() {
    let sent = [transfer(1, 1, PENDING), resolve(2, 1, 0, POST), transfer(1, 2, PENDING)];
    let made = make(&mut books(), &permits(&["post 1 2", "approve 1 2"]), &sent);
    assert_eq!(made[..2], [CREATED, CREATED], "{made:?}");
}

proptest! {
    #[test]
    fn nothing_gets_into_the_books_without_its_right(
        requests in prop::collection::vec((any_permits(), prop::collection::vec(any_transfer(), 1..8)), 1..6),
    ) {
        let mut books = books();
        for (mine, sent) in requests {
            let before = books.counts().transfers;
            let made = make(&mut books, &mine, &sent);
            prop_assert_eq!(made.len(), sent.len());
            let mut created = 0;
            for (transfer, status) in sent.iter().zip(&made) {
                if *status == CREATED {
                    created += 1;
                    let booked = books.transfer(transfer.id).unwrap().transfer;
                    prop_assert!(mine.ledgers(right_for(&booked)).contains(booked.ledger), "{booked:?}");
                }
            }
            prop_assert_eq!(books.counts().transfers, before + created, "nothing else was booked");
        }
    }

    #[test]
    fn who_may_do_all_of_it_notices_nothing(sent in prop::collection::vec(any_transfer(), 1..8)) {
        // Which of two it means that have one id, the first of which may not come to be, is guessed.
        prop_assume!(!has_one_id_in_two_ledgers(&sent));
        let mut raw = Vec::new();
        let body = bytes(&sent, Transfer::as_bytes);
        let last = 20 + body.len() as u64;
        let mut plain = books();
        plain.apply(Operation::CreateTransfers, Timestamp(last), &body, &mut raw).unwrap();
        for grants in [&["post *", "approve *"], &["post 1 2 3", "approve 1 2 3"]] {
            let mut reviewed = books();
            prop_assert_eq!(make(&mut reviewed, &permits(grants), &sent), statuses(&raw));
            prop_assert_eq!(reviewed.counts(), plain.counts());
        }
    }

    /// The door's own words are those of the ledger.
    #[test]
    fn outcomes_given_without_the_ledger_are_the_ledgers(
        linked in prop::collection::vec(any::<bool>(), 1..9),
        refused in any::<u16>(),
        is_account in any::<bool>(),
    ) {
        let mine = permits(&["post 1"]);
        let ledger = |place: usize| if refused >> place & 1 == 0 { 1 } else { 2 };
        let flag = |linked: bool| u16::from(linked);
        let id = |place: usize| place as u128 + 1;
        let (write, mut events) = if is_account {
            let account = |(place, linked): (usize, &bool)| Account {
                id: id(place), ledger: ledger(place), code: 1, flags: AccountFlags(flag(*linked)), ..Account::default()
            };
            let accounts: Vec<Account> = linked.iter().enumerate().map(account).collect();
            (Write::Accounts, bytes(&accounts, Account::as_bytes))
        } else {
            let make = |(place, linked): (usize, &bool)| {
                transfer(id(place), ledger(place), TransferFlags(flag(*linked)))
            };
            let transfers: Vec<Transfer> = linked.iter().enumerate().map(make).collect();
            (Write::Transfers, bytes(&transfers, Transfer::as_bytes))
        };
        let review = Review::new(&mine, write, &mut events, &[]);
        prop_assume!(!review.is_clean() && review.leaves_nothing(&events));
        let ours = statuses(&review.outcomes(&events, 77));
        review.neutralise(&mut events, 1 << 90);
        let mut theirs = Vec::new();
        let mut books = if is_account { Ledger::new() } else { books() };
        let last = 20 + (events.len() / EVENT_BYTES) as u64;
        books.apply(operation(write), Timestamp(last), &events, &mut theirs).unwrap();
        prop_assert_eq!(ours, statuses(&theirs));
    }
}
