//! Certificates, rights and tunnels of the whole bank.

use std::fs;
use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Child;

use rustix::process::Signal;
use serde_json::Value;
use tigerbeetle as tb;

use crate::bank::{Bank, Folder, signal, until};
use crate::http::Line;

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn account(id: u128, ledger: u32) -> tb::Account {
    tb::Account { id, ledger, code: 1, ..Default::default() }
}

fn transfer(id: u128) -> tb::Transfer {
    let (debit_account_id, credit_account_id) = (1, 2);
    tb::Transfer {
        id,
        debit_account_id,
        credit_account_id,
        amount: 1,
        ledger: 203,
        code: 1,
        ..Default::default()
    }
}

fn make(client: &tb::Client, id: u128) -> tb::CreateTransferStatus {
    wait(client.create_transfers(&[transfer(id)])).unwrap()[0].status
}

/// A bank with certificates, as `init` makes them, and the door over TLS.
fn secure_bank(folder: &Folder, options: &[&str]) -> Bank {
    folder.json(&["certs", "init"]);
    Bank::up_with(folder, &[&["--ledger-tls-port", "0"], options].concat())
}

/// A tunnel that is ready: the addresses for a client, and its process.
struct TunnelProcess {
    ready: Value,
    child: Child,
}

impl TunnelProcess {
    fn open(folder: &Folder, client: &str) -> Self {
        let mut child =
            folder.spawn(&["tunnel", "--as", client, "--listen", "127.0.0.1:0", "--output", "json"]);
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { ready: serde_json::from_str(&line).unwrap(), child }
    }

    fn client(&self) -> tb::Client {
        tb::Client::new(0, self.ready["ledger"].as_str().unwrap()).unwrap()
    }

    fn close(mut self) {
        signal(self.child.id(), Signal::TERM);
        assert!(self.child.wait().unwrap().success());
    }
}

fn metrics(bank: &Bank, site: &str) -> String {
    let address = bank.site(site)["address"].as_str().unwrap().to_owned();
    Line::open(&format!("http://{address}")).get("/metrics/ledger-clients").body
}

fn grant(folder: &Folder, grants: &str) {
    fs::write(folder.path().join("certs/access.yaml"), format!("grants:\n{grants}")).unwrap();
}

#[test]
fn a_client_goes_through_the_tunnel_and_over_the_loss_of_the_leader() {
    let folder = Folder::new();
    let bank = secure_bank(&folder, &["--ledger-port", "off"]);
    bank.until_whole();
    let status = folder.json(&["status"]);
    assert!(status["ledger"].is_null() && status["ledger_tls"].as_str().unwrap().contains("127.11.0.1:"));
    assert!(folder.tongbao(&["status"]).out.contains("over TLS: 127.11.0.1:"));

    let tunnel = TunnelProcess::open(&folder, "operator");
    let sites = tunnel.ready["sites"].as_array().unwrap();
    assert!(sites.len() == 3 && sites.iter().all(|site| site["problem"].is_null()), "{sites:?}");
    let client = tunnel.client();
    let made = wait(client.create_accounts(&[account(1, 203), account(2, 203)])).unwrap();
    assert!(made.iter().all(|result| result.status == tb::CreateAccountStatus::Created), "{made:?}");
    for id in 1..=20 {
        assert_eq!(make(&client, id), tb::CreateTransferStatus::Created);
    }
    signal(bank.site_pid(&bank.leader), Signal::KILL);
    for id in 21..=40 {
        assert_eq!(make(&client, id), tb::CreateTransferStatus::Created);
    }
    assert_eq!(bank.balance(2), "0.40");
    wait(client.close()).unwrap();
    tunnel.close();
    assert!(bank.down().success());
}

