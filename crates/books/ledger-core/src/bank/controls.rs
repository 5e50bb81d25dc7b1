//! The tree of accounts: control accounts show the sum of the accounts below them.

use std::collections::BTreeMap;

use super::Placement;
use crate::accounts::IS_CONTROL;
use crate::search::{Found, SEARCH_RECORDS_MAX, page};
use crate::status::DeclarationStatus as Status;
use crate::transfers::NONE;
use crate::wire::Account;
use crate::{Ledger, TrialBalanceLine};

/// The most accounts above each other.
const DEPTH_MAX: usize = 8;

/// The most control accounts.
const CONTROLS_MAX: usize = 10_000;

/// The control accounts by number. An account whose last one leaves is an ordinary account again.
#[derive(Default)]
pub(crate) struct Controls(BTreeMap<u32, Node>);

/// What stands directly below a control account.
#[derive(Clone, Copy, Default)]
struct Node {
    accounts: u32,
    /// Those that are control accounts, by their [`levels`](Self::levels).
    controls: [u32; DEPTH_MAX],
}

impl Node {
    /// How many levels stand below; 0 for an account that is no control account.
    fn levels(&self) -> usize {
        let highest = self.controls.iter().rposition(|controls| *controls > 0).unwrap_or(0);
        if self.accounts == 0 { 0 } else { highest + 1 }
    }

    /// A control account below has other levels than before; 0 if it is or was an ordinary account.
    fn recount(&mut self, before: usize, after: usize) {
        for (levels, change) in [(before, u32::MAX), (after, 1)] {
            if levels > 0 {
                self.controls[levels] = self.controls[levels].wrapping_add(change);
            }
        }
    }
}

/// A control account and what stands below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlAccount {
    /// The account itself. Its own sums are zero.
    pub account: Account,
    /// The control account above it.
    pub above: Option<u128>,
    /// How many accounts stand directly below it.
    pub below: u32,
    /// The sum of all accounts below it, at any depth; `accounts` counts those that are no control accounts.
    pub line: TrialBalanceLine,
}

impl Ledger {
    /// The number of the control account above an account, or [`NONE`].
    fn above(&self, number: u32) -> u32 {
        self.accounts.groups().get(self.accounts.get(number).group).control
    }

    /// An account and all those above it.
    fn upwards(&self, number: u32) -> impl Iterator<Item = u32> {
        let next = |number: &u32| Some(self.above(*number)).filter(|above| *above != NONE);
        std::iter::successors(Some(number), next)
    }

    /// How many levels stand below an account.
    fn levels_below(&self, number: u32) -> usize {
        self.bank.controls.0.get(&number).map_or(0, Node::levels)
    }

    /// Puts an account below another one, or below none.
    pub(crate) fn place(&mut self, placement: &Placement) -> Status {
        if placement.reserved != [0; 96] {
            return Status::ReservedField;
        }
        let Some(number) = self.accounts.find(placement.account) else { return Status::AccountNotFound };
        let before = self.above(number);
        let control = match placement.control {
            0 => NONE,
            id => match self.accounts.find(id) {
                None => return Status::ControlNotFound,
                Some(control) => control,
            },
        };
        if control == before {
            return Status::Exists;
        }
        if control != NONE
            && let Err(status) = self.judge_control(number, control)
        {
            return status;
        }
        self.accounts.regroup(number, control);
        let levels = self.levels_below(number);
        self.leave(before, levels);
        self.join(control, levels);
        Status::Created
    }

    fn judge_control(&self, number: u32, control: u32) -> Result<(), Status> {
        let (account, above) = (self.accounts.get(number), self.accounts.get(control));
        if !self.accounts.share_a_ledger(account, above) {
            return Err(Status::ControlHasDifferentLedger);
        }
        if self.upwards(control).any(|above| above == number) {
            return Err(Status::ControlIsBelowAccount);
        }
        if !above.is_unused() {
            return Err(Status::ControlHasTransfers);
        }
        if self.upwards(control).count() + self.levels_below(number) >= DEPTH_MAX {
            return Err(Status::TreeTooDeep);
        }
        let controls = &self.bank.controls.0;
        if controls.len() >= CONTROLS_MAX && !controls.contains_key(&control) {
            return Err(Status::TooManyControls);
        }
        Ok(())
    }

