//! `payments`: durable payments over HTTP and over gRPC, through the gateway of a whole bank.
//!
//! Four loads one after the other, each a closed loop: a connection sends its next request when it has the answer to the
//! last. Every answer is checked, and in the end every payment must be in the journal exactly once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ledger_api::{PaymentAck, PaymentBatchOutcome};
use tokio::task::JoinSet;

use crate::audit::audit;
use crate::bank::Bank;
use crate::cli::PaymentsArgs;
use crate::clock;
use crate::cpu::{Processes, Used};
use crate::feed::Feed;
use crate::grpc_line::GrpcLine;
use crate::lag::{Lags, Watch};
use crate::meter::{Meter, Readings};
use crate::report::{Report, Target};
use crate::scratch::Steps;
use crate::wire::{Answer, Line};
use crate::workload::{self, BATCH, Dice, FIRST_PAYMENT, PaymentRequest};

/// From `up` to the first payment, at most.
const FIRST_PAYMENT_MS_MAX: f64 = 2_000.0;

/// Runs the benchmark.
pub(crate) async fn run(args: &PaymentsArgs, folder: &Path) -> Result<Report> {
    let steps = Steps::new("payments: starting a bank");
    let tongbao = args.binary.tongbao()?;
    let mut bank = Bank::start(&tongbao, folder).await?;
    let measured = measure(args, &bank, &steps).await;
    let report = measured.map_err(|error| bank.post_mortem(error))?;
    Ok(bank.keep_if_unsound(report))
}

async fn measure(args: &PaymentsArgs, bank: &Bank, steps: &Steps) -> Result<Report> {
    let up_ms = clock::ms(bank.started.elapsed());
    let ids = Arc::new(AtomicU64::new(0));
    let first_ms = first_payment(bank, &ids).await?;
    let mut report = Report::new("payments");
    let processes = Processes::of(bank).await?;
    let load =
        |kind, lines| Load { kind, over: Over::Http, lines, warm_up: args.warm_up, seconds: args.seconds };

    steps.next(format!("payments: one by one on {} connections", args.connections));
    let single = load(Kind::Single, args.connections).run(bank, &processes, &ids).await?;
    steps.next(format!("payments: batches of {BATCH}, {} at once", args.batches));
    let batch = load(Kind::Batch, args.batches).run(bank, &processes, &ids).await?;

    steps.next(format!("payments: the same over gRPC, one by one on {} connections", args.connections));
    let over_grpc = |kind, lines| Load { over: Over::Grpc, ..load(kind, lines) };
    let grpc_single = over_grpc(Kind::Single, args.connections).run(bank, &processes, &ids).await?;
    steps.next(format!("payments: batches of {BATCH} over gRPC, {} at once", args.batches));
    let grpc_batch = over_grpc(Kind::Batch, args.batches).run(bank, &processes, &ids).await?;

    steps.next("payments: the change feed".to_owned());
    let feed = Feed::measure(bank, &ids, args.seconds).await?;

    figures(&mut report, &single, &batch);
    grpc_figures(&mut report, &grpc_single, &grpc_batch);
    batch.lags.tell(&mut report);
    feed.tell(&mut report);
    let first = Target::Below(FIRST_PAYMENT_MS_MAX);
    report.aim(
        "up_to_first_payment_ms",
        first_ms,
        first,
        "from the start of `up`: first payment acknowledged",
    );
    report.figure("up_ready_ms", up_ms, "from the start of `up`: a site leads");

    steps.next("payments: replaying the journal to check it");
    let offered = ids.load(Ordering::Relaxed);
    let audit = audit(bank, offered).await?;
    // Every answer was a success, or the load would have failed.
    audit.tell(&mut report, audit.lost_and_duplicated(0..offered));
    report.note(format!("{offered} payments were acknowledged; each was looked for in the journal."));
    Ok(report)
}

/// Opens the accounts and makes one payment; how long it took from the start of the bank, in milliseconds.
async fn first_payment(bank: &Bank, ids: &AtomicU64) -> Result<f64> {
    workload::open_accounts(&bank.client).await?;
    let mut line = Line::connect(bank.gateway()).await?;
    Kind::Single.pay(&mut line, &mut PaymentRequest::single(), &mut Dice::new(0), ids).await?;
    Ok(clock::ms(bank.started.elapsed()))
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Single,
    Batch,
}

