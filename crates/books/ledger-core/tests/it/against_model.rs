//! Random requests to the ledger and to the model beside it: every outcome and every record must agree.

use ids::Timestamp;
use ledger_core::{
    Account, AccountFlags, CreateAccountStatus, CreateTransferStatus, Ledger, Operation, Outcome,
    StatementEntry, Transfer, TransferFlags,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::model::Model;
use crate::script::check_books;

const SECOND: u64 = 1_000_000_000;

#[derive(Clone, Debug)]
pub(crate) enum Request {
    Accounts(Vec<Account>),
    Transfers(Vec<Transfer>),
    Pulse,
}

/// A request and how long after the one before its first event is stamped.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    wait: u64,
    request: Request,
}

/// Mostly ordinary accounts in two ledgers, now and then with a field that is refused.
fn any_account() -> impl Strategy<Value = Account> {
    let flags = prop_oneof![
        8 => select(vec![0, 0, 2, 4, 8]),
        2 => Just(1u16),
        1 => select(vec![3, 5, 6, 16, 32, 64]),
    ];
    let odd = prop_oneof![30 => Just(0u8), 4 => 1..12u8];
    (1..7u128, flags, select(vec![1u32, 1, 1, 1, 2, 0]), select(vec![1u16, 1, 1, 1, 1, 0, 2]), odd).prop_map(
        |(id, flags, ledger, code, odd)| {
            let flags = AccountFlags(flags);
            let mut account = Account { id, flags, ledger, code, ..Account::default() };
            match odd {
                1 => account.id = u128::MAX,
                2 => account.id = 0,
                3 => account.timestamp = 1,
                4 => account.reserved = 1,
                5 => account.debits_posted = 1,
                6 => account.user_data_64 = 1,
                7 => account.user_data_128 = 1,
                8 => account.user_data_32 = 1,
                9 => account.debits_pending = 1,
                10 => account.credits_pending = 1,
                11 => account.credits_posted = 1,
                _ => {}
            }
            account
        },
    )
}

fn any_amount() -> impl Strategy<Value = u128> {
    prop_oneof![
        12 => 0..120u128,
        2 => Just(u128::MAX),
        1 => Just(u128::MAX / 2),
        1 => Just(u128::MAX - 1),
    ]
}

/// Transfers over few ids and accounts, so that they meet; half of them post or void something.
fn any_transfer() -> impl Strategy<Value = Transfer> {
    let flags = prop_oneof![
        6 => Just(0u16),
        8 => Just(2u16),
        6 => Just(4u16),
        4 => Just(8u16),
        3 => select(vec![1u16, 3, 5, 9]),
        4 => select(vec![16u16, 32, 48, 18, 34, 50]),
        3 => select(vec![66u16, 130, 194, 82, 67]),
        1 => select(vec![6u16, 10, 12, 20, 36, 68, 136, 64, 128, 256, 512]),
    ];
    let ids = (1..30u128, 1..16u128, 1..7u128, 1..7u128);
    let fields = (any_amount(), flags, select(vec![0u32, 0, 0, 1, 2, 30, u32::MAX]));
    let odd = prop_oneof![20 => Just(0u8), 8 => Just(1u8), 7 => 2..21u8];
    (ids, fields, odd).prop_map(|((id, pending_id, debit, credit), (amount, flags, timeout), odd)| {
        let flags = TransferFlags(flags);
        let resolves =
            flags.intersects(TransferFlags::POST_PENDING_TRANSFER | TransferFlags::VOID_PENDING_TRANSFER);
        let mut transfer = Transfer { id, amount, flags, ..Transfer::default() };
        if resolves {
            transfer.pending_id = pending_id;
            if odd == 1 {
                (transfer.debit_account_id, transfer.credit_account_id) = (debit, credit);
                (transfer.ledger, transfer.code) = (1, 1);
            }
        } else {
            (transfer.debit_account_id, transfer.credit_account_id) = (debit, credit);
            (transfer.ledger, transfer.code) = (1, 1);
        }
        if flags.contains(TransferFlags::PENDING) {
            transfer.timeout = timeout;
        }
        if flags.contains(TransferFlags::VOID_PENDING_TRANSFER) && amount % 3 != 0 {
            transfer.amount = 0;
        }
        set_odd_field(&mut transfer, odd, pending_id, timeout);
        transfer
    })
}

