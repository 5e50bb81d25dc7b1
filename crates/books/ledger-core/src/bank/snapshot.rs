//! The bank's part of a snapshot: counts, then for each kind its records, in a fixed order.
