//! One run: sites, clients and faults, a step at a time.

use std::collections::BTreeSet;

use ids::{Epoch, Timestamp};
use journal::Options;
use journal::sim::Dice;
use shard::{ShardError, SnapshotError};

use crate::chance::Chance;
use crate::clients::Clients;
use crate::fault::Fault;
use crate::faults::rotten_of;
use crate::gateway::Sendings;
use crate::machine::{Machine, Process};
use crate::monitor::Phase;
use crate::mutant::Mutant;
use crate::network::Network;
use crate::rot::Rot;
use crate::run::Twist;
use crate::site::{Follower, Lead, Started, Surroundings, Trouble};
use crate::stats::Stats;
use crate::trace::Trace;
use crate::violation::{Invariant, Violation, check};
use crate::weather::{Weather, draw_cold};
use crate::witness::Witness;
use crate::workload::Workload;

/// The clock at the start of every run: some day in 2026.
const START: u64 = 1_780_000_000_000_000_000;
const NS_PER_MS: u64 = 1_000_000;

/// What a site is doing.
pub(crate) enum State {
    /// Its process has ended; the supervisor starts another at this step.
    Down {
        until: usize,
    },
    Follower(Box<Follower>),
    Leader(Box<Lead>),
}

/// A site and what is wrong with it.
pub(crate) struct Site {
    pub(crate) state: State,
    /// How far its clock is off, in nanoseconds.
    pub(crate) clock_error: i64,
    /// It does not read before this step.
    pub(crate) lags_until: usize,
    /// It stands still until this step.
    pub(crate) paused_until: usize,
    /// It stands still until another site leads a later epoch than this one.
    pub(crate) sleeps_through: Option<Epoch>,
    /// Somebody took its lock away.
    pub(crate) lost_lock: bool,
}

/// One run.
pub(crate) struct Scenario<'t> {
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) machine: Machine,
    pub(crate) sites: Vec<Site>,
    pub(crate) clients: Clients,
    pub(crate) network: Network,
    pub(crate) sendings: Sendings,
    pub(crate) workload: Workload,
    pub(crate) witness: Witness,
    pub(crate) stats: Stats,
    pub(crate) step: &'t mut usize,
    pub(crate) rotten_snapshots: Vec<String>,
    pub(crate) rotten_cold: Vec<String>,
    /// Sites whose snapshots and cold segments an operator has removed.
    pub(crate) cleared: BTreeSet<usize>,
    /// The damage in the journal, while it lasts.
    pub(crate) rot: Option<Rot>,
    /// The step at which the disk has room again.
    pub(crate) tight_until: usize,
    pub(crate) mutant: Option<Mutant>,
    pub(crate) trace: &'t mut Trace,
    now: u64,
}

impl<'t> Scenario<'t> {
    pub(crate) fn new(seed: u64, twist: &Twist, trace: &'t mut Trace, step: &'t mut usize) -> Self {
        let mutant = twist.mutant;
        let mut dice = Dice::new(seed);
        let weather = Weather::draw(&mut dice, &twist.without);
        let machine = Machine::new(dice.roll(), dice.roll(), mutant);
        let workload = Workload::new(dice.roll(), weather.is_heavy);
        let site = || Site {
            state: State::Down { until: 0 },
            clock_error: 0,
            lags_until: 0,
            paused_until: 0,
            sleeps_through: None,
            lost_lock: false,
        };
        let network = Network::new(weather.sites);
        let sites = (0..weather.sites).map(|_| site()).collect();
        trace.log(0, || format!("{weather:?}"));
        Self {
            dice,
            weather,
            machine,
            sites,
            clients: Clients::default(),
            network,
            sendings: Sendings::default(),
            workload,
            witness: Witness::default(),
            stats: Stats::default(),
            step,
            rotten_snapshots: Vec::new(),
            rotten_cold: Vec::new(),
            cleared: BTreeSet::new(),
            rot: None,
            tight_until: 0,
            mutant,
            trace,
            now: START,
        }
    }

