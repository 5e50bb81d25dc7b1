//! The timeline as inline SVG.

use std::fmt::{self, Write as _};

use console_api::DrillReport;
use ids::Timestamp;

use crate::judge::ms_between;
use crate::page::Ms;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 160.0;
/// Room above the bars for the labels of the two marks, and below for the axis.
const TOP: f64 = 36.0;
const BOTTOM: f64 = 20.0;

/// Writes a bar per interval, and a line for the kill and for the recovery.
pub(crate) fn write(html: &mut String, report: &DrillReport) -> fmt::Result {
    let timeline = &report.measurements.timeline;
    let highest = timeline.acks.iter().copied().max().unwrap_or(0).max(1);
    let span_ms = f64::from(timeline.interval_ms) * f64::from(len_u32(&timeline.acks)).max(1.0);
    let x = |time: Timestamp| ms_between(timeline.from, time) / span_ms * WIDTH;
    writeln!(
        html,
        "<svg viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" \
         aria-label=\"Acknowledgements per {} ms around the kill\">",
        TOP + HEIGHT + BOTTOM,
        timeline.interval_ms
    )?;
    write_bars(html, &timeline.acks, highest)?;
    let base = TOP + HEIGHT;
    writeln!(html, "<line class=\"axis\" x1=\"0\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\"/>")?;
    write_mark(html, "kill", x(report.killed_at), 12.0, format_args!("kill 终止"))?;
    let back = format_args!("back 恢复, +{}", Ms(ms_between(report.killed_at, report.first_ack_after)));
    write_mark(html, "back", x(report.first_ack_after), 28.0, back)?;
    writeln!(
        html,
        "<text x=\"0\" y=\"{:.0}\">at most {highest} per {} ms 每 {} 毫秒最多 {highest}</text>\n</svg>",
        base + 15.0,
        timeline.interval_ms,
        timeline.interval_ms
    )
}

fn len_u32(acks: &[u32]) -> u32 {
    u32::try_from(acks.len()).unwrap_or(u32::MAX)
}

/// All bars as one path: hundreds of elements would make the page slow to print.
fn write_bars(html: &mut String, acks: &[u32], highest: u32) -> fmt::Result {
    let width = WIDTH / f64::from(len_u32(acks)).max(1.0);
    let mut left = 0.0;
    write!(html, "<path class=\"acks\" d=\"")?;
    for count in acks {
        if *count > 0 {
            let height = f64::from(*count) / f64::from(highest) * HEIGHT;
            write!(html, "M{left:.1} {:.1}v-{height:.1}h{width:.1}v{height:.1}z", TOP + HEIGHT)?;
        }
        left += width;
    }
    writeln!(html, "\"/>")
}

fn write_mark(html: &mut String, class: &str, x: f64, label_y: f64, label: impl fmt::Display) -> fmt::Result {
    let end = TOP + HEIGHT;
    writeln!(
        html,
        "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{end}\"/>\n\
         <text x=\"{:.1}\" y=\"{label_y}\">{label}</text>",
        x + 4.0
    )
}

#[cfg(test)]
mod tests {
    use crate::page::tests::report;

    use super::*;

    #[test]
    fn bars_stand_where_acknowledgements_were() {
        let mut report = report();
        report.measurements.timeline.acks = vec![0, 2, 4, 0];
        report.measurements.timeline.from = Timestamp(report.killed_at.0 - 20_000_000);
        let mut svg = String::new();
        write(&mut svg, &report).unwrap();
        assert!(
            svg.contains("d=\"M225.0 196.0v-80.0h225.0v80.0zM450.0 196.0v-160.0h225.0v160.0z\""),
            "{svg}"
        );
        assert!(svg.contains("<line class=\"kill\" x1=\"450.0\""), "{svg}");
    }

    #[test]
    fn an_empty_timeline_draws_an_empty_chart() {
        let mut report = report();
        report.measurements.timeline.acks.clear();
        let mut svg = String::new();
        write(&mut svg, &report).unwrap();
        assert!(svg.contains("d=\"\""));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
