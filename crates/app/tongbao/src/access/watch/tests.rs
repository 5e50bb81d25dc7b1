//! What is told of rules and certificates, and what never is.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use certs::{Authority, ClientName};
use console_api::{Certificate, CertificateKind};

use super::*;

const DAY_S: u64 = 24 * 60 * 60;
const NOW_S: u64 = 1_800_000_000;

/// A data folder with certificates and rules in it.
struct Bench {
    files: AccessFiles,
    rules: Rules,
    _folder: tempfile::TempDir,
}

fn at(s: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(s)
}

fn bench(is_on: bool) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let certs = folder.path().join("certs");
    for part in ["sites", "clients"] {
        fs::create_dir_all(certs.join(part)).unwrap();
    }
    let tls = is_on.then(|| "127.11.0.1:3443".parse().unwrap());
    let files = AccessFiles {
        root: folder.path().to_owned(),
        rules: certs.join("access.yaml"),
        certs,
        doors: vec![("east-1".parse().unwrap(), tls, Some("127.11.0.1:3000".parse().unwrap()))],
    };
    Bench { files, rules: Rules::default(), _folder: folder }
}

impl Bench {
    fn look_at(&mut self, now_s: u64) -> Access {
        self.files.look(&mut self.rules, &BTreeMap::new(), Timestamp(now_s * Timestamp::NS_PER_S))
    }

    fn look(&mut self) -> Access {
        self.look_at(NOW_S)
    }

    /// As often as it takes until new contents count.
    fn settled(&mut self) -> Access {
        self.look();
        self.look()
    }

    #[expect(clippy::disallowed_methods, reason = "the test makes the folder that is looked at")]
    fn write(&self, file: &str, text: &str) {
        fs::write(self.files.certs.join(file), text).unwrap();
    }

    fn grant(&self, identity: &str) {
        self.write(
            "access.yaml",
            &format!("grants: [{{identity: {identity}, ledgers: [CZK], rights: [read]}}]"),
        );
    }

    fn issue(&self, authority: &Authority, file: &str, name: &str, from_s: u64, days: u32) {
        let issued = authority.issue_client(ClientName::Common(name), at(from_s), days).unwrap();
        self.write(file, &issued.certificate);
        self.write(&file.replace(".pem", ".key"), &issued.key);
    }
}

fn authority() -> Authority {
    Authority::create("the bank", at(NOW_S - DAY_S)).unwrap()
}

fn identities(access: &Access) -> Vec<&str> {
    access.rules.rules.iter().map(|rule| rule.identity.as_str()).collect()
}

#[test]
fn certificates_are_told_with_their_ends_and_the_rules_for_them() {
    let mut bench = bench(true);
    let authority = authority();
    bench.write("ca.pem", authority.certificate());
    let site = authority.issue_server("east-1", &["127.11.0.1"], at(NOW_S), 397).unwrap();
    bench.write("sites/east-1.pem", &(site.certificate + authority.certificate()));
    bench.issue(&authority, "clients/pay.pem", "pay", NOW_S, 30);
    bench.issue(&authority, "clients/soon.pem", "soon", NOW_S, 29);
    bench.issue(&authority, "clients/over.pem", "over", NOW_S - 10 * DAY_S, 9);
    bench.issue(&authority, "clients/early.pem", "early", NOW_S + 5 * DAY_S, 90);
    bench.grant("pay");
    let access = bench.look();
    let line = |one: &Certificate| {
        let Certificate { file, kind, identity, days_left, state, has_rules, .. } = one;
        format!("{file} {kind:?} {} {days_left} {state:?} {has_rules:?}", identity.as_deref().unwrap_or("-"))
    };
    let told: Vec<String> = access.certificates.certificates.iter().map(line).collect();
    let expected = [
        "ca.pem Authority - 3649 Valid None",
        "sites/east-1.pem Authority - 3649 Valid None",
        "sites/east-1.pem Site - 397 Valid None",
        "clients/early.pem Client early 95 NotYetValid Some(false)",
        "clients/over.pem Client over -1 Expired Some(false)",
        "clients/pay.pem Client pay 30 Valid Some(true)",
        "clients/soon.pem Client soon 29 ExpiresSoon Some(false)",
    ];
    assert_eq!(told, expected);
    assert_eq!(access.rules.rules[0].certificate, Some(CertificateState::Valid));
    assert_eq!(
        (access.certificates.folder.as_deref(), access.rules.file.as_deref()),
        (Some("certs"), Some("certs/access.yaml"))
    );
    let issued = &access.certificates.certificates[5];
    assert_eq!((issued.subject.as_str(), issued.issuer.as_str()), ("CN=pay", "CN=the bank"));
    assert_eq!(issued.not_after, "2027-02-14T08:00:00Z");

    assert_eq!(bench.look_at(NOW_S + 31 * DAY_S).rules.rules[0].certificate, Some(CertificateState::Expired));
    bench.grant("nobody");
    let access = bench.settled();
    assert_eq!((identities(&access), access.rules.rules[0].certificate), (vec!["nobody"], None));
}