    /// Runs the whole scenario: the work and the faults, the way back to service, and the audit.
    pub(crate) fn run(&mut self) -> Result<(), Violation> {
        while *self.step < self.weather.steps {
            *self.step += 1;
            self.now += self.dice.number(20 * NS_PER_MS);
            self.supervise()?;
            self.deliver()?;
            self.lose_patience();
            if self.dice.one_in(self.weather.calm) {
                self.strike()?;
            }
            self.act()?;
            self.absorb()?;
        }
        self.calm_down()?;
        self.audit()?;
        if self.weather.rots { self.rot_for_good() } else { Ok(()) }
    }

    fn act(&mut self) -> Result<(), Violation> {
        let site = self.dice.below(self.sites.len());
        if self.dice.flip() {
            self.spill(site);
            self.absorb()?;
        }
        if self.weather.is_busy && self.dice.flip() {
            return self.pump();
        }
        match self.dice.below(100) {
            0..=27 => self.ask(),
            28..=39 => self.forward()?,
            40..=51 => self.on_leaders(Self::form_batches)?,
            // Large appends take their time: the leader goes on meanwhile.
            52..=61 if self.weather.is_heavy => {}
            52..=63 => self.on_leaders(Self::append)?,
            64..=71 => self.on_leaders(Self::tell)?,
            72..=74 => self.on_leaders(Self::look)?,
            75..=87 => self.follow(site)?,
            88..=94 => self.try_lead(site)?,
            95..=98 => self.take_snapshot(site),
            _ => self.now += self.dice.number(30 * Timestamp::NS_PER_S),
        }
        Ok(())
    }

    /// Moves the whole pipeline once.
    fn pump(&mut self) -> Result<(), Violation> {
        self.ask();
        self.forward()?;
        self.on_leaders(Self::form_batches)?;
        self.on_leaders(Self::append)?;
        self.on_leaders(Self::tell)
    }

    pub(crate) fn log(&mut self, text: impl FnOnce() -> String) {
        self.trace.log(*self.step, text);
    }

    /// Splits off what a site's steps work with.
    pub(crate) fn around(&mut self) -> (Surroundings<'_>, &mut [Site]) {
        let around = Surroundings {
            machine: &self.machine,
            witness: &mut self.witness,
            options: Options { segment_bytes_max: self.weather.segment_bytes_max },
            mutant: self.mutant,
        };
        (around, &mut self.sites)
    }

    /// The clock of a site.
    fn clock(&self, site: usize) -> Timestamp {
        Timestamp(self.now.saturating_add_signed(self.sites[site].clock_error))
    }

    /// The supervisor: starts what has ended and gives up on leaders that stood still for too long.
    pub(crate) fn supervise(&mut self) -> Result<(), Violation> {
        if self.machine.is_tight && *self.step >= self.tight_until {
            self.machine.set_room(None);
            self.log(|| "the disk has room again".to_owned());
        }
        self.repair_journal(false);
        for site in 0..self.sites.len() {
            if matches!(self.sites[site].state, State::Down { until } if *self.step >= until) {
                self.start(site)?;
            }
            self.wake(site);
        }
        Ok(())
    }

    /// Ends a pause whose time has come: the supervisor kills the site, or it goes on.
    fn wake(&mut self, site: usize) {
        let Site { paused_until, sleeps_through, .. } = self.sites[site];
        if let Some(own) = sleeps_through
            && self.witness.epoch() > own
        {
            // A while after the takeover: the new leader has something to lose.
            self.sites[site].sleeps_through = None;
            self.sites[site].paused_until = *self.step + self.dice.between(1, 40);
            self.stats.pauses_across += 1;
            self.log(|| format!("another one leads while site {site} stands still"));
            return;
        }
        if paused_until == 0 || *self.step < paused_until {
            return;
        }
        self.sites[site].paused_until = 0;
        self.sites[site].sleeps_through = None;
        if self.sites[site].lost_lock || self.dice.flip() {
            self.log(|| format!("site {site} goes on"));
        } else {
            self.log(|| format!("site {site} stood still for too long and is killed"));
            self.end(site);
        }
    }

