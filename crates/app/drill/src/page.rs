//! The evidence as a page for people: one file, no scripts, no other files, printable, in English and Chinese.

use std::fmt::{self, Write as _};

use console_api::{DrillPhase, DrillReport, Verdict};
use ids::Timestamp;

use crate::chart;
use crate::judge::{Question, answers};

const STYLE: &str = include_str!("page.css");

/// Text in both languages.
struct Both(&'static str, &'static str);

impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <span lang=\"zh\">{}</span>", self.0, self.1)
    }
}

/// The whole page. Everything in it comes from `report`, so it can be made again from the JSON file at any time.
pub(crate) fn page(report: &DrillReport) -> String {
    let mut html = String::with_capacity(16 << 10);
    // Writing to a String cannot fail.
    let _ = write_page(&mut html, report);
    html
}

fn write_page(html: &mut String, report: &DrillReport) -> fmt::Result {
    let (class, verdict) = match report.verdict {
        Verdict::Passed => ("passed", Both("Passed", "通过")),
        Verdict::Failed => ("failed", Both("Failed", "未通过")),
    };
    let site = report.site.as_str();
    write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Drill {id}: {site} lost</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n<p class=\"verdict {class}\">{verdict}</p>\n",
        id = report.id,
        title = Both("Drill: the loss of a site", "演练：站点丢失"),
    )?;
    write_summary(html, report)?;
    write_answers(html, report)?;
    heading(html, &Both("Acknowledgements over time", "确认随时间的分布"))?;
    chart::write(html, report)?;
    write_procedure(html, report)?;
    write_figures(html, report)?;
    write_phases(html, report)?;
    writeln!(html, "</body>\n</html>")
}

fn heading(html: &mut String, text: &Both) -> fmt::Result {
    writeln!(html, "<h2>{text}</h2>")
}

fn row(html: &mut String, label: &Both, value: impl fmt::Display) -> fmt::Result {
    writeln!(html, "<tr><th scope=\"row\">{label}</th><td>{value}</td></tr>")
}

fn write_summary(html: &mut String, report: &DrillReport) -> fmt::Result {
    writeln!(html, "<table>")?;
    row(html, &Both("Site killed", "被终止的站点"), &report.site)?;
    row(html, &Both("Killed at", "终止时间"), report.killed_at)?;
    row(html, &Both("Last acknowledgement before", "终止前最后一次确认"), report.last_ack_before)?;
    row(html, &Both("First acknowledgement after", "恢复后首次确认"), report.first_ack_after)?;
    row(html, &Both("Recovery time (RTO)", "恢复时间"), Ms(report.rto_ms))?;
    row(html, &Both("Payments lost (RPO)", "丢失的付款"), report.lost)?;
    row(html, &Both("Payments duplicated", "重复的付款"), report.duplicated)?;
    writeln!(html, "</table>")
}

fn write_answers(html: &mut String, report: &DrillReport) -> fmt::Result {
    heading(html, &Both("What was checked", "检查内容"))?;
    writeln!(html, "<table class=\"answers\">")?;
    for (question, good) in answers(report) {
        let (class, answer) =
            if good { ("passed", Both("yes", "是")) } else { ("failed", Both("no", "否")) };
        let (label, how) = explain(question, report);
        writeln!(
            html,
            "<tr><th scope=\"row\">{label}</th><td class=\"{class}\">{answer}</td><td>{how}</td></tr>"
        )?;
    }
    writeln!(html, "</table>")
}

/// A question, and how it was answered.
fn explain(question: Question, report: &DrillReport) -> (Both, String) {
    match question {
        Question::Lost => (
            Both("Is every acknowledged payment in the books?", "每笔已确认的付款都已入账？"),
            format!(
                "The ids of all {} acknowledged payments were looked up in the journal and in a ledger \
                 replayed from it. Missing: {}.",
                report.acknowledged, report.lost
            ),
        ),
        Question::Duplicated => (
            Both("Is each of them there exactly once?", "且每笔仅出现一次？"),
            format!(
                "Every payment in the whole journal was read ({} of them) and counted by id. \
                 More than once: {}.",
                report.measurements.journal_payments, report.duplicated
            ),
        ),
        Question::States => (
            Both("Does the running bank equal its journal?", "运行中的状态与日志一致？"),
            format!(
                "The journal was replayed from empty into a fresh ledger, and its state hash (SHA-256) compared \
                 with the running leader's at {} points, the last at batch {}.<br>\
                 Leader: <code>{}</code><br>Replay: <code>{}</code>",
                report.measurements.hashes_compared,
                report.verified_seq,
                report.state_hash_live,
                report.state_hash_replay
            ),
        ),
        Question::Balances => (
            Both("Are all balances equal?", "所有余额一致？"),
            format!(
                "The balances of {} accounts were read from the running bank and compared with the replayed \
                 ledger. Different: {}.",
                report.balances_compared, report.balances_different
            ),
        ),
        Question::Service => (
            Both("Was service back within 15 s?", "服务在 15 秒内恢复？"),
            format!("The recovery time was {}; {}", Ms(report.rto_ms), rto_meaning(report)),
        ),
    }
}

