//! The newest events, for readers at the end of the feed.

use std::collections::VecDeque;
use std::sync::Arc;

use ids::Seq;

use super::Place;
use super::event::FeedEvent;
use super::source::Told;

/// Changes that are kept: some 10 MB.
const CHANGES_MAX: usize = 16_384;
/// Batches that are kept, those without changes included.
const BATCHES_MAX: usize = 4_096;

/// A stretch of the feed without gaps.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// The events of each batch from `first` on. The last one may lack parts.
    batches: VecDeque<Vec<Arc<FeedEvent>>>,
    first: Seq,
    /// Where it goes on; nothing before it has begun.
    end: Option<Place>,
    changes: usize,
}

/// What is known of a place.
#[derive(Debug)]
pub(super) enum Known {
    /// The event there.
    Event(Arc<FeedEvent>),
    /// The batch there has no changes, or none after those before.
    Unchanged,
    /// The stretch ends there.
    End,
    /// The place lies before the stretch.
    Older,
    /// The place lies beyond the stretch, or there is none.
    Nothing,
}

impl Recent {
    /// Begins anew at `place`.
    pub(super) fn begin(&mut self, place: Place) {
        *self = Self { first: place.seq, end: Some(place), ..Self::default() };
        if place.part > 0 {
            // Of the parts before nothing is known, so nobody who asks for them may find the batch here.
            self.first = place.seq.next();
        }
    }

    pub(super) fn known(&self, place: Place) -> Known {
        let Some(end) = self.end else { return Known::Nothing };
        if place >= end {
            return if place == end { Known::End } else { Known::Nothing };
        }
        let Some(index) = place.seq.0.checked_sub(self.first.0) else { return Known::Older };
        let events = usize::try_from(index).ok().and_then(|index| self.batches.get(index));
        match events.map(|events| events.get(place.part as usize)) {
            Some(Some(event)) => Known::Event(Arc::clone(event)),
            Some(None) => Known::Unchanged,
            None => Known::Older,
        }
    }

    /// Takes in what follows at the end.
    pub(super) fn push(&mut self, told: &Told) {
        let Some(end) = &mut self.end else { return };
        let seq = match told {
            Told::Event(event) => {
                *end = Place::after(event.place());
                Seq(event.place().seq)
            }
            Told::Unchanged(seq) => {
                *end = Place::before(seq.next());
                *seq
            }
            Told::Nothing => return,
        };
        if seq < self.first {
            return;
        }
        if self.first.0 + self.batches.len() as u64 == seq.0 {
            self.batches.push_back(Vec::new());
        }
        if let (Told::Event(event), Some(events)) = (told, self.batches.back_mut()) {
            self.changes += event.changes().changes.len();
            events.push(Arc::clone(event));
        }
        while (self.changes > CHANGES_MAX && self.batches.len() > 1) || self.batches.len() > BATCHES_MAX {
            let Some(events) = self.batches.pop_front() else { return };
            self.changes -= events.iter().map(|event| event.changes().changes.len()).sum::<usize>();
            self.first = self.first.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use ids::Timestamp;
    use ledger_api::BatchChanges;

    use super::*;

    fn told(seq: u64, part: u32, parts: u32) -> Told {
        let changes = BatchChanges {
            shard: "bank".to_owned(),
            seq,
            epoch: 1,
            part,
            parts,
            timestamp: Timestamp(seq),
            changes: Vec::new(),
        };
        Told::Event(Arc::new(FeedEvent::new(changes)))
    }

    fn known(recent: &Recent, seq: u64, part: u32) -> String {
        match recent.known(Place { seq: Seq(seq), part }) {
            Known::Event(event) => event.id(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_stretch_knows_its_places() {
        let mut recent = Recent::default();
        assert_eq!(known(&recent, 1, 0), "Nothing");
        recent.begin(Place::before(Seq(5)));
        for told in [told(5, 1, 1), Told::Unchanged(Seq(6)), told(7, 1, 2)] {
            recent.push(&told);
        }
        let all = [(4, 0), (5, 0), (5, 1), (6, 0), (7, 0), (7, 1), (8, 0)];
        let before = all.map(|(seq, part)| known(&recent, seq, part));
        assert_eq!(before, ["Older", "bank/5", "Unchanged", "Unchanged", "bank/7.1", "End", "Nothing"]);
        recent.push(&told(7, 2, 2));
        assert_eq!([known(&recent, 7, 1), known(&recent, 8, 0)], ["bank/7", "End"]);
    }

    /// A reader who resumes in the middle of a batch must not hide its beginning from others.
    #[test]
    fn a_stretch_that_begins_inside_a_batch_does_not_know_that_batch() {
        let mut recent = Recent::default();
        recent.begin(Place { seq: Seq(5), part: 1 });
        assert_eq!([known(&recent, 5, 0), known(&recent, 5, 1)], ["Older", "End"]);
        recent.push(&told(5, 2, 2));
        recent.push(&told(6, 1, 1));
        let all = [(5, 0), (5, 1), (6, 0), (7, 0)].map(|(seq, part)| known(&recent, seq, part));
        assert_eq!(all, ["Older", "Older", "bank/6", "End"]);
    }

    #[test]
    fn a_stretch_is_bounded() {
        let mut recent = Recent::default();
        recent.begin(Place::before(Seq(1)));
        let batches = BATCHES_MAX as u64 + 10;
        (1..=batches).for_each(|seq| recent.push(&Told::Unchanged(Seq(seq))));
        assert_eq!(recent.batches.len(), BATCHES_MAX);
        assert_eq!([known(&recent, 10, 0), known(&recent, 11, 0)], ["Older", "Unchanged"]);
        assert_eq!(known(&recent, batches + 1, 0), "End");
    }
}
