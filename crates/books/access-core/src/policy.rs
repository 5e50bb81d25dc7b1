//! The policy: a file of grants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ledger_core::Ledgers;
use money::Currency;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use crate::{Identity, PolicyError};

/// The largest policy that is read, in bytes.
pub const POLICY_BYTES_MAX: usize = 1 << 20;
/// The most grants in a policy.
pub const GRANTS_MAX: usize = 10_000;
/// The most ledgers in a grant.
pub(crate) const LEDGERS_MAX: usize = 1_000;

/// What somebody may do in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See accounts, transfers, balances and change events.
    Read,
    /// Create accounts and transfers, pending ones included.
    Post,
    /// Post and void pending transfers.
    Approve,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 3] = [Self::Read, Self::Post, Self::Approve];

    /// The name in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Post => "post",
            Self::Approve => "approve",
        }
    }
}

/// The ledgers in which one identity has each right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permits {
    read: Ledgers,
    post: Ledgers,
    approve: Ledgers,
}

impl Permits {
    /// The ledgers in which there is this right.
    pub fn ledgers(&self, right: Right) -> &Ledgers {
        match right {
            Right::Read => &self.read,
            Right::Post => &self.post,
            Right::Approve => &self.approve,
        }
    }

    /// The permits in the fewest grants: the rights that hold in every ledger, then what is added to them in some.
    pub fn grants(&self) -> Vec<Grant> {
        let (everywhere, elsewhere): (Vec<Right>, Vec<Right>) =
            Right::ALL.into_iter().partition(|right| self.ledgers(*right) == &Ledgers::All);
        let mut added: BTreeMap<u32, Vec<Right>> = BTreeMap::new();
        for right in elsewhere {
            if let Ledgers::Only(ledgers) = self.ledgers(right) {
                ledgers.iter().for_each(|ledger| added.entry(*ledger).or_default().push(right));
            }
        }
        let mut alike: BTreeMap<Vec<Right>, BTreeSet<u32>> = BTreeMap::new();
        for (ledger, rights) in added {
            alike.entry(rights).or_default().insert(ledger);
        }
        let everywhere =
            (!everywhere.is_empty()).then_some(Grant { ledgers: Ledgers::All, rights: everywhere });
        let added =
            alike.into_iter().map(|(rights, ledgers)| Grant { ledgers: Ledgers::Only(ledgers), rights });
        everywhere.into_iter().chain(added).collect()
    }

    fn grant(&mut self, right: Right, ledgers: &Ledgers) {
        let ours = match right {
            Right::Read => &mut self.read,
            Right::Post => &mut self.post,
            Right::Approve => &mut self.approve,
        };
        ours.extend(ledgers);
    }
}

/// Ledgers in which there are the same rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The ledgers.
    pub ledgers: Ledgers,
    /// The rights, at least one, each once and in order.
    pub rights: Vec<Right>,
}

/// Who may do what. Empty, it refuses everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    permits: BTreeMap<Identity, Arc<Permits>>,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyOptions {
    grants: Vec<GrantOptions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantOptions {
    identity: String,
    ledgers: Vec<LedgerOption>,
    rights: Vec<Right>,
}

/// A ledger as it is written: a currency, a number, or `*`.
struct LedgerOption(String);

impl<'de> Deserialize<'de> for LedgerOption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;

        impl Visitor<'_> for TextOrNumber {
            type Value = LedgerOption;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a currency, a number, or \"*\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<LedgerOption, E> {
                Ok(LedgerOption(text.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<LedgerOption, E> {
                Ok(LedgerOption(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<LedgerOption, E> {
                Ok(LedgerOption(number.to_string()))
            }
        }

        deserializer.deserialize_any(TextOrNumber)
    }
}

impl LedgerOption {
    /// The ledgers it stands for; nothing if it is none.
    fn resolve(&self) -> Option<Ledgers> {
        if self.0 == "*" {
            return Some(Ledgers::All);
        }
        let is_number = !self.0.is_empty() && self.0.bytes().all(|byte| byte.is_ascii_digit());
        let ledger = if is_number {
            self.0.parse().ok().filter(|ledger| *ledger != 0)
        } else {
            Currency::from_code(&self.0).ok().map(Currency::ledger)
        };
        Some(Ledgers::Only([ledger?].into()))
    }
}

impl Policy {
    /// Reads a policy. Grants to the same identity add up.
    ///
    /// Errors: every [`PolicyError`].
    pub fn parse(yaml: &str) -> Result<Self, PolicyError> {
        if yaml.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLarge);
        }
        let options: PolicyOptions = serde_saphyr::from_str(yaml)
            .map_err(|error| PolicyError::Malformed { detail: error.without_snippet().to_string() })?;
        if options.grants.len() > GRANTS_MAX {
            return Err(PolicyError::TooMany);
        }
        let mut permits: BTreeMap<Identity, Permits> = BTreeMap::new();
        for (grant, options) in (1..).zip(&options.grants) {
            let identity = options.identity.parse();
            let identity: Identity = identity.map_err(|source| PolicyError::Identity { grant, source })?;
            let ledgers = options.resolve(grant)?;
            let entry = permits.entry(identity).or_default();
            options.rights.iter().for_each(|right| entry.grant(*right, &ledgers));
        }
        let permits = permits.into_iter().map(|(identity, permits)| (identity, Arc::new(permits)));
        Ok(Self { permits: permits.collect() })
    }

    /// What an identity may do; nothing if the policy does not know it.
    pub fn permits(&self, identity: &Identity) -> Option<&Arc<Permits>> {
        self.permits.get(identity)
    }

    /// Everybody whom it knows, by name, and what each may do.
    pub fn iter(&self) -> impl Iterator<Item = (&Identity, &Permits)> {
        self.permits.iter().map(|(identity, permits)| (identity, &**permits))
    }

    /// How many identities it knows.
    pub fn identities(&self) -> usize {
        self.permits.len()
    }
}

impl GrantOptions {
    fn resolve(&self, grant: usize) -> Result<Ledgers, PolicyError> {
        let what = if self.ledgers.is_empty() { "ledgers" } else { "rights" };
        if self.ledgers.is_empty() || self.rights.is_empty() {
            return Err(PolicyError::Empty { grant, what });
        }
        if self.ledgers.len() > LEDGERS_MAX {
            return Err(PolicyError::TooMany);
        }
        let mut all = Ledgers::NONE;
        for option in &self.ledgers {
            let unknown = || PolicyError::Ledger { grant, ledger: option.0.clone() };
            all.extend(&option.resolve().ok_or_else(unknown)?);
        }
        Ok(all)
    }
}
