//! `tongbao status`.

use console_api::{Platform, SiteState};
use journal_pg::Condition;
use ledger_api::{OutletHealth, OutletState};
use serde::Serialize;

use super::Bank;
use super::table::{Align, Table};
use crate::layout::Running;
use crate::output::Output;
use crate::up::{BooksView, ServerView};

/// The platform, and what only this machine knows of it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    platform: Platform,
    /// The addresses to give to a TigerBeetle client.
    ledger: Option<String>,
    /// The same over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger_tls: Option<String>,
    /// The books, if they are in PostgreSQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    books: Option<BooksView>,
}

pub(super) async fn run(bank: &Bank, output: Output) -> anyhow::Result<()> {
    let (client, running) = bank.platform()?;
    let Running { ledger, ledger_tls, books, .. } = running;
    let shown = Shown { platform: client.platform().await?, ledger, ledger_tls, books };
    output.result(&shown, || {
        let platform = &shown.platform;
        let leader =
            platform.leader.as_ref().map_or("nobody leads".to_owned(), |site| format!("{site} leads"));
        let mut table = Table::new(&[
            ("SITE", Align::Left),
            ("CITY", Align::Left),
            ("STATE", Align::Left),
            ("ROLE", Align::Left),
            ("EPOCH", Align::Right),
            ("LED BY", Align::Left),
            ("SEQ", Align::Right),
            ("LAG", Align::Right),
            ("RESTARTS", Align::Right),
            ("ADDRESS", Align::Left),
        ]);
        for site in &platform.sites {
            let state = match site.state {
                SiteState::Up => "up",
                SiteState::Starting => "starting",
                SiteState::Down => "down",
            };
            let role = site.role.map_or("-".to_owned(), |role| format!("{role:?}").to_lowercase());
            let address = site.address.map_or("-".to_owned(), |address| address.to_string());
            table.row([
                site.name.to_string(),
                site.city.clone(),
                state.to_owned(),
                role,
                site.epoch.to_string(),
                site.leader.clone().unwrap_or_else(|| "-".to_owned()),
                site.seq.to_string(),
                site.lag.to_string(),
                site.restarts.to_string(),
                address,
            ]);
        }
        let ledger = shown.ledger.as_deref().unwrap_or("not served");
        let outlet = platform.outlet.as_ref().map(describe_outlet).unwrap_or_default();
        let tls = shown.ledger_tls.as_ref().map(|tls| format!("\nover TLS: {tls}")).unwrap_or_default();
        let books = shown.books.as_ref().map(describe_books).unwrap_or_default();
        format!(
            "shard {}: {leader}, epoch {}, seq {}; gateway http://{} (HTTP and gRPC)\nTigerBeetle clients: {ledger}{tls}{outlet}\n\n{table}{books}",
            platform.shard, platform.epoch, platform.seq, platform.gateway
        )
    })
}

/// How far the change feed is published, and why no further.
fn describe_outlet(outlet: &OutletHealth) -> String {
    let OutletHealth { target, state, published_seq, lag_batches, failure } = outlet;
    let state = match state {
        OutletState::Waiting => "waits for a leader",
        OutletState::Resuming => "finds out how far it is",
        OutletState::Publishing => "publishes",
        OutletState::Failing => "FAILS AND TRIES AGAIN",
    };
    let failure = failure.as_ref().map(|failure| format!(": {} ({})", failure.detail, failure.code));
    let failure = failure.unwrap_or_default();
    format!(
        "\nchange feed to {target}: {state}, published up to seq {published_seq}, {lag_batches} behind{failure}"
    )
}

/// The primary, its standbys, and whether anybody waits for them.
fn describe_books(books: &BooksView) -> String {
    let mut table = Table::new(&[
        ("POSTGRESQL", Align::Left),
        ("SERVER", Align::Left),
        ("STATE", Align::Left),
        ("COMMITS", Align::Left),
        ("LAG (BYTES)", Align::Right),
    ]);
    let survey = books.survey.as_ref();
    let standbys = || survey.into_iter().flat_map(|survey| survey.replication.standbys.iter());
    for ServerView { site, address, role, serves } in &books.servers {
        let standby = standbys().find(|standby| standby.name == *site);
        let sync = standby.map_or("-", |standby| &standby.sync);
        let lag = standby.and_then(|standby| standby.lag_bytes).map_or("-".to_owned(), |lag| lag.to_string());
        let role = if *serves { role.clone() } else { "down".to_owned() };
        table.row([site.clone(), address.clone(), role, sync.to_owned(), lag]);
    }
    if books.servers.is_empty() {
        for standby in standbys() {
            let lag = standby.lag_bytes.map_or("-".to_owned(), |lag| lag.to_string());
            table.row([
                standby.name.clone(),
                "-".to_owned(),
                standby.state.clone(),
                standby.sync.clone(),
                lag,
            ]);
        }
    }
    let condition = match survey.map(|survey| &survey.condition) {
        None | Some(Condition::Unknown) => "NO PRIMARY ANSWERS".to_owned(),
        Some(Condition::Synchronous) => "every commit is on a synchronous standby".to_owned(),
        Some(Condition::Degraded(reason)) => {
            format!("DEGRADED, what is acknowledged now may be lost: {reason}")
        }
        Some(Condition::Blocked(reason)) => format!("BLOCKED until a standby is back: {reason}"),
    };
    let primary = survey.map_or("-", |survey| &survey.primary);
    format!("\n\nbooks in PostgreSQL, primary {primary}: {condition}\n\n{table}")
}
