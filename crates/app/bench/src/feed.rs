//! The change feed beside payments: how fast it is read from its beginning, and how soon a payment is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use ledger_api::{Change, ChangesQuery};

use crate::bank::Bank;
use crate::clock;
use crate::meter::{Meter, Readings};
use crate::payments::Kind;
use crate::report::Report;
use crate::wire::Line;
use crate::workload::{Dice, FIRST_PAYMENT, PaymentRequest};

/// Between two payments while it is looked how soon they are told.
const PAUSE: Duration = Duration::from_millis(5);
/// How long an event may take before it counts as missing.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was measured of the feed.
pub(crate) struct Feed {
    per_s: f64,
    lags: Readings,
}

impl Feed {
    /// Reads for `seconds`, then pays for `seconds`.
    pub(crate) async fn measure(bank: &Bank, ids: &Arc<AtomicU64>, seconds: u64) -> Result<Self> {
        let span = Duration::from_secs(seconds);
        Ok(Self { per_s: read(bank, span).await?, lags: follow(bank, ids, span).await? })
    }

    /// Adds the figures to a report.
    pub(crate) fn tell(&self, report: &mut Report) {
        report.figure(
            "feed_changes_per_s",
            self.per_s,
            "changes told to one reader, from the first batch on",
        );
        let meaning = "from a payment's acknowledgement to its event at a reader";
        report.figure("feed_lag_p50_ms", self.lags.quantile_ms(0.5), meaning);
        report.figure("feed_lag_p99_ms", self.lags.quantile_ms(0.99), "");
    }
}

/// Transfers told per second to one reader who wants all.
#[expect(clippy::cast_precision_loss, reason = "a rate is told to a few digits")]
async fn read(bank: &Bank, span: Duration) -> Result<f64> {
    let mut changes = bank.client.changes(ChangesQuery { follow: Some(false), ..ChangesQuery::default() });
    let (begun, mut told) = (clock::now(), 0);
    while begun.elapsed() < span {
        let Some(message) = changes.next().await? else { break };
        told += message.json.matches(r#""type":"transfer_created""#).count();
    }
    ensure!(told > 0, "the feed told of no payment");
    Ok(told as f64 / begun.elapsed().as_secs_f64())
}

/// How long after its acknowledgement each of some payments was told.
async fn follow(bank: &Bank, ids: &Arc<AtomicU64>, span: Duration) -> Result<Readings> {
    let first = FIRST_PAYMENT + ids.load(Ordering::Relaxed);
    let from = Some(bank.client.health().await?.seq + 1);
    let mut changes = bank.client.changes(ChangesQuery { from, ..ChangesQuery::default() });
    let mut line = Line::connect(bank.gateway()).await?;
    let paying = async {
        let (mut request, mut dice, begun) = (PaymentRequest::single(), Dice::new(3), clock::now());
        let mut acknowledged = Vec::new();
        while begun.elapsed() < span {
            Kind::Single.pay(&mut line, &mut request, &mut dice, ids).await?;
            acknowledged.push(clock::now());
            tokio::time::sleep(PAUSE).await;
        }
        anyhow::Ok(acknowledged)
    };
    let mut told = BTreeMap::new();
    let (paid, listened) = tokio::join!(paying, listen(&mut changes, &mut told, span));
    let acknowledged = paid?;
    listened?;
    let meter = Meter::new();
    meter.open();
    for (id, acknowledged) in (first..).zip(acknowledged) {
        let told = told.get(&u128::from(id)).with_context(|| format!("payment {id} was never told"))?;
        meter.note(told.saturating_duration_since(acknowledged));
    }
    meter.close();
    Ok(meter.into_readings())
}

/// Notes when each payment is told, for `span` and until nothing more comes.
async fn listen(
    changes: &mut client::Changes,
    told: &mut BTreeMap<u128, Instant>,
    span: Duration,
) -> Result<()> {
    let begun = clock::now();
    loop {
        let patience = if begun.elapsed() < span { PATIENCE } else { 20 * PAUSE };
        let Ok(message) = tokio::time::timeout(patience, changes.next()).await else { return Ok(()) };
        let (message, now) = (message?.context("the feed ended")?, clock::now());
        for change in message.event()?.data.changes {
            if let Change::TransferCreated(transfer) = change {
                told.insert(transfer.id.get(), now);
            }
        }
    }
}
