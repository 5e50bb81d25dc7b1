//! From acknowledgements and what the journal holds of them to figures. Pure.

use console_api::{AckTimeline, DrillReport, Verdict};
use ids::{Epoch, Timestamp};

use crate::tally::Sighting;

/// Longest time until service must be back, in milliseconds.
pub(crate) const BACK_WITHIN_MS: f64 = 15_000.0;

/// How much of the time before the kill and after the recovery the timeline shows.
const TIMELINE_MARGIN_NS: u64 = Timestamp::NS_PER_S;
/// The finest interval of the timeline, in milliseconds.
const TIMELINE_INTERVAL_MS: u32 = 10;
/// The most intervals; a longer outage gets coarser ones.
const TIMELINE_INTERVALS_MAX: u64 = 600;

const NS_PER_MS: u64 = 1_000_000;

/// An acknowledged payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    /// The payment.
    pub(crate) id: u128,
    /// When it was first sent.
    pub(crate) offered_at: Timestamp,
    /// When its acknowledgement arrived.
    pub(crate) acked_at: Timestamp,
}

/// The moment of the kill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kill {
    /// Taken right before the signal was sent.
    pub(crate) at: Timestamp,
    /// Who led was killed, so somebody else must take over.
    pub(crate) leader: bool,
    /// The epoch at that moment.
    pub(crate) epoch: Epoch,
}

/// The figures of a drill in which service came back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) last_ack_before: Timestamp,
    pub(crate) first_ack_after: Timestamp,
    pub(crate) took_over: bool,
    pub(crate) rto_ms: f64,
    pub(crate) longest_pause_ms: f64,
    pub(crate) ack_p50_ms: f64,
    pub(crate) ack_p99_ms: f64,
    pub(crate) ack_max_ms: f64,
    pub(crate) timeline: AckTimeline,
}

/// The time from `from` to `to` in milliseconds; none if `to` is earlier.
#[expect(clippy::cast_precision_loss, reason = "a drill lasts seconds; 53 bits of nanoseconds are 104 days")]
pub(crate) fn ms_between(from: Timestamp, to: Timestamp) -> f64 {
    (to.0.saturating_sub(from.0)) as f64 / NS_PER_MS as f64
}

/// Computes the figures, or nothing if no acknowledgement shows that service came back.
///
/// - `acks`: in the order of their arrival.
/// - `sighting`: what the journal holds of a payment.
///
/// Service is back with the first acknowledged payment that the journal holds in a later epoch than that of the kill:
/// what the dead leader still answered, or what it wrote and its successor only confirmed, does not count. If the
/// epoch did not change (a follower was killed), the recovery time is the longest pause from the kill on.
pub(crate) fn judge(kill: Kill, acks: &[Ack], sighting: impl Fn(u128) -> Sighting) -> Option<Figures> {
    let (mut lost, mut duplicated, mut took_over_at) = (0, 0, None);
    for ack in acks {
        let seen = sighting(ack.id);
        lost += u64::from(seen.times == 0 || !seen.booked);
        duplicated += u64::from(seen.times > 1);
        if took_over_at.is_none() && seen.times > 0 && seen.epoch > kill.epoch && ack.acked_at >= kill.at {
            took_over_at = Some(ack.acked_at);
        }
    }
    let after = acks.partition_point(|ack| ack.acked_at < kill.at);
    let last_ack_before = acks[..after].last()?.acked_at;
    let longest_pause_ms = longest_pause_ms(last_ack_before, &acks[after..]);
    let first_ack_after = match took_over_at {
        Some(at) => at,
        None if kill.leader => return None,
        None => acks.get(after)?.acked_at,
    };
    let rto_ms = if took_over_at.is_some() { ms_between(kill.at, first_ack_after) } else { longest_pause_ms };
    let mut latencies: Vec<f64> = acks.iter().map(|ack| ms_between(ack.offered_at, ack.acked_at)).collect();
    latencies.sort_unstable_by(f64::total_cmp);
    Some(Figures {
        lost,
        duplicated,
        last_ack_before,
        first_ack_after,
        took_over: took_over_at.is_some(),
        rto_ms,
        longest_pause_ms,
        ack_p50_ms: percentile(&latencies, 50),
        ack_p99_ms: percentile(&latencies, 99),
        ack_max_ms: percentile(&latencies, 100),
        timeline: timeline(kill.at, first_ack_after, acks),
    })
}

