//! What becomes of a primary and its standbys when one of them is lost. Pure: what was seen goes in, what to do comes out.
//!
//! Three servers, every commit on two of them: the primary and whichever standby is faster (`ANY 1`). So any two of the three
//! hold everything that was acknowledged. The primary is lost ⇒ both standbys are asked, and the one that has more becomes
//! the primary. One standby is lost ⇒ nothing changes. Only one server is left ⇒ nobody can say that it has everything, and
//! the policy decides whether a *primary* goes on alone; a standby never does.

use serde::{Deserialize, Serialize};

use crate::server::Wal;

/// What the supervisor keeps, durably, between two starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Which server is the primary. All others must not be written to.
    pub primary: usize,
    /// Whether the primary went on without a standby: then it alone has everything.
    pub alone: bool,
}

/// What was seen of one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// It runs and answers.
    pub serves: bool,
    /// It follows the primary: connected, and set up to.
    pub follows: bool,
    /// How far a standby has received the log; only asked when the primary is lost.
    pub received: Option<Wal>,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make sure that the old primary is dead and stays so, then promote this standby.
    Promote(usize),
    /// Start the primary again: nobody else can take its place.
    RestartPrimary,
    /// Start this standby; its data is the primary's.
    Restart(usize),
    /// Copy the primary's data to this server and let it follow.
    Rebuild(usize),
    /// Let the primary go on without a standby. Loud.
    GoAlone,
    /// Let the primary wait for a standby again.
    Rejoin,
}

/// The next step, if one is due; how long a primary may be silent before it counts as lost is the caller's patience. `stale` are
/// the servers whose data is of an older reign, or no good. `busy` are those that are being brought back.
pub fn next(
    memory: &Memory,
    seen: &[Seen],
    stale: &[usize],
    busy: &[usize],
    allow_degraded: bool,
) -> Option<Step> {
    let primary = memory.primary;
    if !seen.get(primary)?.serves {
        return Some(without_primary(memory, seen, stale));
    }
    let others = || (0..seen.len()).filter(|index| *index != primary);
    let following = others().filter(|index| seen[*index].follows).count();
    if memory.alone && following > 0 {
        return Some(Step::Rejoin);
    }
    let is_lost = |index: &usize| !seen[*index].serves || stale.contains(index);
    if following == 0 && allow_degraded && !memory.alone && others().all(|index| is_lost(&index)) {
        return Some(Step::GoAlone);
    }
    // One that cannot be brought back must not keep another one waiting.
    let index = others().find(|index| is_lost(index) && !busy.contains(index))?;
    Some(if stale.contains(&index) { Step::Rebuild(index) } else { Step::Restart(index) })
}

fn without_primary(memory: &Memory, seen: &[Seen], stale: &[usize]) -> Step {
    let primary = memory.primary;
    let standbys = || (0..seen.len()).filter(|index| *index != primary && !stale.contains(index));
    let received: Vec<(Wal, usize)> =
        standbys().filter_map(|index| Some((seen[index].received?, index))).collect();
    // Every acknowledged commit is on the primary and on one of the standbys: all of them must have been asked.
    let everybody = seen.len() - 1;
    match received.iter().max() {
        Some((_, best)) if !memory.alone && received.len() == everybody => Step::Promote(*best),
        _ => Step::RestartPrimary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: Seen = Seen { serves: true, follows: true, received: None };
    const DOWN: Seen = Seen { serves: false, follows: false, received: None };

    fn standby(received: u64) -> Seen {
        Seen { serves: true, follows: false, received: Some(Wal(received)) }
    }

    fn memory(alone: bool) -> Memory {
        Memory { primary: 0, alone }
    }

    #[test]
    fn the_standby_that_has_more_takes_the_primarys_place() {
        let seen = [DOWN, standby(100), standby(200)];
        assert_eq!(next(&memory(false), &seen, &[], &[], false), Some(Step::Promote(2)));
        let seen = [DOWN, standby(201), standby(200)];
        assert_eq!(next(&memory(false), &seen, &[], &[], false), Some(Step::Promote(1)));
    }

    #[test]
    fn nobody_is_promoted_who_may_lack_what_was_acknowledged() {
        // The standby that is away may be the one that acknowledged.
        assert_eq!(
            next(&memory(false), &[DOWN, standby(100), DOWN], &[], &[], true),
            Some(Step::RestartPrimary)
        );
        // Its data is of an older reign.
        assert_eq!(
            next(&memory(false), &[DOWN, standby(100), standby(900)], &[2], &[], true),
            Some(Step::RestartPrimary)
        );
        // The primary went on alone, so the standbys lack what it did.
        assert_eq!(
            next(&memory(true), &[DOWN, standby(1), standby(1)], &[], &[], true),
            Some(Step::RestartPrimary)
        );
    }

    #[test]
    fn one_lost_standby_changes_nothing_but_itself() {
        assert_eq!(next(&memory(false), &[UP, UP, DOWN], &[], &[], true), Some(Step::Restart(2)));
        assert_eq!(next(&memory(false), &[UP, UP, DOWN], &[2], &[], false), Some(Step::Rebuild(2)));
        assert_eq!(next(&memory(false), &[UP, UP, UP], &[], &[], false), None);
        assert_eq!(next(&memory(false), &[UP, DOWN, DOWN], &[], &[1], false), Some(Step::Restart(2)));
        assert_eq!(next(&memory(false), &[UP, DOWN, UP], &[], &[1], true), None);
    }

    #[test]
    fn only_the_policy_lets_a_primary_go_on_alone_and_a_standby_ends_that() {
        assert_eq!(next(&memory(false), &[UP, DOWN, DOWN], &[], &[], false), Some(Step::Restart(1)));
        assert_eq!(next(&memory(false), &[UP, DOWN, DOWN], &[], &[], true), Some(Step::GoAlone));
        assert_eq!(next(&memory(true), &[UP, DOWN, DOWN], &[], &[], true), Some(Step::Restart(1)));
        assert_eq!(next(&memory(true), &[UP, UP, DOWN], &[], &[], true), Some(Step::Rejoin));
    }
}
