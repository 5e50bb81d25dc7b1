//! `tongbao drill …`.

use std::time::Duration;

use client::Client;
use console_api::{Drill, DrillKind, DrillPhase, DrillReport, DrillRequest, DrillState};

use super::Bank;
use super::table::{Align, Table};
use crate::cli::{DrillCommand, ReplayArgs};
use crate::error::AppError;
use crate::output::Output;

/// How often a running drill is asked how far it is.
const ASK_INTERVAL: Duration = Duration::from_millis(100);
/// How long a replay runs before the drill begins, so that it is well under way when the site dies.
const REPLAY_HEAD_START: Duration = Duration::from_secs(1);

pub(super) async fn run(bank: &Bank, command: DrillCommand, output: Output) -> anyhow::Result<()> {
    match command {
        DrillCommand::List => list(bank, output).await,
        DrillCommand::KillSite { site, meanwhile: _, mapping, dir } => {
            let request = DrillRequest { kind: DrillKind::KillSite, site };
            match (mapping, dir) {
                (Some(mapping), Some(dir)) => {
                    let unexplained = "unexplained.csv".into();
                    let args = ReplayArgs { mapping, dir, in_flight: 256, unexplained };
                    drill_during_replay(bank, &request, &args, output).await
                }
                _ => report(bank, &drill(bank, &request, output).await?, output),
            }
        }
    }
}

async fn drill_during_replay(
    bank: &Bank,
    request: &DrillRequest,
    args: &ReplayArgs,
    output: Output,
) -> anyhow::Result<()> {
    let later = async {
        tokio::time::sleep(REPLAY_HEAD_START).await;
        drill(bank, request, output).await
    };
    let (replayed, drilled) = tokio::join!(super::replay::replay(bank.client()?, args, output), later);
    let (_, _, summary) = replayed?;
    output.note(&format!("the replay went through:\n{summary}"));
    report(bank, &drilled?, output)
}

/// Starts a drill and follows it to its end.
async fn drill(bank: &Bank, request: &DrillRequest, output: Output) -> anyhow::Result<Drill> {
    let (client, _) = bank.platform()?;
    let mut drill = client.start_drill(request).await?;
    output.note(&format!("drill {} on site {}", drill.id, drill.site));
    let mut told = None;
    while drill.state == DrillState::Running {
        if told != Some(drill.phase) {
            told = Some(drill.phase);
            output.note(&format!("  {}", phase(drill.phase)));
        }
        tokio::time::sleep(ASK_INTERVAL).await;
        drill = ask(&client, &drill).await?;
    }
    Ok(drill)
}

async fn ask(client: &Client, drill: &Drill) -> anyhow::Result<Drill> {
    Ok(client.drill(drill.id).await?)
}

fn phase(phase: DrillPhase) -> &'static str {
    match phase {
        DrillPhase::Load => "payments flow …",
        DrillPhase::Kill => "the site is killed …",
        DrillPhase::Recover => "waiting for the first payment that goes through again …",
        DrillPhase::Verify => "checking journal, balances and state …",
        DrillPhase::Done => "done",
    }
}

fn report(bank: &Bank, drill: &Drill, output: Output) -> anyhow::Result<()> {
    let page = bank.layout.drills().join(format!("{}.html", drill.id));
    output.result(drill, || match &drill.report {
        Some(report) => format!("{}\n  report    {}", describe(report), page.display()),
        None => format!("drill {} has no report", drill.id),
    })?;
    match (drill.state, &drill.error) {
        (DrillState::Passed, _) => Ok(()),
        (_, Some(error)) => Err(AppError::Outcome(format!("the drill failed: {error}")).into()),
        (_, None) => Err(AppError::Outcome("the drill failed".to_owned()).into()),
    }
}

fn describe(report: &DrillReport) -> String {
    let equal = |same: bool| if same { "equal" } else { "DIFFERENT" };
    format!(
        "site {} was killed; {} led before in epoch {}, {} leads now in epoch {}\n  \
         back      after {:.0} ms\n  payments  {} acknowledged, {} lost, {} duplicated\n  \
         state     {} at batch {} (running {} / replayed {})\n  balances  {} compared, {} different",
        report.site,
        report.leader_before,
        report.epoch_before,
        report.leader_after,
        report.epoch_after,
        report.rto_ms,
        report.acknowledged,
        report.lost,
        report.duplicated,
        equal(report.state_hash_live == report.state_hash_replay),
        report.verified_seq,
        report.state_hash_live.short(),
        report.state_hash_replay.short(),
        report.balances_compared,
        report.balances_different,
    )
}

async fn list(bank: &Bank, output: Output) -> anyhow::Result<()> {
    let (client, _) = bank.platform()?;
    let page = client.drills().await?;
    output.result(&page, || {
        if page.drills.is_empty() {
            return "no drills yet: `tongbao drill kill-site leader` is the first".to_owned();
        }
        let mut table = Table::new(&[
            ("STARTED", Align::Left),
            ("SITE", Align::Left),
            ("STATE", Align::Left),
            ("BACK AFTER", Align::Right),
            ("LOST", Align::Right),
            ("DUPLICATED", Align::Right),
            ("DRILL", Align::Left),
        ]);
        for drill in &page.drills {
            let of = |value: fn(&DrillReport) -> String| drill.report.as_ref().map_or("-".to_owned(), value);
            table.row([
                drill.started_at.to_string(),
                drill.site.to_string(),
                format!("{:?}", drill.state).to_lowercase(),
                of(|report| format!("{:.0} ms", report.rto_ms)),
                of(|report| report.lost.to_string()),
                of(|report| report.duplicated.to_string()),
                drill.id.to_string(),
            ]);
        }
        table.to_string()
    })
}