fn longest_pause_ms(before: Timestamp, acks: &[Ack]) -> f64 {
    let mut last = before;
    acks.iter().fold(0.0, |longest, ack| {
        let pause = ms_between(last, ack.acked_at);
        last = ack.acked_at;
        pause.max(longest)
    })
}

/// The value that `percent` of 100 values do not exceed (nearest rank); zero if there are none.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}

fn timeline(killed_at: Timestamp, back_at: Timestamp, acks: &[Ack]) -> AckTimeline {
    let from = Timestamp(killed_at.0.saturating_sub(TIMELINE_MARGIN_NS));
    let span_ns = (back_at.0 + TIMELINE_MARGIN_NS).saturating_sub(from.0);
    let finest_ns = u64::from(TIMELINE_INTERVAL_MS) * NS_PER_MS;
    let coarser = span_ns.div_ceil(finest_ns * TIMELINE_INTERVALS_MAX).max(1);
    let interval_ns = finest_ns * coarser;
    let intervals = usize::try_from(span_ns.div_ceil(interval_ns)).unwrap_or(0);
    let mut counts = vec![0u32; intervals];
    for ack in acks.iter().filter(|ack| ack.acked_at >= from) {
        let index = usize::try_from((ack.acked_at.0 - from.0) / interval_ns).unwrap_or(usize::MAX);
        if let Some(count) = counts.get_mut(index) {
            *count += 1;
        }
    }
    let interval_ms = u32::try_from(interval_ns / NS_PER_MS).unwrap_or(u32::MAX);
    AckTimeline { from, interval_ms, acks: counts }
}

/// The five questions a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Is every acknowledged payment in the journal and in the replayed ledger?
    Lost,
    /// Is none there twice?
    Duplicated,
    /// Are the state hashes equal?
    States,
    /// Are all balances equal?
    Balances,
    /// Was service back in time?
    Service,
}

/// The questions in the order in which a report answers them, each with whether the answer is good.
pub(crate) fn answers(report: &DrillReport) -> [(Question, bool); 5] {
    [
        (Question::Lost, report.lost == 0),
        (Question::Duplicated, report.duplicated == 0),
        (Question::States, report.state_hash_live == report.state_hash_replay),
        (Question::Balances, report.balances_different == 0 && report.balances_compared > 0),
        (Question::Service, report.rto_ms <= BACK_WITHIN_MS),
    ]
}

