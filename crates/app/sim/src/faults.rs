//! What goes wrong, and which errors it explains.

use std::io::ErrorKind;

use journal::JournalError;
use journal::sim::Injection;
use shard::ShardError;

use crate::chance::Chance;
use crate::depot;
use crate::fault::Fault;
use crate::machine::{Machine, Process};
use crate::monitor::{Fired, Phase, Place};
use crate::scenario::{Scenario, State, chain_of};
use crate::shelf;
use crate::violation::{Invariant, Violation, check};

/// Whether one of these damaged files is a site's.
pub(crate) fn rotten_of(files: &[String], site: usize) -> bool {
    let mine = format!("{site}-");
    files.iter().any(|name| name.starts_with(&mine))
}

impl Scenario<'_> {
    /// One of this run's faults strikes.
    pub(crate) fn strike(&mut self) -> Result<(), Violation> {
        if self.weather.faults.is_empty() {
            return Ok(());
        }
        let at = self.dice.below(self.weather.faults.len());
        let site = self.dice.below(self.sites.len());
        match self.weather.faults[at] {
            Fault::KillInOperation => self.plan(Injection::Kill),
            Fault::PowerLossInOperation => self.plan(Injection::PowerLoss),
            Fault::FailOperation => {
                let kind = self.dice.pick(&[ErrorKind::StorageFull, ErrorKind::Other]);
                self.plan(Injection::Fail(kind));
            }
            Fault::FailRead => {
                let after = self.dice.between(0, 12);
                self.machine.plan_bad_read(site, u32::try_from(after).unwrap_or_default());
            }
            Fault::Kill => {
                self.log(|| format!("site {site} is killed"));
                self.stats.kills += 1;
                self.end(site);
                self.threaten_takeover();
            }
            Fault::PowerLoss => {
                self.log(|| "the power fails".to_owned());
                self.stats.power_losses += 1;
                self.machine.lose_power();
                self.end_all();
                self.threaten_takeover();
            }
            Fault::TightDisk => {
                let room = self.dice.below(6_000);
                self.machine.set_room(Some(room));
                self.tight_until = *self.step + self.dice.between(5, 40);
                self.log(|| format!("the disk has room for {room} bytes"));
            }
            Fault::Pause => {
                if let State::Leader(_) = self.sites[site].state {
                    self.sites[site].paused_until = *self.step + self.dice.between(2, 40);
                    self.stats.pauses += 1;
                    self.log(|| format!("site {site} stands still"));
                }
            }
            Fault::PauseAcrossTakeover => self.pause_across_takeover(),
            Fault::StealLock => _ = self.steal_lock(),
            Fault::Lag => {
                self.sites[site].lags_until = *self.step + self.dice.between(20, 150);
                self.log(|| format!("site {site} falls behind"));
            }
            Fault::Restart => self.restart(site)?,
            Fault::ClockJump => self.jump(site),
            Fault::Loss | Fault::Duplication | Fault::Reordering | Fault::Delay | Fault::Partition => {
                self.disturb(self.weather.faults[at]);
            }
            Fault::JournalRot => self.rot_for_a_while()?,
            Fault::SnapshotRot => self.rot_snapshot(),
            // Bad spots come in groups.
            Fault::ColdRot => (0..self.dice.between(1, 4)).for_each(|_| self.rot_cold()),
        }
        Ok(())
    }

    /// Plans a fault for one of the next operations, each as likely as the others.
    fn plan(&mut self, injection: Injection) {
        let (place, window) = if self.dice.one_in(6) {
            (Place::Snapshots, 8)
        } else {
            (Place::Journal, self.dice.pick(&[6, 16, 48]))
        };
        self.plan_within(place, window, injection, "");
    }

    /// Plans a fault for one of the next `window` operations, unless another one waits or the run must not have such.
    fn plan_within(&mut self, place: Place, window: usize, injection: Injection, purpose: &str) {
        let fault = match injection {
            Injection::Kill => Fault::KillInOperation,
            Injection::PowerLoss => Fault::PowerLossInOperation,
            Injection::Fail(_) => Fault::FailOperation,
        };
        let ahead = self.dice.below(window);
        if !self.machine.has_plan() && !self.weather.without.contains(&fault) {
            self.machine.plan(place, ahead, injection);
            self.log(|| format!("{injection:?} waits {ahead} operations ahead{purpose}"));
        }
    }

    /// The next leader's takeover comes soon: hits one of its operations, every other time.
    fn threaten_takeover(&mut self) {
        if self.dice.flip() {
            return;
        }
        let kinds = [
            Injection::Kill,
            Injection::Kill,
            Injection::PowerLoss,
            Injection::Fail(ErrorKind::Other),
            Injection::Fail(ErrorKind::StorageFull),
        ];
        let injection = self.dice.pick(&kinds);
        self.plan_within(Place::Journal, 16, injection, ", for the takeover");
    }

    /// Several batches are about to be appended with one sync, which is rare: hits one of the operations, every third time.
    pub(crate) fn threaten_group(&mut self) {
        if self.weather.faults.is_empty() || !self.dice.one_in(3) {
            return;
        }
        let injection = self.dice.pick(&[Injection::Kill, Injection::PowerLoss, Injection::PowerLoss]);
        self.plan_within(Place::Journal, 5, injection, ", for the group");
    }

    /// A leader died in the middle of an append, perhaps with records written that are not durable. Every third time the
    /// followers' snapshots come due just now, and the power may fail before the next leader makes the records durable.
    fn hurry_snapshots(&mut self) -> Result<(), Violation> {
        if !self.dice.one_in(3) {
            return Ok(());
        }
        for site in 0..self.sites.len() {
            self.follow(site)?;
            self.take_snapshot(site);
            self.follow(site)?;
        }
        if self.dice.flip() {
            self.machine.forget_plan();
            self.plan_within(Place::Journal, 4, Injection::PowerLoss, ", before the takeover");
        }
        Ok(())
    }

    /// A cold segment is about to be written, which is rare: hits one of the operations, every other time.
    pub(crate) fn threaten_spill(&mut self, site: usize) {
        let is_due = match &self.sites[site].state {
            State::Down { .. } => false,
            State::Follower(follower) => follower.process().cold.has_work(),
            State::Leader(lead) => lead.process().cold.has_work(),
        };
        if !is_due || self.weather.faults.is_empty() || self.dice.flip() {
            return;
        }
        let full = Injection::Fail(ErrorKind::StorageFull);
        let injection = self.dice.pick(&[Injection::Kill, Injection::PowerLoss, full]);
        self.plan_within(Place::Snapshots, 7, injection, ", for the cold segment");
    }

    /// Takes the leader's lock away. Which leader that was.
    fn steal_lock(&mut self) -> Option<usize> {
        let leader = self.sites.iter().position(|site| matches!(site.state, State::Leader(_)))?;
        // A second theft while two already believe that they lead would prove nothing new.
        if self.sites.iter().any(|site| site.lost_lock) {
            return None;
        }
        self.machine.steal_lock();
        self.sites[leader].lost_lock = true;
        self.stats.locks_stolen += 1;
        self.log(|| format!("the lock of site {leader} is taken away"));
        Some(leader)
    }

    /// The leader's process stands still for so long that another one leads; then it goes on where it was.
    fn pause_across_takeover(&mut self) {
        let Some(site) = self.steal_lock() else { return };
        if let State::Leader(lead) = &self.sites[site].state {
            self.sites[site].sleeps_through = Some(lead.epoch());
            self.sites[site].paused_until = *self.step + 150;
            self.log(|| format!("site {site} stands still"));
        }
    }

    /// Something is wrong with a site's line for a while: mostly the leader's.
    fn disturb(&mut self, fault: Fault) {
        let leader = self.working_leaders().next();
        let site = match leader {
            Some(leader) if self.dice.below(4) > 0 => leader,
            _ => self.dice.below(self.sites.len()),
        };
        let longest = if fault == Fault::Partition { 500 } else { 150 };
        let until = *self.step + self.dice.between(10, longest);
        self.network.disturb(site, fault, until);
        self.stats.partitions += u64::from(fault == Fault::Partition);
        self.log(|| format!("{fault:?} on the line of site {site} until step {until}"));
    }

    fn restart(&mut self, site: usize) -> Result<(), Violation> {
        let idle = matches!(&self.sites[site].state, State::Leader(lead) if lead.is_idle());
        if !idle || self.sites[site].lost_lock {
            return Ok(());
        }
        let down = State::Down { until: *self.step + 1 };
        let State::Leader(lead) = std::mem::replace(&mut self.sites[site].state, down) else {
            return Ok(());
        };
        self.log(|| format!("site {site} stops in good order"));
        let (around, _) = self.around();
        let (process, stored) = lead.stop(site, &around);
        self.stats.restarts += 1;
        match stored {
            Ok(()) => {
                self.machine.kill(&process);
                Ok(())
            }
            Err(trouble) => self.trouble(site, &process, trouble),
        }
    }

    pub(crate) fn jump(&mut self, site: usize) {
        let seconds: [i64; 5] = [1, 60, 3_600, 86_400, 31_536_000];
        let size = self.dice.pick(&seconds).saturating_mul(1_000_000_000);
        let jump = if self.dice.flip() { size } else { -size };
        self.sites[site].clock_error = jump;
        self.stats.clock_jumps += 1;
        self.log(|| format!("the clock of site {site} is off by {jump} ns"));
    }

    fn rot_snapshot(&mut self) {
        let Some(name) = self.draw_name(depot::SUFFIX) else { return };
        // Every other time in what says where in the journal it belongs.
        let most = self.dice.pick(&[400, 4_000]);
        let (byte, bit) = (self.dice.below(most), self.dice.below(8));
        if self.machine.flip_bit(Place::Snapshots, &name, byte, bit) {
            self.log(|| format!("bit {bit} of byte {byte} of `{name}` flips"));
            self.rotten_snapshots.push(name);
        }
    }

    fn rot_cold(&mut self) {
        let Some(name) = self.draw_name(shelf::SUFFIX) else { return };
        if self.dice.one_in(3) {
            self.machine.lose(Place::Snapshots, &name);
            self.log(|| format!("`{name}` is lost"));
        } else {
            let (byte, bit) = (self.dice.below(5_000), self.dice.below(8));
            if !self.machine.flip_bit(Place::Snapshots, &name, byte, bit) {
                return;
            }
            self.log(|| format!("bit {bit} of byte {byte} of `{name}` flips"));
        }
        self.stats.cold_rot += 1;
        self.rotten_cold.push(name);
    }

    /// One of the files beside the snapshots whose names end like this.
    fn draw_name(&mut self, suffix: &str) -> Option<String> {
        let mut names = self.machine.names(Place::Snapshots);
        names.retain(|name| name.ends_with(suffix));
        (!names.is_empty()).then(|| names.swap_remove(self.dice.below(names.len())))
    }

    fn end_all(&mut self) {
        (0..self.sites.len()).for_each(|site| self.end(site));
    }

    /// Draws the consequences of a fault that struck inside an operation.
    pub(crate) fn absorb(&mut self) -> Result<(), Violation> {
        self.machine.ask_spy()?;
        // A failed read that nobody minded explains nothing later.
        self.machine.take_bad_read();
        let Some(Fired { place, site, injection, stage }) = self.machine.take_fired() else { return Ok(()) };
        self.log(|| format!("site {site} was hit by {injection:?} in {stage}"));
        match injection {
            Injection::Kill => {
                self.stats.kills += 1;
                self.end(site);
                self.hurry_snapshots()?;
                self.threaten_takeover();
            }
            Injection::PowerLoss => {
                self.stats.power_losses += 1;
                self.machine.lose_power_elsewhere(place);
                self.end_all();
                self.threaten_takeover();
            }
            // The disk takes no cold segment: the transfers stay in memory.
            Injection::Fail(_) if stage.phase == Phase::Spill => self.stats.failures += 1,
            Injection::Fail(_) => {
                self.stats.failures += 1;
                let down = matches!(self.sites[site].state, State::Down { .. });
                check(down, Invariant::NothingUnexpected, || {
                    format!("site {site} went on after {stage} failed")
                })?;
            }
        }
        Ok(())
    }

    /// Checks that an error which ends a site is the doing of an injected fault.
    pub(crate) fn explain(
        &mut self,
        site: usize,
        process: &Process,
        error: &ShardError,
    ) -> Result<(), Violation> {
        let is_io = matches!(
            error,
            ShardError::Journal(JournalError::Io { .. } | JournalError::DiskFull { .. })
                | ShardError::Snapshot(_)
        );
        let is_cold = matches!(error, ShardError::Machine(_));
        let bad_read = self.machine.take_bad_read() == Some(site);
        let fired = self.machine.peek_fired().is_some_and(|fired| fired.site == site);
        let full =
            matches!(error, ShardError::Journal(JournalError::DiskFull { .. })) && self.machine.is_tight;
        let explained = is_io && (!Machine::is_alive(process) || bad_read || fired || full)
            || is_cold && (!Machine::is_alive(process) || bad_read || rotten_of(&self.rotten_cold, site));
        let fenced = matches!(error, ShardError::Journal(JournalError::Fenced { own, current }) if own < current)
            && self.sites[site].lost_lock;
        let rotten = matches!(error, ShardError::Journal(error)
            if self.rot.as_ref().is_some_and(|rot| rot.explains(error)));
        self.stats.rot_stops += u64::from(rotten);
        self.stats.fenced += u64::from(fenced);
        self.stats.disk_full += u64::from(full);
        check(explained || fenced || rotten, Invariant::NothingUnexpected, || {
            format!("site {site} stopped without a fault that explains it: {}", chain_of(error))
        })
    }
}
