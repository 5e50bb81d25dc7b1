//! `failover`: the leader killed again and again under load.
//!
//! Clients pay all the time and never give up on a payment: after any failure they send the same one again. The leader's
//! whole process group is killed, the next one is awaited, then the return of the one that was lost; and again. At the end
//! every acknowledged payment must be in the journal exactly once.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use console_api::{SiteName, SiteState};
use ids::Epoch;
use ledger_api::{PaymentAck, Role};
use tokio::task::JoinSet;

use crate::audit::{Audit, audit};
use crate::bank::{self, Bank};
use crate::cli::FailoverArgs;
use crate::clock;
use crate::meter::median;
use crate::report::{Report, Target};
use crate::scratch::Steps;
use crate::wire::Line;
use crate::workload::{self, Dice, FIRST_PAYMENT, PaymentRequest};

/// How long payments flow between two kills, at least.
const FLOW: Duration = Duration::from_millis(500);
/// How long a new leader, or the return of a site, is awaited. A site that was lost often waits up to 30 s.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);
/// A follower so many batches behind has caught up: under load it is never at the very end when it is asked.
const LAG_MAX: u64 = 256;
/// Pause before a payment is sent again.
const RETRY_PAUSE: Duration = Duration::from_millis(10);
/// How long one payment is tried.
const RETRY_FOR: Duration = Duration::from_secs(60);

/// Runs the benchmark.
pub(crate) async fn run(args: &FailoverArgs, folder: &Path) -> Result<Report> {
    let steps = Steps::new("failover: starting a bank");
    let tongbao = args.binary.tongbao()?;
    let mut bank = Bank::start(&tongbao, folder).await?;
    let measured = measure(args, &bank, &steps).await;
    let report = measured.map_err(|error| bank.post_mortem(error))?;
    Ok(bank.keep_if_unsound(report))
}

async fn measure(args: &FailoverArgs, bank: &Bank, steps: &Steps) -> Result<Report> {
    workload::open_accounts(&bank.client).await?;
    let mut load = Load::start(args, bank.gateway());
    let mut kills = Vec::new();
    for number in 1..=args.kills {
        steps.next(format!("failover: kill {number} of {}: every site must be well first", args.kills));
        let kill = load.meanwhile(kill_leader(bank)).await?;
        steps.next(format!("failover: kill {number} of {}: {} is gone", args.kills, kill.site));
        load.meanwhile(await_leader_after(bank, kill.epoch)).await?;
        kills.push(kill);
    }
    load.meanwhile(await_all_well(bank)).await?;
    let (acks, offered) = load.stop().await?;
    steps.next("failover: replaying the journal to check it");
    let audit = audit(bank, offered).await?;
    let mut report = Report::new("failover");
    figures(&mut report, &kills, &acks, &audit);
    Ok(report)
}

/// A leader that was killed.
#[derive(Clone, Debug)]
struct Kill {
    at: Instant,
    site: SiteName,
    /// The reign that ended.
    epoch: Epoch,
}

/// A payment that was acknowledged.
#[derive(Clone, Copy, Debug)]
struct Ack {
    /// Its number, from zero.
    place: u64,
    at: Instant,
}

/// Waits until every site is well, lets payments flow, and kills the leader.
async fn kill_leader(bank: &Bank) -> Result<Kill> {
    await_all_well(bank).await?;
    tokio::time::sleep(FLOW).await;
    let leader = bank.client.health().await?;
    let site: SiteName = leader.site.parse()?;
    let platform = bank.platform().await?;
    let pid = bank::find(&platform, &site).and_then(|site| site.pid);
    let pid = pid.with_context(|| format!("{site} leads and has no process"))?;
    let at = clock::now();
    bank::kill_group(pid)?;
    Ok(Kill { at, site, epoch: Epoch(leader.epoch) })
}