/// Passed only if every answer is good.
pub(crate) fn verdict(report: &DrillReport) -> Verdict {
    if answers(report).iter().all(|(_, good)| *good) { Verdict::Passed } else { Verdict::Failed }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const KILLED_AT_MS: u64 = 10_000;

    fn at(ms: u64) -> Timestamp {
        Timestamp(ms * NS_PER_MS)
    }

    fn kill(leader: bool) -> Kill {
        Kill { at: at(KILLED_AT_MS), leader, epoch: Epoch(3) }
    }

    /// Acknowledgements at these milliseconds, with these epochs in the journal (0: not in it).
    fn judge_script(leader: bool, script: &[(u64, u64)]) -> Option<Figures> {
        let acks: Vec<Ack> = script
            .iter()
            .zip(1u128..)
            .map(|((ms, _), id)| Ack { id, offered_at: at(ms - 2), acked_at: at(*ms) })
            .collect();
        let seen: BTreeMap<u128, Sighting> = script
            .iter()
            .zip(1u128..)
            .filter(|((_, epoch), _)| *epoch > 0)
            .map(|((_, epoch), id)| (id, Sighting { times: 1, epoch: Epoch(*epoch), booked: true }))
            .collect();
        judge(kill(leader), &acks, |id| seen.get(&id).copied().unwrap_or_default())
    }

    #[test]
    fn the_clock_runs_until_the_first_payment_of_the_new_epoch() {
        let figures = judge_script(
            true,
            // The dead leader's late answer at 10,001 and the successor's confirmation of an old payment at 10,300
            // do not end the outage.
            &[(9_990, 3), (9_999, 3), (10_001, 3), (10_300, 3), (10_320, 4), (10_330, 4)],
        )
        .unwrap();
        assert_eq!(figures.last_ack_before, at(9_999));
        assert_eq!(figures.first_ack_after, at(10_320));
        assert!(figures.took_over);
        assert!((figures.rto_ms - 320.0).abs() < 1e-9);
        assert!((figures.longest_pause_ms - 299.0).abs() < 1e-9);
        assert_eq!((figures.lost, figures.duplicated), (0, 0));
        assert!((figures.ack_p50_ms - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_killed_follower_is_measured_by_the_longest_pause() {
        let figures = judge_script(false, &[(9_990, 3), (10_004, 3), (10_050, 3), (10_055, 3)]).unwrap();
        assert!(!figures.took_over);
        assert_eq!(figures.first_ack_after, at(10_004));
        assert!((figures.rto_ms - 46.0).abs() < 1e-9);
    }

    #[test]
    fn without_a_new_epoch_a_dead_leader_is_not_replaced() {
        assert_eq!(judge_script(true, &[(9_990, 3), (10_004, 3), (10_050, 3)]), None);
        assert_eq!(judge_script(false, &[(9_990, 3)]), None, "nothing after the kill");
        assert_eq!(judge_script(true, &[(10_010, 4)]), None, "nothing before the kill");
        assert_eq!(judge_script(true, &[]), None);
    }

    #[test]
    fn what_is_missing_or_there_twice_is_counted() {
        let acks: Vec<Ack> = (1..=5)
            .map(|id| Ack {
                id,
                offered_at: at(9_000),
                acked_at: at(9_000 + 500 * u64::try_from(id).unwrap()),
            })
            .collect();
        let figures = judge(kill(true), &acks, |id| match id {
            1 => Sighting { times: 1, epoch: Epoch(3), booked: true },
            2 => Sighting { times: 3, epoch: Epoch(3), booked: true },
            3 => Sighting { times: 0, epoch: Epoch(0), booked: false },
            4 => Sighting { times: 1, epoch: Epoch(3), booked: false },
            _ => Sighting { times: 1, epoch: Epoch(4), booked: true },
        })
        .unwrap();
        assert_eq!((figures.lost, figures.duplicated), (2, 1));
    }

    #[test]
    fn a_long_outage_gets_a_coarser_timeline() {
        let short = judge_script(true, &[(9_990, 3), (10_320, 4)]).unwrap().timeline;
        assert_eq!((short.interval_ms, short.acks.len(), short.from), (10, 232, at(9_000)));
        assert_eq!((short.acks[99], short.acks[132]), (1, 1));
        assert_eq!(short.acks.iter().sum::<u32>(), 2);
        let long = judge_script(true, &[(9_990, 3), (24_000, 4)]).unwrap().timeline;
        assert_eq!((long.interval_ms, long.acks.len()), (30, 534));
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        for (percent, expected) in [(50, 100.0), (99, 198.0), (100, 200.0)] {
            assert!((percentile(&values, percent) - expected).abs() < 1e-9);
        }
        assert!(percentile(&[], 99).abs() < 1e-9);
        assert!((percentile(&[7.0], 50) - 7.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn any_acks_end_in_figures_or_in_none(
            times in prop::collection::vec((8_000u64..60_000, 0u64..6), 0..200),
            leader: bool,
        ) {
            let mut script = times;
            script.sort_unstable();
            if let Some(figures) = judge_script(leader, &script) {
                prop_assert!(figures.rto_ms >= 0.0);
                prop_assert!(figures.last_ack_before < at(KILLED_AT_MS));
                prop_assert!(figures.first_ack_after >= at(KILLED_AT_MS));
                prop_assert!(figures.timeline.acks.len() <= 600);
                let missing = script.iter().filter(|(_, epoch)| *epoch == 0).count() as u64;
                prop_assert_eq!(figures.lost, missing);
            }
        }
    }
}
