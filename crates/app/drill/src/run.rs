//! One drill from its first payment to its report.

use std::sync::Arc;
use std::time::Duration;

use client::{Client, ClientOptions};
use console_api::{
    DrillKind, DrillMeasurements, DrillPhase, DrillProgress, DrillReport, DrillTarget, PhaseTime, SiteName,
    Verdict,
};
use ids::{Epoch, Id, Timestamp};
use ledger_api::Health;
use money::Currency;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::desk::DeskConfig;
use crate::error::Failure;
use crate::judge::{Figures, Kill, judge, ms_between, verdict};
use crate::load::{Flow, Load, open_accounts};
use crate::verify::{Task, Verified, verify};

/// How long payments flow before the kill, and after service is back.
const FLOW: Duration = Duration::from_secs(1);
/// How long the drill waits for the first acknowledgement.
const FLOW_PATIENCE: Duration = Duration::from_secs(15);
/// How long it waits for service: longer than service may be away, so that the report can say how long it was.
const BACK_PATIENCE: Duration = Duration::from_secs(30);
/// How long it waits for the last payments: longer than the gateway holds a request.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);
/// How often it looks.
const POLL: Duration = Duration::from_millis(5);
/// The drill's accounts are kept in this currency.
const CURRENCY: &str = "CZK";

/// What the desk is told while a drill runs.
#[derive(Clone, Debug)]
pub(crate) enum Update {
    /// The site that is lost: the leader may have changed since the drill was started.
    Site(SiteName),
    /// The next step begins.
    Phase(DrillPhase),
    /// The check comes along.
    Progress(DrillProgress),
}

/// A drill to run.
pub(crate) struct Job {
    pub(crate) id: Id,
    pub(crate) target: DrillTarget,
    pub(crate) started_at: Timestamp,
    pub(crate) config: Arc<DeskConfig>,
    pub(crate) tell: Arc<dyn Fn(Update) + Send + Sync>,
}

/// Which site was lost, and how the shard stood at that moment.
struct Killed {
    site: SiteName,
    leader: SiteName,
    kill: Kill,
}

/// Runs the drill.
pub(crate) async fn run(job: Job) -> Result<DrillReport, Failure> {
    let clock = Clock::starting_at(job.started_at);
    let mut phases = Phases { clock, begun: Vec::new(), tell: Arc::clone(&job.tell) };
    phases.begin(DrillPhase::Load);
    let client = Client::new(&format!("http://{}", job.config.gateway), ClientOptions::default());
    let client = client.map_err(|error| Failure::bank("take requests", &error))?;
    let currency: Currency =
        CURRENCY.parse().map_err(|_| Failure::Broken { why: format!("{CURRENCY} is not a currency") })?;
    open_accounts(&client, currency).await?;
    let load = Load::start(&client, clock, job.id, currency);
    wait_for(FLOW_PATIENCE, || load.flows())
        .await
        .map_err(|TooLate| Failure::NoFlow { waited_s: FLOW_PATIENCE.as_secs() })?;
    tokio::time::sleep(FLOW).await;

    phases.begin(DrillPhase::Kill);
    let killed = kill(&job, &client, clock).await?;

    phases.begin(DrillPhase::Recover);
    let back = recover(&client, clock, &killed, &load);
    let not_back = || Failure::NotBack { waited_s: BACK_PATIENCE.as_secs() };
    tokio::time::timeout(BACK_PATIENCE, back).await.map_err(|_| not_back())?;
    tokio::time::sleep(FLOW).await;
    let flow = load.stop(ANSWER_PATIENCE).await?;
    let after = health(&client).await?;

    phases.begin(DrillPhase::Verify);
    let wanted = flow.acks.iter().map(|ack| ack.id).collect();
    let verified = check(&job, client, wanted).await?;
    let figures = judge(killed.kill, &flow.acks, |id| verified.tally.sighting(id)).ok_or_else(not_back)?;
    let leader_after = site_name(&after)?;
    Ok(report(&job, &killed, (leader_after, after.epoch), &flow, &verified, figures, phases.finish()))
}

async fn kill(job: &Job, client: &Client, clock: Clock) -> Result<Killed, Failure> {
    let before = health(client).await?;
    let leader = site_name(&before)?;
    let site = match &job.target {
        DrillTarget::Leader => leader.clone(),
        DrillTarget::Site(site) => site.clone(),
    };
    (job.tell)(Update::Site(site.clone()));
    let kill = Kill { at: clock.now(), leader: site == leader, epoch: Epoch(before.epoch) };
    let done = (job.config.kill)(site.clone()).await;
    done.map_err(|reason| Failure::Kill { site: site.clone(), reason })?;
    tracing::info!(%site, leader = kill.leader, "a drill killed a site");
    Ok(Killed { site, leader, kill })
}