async fn await_all_well(bank: &Bank) -> Result<()> {
    let begun = clock::now();
    loop {
        let platform = bank.platform().await?;
        let well = platform.sites.iter().all(|site| {
            let serves = matches!(site.role, Some(Role::Leader | Role::Follower));
            site.state == SiteState::Up && serves && site.lag <= LAG_MAX && site.epoch == platform.epoch
        });
        if well && platform.leader.is_some() {
            return Ok(());
        }
        let sites =
            || platform.sites.iter().map(|site| format!("{} {:?} {:?}", site.name, site.state, site.role));
        if begun.elapsed() > PATIENCE {
            bail!("not every site came back: {}", sites().collect::<Vec<_>>().join(", "));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn await_leader_after(bank: &Bank, epoch: Epoch) -> Result<()> {
    let begun = clock::now();
    // A failure only means that nobody leads yet.
    while !bank.client.health().await.is_ok_and(|health| Epoch(health.epoch) > epoch) {
        ensure!(begun.elapsed() < PATIENCE, "nobody took the lead after epoch {epoch}");
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// Clients that pay all the time.
struct Load {
    clients: JoinSet<Result<Vec<Ack>>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    gateway: SocketAddr,
    ids: AtomicU64,
    enough: AtomicBool,
    pause: Duration,
}

impl Load {
    fn start(args: &FailoverArgs, gateway: SocketAddr) -> Self {
        let shared = Arc::new(Shared {
            gateway,
            ids: AtomicU64::new(0),
            enough: AtomicBool::new(false),
            pause: Duration::from_millis(args.pause_ms),
        });
        let mut clients = JoinSet::new();
        for seed in 0..args.connections {
            clients.spawn(keep_paying(Arc::clone(&shared), Dice::new(u64::from(seed) + 1)));
        }
        Self { clients, shared }
    }

    /// Does something else, unless a client fails meanwhile.
    async fn meanwhile<T>(&mut self, other: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = other => done,
            Some(client) = self.clients.join_next() => {
                client??;
                Err(anyhow!("a client ended early"))
            }
        }
    }

    /// Waits for every answer that is still to come: what was acknowledged, and how many payments were sent.
    async fn stop(mut self) -> Result<(Vec<Ack>, u64)> {
        self.shared.enough.store(true, Ordering::Relaxed);
        let mut acks = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            acks.extend(client??);
        }
        Ok((acks, self.shared.ids.load(Ordering::Relaxed)))
    }
}

async fn keep_paying(shared: Arc<Shared>, mut dice: Dice) -> Result<Vec<Ack>> {
    let mut acks = Vec::new();
    let mut request = PaymentRequest::single();
    let mut line = None;
    while !shared.enough.load(Ordering::Relaxed) {
        let place = shared.ids.fetch_add(1, Ordering::Relaxed);
        request.fill(FIRST_PAYMENT + place, &mut dice);
        insist(&shared, &mut line, &request, FIRST_PAYMENT + place).await?;
        acks.push(Ack { place, at: clock::now() });
        tokio::time::sleep(shared.pause).await;
    }
    Ok(acks)
}

/// Sends a payment until it is acknowledged.
async fn insist(shared: &Shared, line: &mut Option<Line>, request: &PaymentRequest, id: u64) -> Result<()> {
    let begun = clock::now();
    loop {
        match attempt(shared.gateway, line, request, id).await {
            Ok(()) => return Ok(()),
            Err(error) if begun.elapsed() > RETRY_FOR => return Err(error),
            Err(_) => {
                *line = None;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}

async fn attempt(
    gateway: SocketAddr,
    line: &mut Option<Line>,
    request: &PaymentRequest,
    id: u64,
) -> Result<()> {
    let mut open = match line.take() {
        Some(open) => open,
        None => Line::connect(gateway).await?,
    };
    let answer = open.exchange(request.bytes()).await?;
    ensure!(answer.status == 201, "payment {id} was not made: {}", answer.text());
    let ack: PaymentAck = serde_json::from_slice(answer.body)?;
    ensure!(ack.id.get() == u128::from(id), "payment {id} was answered with {}", answer.text());
    *line = Some(open);
    Ok(())
}

/// From each kill to the first acknowledgement of a payment that a later reign wrote down, in milliseconds.
fn recovery_times(kills: &[Kill], acks: &[Ack], epoch_of: impl Fn(u64) -> Option<Epoch>) -> Vec<Option<f64>> {
    let first_after = |kill: &Kill| {
        let later = acks.iter().filter(|ack| ack.at > kill.at && epoch_of(ack.place) > Some(kill.epoch));
        later.map(|ack| clock::ms(ack.at - kill.at)).min_by(f64::total_cmp)
    };
    kills.iter().map(first_after).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn figures(report: &mut Report, kills: &[Kill], acks: &[Ack], audit: &Audit) {
    let (lost, duplicated) = audit.lost_and_duplicated(acks.iter().map(|ack| ack.place));
    let times = recovery_times(kills, acks, |place| audit.sighting(place).map(|sighting| sighting.epoch));
    let known: Vec<f64> = times.iter().copied().flatten().collect();
    report.aim("kills", kills.len() as f64, Target::AtLeast(20.0), "leaders killed in a row, under load");
    report.aim(
        "lost",
        lost as f64,
        Target::Exactly(0.0),
        "acknowledged payments that are not in the journal",
    );
    report.aim("duplicated", duplicated as f64, Target::Exactly(0.0), "that are in it more than once");
    let median = median(&known).unwrap_or(f64::NAN);
    report.aim("rto_ms_median", median, Target::Below(1_000.0), "kill to first payment of the next reign");
    let max = known.iter().copied().max_by(f64::total_cmp).unwrap_or(f64::NAN);
    report.aim("rto_ms_max", max, Target::Below(3_000.0), "");
    report.figure("acknowledged", acks.len() as f64, "payments");
    for (kill, time) in kills.iter().zip(&times) {
        match time {
            Some(ms) => report.note(format!("{} lost in epoch {}: {ms:.0} ms", kill.site, kill.epoch)),
            None => report.fault(format!("no payment was acknowledged after epoch {}", kill.epoch)),
        }
    }
    audit.tell(report, (lost, duplicated));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_of_the_old_reign_is_no_recovery() {
        let start = clock::now();
        let at = |ms| start + Duration::from_millis(ms);
        let kill = |ms, epoch| Kill { at: at(ms), site: "east-1".parse().unwrap(), epoch: Epoch(epoch) };
        let kills = [kill(100, 1), kill(1_000, 2), kill(2_000, 3)];
        // The second payment was written before the kill, and its client heard of it afterwards.
        let acks =
            [(0, 90), (1, 150), (2, 180), (3, 990), (4, 1_400)].map(|(place, ms)| Ack { place, at: at(ms) });
        let epochs = [1, 1, 2, 2, 3].map(Epoch);
        let times =
            recovery_times(&kills, &acks, |place| epochs.get(usize::try_from(place).unwrap()).copied());
        assert_eq!(times, [Some(80.0), Some(400.0), None]);
    }
}
