//! The timestamps of two servers that were asked the same, matched by their order.

use std::collections::BTreeMap;

/// Which timestamp of ours is which of theirs.
///
/// Both servers stamp by their own clock. So equal records have different timestamps; but each timestamp of theirs
/// belongs to one of ours, and both sides have them in the same order.
#[derive(Default)]
pub(crate) struct Clocks {
    theirs: BTreeMap<u64, u64>,
    ours: BTreeMap<u64, u64>,
}

impl Clocks {
    /// Learns that `theirs` is `ours`.
    ///
    /// Errors: it cannot be, by what was learned before.
    pub(crate) fn learn(&mut self, theirs: u64, ours: u64) -> Result<(), String> {
        match (self.theirs.get(&theirs), self.ours.get(&ours)) {
            (Some(known), _) if *known == ours => return Ok(()),
            (Some(known), _) => return Err(format!("their {theirs} is our {known}, and not {ours}")),
            (_, Some(known)) => return Err(format!("our {ours} is their {known}, and not {theirs}")),
            (None, None) => {}
        }
        let below = self.theirs.range(..theirs).next_back();
        let above = self.theirs.range(theirs..).next();
        if below.is_some_and(|(_, below)| *below >= ours) || above.is_some_and(|(_, above)| *above <= ours) {
            return Err(format!("their {theirs} is our {ours}: that is another order"));
        }
        self.theirs.insert(theirs, ours);
        self.ours.insert(ours, theirs);
        Ok(())
    }

    /// How many are known.
    pub(crate) fn len(&self) -> usize {
        self.theirs.len()
    }

    /// Some pair from `from` on, theirs and ours, by a number that is drawn.
    pub(crate) fn pick(&self, from: u64, drawn: usize) -> Option<(u64, u64)> {
        let known = self.theirs.range(from..);
        let count = known.clone().count();
        known.map(|(theirs, ours)| (*theirs, *ours)).nth(drawn.checked_rem(count)?)
    }
}

#[test]
fn timestamps_are_matched_by_their_order() {
    let mut clocks = Clocks::default();
    assert_eq!(clocks.learn(10, 110), Ok(()));
    assert_eq!(clocks.learn(30, 130), Ok(()));
    assert_eq!(clocks.learn(10, 110), Ok(()));
    assert!(clocks.learn(10, 111).is_err() && clocks.learn(11, 110).is_err());
    assert!(
        clocks.learn(20, 105).is_err() && clocks.learn(20, 131).is_err() && clocks.learn(5, 120).is_err()
    );
    assert_eq!(clocks.learn(20, 111), Ok(()));
    assert_eq!((clocks.len(), clocks.pick(11, 3)), (3, Some((30, 130))));
}
