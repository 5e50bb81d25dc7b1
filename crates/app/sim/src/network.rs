//! The lines between the gateway and the sites. What is sent may be lost, doubled, delayed, overtaken, or held until a cut
//! line heals; while nothing is wrong it arrives at once and in order.

use journal::sim::Dice;

use crate::chance::Chance;
use crate::clients::Answer;
use crate::fault::Fault;
use crate::stats::Stats;

/// What travels.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    /// A request on its way to a site: which, and which sending of it this is; the first is number 1.
    Request { number: usize, sending: u32 },
    /// A site does not lead and gives a request back.
    Refusal { number: usize },
    /// What a leader answered.
    Answer { number: usize, answer: Answer },
}

impl Parcel {
    fn is_to_site(&self) -> bool {
        matches!(self, Self::Request { .. })
    }
}

#[derive(Debug)]
struct Flight {
    /// The step at which it arrives.
    due: usize,
    /// The order in which parcels were sent.
    sent: u64,
    site: usize,
    parcel: Parcel,
}

/// What is wrong with a line, and until which step.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    lossy: usize,
    doubling: usize,
    shuffling: usize,
    slow: usize,
    cut: usize,
}

/// The lines to all sites.
#[derive(Debug)]
pub(crate) struct Network {
    lines: Vec<Line>,
    flying: Vec<Flight>,
    sent: u64,
}

impl Network {
    pub(crate) fn new(sites: usize) -> Self {
        Self { lines: vec![Line::default(); sites], flying: Vec::new(), sent: 0 }
    }

    /// From now on and until a step something is wrong with a site's line. Other faults are none of its business.
    pub(crate) fn disturb(&mut self, site: usize, fault: Fault, until: usize) {
        let line = &mut self.lines[site];
        match fault {
            Fault::Loss => line.lossy = until,
            Fault::Duplication => line.doubling = until,
            Fault::Reordering => line.shuffling = until,
            Fault::Delay => line.slow = until,
            Fault::Partition => line.cut = until,
            _ => {}
        }
    }

    /// The lines are whole again; what is on its way arrives now.
    pub(crate) fn heal(&mut self, step: usize) {
        self.lines.fill(Line::default());
        self.flying.iter_mut().for_each(|flight| flight.due = flight.due.min(step));
    }

    /// Sends a parcel to or from a site.
    pub(crate) fn send(
        &mut self,
        step: usize,
        site: usize,
        parcel: &Parcel,
        dice: &mut Dice,
        stats: &mut Stats,
    ) {
        let line = self.lines[site];
        if step < line.lossy && dice.one_in(3) {
            stats.messages_lost += 1;
            return;
        }
        let copies = if step < line.doubling && dice.one_in(3) { 2 } else { 1 };
        stats.messages_doubled += copies - 1;
        for _ in 0..copies {
            let mut delay = 0;
            if step < line.slow {
                delay += dice.between(20, 250);
                stats.messages_delayed += 1;
            }
            let mut due = step + delay;
            if step < line.shuffling {
                let most = dice.pick(&[3, 30, 200]);
                due += dice.below(most);
            } else {
                // In order: nothing overtakes what was sent before it.
                due = due.max(self.latest(site, parcel));
            }
            self.sent += 1;
            self.flying.push(Flight { due, sent: self.sent, site, parcel: parcel.clone() });
        }
    }

    /// When the last parcel on the same line in the same direction arrives.
    fn latest(&self, site: usize, parcel: &Parcel) -> usize {
        let same =
            |flight: &&Flight| flight.site == site && flight.parcel.is_to_site() == parcel.is_to_site();
        self.flying.iter().filter(same).map(|flight| flight.due).max().unwrap_or_default()
    }

    /// What arrives now, in order. Nothing arrives at a site that `is_still`, or over a line that is cut.
    pub(crate) fn arrivals(
        &mut self,
        step: usize,
        is_still: impl Fn(usize) -> bool,
        stats: &mut Stats,
    ) -> Vec<(usize, Parcel)> {
        let (lines, mut arrived) = (&self.lines, Vec::new());
        let arrives = |flight: &Flight| {
            let waits = flight.parcel.is_to_site() && is_still(flight.site);
            flight.due <= step && lines[flight.site].cut <= step && !waits
        };
        for flight in std::mem::take(&mut self.flying) {
            if arrives(&flight) { arrived.push(flight) } else { self.flying.push(flight) }
        }
        arrived.sort_unstable_by_key(|flight| (flight.due, flight.sent));
        for flight in &arrived {
            let is_earlier = |other: &&Flight| {
                other.site == flight.site
                    && other.sent < flight.sent
                    && other.parcel.is_to_site() == flight.parcel.is_to_site()
            };
            stats.messages_overtaking += u64::from(self.flying.iter().any(|other| is_earlier(&other)));
        }
        arrived.into_iter().map(|flight| (flight.site, flight.parcel)).collect()
    }

    /// A site's process has ended, and its connections with it. What it had already sent may still arrive.
    pub(crate) fn site_ended(&mut self, site: usize) {
        self.flying.retain(|flight| flight.site != site || !flight.parcel.is_to_site());
    }
}