#[test]
fn rules_that_cannot_be_used_change_nothing_and_are_told_by_their_code() {
    let mut bench = bench(true);
    bench.grant("pay");
    assert_eq!(identities(&bench.look()), ["pay"]);
    let faults = [
        ("grants: 1", "ACC-0012"),
        ("grants: [{identity: '', ledgers: [1], rights: [read]}]", "ACC-0013"),
        ("grants: [{identity: a, ledgers: [XXQ], rights: [read]}]", "ACC-0014"),
        ("grants: [{identity: a, ledgers: [], rights: [read]}]", "ACC-0015"),
    ];
    for (text, code) in faults {
        bench.write("access.yaml", text);
        let access = bench.look();
        assert_ne!(
            access.rules.problem.map(|problem| problem.code).as_deref(),
            Some(code),
            "it may be half written"
        );
        let access = bench.look();
        assert_eq!(identities(&access), ["pay"], "{text}");
        assert_eq!(access.rules.problem.map(|problem| problem.code).as_deref(), Some(code));
    }
    fs::remove_file(&bench.files.rules).unwrap();
    let access = bench.settled();
    assert_eq!(identities(&access), ["pay"]);
    let problem = access.rules.problem.unwrap();
    assert_eq!(problem.code, "CRT-0001");
    assert!(!problem.detail.contains('/'), "{}", problem.detail);
    bench.grant("audit");
    let access = bench.settled();
    assert_eq!((identities(&access), &access.rules.problem), (vec!["audit"], &None));
}

#[test]
fn without_tls_it_is_told_how_to_turn_it_on() {
    let mut bench = bench(false);
    let access = bench.look();
    let steps = ["tongbao certs init", "tongbao up --ledger-tls-port 3443"];
    assert_eq!((access.on, access.turn_on.as_slice()), (false, &steps.map(str::to_owned)[..]));
    assert_eq!((access.rules.problem, access.rules.file, access.doors[0].rules), (None, None, None));
    bench.write("ca.pem", authority().certificate());
    bench.grant("pay");
    let access = bench.settled();
    assert_eq!(access.turn_on, [steps[1]]);
    assert_eq!(identities(&access), ["pay"]);
    fs::remove_file(&bench.files.rules).unwrap();
    let access = bench.settled();
    assert_eq!((identities(&access).len(), access.rules.problem), (0, None));
}

#[test]
fn sites_say_themselves_which_rules_they_keep() {
    let door = |tls: Option<&str>| {
        ("east-1".parse().unwrap(), tls.map(|tls| tls.parse().unwrap()), None::<SocketAddr>)
    };
    let say = |current, loads| BTreeMap::from([("east-1".parse().unwrap(), SiteRules { current, loads })]);
    let tls = Some("127.11.0.1:3443");
    for (said, expected) in [
        (say(true, 1), DoorRules::Current),
        (say(false, 3), DoorRules::Older),
        (say(false, 0), DoorRules::Missing),
        (BTreeMap::new(), DoorRules::Unknown),
    ] {
        assert_eq!(describe(&door(tls), &said).rules, Some(expected));
        assert_eq!(describe(&door(None), &said).rules, None);
    }
}

#[test]
fn nothing_of_keys_and_of_other_folders_is_told() {
    let mut bench = bench(true);
    let authority = authority();
    bench.write("ca.pem", authority.certificate());
    bench.issue(&authority, "clients/pay.pem", "pay", NOW_S, 90);
    let both = authority.issue_client(ClientName::Common("both"), at(NOW_S), 90).unwrap();
    bench.write("clients/both.pem", &format!("{}{}", both.key, both.certificate));
    bench.write("clients/key.pem", &both.key);
    bench.write("clients/large.pem", &"x".repeat(65 << 10));
    fs::create_dir(bench.files.certs.join("clients/folder.pem")).unwrap();
    let pipe = bench.files.certs.join("clients/pipe.pem");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(&bench.files.certs, elsewhere.path().join("certs")).unwrap();
    bench.files.certs = elsewhere.path().join("certs");
    bench.files.rules = elsewhere.path().join("certs/access.yaml");
    bench.grant("pay");

    let access = bench.look();
    assert_eq!((&access.certificates.folder, &access.rules.file), (&None, &None));
    let unreadable: Vec<(&str, &str)> = access
        .certificates
        .unreadable
        .iter()
        .map(|file| (file.file.as_str(), file.problem.code.as_str()))
        .collect();
    let expected = [
        ("clients/folder.pem", "CRT-0001"),
        ("clients/key.pem", "CRT-0002"),
        ("clients/large.pem", "CRT-0001"),
        ("clients/pipe.pem", "CRT-0001"),
    ];
    assert_eq!(unreadable, expected);
    let clients: Vec<&str> = access
        .certificates
        .certificates
        .iter()
        .filter(|one| one.kind == CertificateKind::Client)
        .map(|one| one.identity.as_deref().unwrap())
        .collect();
    assert_eq!(clients, ["both", "pay"]);

    let text = serde_json::to_string(&access).unwrap();
    let secret = both.key.lines().nth(1).unwrap();
    let place = elsewhere.path().to_str().unwrap();
    for hidden in ["PRIVATE", secret, place] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

#[test]
fn more_than_is_told_is_said_to_be_there() {
    let mut bench = bench(true);
    let issued = authority().issue_client(ClientName::Common("many"), at(NOW_S), 90).unwrap();
    for n in 0..1_005 {
        bench.write(&format!("clients/{n:04}.pem"), &issued.certificate);
    }
    let access = bench.look();
    assert!(access.certificates.more);
    assert_eq!(access.certificates.certificates.len(), 999, "and the authority's file, which is not there");
    for n in 0..1_005 {
        bench.write(&format!("clients/{n:04}.pem"), "nothing");
    }
    let access = bench.look();
    assert_eq!((access.certificates.unreadable.len(), access.certificates.more), (100, true));
}
