//! `ledger`: the books against TigerBeetle, and the ledger's own speed.
//!
//! Both parties run as one replica and are asked by the same client in TigerBeetle's protocol, one after the other on the
//! same machine. What the client needs is part of the figures, for both alike.

mod apply;
mod load;
mod records;
mod server;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use vsr::Release;

use crate::cli::LedgerArgs;
use crate::meter::median;
use crate::report::{Report, Target};
use crate::scratch::Steps;
use crate::stop::Stop;
use apply::{Applied, apply};
use load::Loaded;
use records::{Kind, Pairs, Source, Workload};
use server::{Party, Room, Server};

const PLAIN: Workload = Workload { accounts: 10_000, pairs: Pairs::Uniform, kind: Kind::Posted };
const ZIPF: Workload = Workload { pairs: Pairs::Zipf, ..PLAIN };
const TWO_PHASE: Workload = Workload { kind: Kind::TwoPhase, ..PLAIN };

/// Sessions of the loads of single transfers.
const SINGLES: [u32; 3] = [1, 64, 1_024];
/// Sessions that TigerBeetle serves at once.
const TIGERBEETLE_SESSIONS: u32 = 64;

/// What was measured of one party.
#[derive(Default)]
struct Measured {
    plain: Option<Loaded>,
    rss_mb: Option<f64>,
    zipf: Option<Loaded>,
    two_phase: Option<Loaded>,
    many: Option<Loaded>,
    singles: Vec<(u32, Loaded)>,
}

/// Runs the benchmark.
pub(crate) async fn run(args: &LedgerArgs, folder: &Path, stop: &Stop) -> Result<Report> {
    let tongbao = args.binary.tongbao()?;
    let steps = Steps::new("ledger: the ledger alone");
    let mut report = Report::new("ledger");
    alone(args, stop, &mut report)?;
    steps.next("ledger: tongbao".to_owned());
    // Both are asked in the rival's words: an older release packs results in another way.
    let release = match &args.tigerbeetle {
        Some(binary) => Some(server::release(binary).await?),
        None => None,
    };
    let ours = measure(Party::Tongbao(&tongbao), release, args, folder).await?;
    let rival = match &args.tigerbeetle {
        Some(binary) => {
            steps.next("ledger: tigerbeetle".to_owned());
            Some(measure(Party::TigerBeetle(binary), release, args, folder).await?)
        }
        None => None,
    };
    tell(&ours, rival.as_ref(), &mut report);
    if let Some(release) = release {
        report.note(format!(
            "Both were asked by the same client as one of TigerBeetle {release}, in its encoding."
        ));
    }
    Ok(report)
}

/// The ledger alone: batches from memory.
fn alone(args: &LedgerArgs, stop: &Stop, report: &mut Report) -> Result<()> {
    let mut rounds = Vec::new();
    for _ in 0..args.rounds {
        rounds.push(apply(PLAIN, args.batches, stop)?);
    }
    let rates: Vec<f64> = rounds.iter().map(|round| round.per_s).collect();
    let rate = median(&rates).unwrap_or(f64::NAN);
    let target = Target::AtLeast(3_000_000.0);
    report.aim("apply_per_s_per_core", rate, target, "the ledger alone, by processor time");
    let worst = |applied: &Applied| applied.batch_ms.last().copied().unwrap_or(f64::NAN);
    let worsts: Vec<f64> = rounds.iter().map(worst).collect();
    report.figure("apply_batch_max_ms", median(&worsts).unwrap_or(f64::NAN), "its slowest batch");
    let many = Workload { accounts: args.accounts, ..PLAIN };
    for (name, workload, meaning) in [
        ("apply_zipf_per_s", ZIPF, "debit accounts drawn by Zipf(1.0)"),
        ("apply_two_phase_per_s", TWO_PHASE, "half pending, half post or void them"),
        ("apply_10m_accounts_per_s", many, "as many accounts as --accounts, 10 M"),
    ] {
        report.figure(name, apply(workload, args.batches, stop)?.per_s, meaning);
    }
    Ok(())
}