#[test]
fn rights_follow_the_file_and_denials_are_counted() {
    let folder = Folder::new();
    let bank = secure_bank(&folder, &["--ledger-port", "0"]);
    let issued = folder.json(&["certs", "issue", "spiffe://bank.example/payments"]);
    assert!(issued["key"].as_str().unwrap().ends_with("clients/bank.example-payments.key"));
    let payments =
        "  - identity: spiffe://bank.example/payments\n    ledgers: [CZK]\n    rights: [read, post]\n";
    grant(&folder, payments);
    let has = |site: &str, line: &str| metrics(&bank, site).lines().any(|found| found == line);
    let every = |line: &str| ["east-1", "east-2", "south-1"].iter().all(|site| has(site, line));
    until("every site has read the rules", || every("tongbao_ledger_access_loads_total 2"));

    let tunnel = TunnelProcess::open(&folder, "spiffe://bank.example/payments");
    let client = tunnel.client();
    let made = wait(client.create_accounts(&[account(1, 203), account(2, 203), account(3, 978)])).unwrap();
    let statuses: Vec<_> = made.iter().map(|result| result.status).collect();
    let refused = tb::CreateAccountStatus::LedgerMustNotBeZero;
    assert_eq!(statuses, [tb::CreateAccountStatus::Created, tb::CreateAccountStatus::Created, refused]);
    assert_eq!(make(&client, 1), tb::CreateTransferStatus::Created);
    let name = "identity=\"spiffe://bank.example/payments\"";
    let denied = format!("tongbao_ledger_access_denied_total{{{name},right=\"post\"}} 1");
    assert!(has(&bank.leader, &denied), "{}", metrics(&bank, &bank.leader));
    let entered = format!("tongbao_ledger_tls_clients_entered_total{{{name}}} ");
    assert!(metrics(&bank, &bank.leader).contains(&entered));

    grant(&folder, "  - identity: [\n");
    until("bad rules are told", || every("tongbao_ledger_access_current 0"));
    assert_eq!(make(&client, 2), tb::CreateTransferStatus::Created, "and the old ones hold");
    let log = fs::read_to_string(folder.path().join("sites").join(&bank.leader).join("log")).unwrap();
    assert!(log.contains("ACC-0012") && !log.contains("PRIVATE KEY"), "{log}");
    grant(&folder, &payments.replace("[read, post]", "[read]"));
    until("every site has read the rules", || every("tongbao_ledger_access_loads_total 3"));
    assert_eq!(make(&client, 3), tb::CreateTransferStatus::LedgerMustNotBeZero);
    // The plain door is as it was.
    let anybody = tb::Client::new(0, &bank.ledger).unwrap();
    assert_eq!(make(&anybody, 4), tb::CreateTransferStatus::Created);
    wait(anybody.close()).unwrap();

    // Refused as a whole at the leader: bad certificates never get as far as a request.
    grant(&folder, "  - identity: nobody\n    ledgers: [1]\n    rights: [read]\n");
    until("every site has read the rules", || every("tongbao_ledger_access_loads_total 4"));
    assert!(wait(client.create_transfers(&[transfer(5)])).is_err(), "the client is told");
    until("the client had to leave", || has(&bank.leader, "tongbao_ledger_tls_clients_revoked_total 1"));
    let said = folder.tongbao(&["tunnel", "--as", "operator", "--listen", "127.0.0.1:0"]);
    assert!(
        !said.ok && said.err.contains("error[VSR-0204]") && said.err.contains("may not enter"),
        "{said:?}"
    );
    tunnel.close();
}

#[test]
fn certificates_are_made_once_and_listed() {
    let folder = Folder::new();
    let said = folder.tongbao(&["up", "--ledger-tls-port", "0", "--ledger-port", "off"]);
    assert!(!said.ok && said.err.contains("error[RUN-0021]") && said.err.contains("certs init"), "{said:?}");
    folder.json(&["certs", "init", "--host", "bank.example"]);
    let certs = folder.path().join("certs");
    let mode = |name: &str| fs::metadata(certs.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("ca.key"), mode("sites/east-1.key"), mode("clients/operator.key")),
        (0o600, 0o600, 0o600)
    );
    assert_eq!((mode(""), mode("sites"), mode("clients")), (0o700, 0o700, 0o700));

    let again = folder.tongbao(&["certs", "init"]);
    assert!(!again.ok && again.err.contains("error[CRT-0001]"), "{again:?}");
    folder.json(&["certs", "issue", "dns:pay.bank", "--days", "1"]);
    let twice = folder.tongbao(&["certs", "issue", "dns:pay.bank"]);
    assert!(!twice.ok && twice.err.contains("CRT-0001"), "{twice:?}");
    for bad in ["", "dns:", "a\nb"] {
        assert!(!folder.tongbao(&["certs", "issue", bad]).ok, "{bad:?}");
    }
    let listed = folder.json(&["certs", "list"]);
    let files: Vec<&str> =
        listed.as_array().unwrap().iter().map(|row| row["file"].as_str().unwrap()).collect();
    let expected = [
        "ca.pem",
        "sites/east-1.pem",
        "sites/east-2.pem",
        "sites/south-1.pem",
        "clients/operator.pem",
        "clients/pay.bank.pem",
    ];
    assert_eq!(files, expected);
    assert_eq!((&listed[5]["identity"], &listed[5]["expired"]), (&"dns:pay.bank".into(), &false.into()));
    assert!(folder.tongbao(&["certs", "list"]).out.contains("operator"));

    fs::write(certs.join("access.yaml"), "grants: 1").unwrap();
    let said = folder.tongbao(&["up", "--ledger-tls-port", "0"]);
    assert!(!said.ok && said.err.contains("error[ACC-0012]"), "{said:?}");
    let said =
        folder.tongbao(&["tunnel", "--as", "operator", "--to", "127.0.0.1:1", "--listen", "0.0.0.0:0"]);
    assert!(!said.ok && said.err.contains("error[VSR-0202]"), "{said:?}");
    let said = folder.tongbao(&["tunnel", "--as", "stranger", "--to", "127.0.0.1:1"]);
    assert!(!said.ok && said.err.contains("error[CRT-0001]"), "{said:?}");
    let said = folder.tongbao(&["tunnel", "--as", "operator"]);
    assert!(!said.ok && said.err.contains("error[RUN-0004]"), "{said:?}");
}

