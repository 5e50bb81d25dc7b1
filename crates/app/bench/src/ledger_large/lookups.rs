//! Questions to a large ledger: one transfer by its id, the newest and the oldest ones of an account.

use anyhow::{Result, ensure};
use ledger_core::{AccountFilter, QueryOperation, Transfer};
use rustix::fs::{Advice, fadvise};

use super::book::{Book, id_of};
use crate::clock;
use crate::report::{Report, Target};
use crate::stop::Stop;
use crate::workload::Dice;

/// Lookups after which the kernel is told once more to forget the files.
const FORGET_EVERY: u32 = 500;
/// Transfers of an account in one answer.
const LIMIT: u32 = 10;

/// Asks `count` random questions of each kind.
pub(super) fn measure(book: &Book, count: u32, report: &mut Report, stop: &Stop) -> Result<()> {
    let target = Target::Below(5.0);
    let mut dice = Dice::new(5);
    let (newest, oldest) = (AccountFilter::REVERSED, 0);

    let by_id = ask(book, count, false, stop, || by_id(book, &mut dice))?;
    report.aim("lookup_p99_ms", quantile(&by_id, 0.99), target, "one transfer by id, page cache as it is");
    report.figure("lookup_p50_ms", quantile(&by_id, 0.5), "");
    for (key, flags) in [("lookup_newest_p99_ms", newest), ("lookup_oldest_p99_ms", oldest)] {
        let took = ask(book, count, false, stop, || of_account(book, &mut dice, flags))?;
        report.aim(key, quantile(&took, 0.99), target, "ten transfers of an account");
    }
    let count = count.min(10_000);
    let cold = ask(book, count, true, stop, || self::by_id(book, &mut dice))?;
    report.aim("lookup_cold_p99_ms", quantile(&cold, 0.99), target, "by id, nothing in the page cache");
    for (key, flags) in [("lookup_newest_cold_p99_ms", newest), ("lookup_oldest_cold_p99_ms", oldest)] {
        let took = ask(book, count / 10, true, stop, || of_account(book, &mut dice, flags))?;
        report.figure(key, quantile(&took, 0.99), "ten transfers of an account, nothing in the page cache");
    }
    Ok(())
}

/// The value that this part of the sorted values does not exceed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list that fits in memory"
)]
pub(super) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// What each question took in milliseconds, in ascending order.
pub(super) fn ask(
    book: &Book,
    count: u32,
    forgetful: bool,
    stop: &Stop,
    mut question: impl FnMut() -> Result<()>,
) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for number in 0..count {
        if number.is_multiple_of(FORGET_EVERY) {
            stop.check()?;
            if forgetful {
                forget(book)?;
            }
        }
        let (answered, took) = clock::timed(&mut question);
        answered?;
        times.push(clock::ms(took.wall));
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn by_id(book: &Book, dice: &mut Dice) -> Result<()> {
    let number = u32::try_from(1 + dice.bits() % u64::from(book.transfers()))?;
    let id = id_of(number);
    let found = book.ledger()?.transfer(id);
    ensure!(found.is_some_and(|view| view.transfer.id == id), "transfer {id} is not found");
    Ok(())
}

fn of_account(book: &Book, dice: &mut Dice, flags: u32) -> Result<()> {
    let account_id = u128::from(1 + dice.bits() % u64::from(book.accounts()));
    let flags = AccountFilter::DEBITS | AccountFilter::CREDITS | flags;
    let filter = AccountFilter { account_id, limit: LIMIT, flags, ..AccountFilter::default() };
    let mut out = Vec::new();
    book.ledger()?.answer(QueryOperation::GetAccountTransfers, filter.as_bytes(), &mut out)?;
    let transfers = out.chunks_exact(size_of::<Transfer>()).filter_map(Transfer::from_bytes);
    let of_others =
        transfers.filter(|t| t.debit_account_id != account_id && t.credit_account_id != account_id);
    ensure!(of_others.count() == 0, "an answer holds transfers of others");
    Ok(())
}

/// Has the kernel drop what it holds of the cold segments in memory. They are durable, so nothing is lost.
fn forget(book: &Book) -> Result<()> {
    for path in book.cold_files()? {
        fadvise(&open(&path)?, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "only to advise the kernel")]
fn open(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    std::fs::File::open(path)
}