async fn measure(
    party: Party<'_>,
    release: Option<Release>,
    args: &LedgerArgs,
    folder: &Path,
) -> Result<Measured> {
    let mut measured = Measured::default();
    let server = Server::start(party, release, Room::Usual, folder).await?;
    load::open_accounts(&server, 1, PLAIN.accounts).await?;
    let batches = |workload, first_session, seed| {
        let mut source = Source::new(workload, seed, 1 + u128::from(seed) * 1_000_000_000);
        let server = &server;
        async move { load::batches(server, first_session, args.sessions, args.batches, &mut source).await }
    };
    measured.plain = Some(batches(PLAIN, 100, 1).await?);
    measured.rss_mb = server.rss_mb();
    measured.zipf = Some(batches(ZIPF, 200, 2).await?);
    measured.two_phase = Some(batches(TWO_PHASE, 300, 3).await?);
    drop(server);
    let server = Server::start(party, release, Room::Widest, folder).await?;
    load::open_accounts(&server, 1, PLAIN.accounts).await?;
    let span = Duration::from_secs(args.seconds);
    for (number, sessions) in (4u128..).zip(SINGLES) {
        if matches!(party, Party::TigerBeetle(_)) && sessions > TIGERBEETLE_SESSIONS {
            continue;
        }
        let (session, id) = (number * 10_000, 1 + number * 1_000_000_000);
        let loaded = load::singles(&server, session, sessions, span, PLAIN, id).await?;
        measured.singles.push((sessions, loaded));
    }
    drop(server);
    let server = Server::start(party, release, Room::Usual, folder).await?;
    load::open_accounts(&server, 1, args.accounts).await?;
    let many = Workload { accounts: args.accounts, ..PLAIN };
    let mut source = Source::new(many, 9, 1);
    measured.many = Some(load::batches(&server, 100, args.sessions, args.batches, &mut source).await?);
    Ok(measured)
}

fn tell(ours: &Measured, rival: Option<&Measured>, report: &mut Report) {
    let per_s = |loaded: &Option<Loaded>| loaded.as_ref().map_or(f64::NAN, |loaded| loaded.per_s);
    let quantile = |loaded: &Option<Loaded>, at| {
        loaded.as_ref().map_or(f64::NAN, |loaded| loaded.latencies.quantile_ms(at))
    };
    report.figure("transfers_per_s", per_s(&ours.plain), "batches of 8,190, durable, 10,000 accounts");
    report.figure("batch_p50_ms", quantile(&ours.plain, 0.5), "");
    report.figure("batch_p99_ms", quantile(&ours.plain, 0.99), "");
    report.figure("rss_mb", ours.rss_mb.unwrap_or(f64::NAN), "the most memory held, after these");
    report.figure("zipf_per_s", per_s(&ours.zipf), "debit accounts drawn by Zipf(1.0)");
    report.figure("two_phase_per_s", per_s(&ours.two_phase), "half pending, half post or void them");
    report.figure("accounts_10m_per_s", per_s(&ours.many), "as many accounts as --accounts, 10 M");
    for (sessions, loaded) in &ours.singles {
        report.figure(format!("single_{sessions}_per_s"), loaded.per_s, "single transfers, so many sessions");
        let p99 = loaded.latencies.quantile_ms(0.99);
        report.figure(format!("single_{sessions}_p99_ms"), p99, "");
    }
    let Some(rival) = rival else {
        report.note("No tigerbeetle binary was given (--tigerbeetle PATH): these are our figures alone.");
        return;
    };
    report.figure("tigerbeetle_transfers_per_s", per_s(&rival.plain), "the same client, the same batches");
    report.figure("tigerbeetle_batch_p50_ms", quantile(&rival.plain, 0.5), "");
    report.figure("tigerbeetle_batch_p99_ms", quantile(&rival.plain, 0.99), "");
    report.figure("tigerbeetle_rss_mb", rival.rss_mb.unwrap_or(f64::NAN), "");
    report.figure("tigerbeetle_zipf_per_s", per_s(&rival.zipf), "");
    report.figure("tigerbeetle_two_phase_per_s", per_s(&rival.two_phase), "");
    report.figure("tigerbeetle_accounts_10m_per_s", per_s(&rival.many), "");
    for (sessions, loaded) in &rival.singles {
        report.figure(format!("tigerbeetle_single_{sessions}_per_s"), loaded.per_s, "");
    }
    let ratio = per_s(&ours.plain) / per_s(&rival.plain);
    report.aim("ratio", ratio, Target::AtLeast(2.0), "our transfers per second by TigerBeetle's");
    let p99 = quantile(&ours.plain, 0.99) / quantile(&rival.plain, 0.99);
    report.aim("p99_ratio", p99, Target::AtMost(1.0), "our batch p99 by TigerBeetle's");
    let memory = ours.rss_mb.zip(rival.rss_mb).map_or(f64::NAN, |(ours, rival)| ours / rival);
    report.aim("rss_ratio", memory, Target::AtMost(0.5), "our memory by TigerBeetle's");
}
