//! What the commands print: results to standard output, words along the way to standard error.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

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
            Format::Json => serde_json::to_string_pretty(value)?,
            Format::Text => text(),
        };
        ignore_closed_pipe(writeln!(std::io::stdout(), "{}", shown.trim_end()));
        Ok(())
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
                "leader": leader, "epoch": platform.epoch, "data": data, "pid": running.pid,
            });
            ignore_closed_pipe(writeln!(std::io::stdout(), "{ready}"));
            return;
        }
        let console =
            if pages { "" } else { "   (built without its pages: run `cargo xtask up` to add them)" };
        let text = format!(
            "Tongbao is up after {:.1} s: {} sites, {leader} leads in epoch {}.\n\n  \
             Console  http://{}{console}\n  Bank API http://{}/v1   (description: /v1/openapi.json)\n  Data     {}\n\n\
             Next: open the console, or in another terminal\n  tongbao status\n  \
             tongbao replay --mapping examples/berka/mapping.yaml DIR\n  tongbao drill kill-site leader\n\n\
             Ctrl-C stops everything; `tongbao up` continues where it stopped.",
            took.as_secs_f64(),
            platform.sites.len(),
            platform.epoch,
            running.console,
            running.gateway,
            data.display(),
        );
        ignore_closed_pipe(writeln!(std::io::stdout(), "{text}"));
    }

    /// Tells an error with its code, causes and hint, and gives the exit code.
    pub(crate) fn failure(self, error: &anyhow::Error) -> ExitCode {
        let coded = error.chain().find_map(as_coded);
        if self.is_json() {
            let problem = match coded {
                Some(coded) => {
                    Problem::from_parts(0, coded.code(), &chain(error), coded.hint(), coded.retry())
                }
                None => Problem::from_parts(0, "RUN-0000", &chain(error), "", stdx::Retry::Never),
            };
            ignore_closed_pipe(std::io::stdout().write_all(&[&problem.to_json()[..], b"\n"].concat()));
            return ExitCode::FAILURE;
        }
        let code = coded.map(|coded| format!("[{}]", coded.code())).unwrap_or_default();
        let mut text = format!("error{code}: {}\n", chain(error));
        if let Some(hint) = coded.map(Coded::hint).filter(|hint| !hint.is_empty()) {
            text.push_str(&format!("  hint: {hint}\n"));
        }
        ignore_closed_pipe(std::io::stderr().write_all(text.as_bytes()));
        ExitCode::FAILURE
    }
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

/// The errors of ours that have a code.
fn as_coded<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a dyn Coded> {
    fn of<'a, T: Coded + 'static>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a dyn Coded> {
        cause.downcast_ref::<T>().map(|error| error as &dyn Coded)
    }
    of::<AppError>(cause)
        .or_else(|| of::<client::ClientError>(cause))
        .or_else(|| of::<replay::MappingError>(cause))
        .or_else(|| of::<replay::SourceError>(cause))
        .or_else(|| of::<replay::RunError>(cause))
        .or_else(|| of::<drill::StoreError>(cause))
        .or_else(|| of::<shard::ShardError>(cause))
        .or_else(|| of::<journal::JournalError>(cause))
        .or_else(|| of::<money::MoneyError>(cause))
}