/// Gives one field a value that is refused, or that differs from an earlier transfer with the same id.
fn set_odd_field(transfer: &mut Transfer, odd: u8, pending_id: u128, timeout: u32) {
    match odd {
        2 => transfer.timestamp = 1,
        3 => transfer.id = 0,
        4 => transfer.id = u128::MAX,
        5 => transfer.pending_id = pending_id,
        6 => transfer.pending_id = 0,
        7 => transfer.pending_id = u128::MAX,
        8 => transfer.pending_id = transfer.id,
        9 => transfer.timeout = timeout,
        10 => transfer.ledger = 2,
        11 => transfer.ledger = 0,
        12 => transfer.code = 0,
        13 => transfer.code = 2,
        14 => transfer.debit_account_id = 0,
        15 => transfer.debit_account_id = u128::MAX,
        16 => transfer.credit_account_id = 0,
        17 => transfer.credit_account_id = u128::MAX,
        18 => transfer.user_data_128 = 1,
        19 => transfer.user_data_64 = 1,
        20 => transfer.user_data_32 = 1,
        _ => {}
    }
}

/// A transfer, or one that was sent before with at most one field changed.
#[derive(Clone, Debug)]
enum Draft {
    New(Transfer),
    Again {
        pick: prop::sample::Index,
        odd: u8,
    },
    /// Posts or voids a transfer that was sent before.
    Resolve {
        pick: prop::sample::Index,
        resolving: Transfer,
    },
}

fn any_draft() -> impl Strategy<Value = Draft> {
    prop_oneof![
        7 => any_transfer().prop_map(Draft::New),
        1 => (any::<prop::sample::Index>(), any_transfer())
            .prop_map(|(pick, resolving)| Draft::Resolve { pick, resolving }),
        1 => (any::<prop::sample::Index>(), prop_oneof![Just(0u8), 1..21u8])
            .prop_map(|(pick, odd)| Draft::Again { pick, odd }),
    ]
}

impl Draft {
    fn finish(self, sent: &[Transfer]) -> Option<Transfer> {
        match self {
            Self::New(transfer) => Some(transfer),
            Self::Again { .. } | Self::Resolve { .. } if sent.is_empty() => None,
            Self::Again { pick, odd } => {
                let mut transfer = *pick.get(sent);
                set_odd_field(&mut transfer, odd, 1, 5);
                Some(transfer)
            }
            Self::Resolve { pick, resolving } => {
                let is_void = resolving.flags.contains(TransferFlags::VOID_PENDING_TRANSFER);
                let pending = sent.iter().filter(|sent| sent.flags.contains(TransferFlags::PENDING));
                let pending: Vec<&Transfer> = pending.collect();
                Some(Transfer {
                    id: resolving.id % 30 + 30,
                    pending_id: if pending.is_empty() { 1 } else { pick.get(&pending).id },
                    amount: if is_void { 0 } else { resolving.amount.max(60) },
                    flags: if is_void { TransferFlags(8) } else { TransferFlags(4) },
                    ..Transfer::default()
                })
            }
        }
    }
}

/// A request before its transfers are finished.
#[derive(Clone, Debug)]
enum Plan {
    Accounts(Vec<Account>, Option<Import>),
    Transfers(Vec<Draft>, Option<Import>),
    Pulse,
}

/// How a request imports its events: when the first one happened, counted in thousandths of the time there
/// is or, beyond these, just before now; and what becomes of each event.
#[derive(Clone, Debug)]
struct Import {
    start: u64,
    kinds: Vec<u8>,
}

