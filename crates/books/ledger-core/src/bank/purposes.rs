//! For what money may be spent.

use std::collections::BTreeMap;

use super::{PurposeRole, PurposeRule};
use crate::Ledger;
use crate::accounts::IS_EARMARKED;
use crate::status::{CreateTransferStatus, DeclarationStatus as Status};

/// The rules of accounts that have any, by the account's number. Lists of purposes are sorted.
#[derive(Default)]
pub(crate) struct Purposes(BTreeMap<u32, Rules>);

#[derive(Default)]
struct Rules {
    /// What is in the account may be spent on these only; on anything if there are none.
    spent_on: Vec<u16>,
    /// What the account may be paid for.
    paid_for: Vec<u16>,
}

impl PurposeRule {
    /// A rule for `account`. `purposes` are sorted and named once; those beyond
    /// [`PURPOSES_MAX`](super::PURPOSES_MAX) are left out.
    pub fn new(account: u128, role: PurposeRole, purposes: &[u16]) -> Self {
        let mut sorted = purposes.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut rule =
            Self { account, role: role as u16, reserved: [0; 14], purposes: [0; super::PURPOSES_MAX] };
        rule.purposes.iter_mut().zip(sorted).for_each(|(place, purpose)| *place = purpose);
        rule
    }

    /// The purposes; `None` if they are malformed.
    fn list(&self) -> Option<&[u16]> {
        let len = self.purposes.iter().position(|purpose| *purpose == 0).unwrap_or(self.purposes.len());
        let (list, tail) = self.purposes.split_at(len);
        (list.is_sorted_by(|a, b| a < b) && tail.iter().all(|purpose| *purpose == 0)).then_some(list)
    }
}

impl Rules {
    fn list(&mut self, role: PurposeRole) -> &mut Vec<u16> {
        match role {
            PurposeRole::SpentOn => &mut self.spent_on,
            PurposeRole::PaidFor => &mut self.paid_for,
        }
    }
}

impl Ledger {
    pub(crate) fn set_purposes(&mut self, rule: &PurposeRule) -> Status {
        if rule.reserved != [0; 14] {
            return Status::ReservedField;
        }
        let Some(role) = PurposeRole::from_number(rule.role) else { return Status::RoleUnknown };
        let Some(purposes) = rule.list() else { return Status::PurposesMalformed };
        let Some(number) = self.accounts.find(rule.account) else { return Status::AccountNotFound };
        let rules = self.bank.purposes.0.entry(number).or_default();
        let list = rules.list(role);
        let is_new = list != purposes;
        purposes.clone_into(list);
        let is_earmarked = !rules.spent_on.is_empty();
        if rules.spent_on.is_empty() && rules.paid_for.is_empty() {
            self.bank.purposes.0.remove(&number);
        }
        if !is_new {
            return Status::Exists;
        }
        self.accounts.mark(number, IS_EARMARKED, is_earmarked);
        Status::Created
    }

    /// Whether money of one account may go to another one for `purpose`, or for anything it is meant for if that is 0.
    pub(crate) fn check_purpose(
        &self,
        debit: u32,
        credit: u32,
        purpose: u16,
    ) -> Result<(), CreateTransferStatus> {
        let is_earmarked = self.accounts.get(debit).flags.contains(IS_EARMARKED);
        if purpose == 0 && !is_earmarked {
            return Ok(());
        }
        let rules = &self.bank.purposes.0;
        let spent_on = rules.get(&debit).map_or(&[][..], |rules| &rules.spent_on);
        let paid_for = rules.get(&credit).map_or(&[][..], |rules| &rules.paid_for);
        if purpose == 0 {
            let is_allowed = spent_on.iter().any(|purpose| paid_for.binary_search(purpose).is_ok());
            return if is_allowed { Ok(()) } else { Err(CreateTransferStatus::CreditAccountNotForPurpose) };
        }
        if is_earmarked && spent_on.binary_search(&purpose).is_err() {
            return Err(CreateTransferStatus::DebitAccountNotForPurpose);
        }
        match paid_for.binary_search(&purpose) {
            Ok(_) => Ok(()),
            Err(_) => Err(CreateTransferStatus::CreditAccountNotForPurpose),
        }
    }

    /// For what the money of an account may be spent, or for what it may be paid. Empty if nothing was said.
    pub fn purposes_of(&self, account: u128, role: PurposeRole) -> &[u16] {
        let rules = self.accounts.find(account).and_then(|number| self.bank.purposes.0.get(&number));
        rules.map_or(&[], |rules| match role {
            PurposeRole::SpentOn => &rules.spent_on,
            PurposeRole::PaidFor => &rules.paid_for,
        })
    }

    /// All rules, as they would be declared again.
    pub(crate) fn purpose_rules(&self) -> impl Iterator<Item = PurposeRule> {
        self.bank.purposes.0.iter().flat_map(|(number, rules)| {
            let account = self.accounts.get(*number).id;
            [(PurposeRole::SpentOn, &rules.spent_on), (PurposeRole::PaidFor, &rules.paid_for)]
                .into_iter()
                .filter(|(_, list)| !list.is_empty())
                .map(move |(role, list)| PurposeRule::new(account, role, list))
        })
    }
}
