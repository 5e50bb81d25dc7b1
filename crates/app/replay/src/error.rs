//! What can go wrong with a mapping, with a file, and on the way to the bank.

use std::path::PathBuf;

use client::ClientError;
use ids::AccountId;
use stdx::{Coded, Retry};

use crate::BadRow;

/// Why a mapping is none. Each has a page under its code.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("could not read the mapping {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Not YAML, or not the fields of a mapping.
    #[error("the mapping is not well formed: {detail}")]
    Malformed {
        /// What is wrong, and where.
        detail: String,
    },
    /// The name is empty, too long, or has other characters.
    #[error("the mapping's name `{name}` is not 1 to 64 lower-case letters, digits and hyphens")]
    Name {
        /// What was given.
        name: String,
    },
    /// The file's name leaves the folder.
    #[error("the file's name `{name}` is not a plain name within the folder")]
    FileName {
        /// What was given.
        name: String,
    },
    /// Not a currency.
    #[error("`{currency}` is not a currency the ledger knows")]
    Currency {
        /// What was given.
        currency: String,
    },
    /// Not an encoding.
    #[error("`{label}` is not the label of an encoding")]
    Encoding {
        /// What was given.
        label: String,
    },
    /// A separator, quote or decimal sign that cannot be one, or two that are the same.
    #[error("`{field}` cannot be {character:?}: {reason}")]
    Character {
        /// The field.
        field: &'static str,
        /// What was given.
        character: char,
        /// Why not.
        reason: &'static str,
    },
    /// A date format that cannot give a day.
    #[error("the date format `{format}` does not give a day")]
    DateFormat {
        /// What was given.
        format: String,
    },
    /// Direction is given twice, not at all, or one value means both.
    #[error("the direction is not clear: {reason}")]
    Direction {
        /// Why.
        reason: String,
    },
    /// A rule, the default or the rounding names a counter-account that is not there.
    #[error("`{place}` names the counter-account `{account}`, which is not declared")]
    UnknownCounterAccount {
        /// Who names it.
        place: String,
        /// The name.
        account: String,
    },
    /// A code of zero, which the ledger refuses.
    #[error("the code of `{place}` is 0")]
    ZeroCode {
        /// Whose code.
        place: String,
    },
    /// A rule without conditions, or a condition without values: it would hide the rules after it, or never match.
    #[error("rule {rule} {reason}")]
    Rule {
        /// Its place, from 1.
        rule: usize,
        /// What is wrong.
        reason: String,
    },
    /// The rounding unit is no amount above zero.
    #[error("the rounding unit `{unit}` is not an amount above zero in {currency}")]
    RoundingUnit {
        /// What was given.
        unit: String,
        /// The mapping's currency.
        currency: money::Currency,
    },
    /// A limit of zero, or above what the replay can hold.
    #[error("the limit `{field}` is {value}; it must be 1 to {max}")]
    Limit {
        /// The field.
        field: &'static str,
        /// What was given.
        value: u64,
        /// The largest value.
        max: u64,
    },
}

impl Coded for MappingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "RPL-0001",
            Self::Malformed { .. } => "RPL-0002",
            Self::Name { .. } => "RPL-0003",
            Self::FileName { .. } => "RPL-0004",
            Self::Currency { .. } => "RPL-0005",
            Self::Encoding { .. } => "RPL-0006",
            Self::Character { .. } => "RPL-0007",
            Self::DateFormat { .. } => "RPL-0008",
            Self::Direction { .. } => "RPL-0009",
            Self::UnknownCounterAccount { .. } => "RPL-0010",
            Self::ZeroCode { .. } => "RPL-0011",
            Self::Rule { .. } => "RPL-0012",
            Self::RoundingUnit { .. } => "RPL-0013",
            Self::Limit { .. } => "RPL-0014",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "give the path of a mapping file that you may read",
            Self::Malformed { .. } => "compare the file with examples/berka/mapping.yaml",
            Self::Name { .. } => "give the mapping a plain name, and keep it: all ids come from it",
            Self::FileName { .. } => "give the name alone; the folder is an argument of the replay",
            Self::Currency { .. } => "use the three capital letters of ISO 4217, like CZK",
            Self::Encoding { .. } => "use a label of the WHATWG Encoding Standard, like utf-8 or latin1",
            Self::Character { .. } => "use one ASCII character that is no letter, digit, sign or line end",
            Self::DateFormat { .. } => "use the letters of strftime for year, month and day, like %Y-%m-%d",
            Self::Direction { .. } => "give a column with its credit and debit values, or positive_amount_is",
            Self::UnknownCounterAccount { .. } => "declare it under counter_accounts, or correct the name",
            Self::ZeroCode { .. } => "give a code of 1 to 65535 from your own list of codes",
            Self::Rule { .. } => "give every rule a condition with values; use default for the rest",
            Self::RoundingUnit { .. } => "write the unit as a string with a point, like \"0.10\"",
            Self::Limit { .. } => "leave the limit out, or choose a value in its range",
        }
    }
}