fn any_import() -> impl Strategy<Value = Option<Import>> {
    let kind = prop_oneof![20 => Just(0u8), 5 => 1..7u8];
    let import = (0..1400u64, prop::collection::vec(kind, 12));
    prop::option::weighted(0.2, import.prop_map(|(start, kinds)| Import { start, kinds }))
}

impl Import {
    /// The timestamp of event `index` of a request that starts after `now`, and whether it is imported.
    fn time(&self, index: usize, now: u64) -> (u64, bool) {
        let start = match self.start {
            0..1000 => u128::from(now) * u128::from(self.start) / 1000,
            just_before => u128::from(now.saturating_sub((just_before - 1000) / 8)),
        };
        let regular = u64::try_from(start).unwrap_or(u64::MAX).saturating_add(index as u64);
        match self.kinds[index % self.kinds.len()] {
            1 => (regular, false),
            2 => (0, false),
            3 => (0, true),
            4 => (u64::MAX, true),
            5 => (now.saturating_add(1000 * SECOND).min(i64::MAX.unsigned_abs()), true),
            6 => (1 + index as u64, true),
            _ => (regular, true),
        }
    }
}

fn any_plan() -> impl Strategy<Value = (u64, Plan)> {
    let plan = prop_oneof![
        3 => (prop::collection::vec(any_account(), 1..8), any_import())
            .prop_map(|(accounts, import)| Plan::Accounts(accounts, import)),
        12 => (prop::collection::vec(any_draft(), 1..12), any_import())
            .prop_map(|(drafts, import)| Plan::Transfers(drafts, import)),
        // So long that the ledger looks ahead while it judges.
        1 => prop::collection::vec(any_draft(), 60..200).prop_map(|drafts| Plan::Transfers(drafts, None)),
        1 => Just(Plan::Pulse),
    ];
    let wait = prop_oneof![6 => Just(0), 4 => 0..SECOND, 2 => SECOND..3 * SECOND];
    (wait, plan)
}

fn finish(plan: Plan, sent: &mut Vec<Transfer>, now: u64) -> Request {
    match plan {
        Plan::Accounts(mut accounts, import) => {
            for (index, account) in accounts.iter_mut().enumerate() {
                if let Some((timestamp, imported)) = import.as_ref().map(|import| import.time(index, now)) {
                    account.timestamp = timestamp;
                    account.flags.0 |= u16::from(imported) * AccountFlags::IMPORTED.0;
                }
            }
            Request::Accounts(accounts)
        }
        Plan::Transfers(drafts, import) => {
            let mut transfers: Vec<_> = drafts.into_iter().filter_map(|draft| draft.finish(sent)).collect();
            for (index, transfer) in transfers.iter_mut().enumerate() {
                if let Some((timestamp, imported)) = import.as_ref().map(|import| import.time(index, now)) {
                    transfer.timestamp = timestamp;
                    transfer.flags.0 |= u16::from(imported) * TransferFlags::IMPORTED.0;
                }
            }
            sent.extend_from_slice(&transfers);
            if transfers.is_empty() { Request::Pulse } else { Request::Transfers(transfers) }
        }
        Plan::Pulse => Request::Pulse,
    }
}

/// A life starts with five ordinary accounts, early or so late that long timeouts overflow.
fn any_life() -> impl Strategy<Value = (u64, Vec<Step>)> {
    let limits = prop::collection::vec(select(vec![0u16, 0, 2, 4, 8, 10]), 5);
    let start = select(vec![0, 1000 * SECOND, i64::MAX.unsigned_abs() - 100 * SECOND]);
    (start, limits, prop::collection::vec(any_plan(), 1..25)).prop_map(|(start, limits, plans)| {
        let accounts = limits.into_iter().zip(1..).map(|(flags, id)| {
            let flags = AccountFlags(flags);
            Account { id, flags, ledger: 1, code: 1, ..Account::default() }
        });
        let mut steps = vec![Step { wait: 0, request: Request::Accounts(accounts.collect()) }];
        let mut sent = Vec::new();
        let mut now = start + 5;
        for (wait, plan) in plans {
            let request = finish(plan, &mut sent, now);
            let step = Step { wait, request };
            now = encode(&step, now).2;
            steps.push(step);
        }
        (start, steps)
    })
}

