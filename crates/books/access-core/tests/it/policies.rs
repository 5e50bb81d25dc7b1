//! Policies that are read, and policies that are refused.

use access_core::{GRANTS_MAX, Grant, POLICY_BYTES_MAX, Policy, PolicyError, Right};
use ledger_core::Ledgers;
use stdx::Coded as _;

const GOOD: &str = r#"
grants:
  - identity: spiffe://bank.example/payments
    ledgers: [CZK, 700, "701"]
    rights: [read, post]
  - identity: spiffe://bank.example/payments
    ledgers: [EUR]
    rights: [read]
  - identity: auditor
    ledgers: ["*"]
    rights: [read]
"#;

fn only<const N: usize>(ledgers: [u32; N]) -> Ledgers {
    Ledgers::Only(ledgers.into())
}

#[test]
fn grants_add_up_and_nothing_else_is_permitted() {
    let policy = Policy::parse(GOOD).unwrap();
    assert_eq!(policy.identities(), 2);
    let of = |name: &str| policy.permits(&name.parse().unwrap());
    let payments = of("spiffe://bank.example/payments").unwrap();
    assert_eq!(payments.ledgers(Right::Read), &only([203, 700, 701, 978]));
    assert_eq!(payments.ledgers(Right::Post), &only([203, 700, 701]));
    assert_eq!(payments.ledgers(Right::Approve), &Ledgers::NONE);
    let auditor = of("auditor").unwrap();
    assert_eq!(auditor.ledgers(Right::Read), &Ledgers::All);
    assert_eq!(auditor.ledgers(Right::Post), &Ledgers::NONE);
    for stranger in
        ["spiffe://bank.example/payments2", "spiffe://bank.example", "Auditor", "dns:auditor", "*"]
    {
        assert!(of(stranger).is_none(), "{stranger}");
    }
    assert_eq!(Policy::parse("grants: []").unwrap(), Policy::default());
}

#[test]
fn the_example_is_a_policy() {
    let example = include_str!("../../../../../examples/access/access.yaml");
    assert!(Policy::parse(example).unwrap().identities() >= 3);
}

#[test]
fn what_is_no_policy_is_refused_with_its_reason() {
    let grant = |identity: &str, ledgers: &str, rights: &str| {
        format!("grants:\n  - identity: {identity}\n    ledgers: {ledgers}\n    rights: {rights}\n")
    };
    let cases = [
        (String::new(), "ACC-0012"),
        ("42".to_owned(), "ACC-0012"),
        ("grants: [".to_owned(), "ACC-0012"),
        ("{}".to_owned(), "ACC-0012"),
        ("grants: []\nadmins: [me]".to_owned(), "ACC-0012"),
        (grant("me", "[CZK]", "[write]"), "ACC-0012"),
        (grant("me", "[CZK]", "[read]") + "    until: tomorrow\n", "ACC-0012"),
        (grant("me", "CZK", "[read]"), "ACC-0012"),
        (grant("me", "[1.5]", "[read]"), "ACC-0012"),
        (grant("me", "[*]", "[read]"), "ACC-0012"),
        (grant("''", "[CZK]", "[read]"), "ACC-0013"),
        (grant("'dns:'", "[CZK]", "[read]"), "ACC-0013"),
        (grant("me", "[XXZ]", "[read]"), "ACC-0014"),
        (grant("me", "[czk]", "[read]"), "ACC-0014"),
        (grant("me", "[0]", "[read]"), "ACC-0014"),
        (grant("me", "[-1]", "[read]"), "ACC-0014"),
        (grant("me", "[4294967296]", "[read]"), "ACC-0014"),
        (grant("me", "['']", "[read]"), "ACC-0014"),
        (grant("me", "['**']", "[read]"), "ACC-0014"),
        (grant("me", "[]", "[read]"), "ACC-0015"),
        (grant("me", "[CZK]", "[]"), "ACC-0015"),
        (" ".repeat(POLICY_BYTES_MAX + 1), "ACC-0011"),
    ];
    for (yaml, code) in cases {
        let error = Policy::parse(&yaml).unwrap_err();
        assert_eq!(error.code(), code, "{error}: {}", &yaml[..yaml.len().min(200)]);
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn a_policy_is_bounded() {
    let ledgers: Vec<String> = (1..=1_001).map(|ledger| ledger.to_string()).collect();
    let many = format!("grants: [{{identity: a, ledgers: [{}], rights: [read]}}]", ledgers.join(","));
    assert!(matches!(Policy::parse(&many), Err(PolicyError::TooMany)));
    let grant = "{identity: a, ledgers: [1], rights: [read]},";
    let most = format!("grants: [{}]", grant.repeat(GRANTS_MAX));
    assert_eq!(Policy::parse(&most).unwrap().identities(), 1);
    let more = format!("grants: [{}]", grant.repeat(GRANTS_MAX + 1));
    assert!(matches!(Policy::parse(&more), Err(PolicyError::TooMany)));
}

#[test]
fn permits_are_told_in_the_fewest_grants() {
    let policy = Policy::parse(GOOD).unwrap();
    let told: Vec<(&str, Vec<Grant>)> =
        policy.iter().map(|(identity, permits)| (identity.as_str(), permits.grants())).collect();
    let read = vec![Right::Read];
    let expected = [
        ("auditor", vec![Grant { ledgers: Ledgers::All, rights: read.clone() }]),
        (
            "spiffe://bank.example/payments",
            vec![
                Grant { ledgers: only([978]), rights: read },
                Grant { ledgers: only([203, 700, 701]), rights: vec![Right::Read, Right::Post] },
            ],
        ),
    ];
    assert_eq!(told, expected);

    let mixed = "grants: [{identity: a, ledgers: ['*'], rights: [read]}, {identity: a, ledgers: [CZK, 7], rights: [post]},
        {identity: a, ledgers: [7], rights: [read, approve]}]";
    let policy = Policy::parse(mixed).unwrap();
    let permits = policy.permits(&"a".parse().unwrap()).unwrap();
    let expected = [
        Grant { ledgers: Ledgers::All, rights: vec![Right::Read] },
        Grant { ledgers: only([203]), rights: vec![Right::Post] },
        Grant { ledgers: only([7]), rights: vec![Right::Post, Right::Approve] },
    ];
    assert_eq!(permits.grants(), expected);
}