    fn start(&mut self, site: usize) -> Result<(), Violation> {
        let options = if self.dice.one_in(4) {
            draw_cold(&mut self.dice, self.weather.is_heavy)
        } else {
            self.weather.cold
        };
        let process = self.machine.start(site, options);
        let (around, _) = self.around();
        match Follower::start(site, process, &around) {
            Ok((follower, Started { from, refused })) => {
                let bad_read = self.machine.take_bad_read() == Some(site);
                for (name, error) in refused {
                    let cold = matches!(&error, SnapshotError::Machine { reason } if reason.contains("cold"));
                    let explained = self.rotten_snapshots.contains(&name)
                        // A power failure brings back a snapshot that was removed before the site was cleared.
                        || cold && (bad_read || self.cleared.contains(&site) || rotten_of(&self.rotten_cold, site));
                    check(explained, Invariant::NothingUnexpected, || {
                        format!("site {site} cannot use snapshot `{name}`, which nobody damaged: {error}")
                    })?;
                    self.stats.snapshots_refused += 1;
                }
                self.stats.starts += 1;
                self.stats.starts_from_snapshot += u64::from(from.0 > 0);
                self.log(|| format!("site {site} starts from record {from}"));
                self.sites[site].state = State::Follower(Box::new(follower));
                Ok(())
            }
            Err((process, trouble)) => self.trouble(site, &process, *trouble),
        }
    }

    /// The sites that lead and do not stand still.
    pub(crate) fn working_leaders(&self) -> impl Iterator<Item = usize> {
        let leads = |site: &Site| matches!(site.state, State::Leader(_)) && site.paused_until == 0;
        self.sites.iter().enumerate().filter(move |(_, site)| leads(site)).map(|(number, _)| number)
    }

    pub(crate) fn on_leaders(
        &mut self,
        mut act: impl FnMut(&mut Self, usize) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        let leaders: Vec<usize> = self.working_leaders().collect();
        // A fault in what one does may end the others.
        leaders.into_iter().try_for_each(|site| act(self, site).and_then(|()| self.absorb()))
    }

    pub(crate) fn form_batches(&mut self, site: usize) -> Result<(), Violation> {
        let clock = self.clock(site);
        // Now and then the clock shows the very nanosecond at which something expires.
        let on_the_dot = self.dice.one_in(10);
        let (mut around, sites) = self.around();
        let State::Leader(lead) = &mut sites[site].state else { return Ok(()) };
        let expiry = lead.leader.replica().machine().ledger().next_expiry();
        // Time moves on to it, for everybody.
        let wait = expiry.filter(|_| on_the_dot).map_or(0, |expiry| expiry.0.saturating_sub(clock.0));
        let formed = lead.form_batches(Timestamp(clock.0 + wait), &mut around);
        self.now += wait;
        if let Some(formed) = self.settle(site, formed)?
            && formed > 0
        {
            self.log(|| format!("site {site} forms {formed} batches"));
        }
        Ok(())
    }

    pub(crate) fn append(&mut self, site: usize) -> Result<(), Violation> {
        let most = self.dice.between(1, 4);
        if matches!(&self.sites[site].state, State::Leader(lead) if lead.waiting_batches().min(most) > 1) {
            self.threaten_group();
        }
        let (mut around, sites) = self.around();
        let State::Leader(lead) = &mut sites[site].state else { return Ok(()) };
        let appended = lead.append(most, &mut around);
        if let Some(appended) = self.settle(site, appended)?
            && appended > 0
        {
            self.stats.batches += appended as u64;
            self.stats.groups += u64::from(appended > 1);
            self.log(|| format!("site {site} appends {appended} batches"));
        }
        Ok(())
    }

    pub(crate) fn follow(&mut self, site: usize) -> Result<(), Violation> {
        if *self.step < self.sites[site].lags_until {
            return Ok(());
        }
        let most = self.dice.between(1, 64);
        let (mut around, sites) = self.around();
        let State::Follower(follower) = &mut sites[site].state else { return Ok(()) };
        let applied = follower.follow(site, most, &mut around);
        if let Some(applied) = self.settle(site, applied)?
            && applied > 0
        {
            self.log(|| format!("site {site} follows {applied} records"));
        }
        Ok(())
    }

    pub(crate) fn take_snapshot(&mut self, site: usize) {
        if let State::Follower(follower) = &mut self.sites[site].state {
            follower.take_snapshot();
            self.log(|| format!("site {site} takes a snapshot"));
        }
    }

