//! What a benchmark found: a table for people, a JSON object for programs.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use crate::machine::{self, Machine};

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
    /// Less than this.
    Below(f64),
    /// Exactly this.
    Exactly(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(limit) => value >= limit,
            Self::AtMost(limit) => value <= limit,
            Self::Below(limit) => value < limit,
            Self::Exactly(wanted) => value.total_cmp(&wanted).is_eq(),
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(limit) => format!("≥ {}", shown(limit)),
            Self::AtMost(limit) => format!("≤ {}", shown(limit)),
            Self::Below(limit) => format!("< {}", shown(limit)),
            Self::Exactly(wanted) => format!("= {}", shown(wanted)),
        }
    }
}

/// One figure.
#[derive(Clone, Debug)]
struct Figure {
    key: String,
    value: f64,
    target: Option<Target>,
    meaning: &'static str,
}

/// Everything a benchmark found.
#[derive(Debug)]
pub(crate) struct Report {
    name: &'static str,
    machine: Machine,
    figures: Vec<Figure>,
    notes: Vec<String>,
    faults: Vec<String>,
}

impl Report {
    /// A report without figures, of this machine.
    pub(crate) fn new(name: &'static str) -> Self {
        let (figures, notes, faults) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, machine: machine::this(), figures, notes, faults }
    }

    /// Adds a figure. One that is no number could not be taken, and is left out.
    pub(crate) fn figure(&mut self, key: impl Into<String>, value: f64, meaning: &'static str) {
        self.add(Figure { key: key.into(), value, target: None, meaning });
    }

    /// Adds a figure that has a target.
    pub(crate) fn aim(&mut self, key: &'static str, value: f64, target: Target, meaning: &'static str) {
        self.add(Figure { key: key.to_owned(), value, target: Some(target), meaning });
    }

    fn add(&mut self, figure: Figure) {
        if figure.value.is_finite() {
            self.figures.push(figure);
        }
    }

    /// Adds a sentence for people.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds something that must not be, whatever the figures are.
    pub(crate) fn fault(&mut self, fault: impl Into<String>) {
        self.faults.push(fault.into());
    }

    /// Whether nothing was wrong.
    pub(crate) fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let Machine { cpu, cores } = &self.machine;
        let mut text = format!("{} on {cpu}, {cores} cores\n\n", self.name);
        let key_width = self.figures.iter().map(|figure| figure.key.len()).max().unwrap_or(0);
        for Figure { key, value, target, meaning } in &self.figures {
            let verdict = match target {
                Some(target) if target.is_met(*value) => format!("{} met", target.text()),
                Some(target) => format!("{} MISSED", target.text()),
                None => String::new(),
            };
            // Writing into a string cannot fail.
            let _ = writeln!(text, "  {key:key_width$}  {:>12}  {verdict:18}  {meaning}", shown(*value));
        }
        text.push('\n');
        for note in &self.notes {
            let _ = writeln!(text, "  {note}");
        }
        for fault in &self.faults {
            let _ = writeln!(text, "  WRONG: {fault}");
        }
        text
    }

    /// The JSON object, in one line.
    pub(crate) fn json(&self) -> String {
        let metrics: Map<String, Value> = self
            .figures
            .iter()
            .filter_map(|figure| Some((figure.key.clone(), Value::Number(number(figure.value)?))))
            .collect();
        let object = serde_json::json!({ "name": self.name, "machine": self.machine, "metrics": metrics });
        format!("{object}\n")
    }
}

/// Figures are told to a ten-thousandth: more digits would be noise.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// Whole numbers without a fraction, so that counts read as counts.
fn number(value: f64) -> Option<Number> {
    let value = rounded(value);
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return format!("{value:.0}").parse::<i64>().ok().map(Number::from);
    }
    Number::from_f64(value)
}

/// A value for people: thousands apart, and as many digits after the point as its size deserves.
fn shown(value: f64) -> String {
    let digits = match value.abs() {
        _ if value.fract() == 0.0 => 0,
        size if size >= 1_000.0 => 0,
        size if size >= 10.0 => 1,
        _ => 3,
    };
    let plain = format!("{value:.digits$}");
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(a, b)| (a, Some(b)));
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let rest = whole.len() - index;
        if index > 0 && rest.is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{text}.{fraction}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_for_people() {
        let cases = [
            (0.0, "0"),
            (20.0, "20"),
            (0.734_56, "0.735"),
            (12.345, "12.3"),
            (1_234.5, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-123.0, "-123"),
            (-123_456.0, "-123,456"),
        ];
        for (value, text) in cases {
            assert_eq!(shown(value), text);
        }
    }

    #[test]
    fn a_figure_that_could_not_be_taken_is_absent() {
        let mut report = Report::new("journal");
        report.figure("kills", 20.0, "");
        report.figure("ratio", 0.123_456, "");
        report.figure("lost", f64::NAN, "");
        report.figure("rate", f64::INFINITY, "");
        let json: Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(json["name"], "journal");
        assert!(json["machine"]["cores"].is_u64());
        assert_eq!(json["metrics"], serde_json::json!({"kills": 20, "ratio": 0.1235}));
    }

    #[test]
    fn a_missed_target_is_said_and_is_no_fault() {
        let mut report = Report::new("x");
        report.aim("a", 7.0, Target::AtLeast(8.0), "");
        report.aim("b", 7.0, Target::Below(8.0), "");
        report.aim("d", 0.5, Target::AtMost(0.5), "");
        report.aim("e", 1.001, Target::AtMost(1.0), "");
        report.aim("c", 0.0, Target::Exactly(0.0), "");
        assert!(report.table().contains("≥ 8 MISSED"));
        assert!(report.table().contains("< 8 met"));
        assert!(report.table().contains("= 0 met"));
        assert!(report.table().contains("≤ 0.500 met"));
        assert!(report.table().contains("≤ 1 MISSED"));
        assert!(report.is_sound());
        report.fault("a payment was lost");
        assert!(!report.is_sound());
        assert!(report.table().contains("WRONG: a payment was lost"));
    }
}
