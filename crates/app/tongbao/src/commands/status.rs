//! `tongbao status`.

use console_api::{Platform, SiteState};
use serde::Serialize;

use super::Bank;
use super::table::{Align, Table};
use crate::output::Output;

/// The platform, and what only this machine knows of it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    platform: Platform,
    /// The addresses to give to a TigerBeetle client.
    ledger: Option<String>,
}

pub(super) async fn run(bank: &Bank, output: Output) -> anyhow::Result<()> {
    let (client, running) = bank.platform()?;
    let shown = Shown { platform: client.platform().await?, ledger: running.ledger };
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
                site.seq.to_string(),
                site.lag.to_string(),
                site.restarts.to_string(),
                address,
            ]);
        }
        let ledger = shown.ledger.as_deref().unwrap_or("not served");
        format!(
            "shard {}: {leader}, epoch {}, seq {}; gateway http://{}\nTigerBeetle clients: {ledger}\n\n{table}",
            platform.shard, platform.epoch, platform.seq, platform.gateway
        )
    })
}
