//! How far the followers are behind while the bank is under load.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use client::{Client, ClientOptions};

use crate::bank::{self, Bank};
use crate::report::{Report, Target};

/// Between two looks: sites remember more steps than they take meanwhile.
const PAUSE: Duration = Duration::from_millis(500);

/// Asks the sites themselves when they got how far.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    leader: Client,
    followers: Vec<Client>,
}

/// When a site had got as far as each batch, in nanoseconds since 1970 by the machine's clock, which all sites share.
type Steps = BTreeMap<u64, u64>;

/// What the sites told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lags {
    /// When batches became durable.
    durable: Steps,
    /// When each follower had applied them.
    applied: Vec<Steps>,
}

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

    /// Looks for as long as it is polled, from the batch that is durable now on.
    pub(crate) async fn look(&self, lags: &mut Lags) -> Result<()> {
        let begin = self.leader.health().await?.seq;
        lags.applied.resize(self.followers.len(), Steps::new());
        loop {
            tokio::time::sleep(PAUSE).await;
            note(&self.leader, begin, &mut lags.durable).await?;
            for (follower, applied) in self.followers.iter().zip(&mut lags.applied) {
                note(follower, begin, applied).await?;
            }
        }
    }
}

/// Adds what a site did since the last look.
async fn note(site: &Client, begin: u64, steps: &mut Steps) -> Result<()> {
    let after = steps.last_key_value().map_or(begin, |(seq, _)| *seq);
    let progress = site.progress(after).await?;
    steps.extend(progress.steps.iter().map(|step| (step.seq, step.at.0)));
    Ok(())
}

impl Lags {
    /// Adds what was seen to a report.
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds and counts are told to a few digits")]
    pub(crate) fn tell(&self, report: &mut Report) {
        let mut spans: Vec<(u64, u64)> =
            self.applied.iter().flat_map(|applied| behind(&self.durable, applied)).collect();
        spans.sort_unstable();
        let whole: u64 = spans.iter().map(|(_, nanos)| nanos).sum();
        let weighted: f64 = spans.iter().map(|(batches, nanos)| *batches as f64 * *nanos as f64).sum();
        let meaning = "batches that are durable and a follower has not applied, over the time";
        report.aim("follower_lag_batches_mean", weighted / whole as f64, Target::Below(1.0), meaning);
        for (key, part) in [
            ("follower_lag_batches_p50", 0.5),
            ("follower_lag_batches_p90", 0.9),
            ("follower_lag_batches_p99", 0.99),
        ] {
            report.figure(key, at_part(&spans, whole as f64 * part), "");
        }
        let late: u64 = spans.iter().filter(|(batches, _)| *batches > 0).map(|(_, nanos)| nanos).sum();
        report.figure(
            "follower_lag_time_share",
            late as f64 / whole as f64,
            "of the time in which a follower lacked a durable batch",
        );
    }
}

/// How many batches the follower lacked, and for how many nanoseconds, as far as both sites told of the time.
fn behind(durable: &Steps, applied: &Steps) -> Vec<(u64, u64)> {
    let ends = [durable, applied].map(|steps| steps.values().copied().max().unwrap_or(0));
    let begins = [durable, applied].map(|steps| steps.values().copied().min().unwrap_or(u64::MAX));
    let (begin, end) = (begins[0].max(begins[1]), ends[0].min(ends[1]));
    let moves = durable.iter().map(|(seq, at)| (*at, *seq, 0));
    let mut moves: Vec<(u64, u64, u64)> =
        moves.chain(applied.iter().map(|(seq, at)| (*at, 0, *seq))).collect();
    moves.sort_unstable();
    let (mut there, mut here, mut since) = (0, 0, begin);
    let mut spans = Vec::new();
    for (at, durable, applied) in moves.into_iter().take_while(|(at, ..)| *at <= end) {
        if at > since {
            spans.push((u64::saturating_sub(there, here), at - since));
            since = at;
        }
        there = there.max(durable);
        here = here.max(applied);
    }
    spans
}

/// The smallest number of batches that was not exceeded for so long.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds and counts are told to a few digits")]
fn at_part(spans: &[(u64, u64)], nanos: f64) -> f64 {
    let mut passed = 0.0;
    let reached = spans.iter().find(|(_, span)| {
        passed += *span as f64;
        passed >= nanos
    });
    reached.map_or(f64::NAN, |(batches, _)| *batches as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follower_is_behind_from_durable_there_to_applied_here() {
        let durable = Steps::from([(1, 100), (2, 200), (3, 210), (4, 400)]);
        // Batch 2 and 3 at once; batch 4 before the leader knew it durable.
        let applied = Steps::from([(1, 110), (3, 250), (4, 390), (5, 500)]);
        let mut spans = behind(&durable, &applied);
        spans.sort_unstable();
        assert_eq!(spans, [(0, 10), (0, 90), (0, 140), (1, 10), (2, 40)]);
        assert_eq!(spans.iter().map(|(_, nanos)| nanos).sum::<u64>(), 290);
        for (part, batches) in [(0.0, 0.0), (240.0, 0.0), (241.0, 1.0), (251.0, 2.0), (290.0, 2.0)] {
            assert_eq!(at_part(&spans, part), batches, "{part}");
        }
        assert!(behind(&durable, &Steps::new()).is_empty());
    }
}
