//! A ledger driven by text.
//!
//! ```text
//! account A ledger=203 code=1 debits_must_not_exceed_credits    A to Z name accounts 1001 to 1026
//! transfer 1 A>B 100 pending timeout=5 linked                   any field may follow as key=value
//! post 2 of 1 60                                                an amount or `all`
//! void 3 of 1
//! wait 5                                                        seconds before the next request
//! pulse
//! show A B 1                                                    sums of accounts, state of transfers
//! ```
//! Lines that follow each other without a blank line form one request, if their kind allows it.

use std::fmt::Write as _;

use ids::Timestamp;
use ledger_core::{
    Account, AccountFlags, CreateAccountStatus, CreateTransferStatus, Ledger, Operation, Outcome, Transfer,
    TransferFlags,
};

const SECOND: u64 = 1_000_000_000;

/// Runs a script and compares what it prints. After every request the books must balance, the state hash must
/// equal the one from scratch, and a snapshot must restore to it.
#[expect(clippy::needless_pass_by_value, reason = "an `expect!` is written in the call")]
pub(crate) fn check(script: &str, expected: expect_test::Expect) {
    expected.assert_eq(&run(script));
}

pub(crate) fn run(script: &str) -> String {
    let mut runner = Runner { ledger: Ledger::new(), now: SECOND, request: None, printed: String::new() };
    for line in script.lines() {
        runner.line(line.trim());
    }
    runner.send();
    runner.printed
}

struct Runner {
    ledger: Ledger,
    now: u64,
    request: Option<Request>,
    printed: String,
}

struct Request {
    operation: Operation,
    body: Vec<u8>,
    labels: Vec<String>,
}

impl Runner {
    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => self.send(),
            ["account", name, ..] => self.add(Operation::CreateAccounts, name, account(&words).as_bytes()),
            ["transfer" | "post" | "void", id, ..] => {
                self.add(Operation::CreateTransfers, id, transfer(&words).as_bytes());
            }
            ["wait", seconds] => {
                self.send();
                self.now += seconds.parse::<u64>().unwrap() * SECOND;
            }
            ["pulse"] => {
                self.send();
                self.apply(Operation::Pulse, &[], &[]);
            }
            ["show", ..] => {
                self.send();
                words[1..].iter().for_each(|name| self.show(name));
            }
            _ => panic!("not a line of a script: {line}"),
        }
    }

    fn add(&mut self, operation: Operation, label: &str, record: &[u8]) {
        if self.request.as_ref().is_some_and(|request| request.operation != operation) {
            self.send();
        }
        let request =
            self.request.get_or_insert_with(|| Request { operation, body: Vec::new(), labels: Vec::new() });
        request.body.extend_from_slice(record);
        request.labels.push(label.to_owned());
    }

    fn send(&mut self) {
        if let Some(Request { operation, body, labels }) = self.request.take() {
            self.apply(operation, &body, &labels);
        }
    }

    fn apply(&mut self, operation: Operation, body: &[u8], labels: &[String]) {
        self.now += 1_000_000;
        let mut out = Vec::new();
        let events = self.ledger.apply(operation, Timestamp(self.now), body, &mut out).unwrap();
        assert_eq!(events as usize, labels.len());
        assert_eq!(out.len(), labels.len() * 16);
        for (outcome, label) in out.chunks_exact(16).zip(labels) {
            let status = Outcome::from_bytes(outcome).unwrap().status;
            let name = match operation {
                Operation::CreateAccounts => CreateAccountStatus::from_u32(status).unwrap().name(),
                _ => CreateTransferStatus::from_u32(status).unwrap().name(),
            };
            writeln!(self.printed, "{label} {name}").unwrap();
        }
        check_books(&mut self.ledger);
    }

    fn show(&mut self, name: &str) {
        let text = match name.parse::<u128>() {
            Ok(id) => match self.ledger.transfer(id) {
                Some(view) => format!("{} {}", view.transfer.amount, view.state.name()),
                None => "not there".to_owned(),
            },
            Err(_) => match self.ledger.account(account_id(name)) {
                Some(account) => format!(
                    "debits {} + {} pending, credits {} + {} pending{}",
                    account.debits_posted,
                    account.debits_pending,
                    account.credits_posted,
                    account.credits_pending,
                    if account.flags.contains(AccountFlags::CLOSED) { ", closed" } else { "" }
                ),
                None => "not there".to_owned(),
            },
        };
        writeln!(self.printed, "{name}: {text}").unwrap();
    }
}

