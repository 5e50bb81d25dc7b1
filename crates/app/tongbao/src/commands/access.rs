//! `tongbao access …`.

use console_api::{
    Access, AccessRight, AccessRule, AccessRules, Certificate, CertificateFolder, CertificateKind,
    CertificateState, DoorRules, UnreadableFile,
};
use serde::Serialize;

use super::Bank;
use super::certs::locate;
use super::table::{Align, Table};
use crate::access::{parse, read, tell};
use crate::cli::{AccessArgs, AccessCommand};
use crate::output::Output;

/// A file of rules that can be used.
#[derive(Serialize)]
struct Checked {
    identities: usize,
    total: u64,
    rules: Vec<AccessRule>,
}

pub(super) async fn run(bank: &Bank, args: AccessArgs, output: Output) -> anyhow::Result<()> {
    match args.command {
        None => {
            let (client, _) = bank.platform()?;
            let access = client.access().await?;
            output.result(&access, || describe(&access))
        }
        Some(AccessCommand::Check { file, folder }) => {
            let file = file.unwrap_or_else(|| locate(bank, folder).join("access.yaml"));
            let policy = read(&file).and_then(parse)?;
            let (total, rules) = tell(&policy);
            let checked = Checked { identities: policy.identities(), total, rules };
            output.result(&checked, || {
                let Checked { identities, total, rules } = &checked;
                let said = match identities {
                    0 => "well formed, and nobody may do anything".to_owned(),
                    _ => {
                        format!("well formed, {}\n\n{}", count(*identities as u64), rule_table(rules, false))
                    }
                };
                format!("{}: {said}{}", file.display(), rest(*total, rules))
            })
        }
    }
}

fn count(identities: u64) -> String {
    if identities == 1 { "1 identity".to_owned() } else { format!("{identities} identities") }
}

fn describe(access: &Access) -> String {
    let Access { on, turn_on, doors, rules, certificates, .. } = access;
    let head = if *on {
        "Ledger clients over TLS: on\n\n".to_owned()
    } else {
        let steps = turn_on.iter().map(|step| format!("\n  {step}")).collect::<String>();
        format!("Ledger clients over TLS: off, and the rules apply to nobody. To turn it on:{steps}\n\n")
    };
    let mut table = Table::new(&[
        ("SITE", Align::Left),
        ("OVER TLS", Align::Left),
        ("PLAIN", Align::Left),
        ("RULES", Align::Left),
    ]);
    for door in doors {
        let rules = door.rules.map_or("-", |rules| match rules {
            DoorRules::Current => "current",
            DoorRules::Older => "THOSE BEFORE: see its log",
            DoorRules::Missing => "NONE: nobody comes in; see its log",
            DoorRules::Unknown => "does not answer",
        });
        let at = |door: Option<std::net::SocketAddr>| door.map_or("off".to_owned(), |at| at.to_string());
        table.row([door.site.to_string(), at(door.tls), at(door.plain), rules.to_owned()]);
    }
    format!("{head}{table}\n{}\n{}", describe_rules(rules), describe_folder(certificates))
}

fn describe_rules(rules: &AccessRules) -> String {
    let file = rules.file.as_deref().unwrap_or("a file outside the data folder");
    let mut text = match &rules.read_at {
        Some(at) => format!("rules, read from {file} at {at}: {}\n", count(rules.identities)),
        None => "rules: none\n".to_owned(),
    };
    if let Some(problem) = &rules.problem {
        text.push_str(&format!(
            "THE FILE CANNOT BE USED NOW, and the rules before stay in force\n  [{}] {}\n  hint: {}\n",
            problem.code, problem.detail, problem.hint
        ));
    }
    if !rules.rules.is_empty() {
        text.push_str(&format!("\n{}{}", rule_table(&rules.rules, true), rest(rules.total, &rules.rules)));
    }
    text
}

fn rest(total: u64, rules: &[AccessRule]) -> String {
    match total.saturating_sub(rules.len() as u64) {
        0 => String::new(),
        more => format!("… and {more} more\n"),
    }
}

fn rule_table(rules: &[AccessRule], with_certificates: bool) -> Table {
    let mut headings = vec![
        ("IDENTITY", Align::Left),
        ("LEDGERS", Align::Left),
        ("READ", Align::Left),
        ("POST", Align::Left),
        ("APPROVE", Align::Left),
    ];
    headings.extend(with_certificates.then_some(("CERTIFICATE", Align::Left)));
    let mut table = Table::new(&headings);
    for rule in rules {
        let may = |right| if rule.rights.contains(&right) { "yes" } else { "-" }.to_owned();
        let ledgers = if rule.every_ledger { "every ledger".to_owned() } else { rule.ledgers.join(", ") };
        let more =
            if rule.more_ledgers == 0 { String::new() } else { format!(" and {} more", rule.more_ledgers) };
        let mut cells = vec![
            rule.identity.clone(),
            ledgers + &more,
            may(AccessRight::Read),
            may(AccessRight::Post),
            may(AccessRight::Approve),
        ];
        if with_certificates {
            cells.push(rule.certificate.map_or("none in the folder", state).to_owned());
        }
        table.row(cells);
    }
    table
}

fn state(state: CertificateState) -> &'static str {
    match state {
        CertificateState::Valid => "valid",
        CertificateState::ExpiresSoon => "EXPIRES SOON",
        CertificateState::NotYetValid => "NOT YET VALID",
        CertificateState::Expired => "EXPIRED",
    }
}

fn describe_folder(folder: &CertificateFolder) -> String {
    let CertificateFolder { folder: name, certificates, unreadable, more } = folder;
    let name = name.as_deref().unwrap_or("a folder outside the data folder");
    if certificates.is_empty() && unreadable.is_empty() {
        return "certificates: none\n".to_owned();
    }
    let mut table = Table::new(&[
        ("FILE", Align::Left),
        ("KIND", Align::Left),
        ("WHO", Align::Left),
        ("ISSUER", Align::Left),
        ("UNTIL", Align::Left),
        ("DAYS", Align::Right),
        ("STATE", Align::Left),
        ("RULES", Align::Left),
        ("SHA-256", Align::Left),
    ]);
    for one in certificates {
        let Certificate { file, kind, identity, subject, issuer, not_after, days_left, .. } = one;
        let kind = match kind {
            CertificateKind::Authority => "authority",
            CertificateKind::Site => "site",
            CertificateKind::Client => "client",
        };
        let rules = match (&one.problem, one.has_rules) {
            (Some(problem), _) => format!("identifies nobody ({})", problem.code),
            (None, Some(false)) => "no rules".to_owned(),
            (None, Some(true)) => "yes".to_owned(),
            (None, None) => "-".to_owned(),
        };
        table.row([
            file.clone(),
            kind.to_owned(),
            identity.as_ref().unwrap_or(subject).clone(),
            issuer.clone(),
            not_after.clone(),
            days_left.to_string(),
            state(one.state).to_owned(),
            rules,
            one.fingerprint.short(),
        ]);
    }
    let unreadable = unreadable
        .iter()
        .map(|UnreadableFile { file, problem }| format!("{file}: [{}] {}\n", problem.code, problem.detail));
    let unreadable: String = unreadable.collect();
    let more = if *more { "… and more\n" } else { "" };
    format!("certificates in {name}\n\n{table}{unreadable}{more}")
}
