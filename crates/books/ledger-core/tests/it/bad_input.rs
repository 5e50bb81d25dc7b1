//! Requests and snapshots of every wrong kind.

use ids::Timestamp;
use ledger_core::{
    Account, AccountFlags, CreateTransferStatus, EVENTS_MAX, Ledger, Operation, Outcome, RequestError,
    SnapshotError, Transfer, TransferFlags,
};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn account(id: u128) -> Account {
    Account { id, ledger: 203, code: 1, ..Account::default() }
}

fn transfer(id: u128, flags: TransferFlags) -> Transfer {
    let (debit_account_id, credit_account_id) = (1, 2);
    Transfer {
        id,
        debit_account_id,
        credit_account_id,
        amount: 5,
        ledger: 203,
        code: 1,
        flags,
        ..Transfer::default()
    }
}

/// Two imported accounts, a posted, a voided, an expired and a pending transfer, and an id that failed.
fn small_ledger() -> Ledger {
    let mut ledger = Ledger::new();
    let imported = |id, timestamp| Account { flags: AccountFlags::IMPORTED, timestamp, ..account(id) };
    let accounts = [imported(1, 998), imported(2, 999)];
    let body: Vec<u8> = accounts.iter().flat_map(|account| account.as_bytes().to_vec()).collect();
    ledger.apply(Operation::CreateAccounts, Timestamp(1000), &body, &mut Vec::new()).unwrap();
    let void = Transfer {
        id: 12,
        pending_id: 11,
        flags: TransferFlags::VOID_PENDING_TRANSFER,
        ..Transfer::default()
    };
    let transfers = [
        transfer(10, TransferFlags::NONE),
        transfer(11, TransferFlags::PENDING),
        void,
        Transfer { timeout: 1, ..transfer(13, TransferFlags::PENDING) },
        Transfer { timeout: 100, ..transfer(14, TransferFlags::PENDING) },
        Transfer { debit_account_id: 3, ..transfer(15, TransferFlags::NONE) },
    ];
    let body: Vec<u8> = transfers.iter().flat_map(|transfer| transfer.as_bytes().to_vec()).collect();
    ledger.apply(Operation::CreateTransfers, Timestamp(2000), &body, &mut Vec::new()).unwrap();
    ledger.apply(Operation::Pulse, Timestamp(2_000_000_000), &[], &mut Vec::new()).unwrap();
    ledger
}

fn snapshot_of(ledger: &Ledger) -> Vec<u8> {
    let mut bytes = Vec::new();
    ledger.snapshot(&mut bytes);
    bytes
}

#[test]
fn a_body_is_a_whole_number_of_events_within_limits() {
    use Operation::{CreateAccounts, CreateBookings, CreateTransfers, CutDay, Pulse};
    let most = EVENTS_MAX as usize * 128;
    for operation in [CreateAccounts, CreateTransfers] {
        assert_eq!(operation.events(&vec![0; most]), Ok(EVENTS_MAX));
        assert_eq!(
            operation.events(&vec![0; most + 128]),
            Err(RequestError::TooManyEvents { max: EVENTS_MAX })
        );
        assert_eq!(operation.events(&[]), Err(RequestError::Empty));
        for bytes in [1, 127, 129, 255] {
            assert_eq!(operation.events(&vec![0; bytes]), Err(RequestError::Length { bytes, event: 128 }));
        }
    }
    assert_eq!(Pulse.events(&[]), Ok(0));
    assert_eq!(Pulse.events(&[0]), Err(RequestError::PulseWithBody));
    for number in [0, 13, 255] {
        assert_eq!(Operation::try_from(number), Err(RequestError::UnknownOperation { number }));
    }
    for number in 1..=12 {
        assert_eq!(Operation::try_from(number).map(|operation| operation as u8), Ok(number));
    }
    assert_eq!(CreateBookings.events(&vec![0; 4095 * 256]), Ok(4095));
    let too_many = RequestError::TooManyEvents { max: 4095 };
    assert_eq!(CreateBookings.events(&vec![0; 4096 * 256]), Err(too_many));
    assert_eq!(CreateBookings.events(&[0; 128]), Err(RequestError::Length { bytes: 128, event: 256 }));
    assert_eq!(CutDay.events(&[0; 256]), Err(RequestError::TooManyEvents { max: 1 }));
}