/// Waits until payments that were sent after the kill are acknowledged, by a new leader if the old one was killed.
async fn recover(client: &Client, clock: Clock, killed: &Killed, load: &Load) {
    let mut back_since = killed.kill.at;
    if killed.kill.leader {
        wait_for_successor(client, killed.kill.epoch).await;
        back_since = clock.now();
    }
    while !load.flows_since(back_since) {
        tokio::time::sleep(POLL).await;
    }
}

async fn wait_for_successor(client: &Client, epoch: Epoch) {
    loop {
        match client.health().await {
            Ok(health) if Epoch(health.epoch) > epoch => return,
            // Nobody leads yet, or the gateway has not noticed yet that the dead leader is dead.
            Ok(_) | Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}

async fn check(job: &Job, client: Client, wanted: Vec<u128>) -> Result<Verified, Failure> {
    let task = Task { client, journal: Arc::clone(&job.config.journal), wanted };
    let tell = Arc::clone(&job.tell);
    let bank = tokio::runtime::Handle::current();
    let checked = tokio::task::spawn_blocking(move || {
        verify(&bank, task, &|progress| tell(Update::Progress(progress)))
    });
    checked.await.map_err(|error| Failure::Broken { why: error.to_string() })?
}

async fn health(client: &Client) -> Result<Health, Failure> {
    client.health().await.map_err(|error| Failure::bank("tell its health", &error))
}

fn site_name(health: &Health) -> Result<SiteName, Failure> {
    let bad = |_| Failure::Bank { what: "name its leading site", why: format!("`{}`", health.site) };
    health.site.parse().map_err(bad)
}

/// The time to wait is over.
struct TooLate;

async fn wait_for(patience: Duration, happened: impl Fn() -> bool) -> Result<(), TooLate> {
    let deadline = Instant::now() + patience;
    while !happened() {
        if Instant::now() > deadline {
            return Err(TooLate);
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// When each step began.
struct Phases {
    clock: Clock,
    begun: Vec<(DrillPhase, Timestamp)>,
    tell: Arc<dyn Fn(Update) + Send + Sync>,
}

impl Phases {
    fn begin(&mut self, phase: DrillPhase) {
        self.begun.push((phase, self.clock.now()));
        (self.tell)(Update::Phase(phase));
    }

    fn finish(self) -> Vec<PhaseTime> {
        let ends = self.begun.iter().skip(1).map(|(_, at)| *at).chain([self.clock.now()]);
        let times = self.begun.iter().zip(ends);
        times
            .map(|((phase, started_at), end)| PhaseTime {
                phase: *phase,
                started_at: *started_at,
                duration_ms: ms_between(*started_at, end),
            })
            .collect()
    }
}

fn report(
    job: &Job,
    killed: &Killed,
    (leader_after, epoch_after): (SiteName, u64),
    flow: &Flow,
    verified: &Verified,
    figures: Figures,
    phases: Vec<PhaseTime>,
) -> DrillReport {
    let mut report = DrillReport {
        id: job.id,
        kind: DrillKind::KillSite,
        site: killed.site.clone(),
        started_at: job.started_at,
        killed_at: killed.kill.at,
        last_ack_before: figures.last_ack_before,
        first_ack_after: figures.first_ack_after,
        rto_ms: figures.rto_ms,
        offered: flow.offered,
        acknowledged: flow.acks.len() as u64,
        lost: figures.lost,
        duplicated: figures.duplicated,
        leader_before: killed.leader.clone(),
        leader_after,
        epoch_before: killed.kill.epoch.0,
        epoch_after,
        verified_seq: verified.seq.0,
        state_hash_live: verified.state_hash_live,
        state_hash_replay: verified.state_hash_replay,
        balances_compared: verified.balances_compared,
        balances_different: verified.balances_different,
        measurements: DrillMeasurements {
            took_over: figures.took_over,
            longest_pause_ms: figures.longest_pause_ms,
            ack_p50_ms: figures.ack_p50_ms,
            ack_p99_ms: figures.ack_p99_ms,
            ack_max_ms: figures.ack_max_ms,
            retried: flow.retried,
            refused: flow.refused,
            unanswered: flow.unanswered,
            hashes_compared: verified.hashes_compared,
            journal_payments: verified.tally.payments(),
            phases,
            timeline: figures.timeline,
        },
        verdict: Verdict::Failed,
    };
    report.verdict = verdict(&report);
    report
}
