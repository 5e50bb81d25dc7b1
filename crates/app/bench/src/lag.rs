//! How far the followers are behind while the bank is under load.

use std::time::Duration;

use anyhow::{Context as _, Result};
use client::{Client, ClientOptions};

use crate::bank::{self, Bank};
use crate::report::Report;

/// Between two looks: a few for each batch, and little load of their own.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks the sites themselves how far they are.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    leader: Client,
    followers: Vec<Client>,
}

/// Batches behind, one number for each look at a follower.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lags(Vec<f64>);

impl Watch {
    /// The sites of a bank as it stands now.
    pub(crate) async fn of(bank: &Bank) -> Result<Self> {
        let platform = bank.platform().await?;
        let leader = platform.leader.as_ref().and_then(|name| bank::find(&platform, name));
        let leader = leader.and_then(|site| site.address).context("no site leads")?;
        let connect = |address| Client::new(&format!("http://{address}"), ClientOptions::default());
        let others = platform.sites.iter().filter_map(|site| site.address).filter(|other| *other != leader);
        Ok(Self { leader: connect(leader)?, followers: others.map(connect).collect::<Result<_, _>>()? })
    }

    /// Looks for as long as it is polled.
    #[expect(clippy::cast_precision_loss, reason = "the difference of two numbers close to each other")]
    pub(crate) async fn look(&self, lags: &mut Lags) -> Result<()> {
        loop {
            for follower in &self.followers {
                // The leader goes on while the follower is asked, so it is asked before and after: the follower was as far
                // behind as the middle of both says, give or take half of their difference.
                let before = self.leader.health().await?.seq;
                let applied = follower.health().await?.seq;
                let after = self.leader.health().await?.seq;
                let durable = before as f64 + after.saturating_sub(before) as f64 / 2.0;
                lags.0.push((durable - applied as f64).max(0.0));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Lags {
    /// Adds what was seen to a report.
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    pub(crate) fn tell(mut self, report: &mut Report) {
        self.0.sort_by(f64::total_cmp);
        let looks = self.0.len();
        let at = |part: usize| self.0.get((looks * part / 100).min(looks.saturating_sub(1))).copied();
        let mean = self.0.iter().sum::<f64>() / looks as f64;
        let meaning = "batches that are durable and a follower has not applied";
        report.figure("follower_lag_batches_mean", mean, meaning);
        for (key, value) in [("follower_lag_batches_p50", at(50)), ("follower_lag_batches_p99", at(99))] {
            report.figure(key, value.unwrap_or(f64::NAN), "");
        }
        report.figure("follower_lag_looks", looks as f64, "how often it was looked");
    }
}