#[test]
fn a_refused_request_changes_nothing() {
    let mut ledger = small_ledger();
    let before = (ledger.state_hash(), ledger.counts());
    let last = ledger.clock().0;
    let one = transfer(20, TransferFlags::NONE).as_bytes().to_vec();
    let two = one.repeat(2);
    let beyond = i64::MAX.unsigned_abs() + 1;
    let regress = |timestamp| RequestError::TimestampNotAfterLast { timestamp, last };
    let cases: [(u64, &[u8], RequestError); 7] = [
        (last, &one, regress(last)),
        (last - 1, &one, regress(last - 1)),
        (0, &one, regress(0)),
        (last + 1, &two, regress(last + 1)),
        (beyond, &one, RequestError::TimestampOutOfRange { timestamp: beyond }),
        (u64::MAX, &one, RequestError::TimestampOutOfRange { timestamp: u64::MAX }),
        (last + 9, &one[..100], RequestError::Length { bytes: 100, event: 128 }),
    ];
    for (timestamp, body, error) in cases {
        let mut out = vec![7];
        let result = ledger.apply(Operation::CreateTransfers, Timestamp(timestamp), body, &mut out);
        assert_eq!((result, out), (Err(error), vec![7]), "stamped {timestamp}");
    }
    let pulse = ledger.apply(Operation::Pulse, Timestamp(last), &[], &mut Vec::new());
    assert_eq!(pulse, Err(regress(last)));
    assert_eq!((ledger.state_hash(), ledger.counts()), before);
    assert_eq!(ledger.apply(Operation::CreateTransfers, Timestamp(last + 2), &two, &mut Vec::new()), Ok(2));
}

#[test]
fn a_timeout_ends_before_the_clock_does() {
    let mut ledger = small_ledger();
    let max = i64::MAX.unsigned_abs();
    let mut status_at = |timestamp: u64, transfer: Transfer| {
        let mut out = Vec::new();
        ledger
            .apply(Operation::CreateTransfers, Timestamp(timestamp), transfer.as_bytes(), &mut out)
            .unwrap();
        CreateTransferStatus::from_u32(Outcome::from_bytes(&out).unwrap().status).unwrap()
    };
    let pending = |id, timeout| Transfer { timeout, ..transfer(id, TransferFlags::PENDING) };
    let at = max - 5_000_000_000;
    assert_eq!(status_at(at, pending(20, 5)), CreateTransferStatus::Created);
    assert_eq!(status_at(at + 1, pending(21, 5)), CreateTransferStatus::OverflowsTimeout);
    assert_eq!(status_at(at + 2, pending(21, u32::MAX)), CreateTransferStatus::OverflowsTimeout);
    assert_eq!(status_at(max, pending(22, 0)), CreateTransferStatus::Created);
    let after_the_end = ledger.apply(Operation::Pulse, Timestamp(max), &[], &mut Vec::new());
    assert_eq!(after_the_end, Err(RequestError::TimestampNotAfterLast { timestamp: max, last: max }));
}

/// Random bytes are events like others: refused, or done, but never a panic.
#[test]
fn any_body_of_the_right_length_is_applied() {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[5; 32]));
    let strategy = proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 128), 1..8);
    runner
        .run(&strategy, |events| {
            let mut ledger = small_ledger();
            let clock = ledger.clock().0;
            let body = events.concat();
            let mut out = Vec::new();
            ledger.apply(Operation::CreateAccounts, Timestamp(clock + 10), &body, &mut out).unwrap();
            ledger.apply(Operation::CreateTransfers, Timestamp(clock + 20), &body, &mut out).unwrap();
            assert_eq!(out.len(), 2 * 16 * events.len());
            for (operation, at) in [
                (Operation::CreateBookings, 40),
                (Operation::DeclareUnits, 60),
                (Operation::PlaceAccounts, 80),
                (Operation::SetPurposes, 100),
                (Operation::DeclareInterestRates, 110),
                (Operation::AssignInterest, 120),
                (Operation::AccrueInterest, 130),
                (Operation::CapitaliseInterest, 140),
            ] {
                let whole = body.len() / operation.event_bytes() * operation.event_bytes();
                if whole > 0 {
                    ledger.apply(operation, Timestamp(clock + at), &body[..whole], &mut out).unwrap();
                }
            }
            ledger.apply(Operation::CutDay, Timestamp(clock + 160), &body[..128], &mut out).unwrap();
            ledger.check_invariants().unwrap();
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_snapshot_cut_or_extended_anywhere_is_refused() {
    let bytes = snapshot_of(&small_ledger());
    Ledger::restore(&bytes).unwrap();
    for length in 0..bytes.len() {
        let error = Ledger::restore(&bytes[..length]).err();
        let is_named = matches!(error, Some(SnapshotError::NotASnapshot | SnapshotError::Length { .. }));
        assert!(is_named, "{length} bytes: {error:?}");
    }
    let longer = [&bytes[..], &[0]].concat();
    let actual = longer.len() as u64;
    let expected = SnapshotError::Length { expected: actual - 1, actual };
    assert_eq!(Ledger::restore(&longer).err(), Some(expected));
}

/// Every single flipped bit is found: by the header, by the records among themselves, or by the state hash.
#[test]
fn a_snapshot_with_any_flipped_bit_is_refused() {
    let bytes = snapshot_of(&small_ledger());
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Ledger::restore(&flipped).is_err(), "bit {bit} of {}", bytes.len() * 8);
    }
}

