//! What the commands print: results to standard output, words along the way to standard error.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use client::ClientError;
use console_api::Platform;
use indicatif::{ProgressBar, ProgressStyle};
use problem::Problem;
use serde::Serialize;
use stdx::Coded;

use crate::cli::Format;
use crate::error::AppError;
use crate::layout::Running;

/// How this invocation prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
}

/// The text could not be written: whoever read it has gone, and there is nobody left to tell.
fn ignore_closed_pipe(_: std::io::Result<()>) {}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints a result: `value` as JSON, or `text` for people.
    pub(crate) fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let shown = match self.format {
            Format::Json => serde_json::to_string(value)?,
            Format::Text => text(),
        };
        ignore_closed_pipe(writeln!(std::io::stdout(), "{}", shown.trim_end()));
        Ok(())
    }

    /// Prints one line of a result that goes on; false if nobody reads any more.
    pub(crate) fn line(self, text: &str) -> bool {
        let mut out = std::io::stdout();
        writeln!(out, "{text}").and_then(|()| out.flush()).is_ok()
    }

    /// A word along the way.
    pub(crate) fn note(self, text: &str) {
        if self.format == Format::Text {
            ignore_closed_pipe(writeln!(std::io::stderr(), "{text}"));
        }
    }

    /// A progress bar over `total` steps, on a terminal; elsewhere it draws nothing.
    pub(crate) fn progress(self, total: u64, what: &'static str) -> ProgressBar {
        if self.is_json() || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let template = "{prefix:>12} [{bar:40}] {human_pos}/{human_len} {per_sec:>14} {eta:>4} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(total).with_style(style.progress_chars("=> ")).with_prefix(what)
    }

    /// Says that the bank is up and where.
    pub(crate) fn ready(
        self,
        running: &Running,
        platform: &Platform,
        data: &Path,
        took: Duration,
        pages: bool,
    ) {
        let leader = platform.leader.as_ref().map_or("nobody", |site| site.as_str());
        if self.is_json() {
            let ready = serde_json::json!({
                "gateway": format!("http://{}", running.gateway), "console": format!("http://{}", running.console),
                "ledger": running.ledger, "ledger_tls": running.ledger_tls, "leader": leader, "epoch": platform.epoch, "data": data, "pid": running.pid,
            });
            ignore_closed_pipe(writeln!(std::io::stdout(), "{ready}"));
            return;
        }
        let console =
            if pages { "" } else { "   (built without its pages: run `cargo xtask up` to add them)" };
        let ledger = match &running.ledger {
            Some(addresses) => format!("{addresses}   (for TigerBeetle clients, cluster 0)"),
            None => "not served to TigerBeetle clients".to_owned(),
        };
        let ledger = match &running.ledger_tls {
            Some(addresses) => {
                format!("{ledger}\n  over TLS {addresses}   (with a certificate: `tongbao tunnel`)")
            }
            None => ledger,
        };
        let text = format!(
            "Tongbao is up after {:.2} s: {} sites, {leader} leads in epoch {}.\n\n  \
             Console  http://{}{console}\n  Bank API http://{}/v1   (description: /v1/openapi.json)\n  gRPC     {}   (description: /v1/ledger.proto, reflection)\n  Ledger   {}\n  Data     {}\n\n\
             Next: open the console, or in another terminal\n  tongbao status\n  \
             tongbao replay --mapping examples/berka/mapping.yaml DIR\n  tongbao drill kill-site leader\n\n\
             Ctrl-C stops everything; `tongbao up` continues where it stopped.",
            took.as_secs_f64(),
            platform.sites.len(),
            platform.epoch,
            running.console,
            running.gateway,
            running.gateway,
            ledger,
            data.display(),
        );
        ignore_closed_pipe(writeln!(std::io::stdout(), "{text}"));
    }

    /// Tells an error with its code, causes and hint, and gives the exit code.
    pub(crate) fn failure(self, error: &anyhow::Error) -> ExitCode {
        let problem = as_problem(error);
        let written = match self.format {
            Format::Json => std::io::stdout().write_all(&[&problem.to_json()[..], b"\n"].concat()),
            Format::Text => std::io::stderr().write_all(as_text(&problem).as_bytes()),
        };
        ignore_closed_pipe(written);
        ExitCode::FAILURE
    }
}

