//! Asking the sites how they are, for the console and for the decision to shoot a leader that hangs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use console_api::{Live, Platform, Site, SiteName, SiteState};
use gateway::{Gateway, Leader};
use ledger_api::{Health, Role, Totals};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::process::{SiteProcess, Sites};
use crate::clock;
use crate::institution::SHARD;
use crate::lines::Lines;

/// How often the sites are asked.
const ASK_INTERVAL: Duration = Duration::from_millis(250);
/// How often a live sample is taken.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(500);
/// Whoever is silent for this long hangs. It may hold the lock, so nobody can lead until it is gone.
const HUNG_AFTER_MS: u64 = 3_000;

type Healths = BTreeMap<SiteName, Health>;

/// Starts asking. The receivers always hold the newest answers.
pub(super) fn start(
    sites: &Sites,
    gateway: Arc<Gateway>,
    leader: watch::Receiver<Option<Leader>>,
    gateway_address: SocketAddr,
) -> (watch::Receiver<Platform>, watch::Receiver<Live>) {
    let view = sites.view();
    let started_at = clock::wall();
    let describe = move |healths: &Healths, leader: Option<Leader>| -> Platform {
        let leads = leader.as_ref().and_then(|leader| leader.site.parse().ok());
        let head = leads.as_ref().and_then(|site| healths.get(site));
        Platform {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            shard: SHARD.to_owned(),
            epoch: leader.map_or(0, |leader| leader.epoch),
            seq: head.map_or(0, |health| health.seq),
            leader: leads,
            gateway: gateway_address,
            outlet: head.and_then(|health| health.outlet.clone()),
            sites: view().iter().map(|row| site(row, healths.get(&row.plan.name), head)).collect(),
        }
    };
    let first = describe(&Healths::new(), None);
    let (platform_sender, platform) = watch::channel(first.clone());
    let (live_sender, live) = watch::channel(idle(first));
    tokio::spawn(ask_forever(sites.view(), sites.killer(None), leader.clone(), describe, platform_sender));
    tokio::spawn(sample_forever(gateway, platform.clone(), leader, live_sender));
    (platform, live)
}

fn site(row: &SiteProcess, health: Option<&Health>, head: Option<&Health>) -> Site {
    let seq = health.map_or(0, |health| health.seq);
    Site {
        name: row.plan.name.clone(),
        city: row.plan.city.to_owned(),
        centre: row.plan.centre,
        address: row.address,
        pid: row.pid,
        state: row.state,
        role: health.map(|health| health.role),
        epoch: health.map_or(0, |health| health.epoch),
        leader: health.and_then(|health| health.leader.clone()),
        seq,
        lag: head.map_or(0, |head| head.seq.saturating_sub(seq)),
        restarts: row.restarts,
        since: row.since,
    }
}

async fn ask_forever(
    view: impl Fn() -> Vec<SiteProcess>,
    kill: drill::KillSite,
    mut leader: watch::Receiver<Option<Leader>>,
    describe: impl Fn(&Healths, Option<Leader>) -> Platform,
    platform: watch::Sender<Platform>,
) {
    let mut lines = Lines::default();
    let mut watch = Watch::default();
    loop {
        let rows = view();
        let healths = ask_all(&rows, &mut lines).await;
        for site in watch.hung(&rows, &healths, clock::instant()) {
            tracing::error!(%site, "the site hangs while nobody can lead, and is killed");
            if let Err(error) = kill(site).await {
                tracing::error!(error, "a site that hangs could not be killed");
            }
        }
        let known = leader.borrow_and_update().clone();
        platform.send_replace(describe(&healths, known));
        // A new leader is told at once, everything else at the usual pace.
        let _ = tokio::time::timeout(ASK_INTERVAL, leader.changed()).await;
    }
}

/// Finds the sites that keep the lock and do nothing with it.
#[derive(Default)]
struct Watch {
    /// When each site's process last answered.
    heard: BTreeMap<SiteName, (Option<u32>, Instant)>,
}

impl Watch {
    /// The sites to kill: leaders whose shard is silent, and, while no site answers as a leader, sites that do not answer
    /// at all. Any of those may hold the lock; while somebody leads they do no harm.
    fn hung(&mut self, rows: &[SiteProcess], healths: &Healths, now: Instant) -> Vec<SiteName> {
        let is_led = healths.values().any(|health| health.role == Role::Leader);
        let mut hung = Vec::new();
        for row in rows.iter().filter(|row| row.state == SiteState::Up) {
            let name = &row.plan.name;
            let known = self.heard.get(name).filter(|(pid, _)| *pid == row.pid);
            let (health, since) = (healths.get(name), known.map_or(now, |(_, since)| *since));
            let is_hung = match health {
                Some(health) => health.role == Role::Leader && health.silent_ms > HUNG_AFTER_MS,
                None => !is_led && now.duration_since(since) > Duration::from_millis(HUNG_AFTER_MS),
            };
            if is_hung {
                hung.push(name.clone());
            }
            self.heard.insert(name.clone(), (row.pid, if health.is_some() { now } else { since }));
        }
        hung
    }
}

async fn ask_all(rows: &[SiteProcess], lines: &mut Lines) -> Healths {
    let up = || rows.iter().filter(|row| row.state == SiteState::Up);
    let addresses: Vec<SocketAddr> = up().filter_map(|row| row.address).collect();
    lines.keep(&addresses);
    let mut asked = JoinSet::new();
    for row in up() {
        let Some(client) = row.address.and_then(|address| lines.to(address)) else { continue };
        let name = row.plan.name.clone();
        asked.spawn(async move { client.health().await.ok().map(|health| (name, health)) });
    }
    asked.join_all().await.into_iter().flatten().collect()
}

fn idle(platform: Platform) -> Live {
    Live {
        at: clock::wall(),
        requests_per_s: 0.0,
        transfers_per_s: 0.0,
        p50_ms: None,
        p99_ms: None,
        held: 0,
        errors_per_s: 0.0,
        accounts: 0,
        transfers: 0,
        platform,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart shows three digits")]
async fn sample_forever(
    gateway: Arc<Gateway>,
    platform: watch::Receiver<Platform>,
    leader: watch::Receiver<Option<Leader>>,
    live: watch::Sender<Live>,
) {
    let mut lines = Lines::default();
    let mut before: Option<Totals> = None;
    let mut taken = clock::instant();
    loop {
        tokio::time::sleep(SAMPLE_INTERVAL).await;
        let address = leader.borrow().as_ref().map(|leader| leader.address);
        lines.keep(address.as_slice());
        // Asked of the leader itself, so that the question does not count among the gateway's requests.
        let totals = match address.and_then(|address| lines.to(address)) {
            Some(client) => client.totals().await.ok(),
            None => None,
        };
        let sample = gateway.live().sample();
        let span = taken.elapsed().as_secs_f64();
        taken = clock::instant();
        let made = match (before, totals) {
            (Some(before), Some(now)) => now.transfers.saturating_sub(before.transfers),
            _ => 0,
        };
        before = totals.or(before);
        let known = before.unwrap_or_default();
        live.send_replace(Live {
            at: clock::wall(),
            requests_per_s: sample.requests as f64 / span,
            transfers_per_s: made as f64 / span,
            p50_ms: sample.p50_ms,
            p99_ms: sample.p99_ms,
            held: sample.held,
            errors_per_s: sample.errors as f64 / span,
            accounts: known.accounts,
            transfers: known.transfers,
            platform: platform.borrow().clone(),
        });
    }
}
