//! Queries to a large ledger by what its transfers carry: few transfers have it, anywhere among all.

use anyhow::{Context as _, Result, ensure};
use ledger_core::{QueryFilter, QueryOperation, Transfer};

use super::book::{Book, carried_by};
use super::lookups::{ask, quantile};
use crate::report::{Report, Target};
use crate::stop::Stop;
use crate::workload::Dice;

/// Transfers in one answer.
const LIMIT: u32 = 10;

/// Asks `count` random questions of each kind, the last of them with nothing in the page cache.
pub(super) fn measure(book: &Book, count: u32, report: &mut Report, stop: &Stop) -> Result<()> {
    let target = Target::Below(5.0);
    let mut dice = Dice::new(9);
    let mut filter = |kind: Kind| -> Result<QueryFilter> {
        let number = u32::try_from(1 + dice.bits() % u64::from(book.transfers()))?;
        let Transfer { user_data_128, user_data_64, user_data_32, code, .. } = carried_by(number);
        let some = QueryFilter { limit: LIMIT, ..QueryFilter::default() };
        let newest = QueryFilter { flags: QueryFilter::REVERSED, ..some };
        Ok(match kind {
            Kind::One => QueryFilter { user_data_128, ..some },
            Kind::Few => QueryFilter { user_data_64, ..newest },
            Kind::Meeting => QueryFilter { user_data_32, code, ..newest },
            Kind::None => QueryFilter { user_data_64: u64::MAX - dice.bits() % 1_000_000, ..some },
        })
    };
    for (key, p50_key, kind, meaning) in [
        ("query_one_p99_ms", "query_one_p50_ms", Kind::One, "the transfer with a user_data_128 of its own"),
        ("query_few_p99_ms", "query_few_p50_ms", Kind::Few, "the newest ten with a user_data_64"),
        (
            "query_meet_p99_ms",
            "query_meet_p50_ms",
            Kind::Meeting,
            "the newest ten with a user_data_32 and a code",
        ),
        ("query_none_p99_ms", "query_none_p50_ms", Kind::None, "a user_data_64 that no transfer has"),
    ] {
        let took = ask(book, count, false, stop, || look(book, &filter(kind)?, kind))?;
        report.aim(key, quantile(&took, 0.99), target, meaning);
        report.figure(p50_key, quantile(&took, 0.5), "");
    }
    for (key, kind) in [("query_one_cold_p99_ms", Kind::One), ("query_few_cold_p99_ms", Kind::Few)] {
        let took = ask(book, count.min(1_000), true, stop, || look(book, &filter(kind)?, kind))?;
        report.figure(key, quantile(&took, 0.99), "nothing in the page cache");
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    One,
    Few,
    Meeting,
    None,
}

fn look(book: &Book, filter: &QueryFilter, kind: Kind) -> Result<()> {
    let mut out = Vec::new();
    book.ledger()?.answer(QueryOperation::QueryTransfers, filter.as_bytes(), &mut out)?;
    let found = out.len() / size_of::<Transfer>();
    let fits = |transfer: Transfer| match kind {
        Kind::One => transfer.user_data_128 == filter.user_data_128,
        Kind::Few | Kind::None => transfer.user_data_64 == filter.user_data_64,
        Kind::Meeting => transfer.user_data_32 == filter.user_data_32 && transfer.code == filter.code,
    };
    let transfers = out.chunks_exact(size_of::<Transfer>()).map(Transfer::from_bytes);
    let all_fit = transfers.map(|transfer| transfer.map(fits)).collect::<Option<Vec<_>>>();
    let all_fit = all_fit.context("an answer is cut")?.iter().all(|fits| *fits);
    ensure!(all_fit && (found > 0) == (kind != Kind::None), "an answer to {kind:?} is wrong: {filter:?}");
    Ok(())
}