    /// The thread that writes a site's cold segments does what it was ordered. If it fails, its transfers stay in memory.
    fn spill(&mut self, site: usize) {
        self.threaten_spill(site);
        let (process, replica) = match &mut self.sites[site].state {
            State::Down { .. } => return,
            State::Follower(follower) => follower.parts_mut(),
            State::Leader(lead) => lead.parts_mut(),
        };
        self.machine.enter(Phase::Spill);
        let worked = process.cold.work();
        if Machine::is_alive(process) {
            replica.maintain();
        }
        if let Ok(true) = worked {
            self.stats.cold_segments += 1;
            self.log(|| format!("site {site} writes a cold segment"));
        }
    }

    pub(crate) fn try_lead(&mut self, site: usize) -> Result<(), Violation> {
        if !matches!(self.sites[site].state, State::Follower(_)) {
            return Ok(());
        }
        let down = State::Down { until: *self.step + 1 };
        let State::Follower(follower) = std::mem::replace(&mut self.sites[site].state, down) else {
            return Ok(());
        };
        let (mut around, _) = self.around();
        match follower.try_lead(&format!("site-{site}"), &mut around) {
            Ok(Ok(lead)) => {
                let (epoch, seq) = (lead.epoch(), lead.leader.replica().seq());
                self.stats.epochs += 1;
                self.log(|| format!("site {site} leads epoch {epoch} from record {seq}"));
                self.sites[site].lost_lock = false;
                self.sites[site].state = State::Leader(Box::new(lead));
                if self.weather.has(Fault::ClockJump) && self.dice.one_in(3) {
                    self.jump(site);
                    self.stats.clock_jumps_at_takeover += 1;
                }
                Ok(())
            }
            Ok(Err(follower)) => {
                self.sites[site].state = State::Follower(Box::new(follower));
                Ok(())
            }
            Err((process, trouble)) => self.trouble(site, &process, *trouble),
        }
    }

    /// Judges what a site's step came to. A site that must end ends.
    fn settle<T>(&mut self, site: usize, result: Result<T, Trouble>) -> Result<Option<T>, Violation> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(trouble) => {
                let down = State::Down { until: *self.step + 1 };
                match std::mem::replace(&mut self.sites[site].state, down) {
                    State::Follower(follower) => self.trouble(site, follower.process(), trouble)?,
                    State::Leader(lead) => self.trouble(site, lead.process(), trouble)?,
                    State::Down { .. } => {}
                }
                Ok(None)
            }
        }
    }

    /// Ends a process that cannot go on, if an injected fault explains why.
    pub(crate) fn trouble(
        &mut self,
        site: usize,
        process: &Process,
        trouble: Trouble,
    ) -> Result<(), Violation> {
        let error = match trouble {
            Trouble::Broken(violation) => return Err(violation),
            Trouble::Stop(error) => error,
        };
        self.explain(site, process, &error)?;
        self.log(|| format!("site {site} ends: {}", chain_of(&error)));
        self.machine.kill(process);
        if let ShardError::Machine(_) = error {
            // The operator does what the error's page says.
            self.machine.clear(site);
            self.rotten_cold.retain(|name| !rotten_of(std::slice::from_ref(name), site));
            self.cleared.insert(site);
            self.stats.cold_stops += 1;
        }
        self.went_down(site);
        Ok(())
    }

    /// Ends the process of a site from outside.
    pub(crate) fn end(&mut self, site: usize) {
        match &self.sites[site].state {
            State::Down { .. } => return,
            State::Follower(follower) => self.machine.kill(follower.process()),
            State::Leader(lead) => self.machine.kill(lead.process()),
        }
        self.went_down(site);
    }

    fn went_down(&mut self, site: usize) {
        let until = *self.step + self.dice.between(1, 12);
        let paused_until = 0;
        let Site { clock_error, lags_until, .. } = self.sites[site];
        self.sites[site] = Site {
            state: State::Down { until },
            clock_error,
            lags_until,
            paused_until,
            sleeps_through: None,
            lost_lock: false,
        };
        self.network.site_ended(site);
        self.clients.site_ended(site);
        self.stats.ends += 1;
    }
}

/// An error and its causes in one line.
pub(crate) fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
