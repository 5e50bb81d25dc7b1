//! Accounts and two-phase transfers: the pure, deterministic ledger.
