//! `tongbao replay`.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use client::Client;
use replay::{Judgement, Mapping, Plan, Progress, SendOptions, Stage, Summary};
use tokio::sync::watch;

use super::Bank;
use crate::cli::ReplayArgs;
use crate::error::AppError;
use crate::layout::create_file;
use crate::output::Output;

pub(super) async fn run(bank: &Bank, args: &ReplayArgs, output: Output) -> anyhow::Result<()> {
    let client = bank.client()?;
    let (plan, judgement, summary) = replay(client, args, output).await?;
    if !judgement.unexplained.is_empty() {
        write_unexplained(&args.unexplained, &plan, &judgement)?;
        output.note(&format!(
            "{} rows are not explained; they are in {}",
            judgement.unexplained.len(),
            args.unexplained.display()
        ));
    }
    output.result(&summary, || summary.to_string())?;
    if summary.refused > 0 {
        return Err(AppError::Outcome(format!("{} rows were refused by the ledger", summary.refused)).into());
    }
    Ok(())
}

/// Plans, sends and judges.
pub(super) async fn replay(
    client: Client,
    args: &ReplayArgs,
    output: Output,
) -> anyhow::Result<(Arc<Plan>, Judgement, Summary)> {
    let mapping = Mapping::read(&args.mapping)?;
    output.note(&format!("reading {} and finding the posting order of each day …", args.dir.display()));
    let folder = args.dir.clone();
    let plan = Arc::new(tokio::task::spawn_blocking(move || Plan::read(&mapping, &folder)).await??);
    let forecast = plan.forecast();
    output.note(&format!(
        "{} rows: {} exact, {} within the source's rounding, {} that no order explains",
        plan.rows().len(),
        forecast.exact,
        forecast.within_tolerance,
        forecast.unexplained
    ));
    let in_flight = NonZeroUsize::new(usize::from(args.in_flight)).unwrap_or(NonZeroUsize::MIN);
    let options = SendOptions { in_flight, ..SendOptions::default() };
    let (progress, watched) = watch::channel(Progress::default());
    let drawing = tokio::spawn(draw(watched, output));
    let sent = replay::send(&client, &plan, &options, &progress).await;
    let judged = match sent {
        Err(error) => Err(error),
        Ok(sent) => {
            let sent = Arc::new(sent);
            let judgement = replay::judge(&client, &plan, &sent, &options, &progress).await;
            judgement.map(|judgement| (sent, judgement))
        }
    };
    drop(progress);
    drawing.await?;
    let (sent, judgement) = judged?;
    let summary = Summary::new(&plan, &sent, &judgement);
    Ok((plan, judgement, summary))
}

/// Draws the progress until the work is done.
async fn draw(mut progress: watch::Receiver<Progress>, output: Output) {
    let mut bar = output.progress(0, "accounts");
    let mut stage = Stage::Accounts;
    loop {
        let now = *progress.borrow_and_update();
        if now.stage != stage {
            bar.finish();
            stage = now.stage;
            let what = match stage {
                Stage::Accounts => "accounts",
                Stage::Payments => "payments",
                Stage::Judging => "statements",
            };
            bar = output.progress(now.total, what);
        }
        bar.set_length(now.total);
        bar.set_position(now.done);
        if progress.changed().await.is_err() {
            bar.finish();
            return;
        }
    }
}

fn write_unexplained(path: &Path, plan: &Plan, judgement: &Judgement) -> anyhow::Result<()> {
    let file = create_file(path).map_err(|source| AppError::Folder { folder: path.to_owned(), source })?;
    Ok(replay::write_unexplained(plan, judgement, file)?)
}