impl Kind {
    fn request(self) -> PaymentRequest {
        match self {
            Self::Single => PaymentRequest::single(),
            Self::Batch => PaymentRequest::batch(),
        }
    }

    /// Payments in a request.
    fn payments(self) -> u64 {
        match self {
            Self::Single => 1,
            Self::Batch => BATCH as u64,
        }
    }

    /// Sends the next request and checks the answer.
    pub(crate) async fn pay(
        self,
        line: &mut Line,
        request: &mut PaymentRequest,
        dice: &mut Dice,
        ids: &AtomicU64,
    ) -> Result<()> {
        let first = FIRST_PAYMENT + ids.fetch_add(self.payments(), Ordering::Relaxed);
        request.fill(first, dice);
        let answer = line.exchange(request.bytes()).await.context("the gateway's connection failed")?;
        let right = match self {
            Self::Single => is_created(answer, first),
            Self::Batch => are_created(answer),
        };
        ensure!(right, "a payment was not made: {}", answer.text());
        Ok(())
    }
}

fn is_created(answer: Answer<'_>, id: u64) -> bool {
    let ack = serde_json::from_slice(answer.body);
    answer.status == 201 && ack.is_ok_and(|ack: PaymentAck| ack.id.get() == u128::from(id))
}

fn are_created(answer: Answer<'_>) -> bool {
    let outcome = serde_json::from_slice(answer.body);
    answer.status == 200
        && outcome.is_ok_and(|outcome: PaymentBatchOutcome| {
            outcome.created as usize == BATCH && outcome.existing == 0 && outcome.refused.is_empty()
        })
}

/// The protocol of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Http,
    Grpc,
}

/// One connection.
enum Payer {
    Http(Line, PaymentRequest),
    Grpc(Box<GrpcLine>),
}

impl Payer {
    async fn connect(bank: &Bank, over: Over, kind: Kind) -> Result<Self> {
        Ok(match over {
            Over::Http => Self::Http(Line::connect(bank.gateway()).await?, kind.request()),
            Over::Grpc => Self::Grpc(Box::new(GrpcLine::new(bank.gateway())?)),
        })
    }

    async fn pay(&mut self, kind: Kind, dice: &mut Dice, ids: &AtomicU64) -> Result<()> {
        match self {
            Self::Http(line, request) => kind.pay(line, request, dice, ids).await,
            Self::Grpc(line) => {
                let first = FIRST_PAYMENT + ids.fetch_add(kind.payments(), Ordering::Relaxed);
                line.pay(first, kind.payments(), dice).await
            }
        }
    }
}

/// One load.
#[derive(Clone, Copy, Debug)]
struct Load {
    kind: Kind,
    over: Over,
    lines: u16,
    warm_up: u64,
    seconds: u64,
}

/// What a load came to.
struct Measured {
    readings: Readings,
    used: Used,
    /// Journal batches while it was measured.
    journal_batches: u64,
    lags: Lags,
}

impl Load {
    async fn run(self, bank: &Bank, processes: &Processes, ids: &Arc<AtomicU64>) -> Result<Measured> {
        let meter = Arc::new(Meter::new());
        let enough = Arc::new(AtomicBool::new(false));
        let mut lines = JoinSet::new();
        for seed in 0..self.lines {
            let payer = Payer::connect(bank, self.over, self.kind).await?;
            let (ids, meter, enough) = (Arc::clone(ids), Arc::clone(&meter), Arc::clone(&enough));
            lines.spawn(keep_paying(self.kind, payer, Dice::new(u64::from(seed) + 1), ids, meter, enough));
        }
        self.pass(&mut lines, self.warm_up).await?;
        let (watch, mut lags) = (Watch::of(bank).await?, Lags::default());
        let (seq, used) = (bank.client.health().await?.seq, processes.used());
        meter.open();
        tokio::select! {
            passed = self.pass(&mut lines, self.seconds) => passed?,
            // Beside single payments the questions would be a load of their own.
            failed = watch.look(&mut lags), if self.kind == Kind::Batch => failed?,
        }
        meter.close();
        let used = processes.used().since(used);
        let journal_batches = bank.client.health().await?.seq - seq;
        enough.store(true, Ordering::Relaxed);
        while let Some(line) = lines.join_next().await {
            line??;
        }
        let meter = Arc::into_inner(meter).context("a connection is still open")?;
        Ok(Measured { readings: meter.into_readings(), used, journal_batches, lags })
    }

