//! Drills: load, kill, wait, verify, and the evidence report.
