//! CSV files replayed as payments, judged by the source's own balances.
