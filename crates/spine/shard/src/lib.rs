//! The runtime of a deterministic state machine over a journal.
