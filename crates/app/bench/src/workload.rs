//! The workload: who pays whom, and how that looks as JSON.
//!
//! Everything follows from fixed seeds, so that two runs send the same payments. Every text has a fixed length: a request
//! is rendered once, and from then on only its digits are written anew, which costs the client next to nothing.

use std::ops::Range;

use anyhow::{Result, ensure};
use client::Client;
use ids::AccountId;
use ledger_api::{AccountBatch, AccountFlags, NewAccount, U64Text, U128Text};

/// Payments go between so many accounts, each as likely as any other.
pub(crate) const ACCOUNTS: u64 = 10_000;
/// Payments in a batch: the most a batch may hold.
pub(crate) const BATCH: usize = 8_190;
/// The accounts count up from here. All of them have five digits.
const FIRST_ACCOUNT: u64 = 10_001;
/// The payments count up from here. All of them have nineteen digits.
pub(crate) const FIRST_PAYMENT: u64 = 1_000_000_000_000_000_001;
/// Amounts in minor units, so that all of them have five characters: 10.00 to 99.99.
const AMOUNTS: Range<u64> = 1_000..10_000;
/// The category of the accounts and the reason of the payments.
const CODE: u16 = 1;

/// A source of numbers that look random and are the same in every run: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// A source of its own for each `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }
}

/// Money from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw {
    /// The account that gives.
    pub(crate) debit: u64,
    /// The account that receives; another one.
    pub(crate) credit: u64,
    /// How much, in minor units.
    pub(crate) amount: u64,
}

impl Draw {
    /// The next one.
    pub(crate) fn next(dice: &mut Dice) -> Self {
        let debit = dice.below(ACCOUNTS);
        let credit = (debit + 1 + dice.below(ACCOUNTS - 1)) % ACCOUNTS;
        let amount = AMOUNTS.start + dice.below(AMOUNTS.end - AMOUNTS.start);
        Self { debit: FIRST_ACCOUNT + debit, credit: FIRST_ACCOUNT + credit, amount }
    }
}

/// The ids of the accounts.
pub(crate) fn accounts() -> Range<u64> {
    FIRST_ACCOUNT..FIRST_ACCOUNT + ACCOUNTS
}

/// Opens the accounts.
pub(crate) async fn open_accounts(bank: &Client) -> Result<()> {
    let mut accounts = accounts().map(new_account).collect::<Result<Vec<_>>>()?;
    while !accounts.is_empty() {
        let rest = accounts.split_off(accounts.len().min(BATCH));
        let opened = bank.create_accounts(&AccountBatch { accounts }).await?;
        ensure!(opened.refused.is_empty(), "{} accounts were refused", opened.refused.len());
        accounts = rest;
    }
    Ok(())
}

fn new_account(id: u64) -> Result<NewAccount> {
    Ok(NewAccount {
        id: AccountId::new(id.into())?,
        currency: "CZK".parse()?,
        code: CODE,
        flags: AccountFlags::default(),
        user_data_128: U128Text::default(),
        user_data_64: U64Text::default(),
        user_data_32: 0,
        timestamp: None,
    })
}

const PAYMENT: &[u8] = br#"{"id":"0000000000000000000","debit_account":"00000","credit_account":"00000","amount":"00.00","currency":"CZK","code":1}"#;
const ID: Range<usize> = 7..26;
const DEBIT: Range<usize> = 45..50;
const CREDIT: Range<usize> = 70..75;
const AMOUNT_MAJOR: Range<usize> = 87..89;
const AMOUNT_MINOR: Range<usize> = 90..92;

/// Writes `number` into all of `digits`.
fn write_decimal(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10).to_le_bytes()[0];
        number /= 10;
    }
}

fn write_payment(text: &mut [u8], id: u64, draw: Draw) {
    write_decimal(&mut text[ID], id);
    write_decimal(&mut text[DEBIT], draw.debit);
    write_decimal(&mut text[CREDIT], draw.credit);
    write_decimal(&mut text[AMOUNT_MAJOR], draw.amount / 100);
    write_decimal(&mut text[AMOUNT_MINOR], draw.amount % 100);
}