/// Why a file gives no plan. Each has a page under its code.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be opened or read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// More bytes than the limit.
    #[error("the file is larger than the limit of {max} bytes")]
    FileTooLarge {
        /// The limit.
        max: u64,
    },
    /// Bytes that mean nothing in the file's encoding.
    #[error("the bytes at offset {offset} are not {encoding}")]
    Encoding {
        /// Where, in bytes from the start of the file; a few bytes early at most.
        offset: u64,
        /// The encoding's name.
        encoding: &'static str,
    },
    /// A row longer than the limit; most often a quote that is never closed.
    #[error("the row at line {line} is longer than the limit of {max} bytes")]
    RowTooLong {
        /// Where it begins.
        line: u64,
        /// The limit.
        max: usize,
    },
    /// A row with more columns than the limit.
    #[error("the row at line {line} has more than {max} columns")]
    TooManyColumns {
        /// Where it begins.
        line: u64,
        /// The limit.
        max: usize,
    },
    /// More rows than the limit.
    #[error("the file has more rows than the limit of {max}")]
    TooManyRows {
        /// The limit.
        max: usize,
    },
    /// A column of the mapping that the file does not have, or has twice.
    #[error("the column `{column}` {reason}")]
    Column {
        /// The column.
        column: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// No header where one is promised, or no rows.
    #[error("the file has no rows")]
    Empty,
    /// More bad rows than the mapping tolerates.
    #[error("{count} bad rows, {max} allowed; {}", first(bad_rows))]
    BadRows {
        /// How many.
        count: usize,
        /// How many are allowed.
        max: usize,
        /// The first hundred.
        bad_rows: Vec<BadRow>,
    },
}

/// The first bad rows in words.
fn first(bad_rows: &[BadRow]) -> String {
    let named: Vec<String> = bad_rows.iter().take(3).map(ToString::to_string).collect();
    named.join("; ")
}

impl Coded for SourceError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "RPL-0021",
            Self::FileTooLarge { .. } => "RPL-0022",
            Self::Encoding { .. } => "RPL-0023",
            Self::RowTooLong { .. } => "RPL-0024",
            Self::TooManyColumns { .. } => "RPL-0025",
            Self::TooManyRows { .. } => "RPL-0026",
            Self::Column { .. } => "RPL-0027",
            Self::Empty => "RPL-0028",
            Self::BadRows { .. } => "RPL-0029",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "give the folder that holds the file named in the mapping",
            Self::FileTooLarge { .. } => "split the file, or raise limits.file_bytes_max in the mapping",
            Self::Encoding { .. } => "name the file's real encoding in the mapping",
            Self::RowTooLong { .. } => "look for a quote that is never closed, or raise limits.row_bytes_max",
            Self::TooManyColumns { .. } => "check the separator, or raise limits.columns_max in the mapping",
            Self::TooManyRows { .. } => "split the file, or raise limits.rows_max in the mapping",
            Self::Column { .. } => "compare the mapping's columns with the file's first row",
            Self::Empty => "check that the right file is in the folder",
            Self::BadRows { .. } => {
                "correct the rows or the mapping, or raise limits.bad_rows_max to leave them out"
            }
        }
    }
}

/// Why a replay stopped on its way. Each has a page under its code.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The bank refused an account.
    #[error("the bank refused the account {id}: {status} ({code})")]
    AccountRefused {
        /// The account.
        id: AccountId,
        /// The ledger's result by name.
        status: String,
        /// Its code.
        code: String,
    },
    /// The bank could not be asked, or gave up.
    #[error("the replay stopped while {doing}")]
    Bank {
        /// What was under way.
        doing: String,
        /// Why it failed.
        #[source]
        source: Box<ClientError>,
    },
    /// An amount in an answer that is none of the mapping's currency.
    #[error(
        "the bank's statement of account {account} has an amount that is not one of the mapping's currency"
    )]
    Statement {
        /// The account.
        account: AccountId,
        /// What is wrong with it.
        #[source]
        source: money::MoneyError,
    },
    /// The list of unexplained rows cannot be written.
    #[error("could not write the list of unexplained rows")]
    Write(#[source] csv::Error),
}

impl Coded for RunError {
    fn code(&self) -> &'static str {
        match self {
            Self::AccountRefused { .. } => "RPL-0041",
            Self::Bank { .. } => "RPL-0042",
            Self::Statement { .. } => "RPL-0043",
            Self::Write(_) => "RPL-0044",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::AccountRefused { .. } => {
                "replay into a bank without that account: `tongbao up --data DIR` starts an empty one"
            }
            Self::Bank { .. } => {
                "start the replay again once the bank answers: what was made is not made twice"
            }
            Self::Statement { .. } => "check that the mapping's currency is that of the bank's accounts",
            Self::Write(_) => "give a path that you may write to, with room on the disk",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Bank { source, .. } => source.retry(),
            _ => Retry::Never,
        }
    }
}