/// What is told of an error: the bank's own words if it refused, else those of the first cause that has a code.
fn as_problem(error: &anyhow::Error) -> Problem {
    match error.chain().find_map(as_coded) {
        Some(Told::ByTheBank(problem)) => problem.clone(),
        Some(Told::ByUs(coded)) => {
            Problem::from_parts(0, coded.code(), &chain(error), coded.hint(), coded.retry())
        }
        None => Problem::from_parts(0, "RUN-0000", &chain(error), "", stdx::Retry::Never),
    }
}

fn as_text(problem: &Problem) -> String {
    let mut text = format!("error[{}]: {}\n", problem.code, problem.detail);
    if !problem.hint.is_empty() {
        text.push_str(&format!("  hint: {}\n", problem.hint));
    }
    text
}

fn chain(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // Wrappers that say the same as what they wrap add nothing.
        if parts.last() != Some(&text) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

/// An error that has a code.
enum Told<'a> {
    ByTheBank(&'a Problem),
    ByUs(&'a dyn Coded),
}

fn as_coded<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<Told<'a>> {
    fn of<'a, T: Coded + 'static>(cause: &'a (dyn std::error::Error + 'static)) -> Option<Told<'a>> {
        cause.downcast_ref::<T>().map(|error| Told::ByUs(error))
    }
    let refused = cause.downcast_ref::<ClientError>().and_then(ClientError::problem);
    refused
        .map(Told::ByTheBank)
        .or_else(|| of::<AppError>(cause))
        .or_else(|| of::<ClientError>(cause))
        .or_else(|| of::<replay::MappingError>(cause))
        .or_else(|| of::<replay::SourceError>(cause))
        .or_else(|| of::<replay::RunError>(cause))
        .or_else(|| of::<drill::StoreError>(cause))
        .or_else(|| of::<shard::ShardError>(cause))
        .or_else(|| of::<journal::JournalError>(cause))
        .or_else(|| of::<journal_pg::PgError>(cause))
        .or_else(|| of::<feed_kafka::KafkaFeedError>(cause))
        .or_else(|| of::<ledger_core::InvariantBroken>(cause))
        .or_else(|| of::<money::MoneyError>(cause))
        .or_else(|| of::<certs::CertsError>(cause))
        .or_else(|| of::<crate::access::RulesError>(cause))
        .or_else(|| of::<vsr::GateError>(cause))
        .or_else(|| of::<vsr::TunnelError>(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> ClientError {
        let hint = "credit the account or send less";
        let mut problem =
            Problem::from_parts(422, "LED-0054", "more than is there", hint, stdx::Retry::Never);
        problem = problem.titled("exceeds_credits").about(&7);
        ClientError::Refused(Box::new(problem))
    }

    #[test]
    fn a_refusal_is_told_in_the_banks_own_words() {
        let error = anyhow::Error::from(refused()).context("paying");
        let told = as_problem(&error);
        assert_eq!((Some(&told), told.status), (refused().problem(), 422));
        assert_eq!(
            as_text(&told),
            "error[LED-0054]: more than is there\n  hint: credit the account or send less\n"
        );
    }

    #[test]
    fn errors_of_ours_are_told_with_their_causes() {
        let folder = "books".into();
        let source = std::io::Error::other("no room");
        let error = anyhow::Error::from(AppError::Folder { folder, source }).context("starting");
        assert_eq!(
            as_text(&as_problem(&error)),
            "error[RUN-0001]: starting: the data folder `books` cannot be used: no room\n  \
             hint: choose another folder with --data, or correct its permissions\n"
        );
        let nameless = as_problem(&anyhow::anyhow!("odd"));
        assert_eq!(as_text(&nameless), "error[RUN-0000]: odd\n");
    }
}