    /// An account with so many levels below it has come below `control`.
    fn join(&mut self, control: u32, levels: usize) {
        if control == NONE {
            return;
        }
        let node = self.bank.controls.0.entry(control).or_default();
        let before = node.levels();
        node.accounts += 1;
        node.recount(0, levels);
        let after = node.levels();
        self.accounts.mark(control, IS_CONTROL, true);
        self.tell_above(control, before, after);
    }

    /// An account with so many levels below it has left `control`.
    fn leave(&mut self, control: u32, levels: usize) {
        let Some(node) = self.bank.controls.0.get_mut(&control) else { return };
        let before = node.levels();
        node.accounts -= 1;
        node.recount(levels, 0);
        let after = node.levels();
        if after == 0 {
            self.bank.controls.0.remove(&control);
            self.accounts.mark(control, IS_CONTROL, false);
        }
        self.tell_above(control, before, after);
    }

    /// Tells the accounts above one that it has other levels below it than before.
    fn tell_above(&mut self, number: u32, mut before: usize, mut after: usize) {
        let mut above = self.above(number);
        while before != after
            && let Some(node) = self.bank.controls.0.get_mut(&above)
        {
            let had = node.levels();
            node.recount(before, after);
            (before, after) = (had, node.levels());
            above = self.above(above);
        }
    }

    /// The control account above the one called `id`.
    pub fn control_of(&self, id: u128) -> Option<u128> {
        let above = self.above(self.accounts.find(id)?);
        (above != NONE).then(|| self.accounts.get(above).id)
    }

    /// Whether the account called `id` is a control account.
    pub fn is_control(&self, id: u128) -> bool {
        self.accounts.find(id).is_some_and(|number| self.bank.controls.0.contains_key(&number))
    }

    /// All control accounts in order of their creation, with the sums below them. Cost: the number of kinds of accounts
    /// and of control accounts.
    pub fn control_accounts(&self) -> Vec<ControlAccount> {
        let controls = &self.bank.controls.0;
        let mut lines: BTreeMap<u32, TrialBalanceLine> =
            controls.keys().map(|number| (*number, TrialBalanceLine::default())).collect();
        let groups = self.accounts.groups().iter();
        for group in groups.filter(|group| group.control != NONE && group.line.accounts > 0) {
            for above in self.upwards(group.control) {
                lines.entry(above).or_default().merge(&group.line);
            }
        }
        // Control accounts are accounts of their groups, too, but add nothing.
        for control in controls.keys() {
            for above in self.upwards(*control).skip(1) {
                lines.entry(above).or_default().accounts -= 1;
            }
        }
        let control = |(number, line): (u32, TrialBalanceLine)| {
            let above = self.above(number);
            ControlAccount {
                account: self.accounts.record(number),
                above: (above != NONE).then(|| self.accounts.get(above).id),
                below: controls.get(&number).map_or(0, |node| node.accounts),
                line,
            }
        };
        lines.into_iter().map(control).collect()
    }

    /// Accounts directly below a control account, or below none if `control` is `None`, created after the one called
    /// `after`, in order of creation. An unknown `control` or `after` asks for nothing. Cost: at most
    /// [`SEARCH_RECORDS_MAX`] accounts.
    pub fn accounts_below(
        &self,
        control: Option<u128>,
        after: Option<u128>,
        limit: u32,
    ) -> Found<Account, u128> {
        let number_of = |id: Option<u128>| id.map(|id| self.accounts.find(id));
        let (control, first) = match (number_of(control), number_of(after)) {
            (Some(None), _) | (_, Some(None)) => return Found::nothing(),
            (control, after) => {
                (control.flatten().unwrap_or(NONE), after.flatten().map_or(0, |number| number + 1))
            }
        };
        let found = page(first..self.accounts.len(), limit, SEARCH_RECORDS_MAX, |number| {
            (self.above(number) == control).then(|| self.accounts.record(number))
        });
        Found { records: found.records, next: found.next.map(|number| self.accounts.get(number).id) }
    }

    /// The accounts that stand below another one, with its number.
    pub(crate) fn placements(&self) -> impl Iterator<Item = (u32, u32)> {
        let place = |number| Some((number, self.above(number))).filter(|(_, above)| *above != NONE);
        (0..self.accounts.len()).filter_map(place)
    }
}