#[test]
fn who_may_do_what_is_shown_and_checked() {
    let folder = Folder::new();
    let bank = secure_bank(&folder, &["--ledger-port", "0"]);
    folder.json(&["certs", "issue", "spiffe://bank.example/payments", "--days", "7"]);
    let mut line = Line::open(&bank.console);
    let mut access = || line.get("/v1/access").json();
    let kept = |access: &Value, state: &str| {
        access["doors"].as_array().unwrap().iter().all(|door| door["rules"] == state)
    };
    until("every site keeps the rules", || kept(&access(), "current"));
    until("the new certificate is seen", || {
        access().to_string().contains("clients/bank.example-payments.pem")
    });
    let shown = access();
    assert_eq!((&shown["on"], &shown["rules"]["file"]), (&true.into(), &"certs/access.yaml".into()));
    let operator = &shown["rules"]["rules"][0];
    assert_eq!((&operator["identity"], &operator["certificate"]), (&"operator".into(), &"valid".into()));
    assert_eq!(operator["rights"], serde_json::json!(["read", "post", "approve"]));
    let certificates = shown["certificates"]["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 6);
    let payments =
        certificates.iter().find(|one| one["identity"] == "spiffe://bank.example/payments").unwrap();
    assert_eq!((&payments["state"], &payments["has_rules"]), (&"expires_soon".into(), &false.into()));

    grant(&folder, "  - identity: [\n");
    until("every site keeps the rules before", || kept(&access(), "older"));
    until("the fault is told", || access()["rules"]["problem"]["code"] == "ACC-0012");
    let shown = folder.json(&["access"]);
    assert_eq!(shown["rules"]["rules"][0]["identity"], "operator", "what was in force is in force");
    let said = folder.tongbao(&["access"]).out;
    for word in ["over TLS: on", "THOSE BEFORE", "[ACC-0012]", "every ledger", "EXPIRES SOON", "no rules"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let text = shown.to_string() + &said;
    let outside = folder.path().to_str().unwrap();
    assert!(!text.contains("PRIVATE KEY") && !text.contains(outside), "{text}");

    let said = folder.tongbao(&["access", "check"]);
    assert!(!said.ok && said.err.contains("error[ACC-0012]"), "{said:?}");
    grant(&folder, "  - identity: payments\n    ledgers: [CZK, 70001]\n    rights: [read, post]\n");
    let checked = folder.json(&["access", "check"]);
    assert_eq!(checked["rules"][0]["ledgers"], serde_json::json!(["CZK", "70001"]));
    let said = folder.tongbao(&["access", "check"]).out;
    assert!(said.contains("well formed, 1 identity") && said.contains("CZK, 70001"), "{said}");
    until("they are in force", || {
        let access = access();
        kept(&access, "current") && access["rules"]["rules"][0]["identity"] == "payments"
    });
    assert!(bank.down().success());
}

#[test]
fn without_tls_the_way_to_it_is_shown() {
    let folder = Folder::new();
    let said = folder.tongbao(&["access"]);
    assert!(!said.ok && said.err.contains("error[RUN-0004]"), "{said:?}");
    let said = folder.tongbao(&["access", "check", "nothing.yaml"]);
    assert!(!said.ok && said.err.contains("error[CRT-0001]"), "{said:?}");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../examples/access/access.yaml");
    assert_eq!(folder.json(&["access", "check", example])["identities"], 4);

    let bank = Bank::up(&folder);
    let shown = folder.json(&["access"]);
    assert_eq!((&shown["on"], &shown["rules"]["problem"]), (&false.into(), &Value::Null));
    assert_eq!(shown["turn_on"][0], "tongbao certs init");
    assert!(shown["doors"][0]["plain"].is_string() && shown["doors"][0]["tls"].is_null());
    let said = folder.tongbao(&["access"]).out;
    assert!(said.contains("over TLS: off") && said.contains("tongbao up --ledger-tls-port 3443"), "{said}");
    assert!(bank.down().success());
}