/// Runs `test` on fixed seeds, with something more to try on each life. A failure names its seed and prints
/// the smallest life that fails.
pub(crate) fn for_all_lives<M: Strategy>(
    cases: u32,
    more: M,
    test: impl Fn(u64, &[Step], &M::Value) -> Result<(), TestCaseError>,
) where
    M::Value: Clone,
{
    let lives = (any_life(), more);
    for seed in 1..=4u8 {
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let result = TestRunner::new_with_rng(config, rng)
            .run(&lives, |((start, steps), more)| test(start, &steps, &more));
        if let Err(error) = result {
            panic!("seed {seed}: {error}");
        }
    }
}

/// Plays a step to the model; returns timestamp and status of each event.
pub(crate) fn play(model: &mut Model, step: &Step, last: u64) -> Vec<(u64, u32)> {
    match &step.request {
        Request::Accounts(events) => model.create_accounts(last, events),
        Request::Transfers(events) => model.create_transfers(last, events),
        Request::Pulse => {
            model.pulse(last);
            Vec::new()
        }
    }
}

fn body_of<E>(events: &[E], bytes: impl Fn(&E) -> &[u8]) -> Vec<u8> {
    events.iter().flat_map(|event| bytes(event).to_vec()).collect()
}

/// The operation, body and stamp of a step that starts after `now`.
pub(crate) fn encode(step: &Step, now: u64) -> (Operation, Vec<u8>, u64) {
    let first = now + 1 + step.wait;
    match &step.request {
        Request::Accounts(events) => {
            (Operation::CreateAccounts, body_of(events, Account::as_bytes), first + events.len() as u64 - 1)
        }
        Request::Transfers(events) => {
            (Operation::CreateTransfers, body_of(events, Transfer::as_bytes), first + events.len() as u64 - 1)
        }
        Request::Pulse => (Operation::Pulse, Vec::new(), first),
    }
}

#[test]
fn every_outcome_and_record_agrees_with_the_model() {
    for_all_lives(150, Just(()), |start, steps, ()| {
        let (mut ledger, mut model, mut now) = (Ledger::new(), Model::default(), start);
        for step in steps {
            let (operation, body, last) = encode(step, now);
            now = last;
            let mut out = Vec::new();
            ledger.apply(operation, Timestamp(last), &body, &mut out).unwrap();
            let expected = play(&mut model, step, last);
            let outcomes: Vec<(u64, u32)> = out
                .chunks_exact(16)
                .filter_map(Outcome::from_bytes)
                .map(|outcome| (outcome.timestamp, outcome.status))
                .collect();
            prop_assert_eq!(outcomes, expected, "{:?}", step);
            compare_records(&ledger, &model)?;
            check_books(&mut ledger);
        }
        Ok(())
    });
}

fn compare_records(ledger: &Ledger, model: &Model) -> Result<(), TestCaseError> {
    let mut accounts = model.accounts();
    accounts.sort_by_key(|account| account.timestamp);
    prop_assert_eq!(ledger.accounts_after(None, usize::MAX), accounts.clone());
    let transfers = model.transfers_newest_first();
    let found: Vec<_> =
        ledger.transfers_before(None, usize::MAX).into_iter().map(|v| (v.transfer, v.state)).collect();
    prop_assert_eq!(found, transfers.clone());
    for (transfer, state) in &transfers {
        let view = ledger.transfer(transfer.id).map(|view| (view.transfer, view.state));
        prop_assert_eq!(view, Some((*transfer, *state)));
    }
    for account in &accounts {
        prop_assert_eq!(ledger.account(account.id), Some(*account));
        let lines = model.statement(account.id);
        prop_assert_eq!(paged_statement(ledger, account.id, usize::MAX), lines.clone());
        prop_assert_eq!(paged_statement(ledger, account.id, 2), lines);
    }
    prop_assert_eq!(ledger.next_expiry().map(|time| u128::from(time.0)), model.next_expiry());
    let counts = ledger.counts();
    prop_assert_eq!(counts.accounts as usize, accounts.len());
    prop_assert_eq!(counts.transfers as usize, transfers.len());
    prop_assert_eq!(counts.failed as usize, model.failed());
    Ok(())
}