fn rto_meaning(report: &DrillReport) -> &'static str {
    if report.measurements.took_over {
        "it runs from right before the kill to the first acknowledged payment that the journal holds in the new \
         leader's epoch."
    } else {
        "a follower was killed and the leader stayed, so it is the longest pause between two acknowledgements."
    }
}

fn write_procedure(html: &mut String, report: &DrillReport) -> fmt::Result {
    heading(html, &Both("What was done", "演练过程"))?;
    writeln!(
        html,
        "<ol>\n<li>Sixteen clients sent single payments through the gateway, each the next as soon as the one \
         before was acknowledged. A client that got no answer sent the same payment with the same id again.</li>\n\
         <li>All processes of site <b>{}</b> were killed with SIGKILL: no warning, no clean-up.</li>\n\
         <li>The clients went on until service was back and for a second more.</li>\n\
         <li>The journal was read from its first byte and compared with what the clients had been told and with \
         what the running bank says of itself.</li>\n</ol>\n\
         <ol lang=\"zh\">\n<li>十六个客户端经网关逐笔发送付款，前一笔确认后立即发送下一笔；未得到答复的付款以相同编号重发。</li>\n\
         <li>以 SIGKILL 终止站点 <b>{}</b> 的全部进程，不作预告，不作清理。</li>\n\
         <li>客户端持续发送，直至服务恢复并再运行一秒。</li>\n\
         <li>从首字节起读取日志，与客户端得到的确认以及运行中的银行状态逐项核对。</li>\n</ol>",
        report.site, report.site
    )
}

fn write_figures(html: &mut String, report: &DrillReport) -> fmt::Result {
    let measured = &report.measurements;
    heading(html, &Both("Figures", "数据"))?;
    writeln!(html, "<table>")?;
    row(html, &Both("Payments sent", "发送的付款"), report.offered)?;
    row(html, &Both("Payments acknowledged", "已确认的付款"), report.acknowledged)?;
    row(html, &Both("Attempts repeated", "重发次数"), measured.retried)?;
    row(html, &Both("Payments refused", "被拒绝的付款"), measured.refused)?;
    row(html, &Both("Outcome unknown at the end", "结束时结果未知"), measured.unanswered)?;
    row(html, &Both("Longest pause", "最长停顿"), Ms(measured.longest_pause_ms))?;
    row(html, &Both("Acknowledgement, median", "确认延迟中位数"), Ms(measured.ack_p50_ms))?;
    row(html, &Both("Acknowledgement, 99 of 100", "确认延迟 99 分位"), Ms(measured.ack_p99_ms))?;
    row(html, &Both("Acknowledgement, slowest", "最慢确认"), Ms(measured.ack_max_ms))?;
    row(html, &Both("Leader before", "原主站点"), Reign(report.leader_before.as_str(), report.epoch_before))?;
    row(html, &Both("Leader after", "现主站点"), Reign(report.leader_after.as_str(), report.epoch_after))?;
    row(html, &Both("Drill", "演练编号"), report.id)?;
    writeln!(html, "</table>")
}

fn write_phases(html: &mut String, report: &DrillReport) -> fmt::Result {
    heading(html, &Both("Steps", "步骤"))?;
    writeln!(html, "<table>")?;
    for phase in &report.measurements.phases {
        let label = match phase.phase {
            DrillPhase::Load => Both("Payments flow", "付款运行"),
            DrillPhase::Kill => Both("Kill", "终止站点"),
            DrillPhase::Recover => Both("Recovery and a second of flow", "恢复并继续运行"),
            DrillPhase::Verify => Both("Check", "核对"),
            DrillPhase::Done => Both("Report", "报告"),
        };
        row(html, &label, format_args!("{}, {}", Clock(phase.started_at), Ms(phase.duration_ms)))?;
    }
    writeln!(html, "</table>")
}