/// A request of HTTP/1.1 with room for one payment, or a batch of them.
#[derive(Clone, Debug)]
pub(crate) struct PaymentRequest {
    bytes: Vec<u8>,
    /// Where each payment starts.
    payments: Vec<usize>,
}

impl PaymentRequest {
    /// One payment.
    pub(crate) fn single() -> Self {
        let bytes = head("/v1/payments", PAYMENT.len());
        let payments = vec![bytes.len()];
        Self { bytes: [&bytes[..], PAYMENT].concat(), payments }
    }

    /// A full batch.
    pub(crate) fn batch() -> Self {
        let (open, between, close) = (br#"{"payments":["#.as_slice(), b",".as_slice(), b"]}".as_slice());
        let length = open.len() + BATCH * PAYMENT.len() + (BATCH - 1) * between.len() + close.len();
        let mut bytes = head("/v1/payments/batch", length);
        let mut payments = Vec::with_capacity(BATCH);
        bytes.extend_from_slice(open);
        for index in 0..BATCH {
            if index > 0 {
                bytes.extend_from_slice(between);
            }
            payments.push(bytes.len());
            bytes.extend_from_slice(PAYMENT);
        }
        bytes.extend_from_slice(close);
        Self { bytes, payments }
    }

    /// Fills in new payments with the ids from `first` on.
    pub(crate) fn fill(&mut self, first: u64, dice: &mut Dice) {
        for (id, at) in (first..).zip(&self.payments) {
            write_payment(&mut self.bytes[*at..][..PAYMENT.len()], id, Draw::next(dice));
        }
    }

    /// What to send.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn head(path: &str, length: usize) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: bank\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    head.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ledger_api::{NewPayment, PaymentBatch};

    use super::*;

    fn body(request: &PaymentRequest) -> &[u8] {
        let bytes = request.bytes();
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), bytes.len() - end);
        &bytes[end..]
    }

    fn check(payment: &NewPayment, id: u64, draw: Draw) {
        assert_eq!(payment.id.get(), id.into());
        assert_eq!(payment.debit_account.get(), draw.debit.into());
        assert_eq!(payment.credit_account.get(), draw.credit.into());
        let amount =
            ledger_api::Units::default().find(payment.currency).map(|of| payment.amount.minor_units(&of));
        assert_eq!(amount, Some(Ok(draw.amount.into())));
    }

    #[test]
    fn a_payment_says_what_was_drawn() {
        let mut request = PaymentRequest::single();
        let mut dice = Dice::new(1);
        for id in FIRST_PAYMENT..FIRST_PAYMENT + 100 {
            let draw = Draw::next(&mut dice.clone());
            request.fill(id, &mut dice);
            check(&serde_json::from_slice(body(&request)).unwrap(), id, draw);
        }
    }

    #[test]
    fn a_batch_is_full_and_fits() {
        let mut request = PaymentRequest::batch();
        request.fill(FIRST_PAYMENT, &mut Dice::new(2));
        let batch: PaymentBatch = serde_json::from_slice(body(&request)).unwrap();
        assert_eq!(batch.payments.len(), BATCH);
        let mut dice = Dice::new(2);
        for (id, payment) in (FIRST_PAYMENT..).zip(&batch.payments) {
            check(payment, id, Draw::next(&mut dice));
        }
    }

    #[test]
    fn draws_stay_within_their_bounds_and_reach_every_account() {
        let mut dice = Dice::new(3);
        let mut seen = BTreeSet::new();
        for _ in 0..200_000 {
            let draw = Draw::next(&mut dice);
            assert_ne!(draw.debit, draw.credit);
            assert!(AMOUNTS.contains(&draw.amount));
            assert!(accounts().contains(&draw.debit) && accounts().contains(&draw.credit));
            seen.insert(draw.debit);
        }
        assert_eq!(seen.len(), 10_000);
    }
}