/// A snapshot with the bytes at `at` replaced, and a checksum that fits again.
fn patched(bytes: &[u8], at: usize, value: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at..at + value.len()].copy_from_slice(value);
    let checksum = stdx::crc32c(&changed[HEADER_BYTES..]);
    changed[12..16].copy_from_slice(&checksum.to_le_bytes());
    changed
}

const HEADER_BYTES: usize = 168;

#[test]
fn a_snapshot_says_what_is_wrong_with_it() {
    let bytes = snapshot_of(&small_ledger());
    let with = |at: usize, value: &[u8]| {
        Ledger::restore(&patched(&bytes, at, value)).err().map(|error| error.to_string())
    };
    // Accounts 1 and 2, both changed; transfers 10 to 14; one timer; one expired number; one failed id; one request that imported.
    let touched = HEADER_BYTES + 2 * 128;
    let states = touched + 2 * 4;
    let rows = states + 5;
    let timer = rows + 5 * 88;
    let expired = timer + 12;
    let failed = expired + 24;
    let bank = failed + 16;
    let import = bank + 32;
    assert_eq!(bytes.len(), import + 16);
    let max = u32::MAX.to_le_bytes();
    let cases = [
        ("magic", with(0, b"X")),
        ("format", with(8, &4u32.to_le_bytes())),
        ("older format", with(8, &2u32.to_le_bytes())),
        ("counts", with(24, &[max, max, max, max].concat())),
        ("clock", with(16, &u64::MAX.to_le_bytes())),
        ("clock before the records", with(16, &1u64.to_le_bytes())),
        ("state hash", with(136, &[0; 32])),
        ("chain of requests", with(72, &[0; 32])),
        ("account id", with(HEADER_BYTES + 128, &1u128.to_le_bytes())),
        ("account flags", with(HEADER_BYTES + 118, &AccountFlags(6).0.to_le_bytes())),
        ("account sum", with(HEADER_BYTES + 32, &6u128.to_le_bytes())),
        ("changed account", with(touched, &max)),
        ("changed account twice", with(touched, &1u32.to_le_bytes())),
        ("state", with(states, &[9])),
        ("another state", with(states, &[1])),
        ("transfer id", with(rows + 88, &10u128.to_le_bytes())),
        ("transfer account", with(rows + 64, &max)),
        ("transfer to itself", with(rows + 64, &1u32.to_le_bytes())),
        ("transfer flags", with(rows + 86, &6u16.to_le_bytes())),
        ("transfer pending", with(rows + 2 * 88 + 72, &7u32.to_le_bytes())),
        ("transfer amount", with(rows + 16, &u128::MAX.to_le_bytes())),
        ("timer", with(timer, &[1])),
        ("expired number", with(expired, &4u32.to_le_bytes())),
        ("failed id", with(failed, &10u128.to_le_bytes())),
        ("units", with(bank, &[1])),
        ("interest products", with(bank + 24, &[1])),
        ("import after the clock", with(import, &u64::MAX.to_le_bytes())),
        ("import of nothing", with(import + 8, &2u32.to_le_bytes())),
        ("import with something behind", with(import + 12, &[1])),
    ];
    let text: String = cases
        .iter()
        .map(|(name, error)| format!("{name}: {}\n", error.as_deref().unwrap_or("accepted")))
        .collect();
    expect_test::expect![[r#"
        magic: this is not a ledger snapshot
        format: accepted
        older format: the snapshot contradicts itself: the header
        counts: the snapshot is 977 bytes long, but its header announces 743029342743
        clock: the snapshot contradicts itself: the clock is out of range
        clock before the records: the snapshot contradicts itself: the time of an account
        state hash: the snapshot's state hash differs from that of its content
        chain of requests: the snapshot's state hash differs from that of its content
        account id: the snapshot contradicts itself: an account id
        account flags: the snapshot contradicts itself: the flags of an account
        account sum: the snapshot contradicts itself: the books do not balance
        changed account: the snapshot contradicts itself: a changed account
        changed account twice: the snapshot contradicts itself: a changed account
        state: the snapshot contradicts itself: the state of a transfer
        another state: the snapshot contradicts itself: the books do not balance
        transfer id: the snapshot contradicts itself: a transfer id
        transfer account: the snapshot contradicts itself: an account of a transfer
        transfer to itself: the snapshot contradicts itself: an account of a transfer
        transfer flags: the snapshot contradicts itself: the flags of a transfer
        transfer pending: the snapshot contradicts itself: the pending transfer of a transfer
        transfer amount: the snapshot contradicts itself: the books do not balance
        timer: the snapshot contradicts itself: a timer
        expired number: the snapshot contradicts itself: an expired transfer
        failed id: the snapshot contradicts itself: a failed id
        units: the snapshot contradicts itself: the length of the bank's part
        interest products: the snapshot contradicts itself: the length of the bank's part
        import after the clock: the snapshot contradicts itself: a request that imported
        import of nothing: the snapshot contradicts itself: a request that imported
        import with something behind: the snapshot contradicts itself: a request that imported
    "#]]
    .assert_eq(&text);
}

/// Two open reserves whose sum does not fit into 128 bits would make a later void impossible.
#[test]
fn a_snapshot_cannot_smuggle_in_sums_that_wrap() {
    let half = u128::MAX / 2 + 1;
    let mut ledger = Ledger::new();
    let mut clock = 0;
    let mut apply = |operation, body: &[u8]| {
        clock += 100;
        ledger.apply(operation, Timestamp(clock), body, &mut Vec::new()).unwrap();
    };
    let account = |id| Account { id, ledger: 1, code: 1, ..Account::default() };
    apply(Operation::CreateAccounts, [account(1).as_bytes(), account(2).as_bytes()].concat().as_slice());
    for id in [10, 11] {
        let flags = TransferFlags::PENDING;
        let transfer = Transfer {
            id,
            debit_account_id: 1,
            credit_account_id: 2,
            amount: 3,
            ledger: 1,
            code: 1,
            flags,
            ..Transfer::default()
        };
        apply(Operation::CreateTransfers, transfer.as_bytes());
    }
    let mut bytes = snapshot_of(&ledger);
    let rows = HEADER_BYTES + 2 * 128 + 2 * 4 + 2;
    for row in [0, 1] {
        bytes = patched(&bytes, rows + row * 88 + 16, &half.to_le_bytes());
    }
    for sum in [HEADER_BYTES + 16, HEADER_BYTES + 128 + 48] {
        bytes = patched(&bytes, sum, &0u128.to_le_bytes());
    }
    assert_eq!(
        Ledger::restore(&bytes).err(),
        Some(SnapshotError::Inconsistent { what: "the books do not balance" })
    );
}

#[test]
fn random_bytes_are_no_snapshot() {
    let config = Config { cases: 2000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[6; 32]));
    let good = snapshot_of(&small_ledger());
    let strategy = (
        proptest::collection::vec((0..good.len(), proptest::num::u8::ANY), 1..40),
        proptest::collection::vec(proptest::num::u8::ANY, 0..400),
    );
    runner
        .run(&strategy, |(patches, noise)| {
            assert!(Ledger::restore(&noise).is_err());
            assert!(Ledger::restore(&[&good[..8], &noise].concat()).is_err());
            let mut patched = good.clone();
            patches.iter().for_each(|(at, byte)| patched[*at] = *byte);
            assert!(patched == good || Ledger::restore(&patched).is_err());
            Ok(())
        })
        .unwrap();
}