/// A leader and its epoch.
struct Reign<'a>(&'a str, u64);

impl fmt::Display for Reign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.0, Both("epoch", "任期"), self.1)
    }
}

/// Milliseconds with one decimal place.
pub(crate) struct Ms(pub(crate) f64);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ms", self.0)
    }
}

/// The time of day to the millisecond.
struct Clock(Timestamp);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.get(11..23).unwrap_or(&text))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use console_api::{AckTimeline, DrillKind, DrillMeasurements, PhaseTime};
    use ids::Id;
    use stdx::Digest;

    use super::*;

    pub(crate) fn report() -> DrillReport {
        let second = Timestamp::NS_PER_S;
        let killed_at = Timestamp(1_700_000_000 * second);
        DrillReport {
            id: Id::time_ordered(1_700_000_000_000, 7),
            kind: DrillKind::KillSite,
            site: "east-1".parse().unwrap(),
            started_at: Timestamp(killed_at.0 - 2 * second),
            killed_at,
            last_ack_before: Timestamp(killed_at.0 - 1_000_000),
            first_ack_after: Timestamp(killed_at.0 + 83_200_000),
            rto_ms: 83.2,
            offered: 1_016,
            acknowledged: 1_000,
            lost: 0,
            duplicated: 0,
            leader_before: "east-1".parse().unwrap(),
            leader_after: "south-1".parse().unwrap(),
            epoch_before: 3,
            epoch_after: 4,
            verified_seq: 640,
            state_hash_live: Digest::of(b"state"),
            state_hash_replay: Digest::of(b"state"),
            balances_compared: 32,
            balances_different: 0,
            measurements: DrillMeasurements {
                took_over: true,
                longest_pause_ms: 84.1,
                ack_p50_ms: 1.5,
                ack_p99_ms: 4.0,
                ack_max_ms: 90.0,
                retried: 0,
                refused: 0,
                unanswered: 16,
                hashes_compared: 2,
                journal_payments: 50_117,
                phases: vec![PhaseTime {
                    phase: DrillPhase::Load,
                    started_at: killed_at,
                    duration_ms: 1_002.0,
                }],
                timeline: AckTimeline {
                    from: Timestamp(killed_at.0 - second),
                    interval_ms: 10,
                    acks: (0..208).map(|index| if (100..108).contains(&index) { 0 } else { 5 }).collect(),
                },
            },
            verdict: Verdict::Passed,
        }
    }

    #[test]
    fn the_page_is_whole_and_alone() {
        let html = page(&report());
        for wanted in ["83.2 ms", "east-1", "epoch", "通过", "22:13:20.000", "<svg", &report().id.to_string()]
        {
            assert!(html.contains(wanted), "{wanted}");
        }
        for alien in ["<script", "http:", "https:", "<link", "<img", "src=", "href=", "onload"] {
            assert!(!html.contains(alien), "{alien}");
        }
        for (open, close) in [("<table", "</table>"), ("<tr>", "</tr>"), ("<svg", "</svg>"), ("<ol", "</ol>")]
        {
            assert_eq!(html.matches(open).count(), html.matches(close).count(), "{open}");
        }
        assert!(!html.contains("class=\"failed\""));
    }

    #[test]
    fn every_bad_answer_shows_and_decides() {
        let good = report();
        assert_eq!(crate::judge::verdict(&good), Verdict::Passed);
        let bad = [
            DrillReport { lost: 1, ..good.clone() },
            DrillReport { duplicated: 1, ..good.clone() },
            DrillReport { state_hash_replay: Digest::of(b"other"), ..good.clone() },
            DrillReport { balances_different: 1, ..good.clone() },
            DrillReport { balances_compared: 0, ..good.clone() },
            DrillReport { rto_ms: 15_000.1, ..good.clone() },
        ];
        for mut report in bad {
            report.verdict = crate::judge::verdict(&report);
            assert_eq!(report.verdict, Verdict::Failed);
            let html = page(&report);
            assert_eq!(html.matches("<td class=\"failed\">").count(), 1);
            assert!(html.contains("verdict failed"));
        }
    }
}