/// The whole statement, read in pages, with the cursor going through its text form.
fn paged_statement(ledger: &Ledger, account: u128, limit: usize) -> Vec<StatementEntry> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let page = ledger.account_transfers(account, cursor, limit).unwrap();
        entries.extend(page.entries);
        match page.next {
            Some(next) => cursor = Some(next.to_string().parse().unwrap()),
            None => return entries,
        }
    }
}

/// Replaying the same requests with the same checkpoints gives the same hash, whenever the hash was asked for in between,
/// and from a snapshot taken anywhere.
#[test]
fn a_replay_and_a_restored_snapshot_reach_the_same_state_hash() {
    for_all_lives(100, Just(()), |start, steps, ()| {
        let (mut first, mut second, mut third) = (Ledger::new(), Ledger::new(), Ledger::new());
        let mut now = start;
        for (index, step) in steps.iter().enumerate() {
            let (operation, body, last) = encode(step, now);
            now = last;
            let mut outs = [Vec::new(), Vec::new(), Vec::new()];
            for (ledger, out) in [&mut first, &mut second, &mut third].into_iter().zip(&mut outs) {
                ledger.apply(operation, Timestamp(last), &body, out).unwrap();
            }
            prop_assert_eq!(&outs[0], &outs[1]);
            prop_assert_eq!(&outs[0], &outs[2]);
            first.state_hash();
            if index % 4 == 0 {
                let digests = [first.checkpoint(), second.checkpoint(), third.checkpoint()];
                prop_assert_eq!(digests, [first.state_hash(); 3]);
            }
            if index % 3 == 0 {
                let mut bytes = Vec::new();
                third.snapshot(&mut bytes);
                third = Ledger::restore(&bytes).unwrap();
            }
        }
        prop_assert_eq!(first.state_hash(), second.state_hash());
        prop_assert_eq!(first.state_hash(), third.state_hash());
        Ok(())
    });
}

/// The random lives are worth something only if they reach the rules.
#[test]
fn random_lives_reach_every_status() {
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    for_all_lives(300, Just(()), |start, steps, ()| {
        let (mut ledger, mut now) = (Ledger::new(), start);
        for step in steps {
            let (operation, body, last) = encode(step, now);
            now = last;
            let mut out = Vec::new();
            ledger.apply(operation, Timestamp(last), &body, &mut out).unwrap();
            let outcomes = out.chunks_exact(16).filter_map(Outcome::from_bytes);
            seen.borrow_mut().extend(outcomes.map(|outcome| (operation as u8, outcome.status)));
        }
        Ok(())
    });
    let is_missing = |operation: Operation, status| !seen.borrow().contains(&(operation as u8, status));
    let accounts = CreateAccountStatus::ALL
        .iter()
        .filter(|status| is_missing(Operation::CreateAccounts, status.as_u32()))
        .map(|status| status.name());
    // Statuses from 1000 on are for what these lives know nothing of.
    let transfers = CreateTransferStatus::ALL
        .iter()
        .filter(|status| status.as_u32() < 1000 || **status == CreateTransferStatus::Created)
        .filter(|status| is_missing(Operation::CreateTransfers, status.as_u32()))
        .map(|status| status.name());
    let missing: Vec<&str> = accounts.chain(transfers).collect();
    assert!(missing.is_empty(), "never reached: {missing:?}");
}