/// What must hold of every ledger at any time.
pub(crate) fn check_books(ledger: &mut Ledger) {
    ledger.check_invariants().unwrap();
    let mut bytes = Vec::new();
    ledger.snapshot(&mut bytes);
    let hash = ledger.state_hash();
    let restored = Ledger::restore(&bytes).unwrap();
    assert_eq!(restored.state_hash(), hash);
    assert_eq!(restored.counts(), ledger.counts());
    assert_eq!(restored.next_expiry(), ledger.next_expiry());
}

pub(crate) fn account_id(name: &str) -> u128 {
    match name {
        "zero" => 0,
        "max" => u128::MAX,
        _ => 1000 + u128::from(name.bytes().next().unwrap() - b'A' + 1),
    }
}

fn account(words: &[&str]) -> Account {
    let mut account = Account { id: account_id(words[1]), ledger: 203, code: 1, ..Account::default() };
    for word in &words[2..] {
        let Some((key, value)) = word.split_once('=') else {
            account.flags = account.flags | AccountFlags::from_name(word).unwrap();
            continue;
        };
        match key {
            "debits_pending" => account.debits_pending = number(value),
            "debits_posted" => account.debits_posted = number(value),
            "credits_pending" => account.credits_pending = number(value),
            "credits_posted" => account.credits_posted = number(value),
            "user_data_128" => account.user_data_128 = number(value),
            "user_data_64" => account.user_data_64 = value.parse().unwrap(),
            "user_data_32" => account.user_data_32 = value.parse().unwrap(),
            "reserved" => account.reserved = value.parse().unwrap(),
            "ledger" => account.ledger = value.parse().unwrap(),
            "code" => account.code = value.parse().unwrap(),
            "flags" => account.flags = AccountFlags(value.parse().unwrap()),
            "timestamp" => account.timestamp = value.parse().unwrap(),
            _ => panic!("no field {key}"),
        }
    }
    account
}

fn transfer(words: &[&str]) -> Transfer {
    let mut transfer = Transfer { id: number(words[1]), ..Transfer::default() };
    let rest = match words[0] {
        "transfer" => {
            let (debit, credit) = words[2].split_once('>').unwrap();
            transfer.debit_account_id = account_id(debit);
            transfer.credit_account_id = account_id(credit);
            transfer.amount = number(words[3]);
            (transfer.ledger, transfer.code) = (203, 1);
            &words[4..]
        }
        kind => {
            assert_eq!(words[2], "of");
            transfer.pending_id = number(words[3]);
            transfer.flags = match kind {
                "post" => TransferFlags::POST_PENDING_TRANSFER,
                _ => TransferFlags::VOID_PENDING_TRANSFER,
            };
            match words.get(4).filter(|word| !word.contains('=') && TransferFlags::from_name(word).is_none())
            {
                Some(amount) => {
                    transfer.amount = number(amount);
                    &words[5..]
                }
                None => &words[4..],
            }
        }
    };
    rest.iter().for_each(|word| set_transfer(&mut transfer, word));
    transfer
}

fn set_transfer(transfer: &mut Transfer, word: &str) {
    let Some((key, value)) = word.split_once('=') else {
        transfer.flags = transfer.flags | TransferFlags::from_name(word).unwrap();
        return;
    };
    match key {
        "debit" => transfer.debit_account_id = account_id(value),
        "credit" => transfer.credit_account_id = account_id(value),
        "pending_id" => transfer.pending_id = number(value),
        "user_data_128" => transfer.user_data_128 = number(value),
        "user_data_64" => transfer.user_data_64 = value.parse().unwrap(),
        "user_data_32" => transfer.user_data_32 = value.parse().unwrap(),
        "timeout" => transfer.timeout = value.parse().unwrap(),
        "ledger" => transfer.ledger = value.parse().unwrap(),
        "code" => transfer.code = value.parse().unwrap(),
        "flags" => transfer.flags = TransferFlags(value.parse().unwrap()),
        "timestamp" => transfer.timestamp = value.parse().unwrap(),
        _ => panic!("no field {key}"),
    }
}

fn number(text: &str) -> u128 {
    match text {
        "max" | "all" => u128::MAX,
        "half" => u128::MAX / 2 + 1,
        _ => text.parse().unwrap(),
    }
}
