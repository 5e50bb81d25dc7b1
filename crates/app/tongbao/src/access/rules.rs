//! The rules: how they are read, and how they are told.

use std::fs;
use std::io;
use std::path::Path;

use access_core::{Policy, PolicyError, Right};
use certs::CertsError;
use console_api::{AccessRight, AccessRule};
use ledger_core::Ledgers;
use money::Currency;

use super::RulesError;

/// The most rules that are told.
pub(super) const RULES_MAX: usize = 2_000;
/// The most ledgers that are told of a rule.
const LEDGERS_MAX: usize = 100;

/// Reads the bytes of a file of rules as the sites do.
pub(crate) fn parse(bytes: Vec<u8>) -> Result<Policy, RulesError> {
    let text = String::from_utf8(bytes)
        .map_err(|_| PolicyError::Malformed { detail: "it is not UTF-8".to_owned() })?;
    Ok(Policy::parse(&text)?)
}

/// The bytes of a file of rules.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, RulesError> {
    let failed = |source| CertsError::File { path: path.to_owned(), source };
    // Opening a pipe would wait for its other end.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("it is not a file")).into());
    }
    Ok(certs::read(path)?)
}

/// How many rules a policy has, and the first of them. Nothing is known of certificates here.
pub(crate) fn tell(policy: &Policy) -> (u64, Vec<AccessRule>) {
    let mut total = 0;
    let mut told = Vec::new();
    for (identity, permits) in policy.iter() {
        let grants = permits.grants();
        total += grants.len() as u64;
        let room = RULES_MAX.saturating_sub(told.len());
        told.extend(grants.into_iter().take(room).map(|grant| {
            let (every_ledger, ledgers) = match &grant.ledgers {
                Ledgers::All => (true, Vec::new()),
                Ledgers::Only(some) => (false, some.iter().copied().collect()),
            };
            AccessRule {
                identity: identity.to_string(),
                every_ledger,
                ledgers: ledgers.iter().take(LEDGERS_MAX).map(|ledger| name(*ledger)).collect(),
                more_ledgers: ledgers.len().saturating_sub(LEDGERS_MAX) as u64,
                rights: grant.rights.into_iter().map(right).collect(),
                certificate: None,
            }
        }));
    }
    (total, told)
}

/// A currency's code, or the number of a ledger that is none.
fn name(ledger: u32) -> String {
    Currency::from_ledger(ledger).map_or_else(|_| ledger.to_string(), |currency| currency.code().to_owned())
}

fn right(right: Right) -> AccessRight {
    match right {
        Right::Read => AccessRight::Read,
        Right::Post => AccessRight::Post,
        Right::Approve => AccessRight::Approve,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(yaml: &str) -> Vec<String> {
        let (total, rules) = tell(&parse(yaml.as_bytes().to_vec()).unwrap());
        assert_eq!(total, rules.len() as u64);
        let line = |rule: &AccessRule| {
            let ledgers = if rule.every_ledger { "*".to_owned() } else { rule.ledgers.join(",") };
            format!("{} {ledgers} {:?}", rule.identity, rule.rights)
        };
        rules.iter().map(line).collect()
    }

    #[test]
    fn a_rule_is_told_for_each_set_of_rights() {
        let yaml = "grants:\n\
            - {identity: pay, ledgers: [CZK, 70001], rights: [post, read]}\n\
            - {identity: pay, ledgers: [EUR], rights: [read]}\n\
            - {identity: audit, ledgers: ['*'], rights: [read]}\n";
        let expected = ["audit * [Read]", "pay EUR [Read]", "pay CZK,70001 [Read, Post]"];
        assert_eq!(told(yaml), expected);
        assert!(told("grants: []").is_empty());
    }

    #[test]
    fn what_is_told_is_bounded_and_says_how_much_there_is() {
        let ledgers: Vec<String> = (1_001..=1_150).map(|ledger| ledger.to_string()).collect();
        let many: String = (0..RULES_MAX + 5)
            .map(|n| format!("- {{identity: i{n:05}, ledgers: [{}], rights: [read]}}\n", ledgers.join(",")))
            .collect();
        let policy = parse(format!("grants:\n{many}").into_bytes());
        assert!(matches!(policy, Err(RulesError::Policy(PolicyError::TooLarge))), "1.5 MB of rules");
        let many: String = (0..RULES_MAX + 5)
            .map(|n| format!("- {{identity: i{n:05}, ledgers: [7], rights: [read]}}\n"))
            .collect();
        let wide = format!("- {{identity: a, ledgers: [{}], rights: [read]}}\n", ledgers.join(","));
        let (total, rules) = tell(&parse(format!("grants:\n{wide}{many}").into_bytes()).unwrap());
        assert_eq!((total, rules.len()), (2_006, 2_000));
        assert_eq!((rules[0].ledgers.len(), rules[0].more_ledgers), (100, 50));
    }

    #[test]
    fn bytes_that_are_no_text_are_no_rules() {
        assert!(matches!(parse(vec![0xFF, 0xFE]), Err(RulesError::Policy(PolicyError::Malformed { .. }))));
    }
}