    /// Lets the load run for a while. A connection only ends early because it failed.
    async fn pass(self, lines: &mut JoinSet<Result<()>>, seconds: u64) -> Result<()> {
        tokio::select! {
            Some(line) = lines.join_next() => line?.and(Err(anyhow::anyhow!("a connection ended early"))),
            () = tokio::time::sleep(Duration::from_secs(seconds)) => Ok(()),
        }
    }
}

/// One connection: it pays until there is enough, and never leaves a request without its answer.
async fn keep_paying(
    kind: Kind,
    mut payer: Payer,
    mut dice: Dice,
    ids: Arc<AtomicU64>,
    meter: Arc<Meter>,
    enough: Arc<AtomicBool>,
) -> Result<()> {
    while !enough.load(Ordering::Relaxed) {
        let sent = clock::now();
        payer.pay(kind, &mut dice, &ids).await?;
        meter.note(sent.elapsed());
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts are told to a few digits")]
fn figures(report: &mut Report, single: &Measured, batch: &Measured) {
    let readings = &single.readings;
    report.aim("single_per_s", readings.per_s(), Target::AtLeast(8_000.0), "payments, one in a request");
    report.figure("single_p50_ms", readings.quantile_ms(0.5), "from the first byte sent to the whole answer");
    report.figure("single_p99_ms", readings.quantile_ms(0.99), "");
    report.figure("single_max_ms", readings.quantile_ms(1.0), "");
    report.figure("single_count", readings.count() as f64, "payments measured");
    let per_batch = readings.count() as f64 / single.journal_batches as f64;
    report.figure("single_per_journal_batch", per_batch, "payments that shared a batch of the journal");
    let readings = &batch.readings;
    let transfers = readings.per_s() * BATCH as f64;
    report.aim(
        "batch_transfers_per_s",
        transfers,
        Target::AtLeast(150_000.0),
        "payments, 8,190 in a request",
    );
    report.figure("batch_p50_ms", readings.quantile_ms(0.5), "a request of 8,190 payments");
    report.figure("batch_p99_ms", readings.quantile_ms(0.99), "");
    report.figure("batch_count", readings.count() as f64, "requests measured");
    let share = single.used.client_share();
    report.figure("client_cpu_share", share, "the clients' part of all processor time, single payments");
    report.figure("batch_client_cpu_share", batch.used.client_share(), "the same, batches");
    single.used.tell(report, "single");
    batch.used.tell(report, "batch");
}

#[expect(clippy::cast_precision_loss, reason = "counts are told to a few digits")]
fn grpc_figures(report: &mut Report, single: &Measured, batch: &Measured) {
    let readings = &single.readings;
    report.figure("grpc_single_per_s", readings.per_s(), "payments over gRPC, one in a request");
    report.figure("grpc_single_p50_ms", readings.quantile_ms(0.5), "from the call to its answer");
    report.figure("grpc_single_p99_ms", readings.quantile_ms(0.99), "");
    let readings = &batch.readings;
    let transfers = readings.per_s() * BATCH as f64;
    report.figure("grpc_batch_transfers_per_s", transfers, "payments over gRPC, 8,190 in a request");
    report.figure("grpc_batch_p50_ms", readings.quantile_ms(0.5), "a request of 8,190 payments");
    report.figure("grpc_batch_p99_ms", readings.quantile_ms(0.99), "");
    let share = single.used.client_share();
    report.figure("grpc_client_cpu_share", share, "the clients' part of all processor time, single payments");
    report.figure("grpc_batch_client_cpu_share", batch.used.client_share(), "the same, batches");
}
