//! A mapping whose every promise has been checked: what the rest of the replay works with.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use encoding_rs::Encoding;
use jiff::civil::{Date, date};
use ledger_api::AccountFlags;
use money::{Currency, Money};

use crate::options::{
    AmountOptions, ColumnOptions, DirectionOptions, FileOptions, LimitOptions, MappingOptions, RuleOptions,
    Side, UserDataOptions, ZeroAmounts,
};
use crate::{MappingError, RoundingOptions};

/// The largest mapping that is read, in bytes.
const MAPPING_BYTES_MAX: u64 = 1 << 20;

/// What a CSV file means, checked. Made by [`Mapping::read`] or [`Mapping::parse`].
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(crate) name: String,
    pub(crate) currency: Currency,
    pub(crate) file: FileFormat,
    pub(crate) columns: ColumnOptions,
    pub(crate) direction: Direction,
    pub(crate) customer_code: u16,
    pub(crate) customer_flags: AccountFlags,
    pub(crate) kinds: Vec<CounterKind>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) default: Target,
    pub(crate) rounding: Option<Rounding>,
    pub(crate) zero_amounts: ZeroAmounts,
    pub(crate) user_data: UserDataOptions,
    pub(crate) limits: LimitOptions,
}

/// How the file is read.
#[derive(Clone, Debug)]
pub(crate) struct FileFormat {
    pub(crate) name: String,
    pub(crate) encoding: &'static Encoding,
    pub(crate) separator: u8,
    pub(crate) quote: Option<u8>,
    pub(crate) header: bool,
}

/// What says whether a row takes or gives.
#[derive(Clone, Debug)]
pub(crate) enum Direction {
    Column { name: String, values: BTreeMap<String, Side> },
    Sign { positive: Side },
}

/// A counter-account, or a family of them.
#[derive(Clone, Debug)]
pub(crate) struct CounterKind {
    pub(crate) name: String,
    pub(crate) code: u16,
    pub(crate) flags: AccountFlags,
    pub(crate) per: Vec<String>,
}

/// Rows that go to a target: every column has one of its values.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) when: Vec<(String, Vec<String>)>,
    pub(crate) target: Target,
}

/// Where a row goes: a place in [`Mapping::kinds`], and the payment's code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) kind: usize,
    pub(crate) code: u16,
}

/// What a rounding difference is, in minor units, and where it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounding {
    pub(crate) unit: u128,
    pub(crate) target: Target,
}

impl Mapping {
    /// Reads the mapping in a file of at most 1 MiB.
    ///
    /// Errors: every [`MappingError`].
    pub fn read(path: &Path) -> Result<Self, MappingError> {
        let unreadable = |source| MappingError::Unreadable { path: path.to_owned(), source };
        #[expect(clippy::disallowed_methods, reason = "a shell of the app pillar opens the file it is given")]
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut yaml = String::new();
        let read = file.take(MAPPING_BYTES_MAX + 1).read_to_string(&mut yaml).map_err(unreadable)?;
        if u64::try_from(read).is_ok_and(|bytes| bytes > MAPPING_BYTES_MAX) {
            let detail = format!("it is larger than {MAPPING_BYTES_MAX} bytes");
            return Err(MappingError::Malformed { detail });
        }
        Self::parse(&yaml)
    }

    /// Reads the mapping in a text.
    ///
    /// Errors: every [`MappingError`] but `Unreadable`.
    pub fn parse(yaml: &str) -> Result<Self, MappingError> {
        let options: MappingOptions = serde_saphyr::from_str(yaml)
            .map_err(|error| MappingError::Malformed { detail: error.without_snippet().to_string() })?;
        Self::resolve(options)
    }

    /// Checks a mapping's options.
    ///
    /// Errors: every [`MappingError`] but `Unreadable` and `Malformed`.
    pub fn resolve(options: MappingOptions) -> Result<Self, MappingError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=64).contains(&options.name.len()) || !options.name.bytes().all(plain) {
            return Err(MappingError::Name { name: options.name });
        }
        let currency = Currency::from_code(&options.currency)
            .map_err(|_| MappingError::Currency { currency: options.currency.clone() })?;
        let kinds: Vec<CounterKind> = options
            .counter_accounts
            .into_iter()
            .map(|(name, kind)| CounterKind {
                name,
                code: kind.code,
                flags: kind.flags.into_iter().collect(),
                per: kind.per,
            })
            .collect();
        let mut codes = kinds.iter().map(|kind| (kind.name.as_str(), kind.code));
        if let Some((place, _)) = codes.find(|(_, code)| *code == 0) {
            return Err(MappingError::ZeroCode { place: format!("counter_accounts.{place}") });
        }
        if options.customers.code == 0 {
            return Err(MappingError::ZeroCode { place: "customers".to_owned() });
        }
        let default = target("default", &kinds, &options.default.account, options.default.code)?;
        let rounding = match &options.rounding {
            Some(rounding) => Some(check_rounding(rounding, &kinds, currency)?),
            None => None,
        };
        check_amount("columns.amount", &options.columns.amount)?;
        check_amount("columns.balance", &options.columns.balance)?;
        check_date_format(&options.columns.date.format)?;
        check_limits(&options.limits)?;
        Ok(Self {
            name: options.name,
            currency,
            file: check_file(options.file)?,
            columns: options.columns,
            direction: check_direction(options.direction)?,
            customer_code: options.customers.code,
            customer_flags: options.customers.flags.into_iter().collect(),
            rules: check_rules(options.rules, &kinds)?,
            kinds,
            default,
            rounding,
            zero_amounts: options.zero_amounts,
            user_data: options.user_data,
            limits: options.limits,
        })
    }

    /// The mapping's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The currency of every amount.
    pub fn currency(&self) -> Currency {
        self.currency
    }
}

fn target(place: &str, kinds: &[CounterKind], account: &str, code: u16) -> Result<Target, MappingError> {
    if code == 0 {
        return Err(MappingError::ZeroCode { place: place.to_owned() });
    }
    match kinds.iter().position(|kind| kind.name == account) {
        Some(kind) => Ok(Target { kind, code }),
        None => {
            Err(MappingError::UnknownCounterAccount { place: place.to_owned(), account: account.to_owned() })
        }
    }
}

fn check_rounding(
    options: &RoundingOptions,
    kinds: &[CounterKind],
    currency: Currency,
) -> Result<Rounding, MappingError> {
    let target = target("rounding", kinds, &options.account, options.code)?;
    if let Some(family) = kinds.get(target.kind).filter(|kind| !kind.per.is_empty()) {
        // A difference belongs to no row, so there are no columns to choose a member by.
        let account = format!("{} (one per {})", family.name, family.per.join(", "));
        return Err(MappingError::UnknownCounterAccount { place: "rounding".to_owned(), account });
    }
    match Money::parse(&options.unit, currency) {
        Ok(unit) if unit.minor() > 0 => Ok(Rounding { unit: unit.minor(), target }),
        _ => Err(MappingError::RoundingUnit { unit: options.unit.clone(), currency }),
    }
}

fn check_file(options: FileOptions) -> Result<FileFormat, MappingError> {
    let name = options.name;
    let plain = !name.is_empty() && !name.contains(['/', '\\', '\0']) && name != "." && name != "..";
    if !plain {
        return Err(MappingError::FileName { name });
    }
    // The "replacement" encoding of the standard stands for encodings that must not be read.
    let encoding = Encoding::for_label(options.encoding.as_bytes())
        .filter(|encoding| *encoding != encoding_rs::REPLACEMENT)
        .ok_or(MappingError::Encoding { label: options.encoding })?;
    let separator = mark("file.separator", options.separator)?;
    let quote = options.quote.map(|quote| mark("file.quote", quote)).transpose()?;
    if quote == Some(separator) {
        let reason = "it is the separator as well";
        return Err(MappingError::Character { field: "file.quote", character: options.separator, reason });
    }
    Ok(FileFormat { name, encoding, separator, quote, header: options.header })
}

/// A character that can stand between or around values.
fn mark(field: &'static str, character: char) -> Result<u8, MappingError> {
    let refuse = |reason| Err(MappingError::Character { field, character, reason });
    match u8::try_from(character) {
        Ok(byte) if !byte.is_ascii() => refuse("it is not ASCII"),
        Ok(b'\r' | b'\n' | 0) => refuse("it ends lines"),
        Ok(byte) if byte.is_ascii_alphanumeric() => refuse("it is a letter or a digit"),
        Ok(byte) => Ok(byte),
        Err(_) => refuse("it is not ASCII"),
    }
}

/// The decimal sign may be the separator: such values are quoted in the file.
fn check_amount(field: &'static str, options: &AmountOptions) -> Result<(), MappingError> {
    let sign = |character: char| character.is_ascii_digit() || "+-".contains(character);
    let refuse = |character, reason| Err(MappingError::Character { field, character, reason });
    if !options.decimal.is_ascii_punctuation() || sign(options.decimal) {
        return refuse(options.decimal, "a decimal sign is ASCII punctuation, and neither plus nor minus");
    }
    match options.thousands {
        Some(thousands) if thousands == options.decimal => {
            refuse(thousands, "it is the decimal sign as well")
        }
        Some(thousands) if thousands.is_alphanumeric() || sign(thousands) => {
            refuse(thousands, "it is a letter, a digit or a sign")
        }
        _ => Ok(()),
    }
}

/// A format is good if it can write a day and read it back.
fn check_date_format(format: &str) -> Result<(), MappingError> {
    const DAY: Date = date(2001, 12, 30);
    let written = jiff::fmt::strtime::format(format, DAY);
    let read = written.and_then(|text| Date::strptime(format, text));
    if read.is_ok_and(|day| day == DAY) {
        Ok(())
    } else {
        Err(MappingError::DateFormat { format: format.to_owned() })
    }
}

fn check_direction(options: DirectionOptions) -> Result<Direction, MappingError> {
    let unclear = |reason: &str| Err(MappingError::Direction { reason: reason.to_owned() });
    let has_values = !options.credit.is_empty() || !options.debit.is_empty();
    match (options.column, options.positive_amount_is) {
        (Some(_), Some(_)) => unclear("it is given by a column and by the amount's sign"),
        (None, None) => unclear("it is given neither by a column nor by the amount's sign"),
        (None, Some(_)) if has_values => unclear("there are values but no column"),
        (Some(_), None) if !has_values => unclear("the column has no values"),
        (None, Some(positive)) => Ok(Direction::Sign { positive }),
        (Some(name), None) => {
            let credits = options.credit.into_iter().map(|value| (value, Side::Credit));
            let debits = options.debit.into_iter().map(|value| (value, Side::Debit));
            let mut values = BTreeMap::new();
            for (value, side) in credits.chain(debits) {
                if values.insert(value.clone(), side).is_some() {
                    return unclear(&format!("the value `{value}` is named twice"));
                }
            }
            Ok(Direction::Column { name, values })
        }
    }
}

fn check_rules(options: Vec<RuleOptions>, kinds: &[CounterKind]) -> Result<Vec<Rule>, MappingError> {
    let check = |(index, rule): (usize, RuleOptions)| {
        let number = index + 1;
        let refuse = |reason: String| Err(MappingError::Rule { rule: number, reason });
        if rule.when.is_empty() {
            return refuse("has no conditions: it would hide every rule after it".to_owned());
        }
        if let Some((column, _)) = rule.when.iter().find(|(_, values)| values.is_empty()) {
            return refuse(format!("has no values for `{column}`: it would never match"));
        }
        let target = target(&format!("rule {number}"), kinds, &rule.account, rule.code)?;
        Ok(Rule { when: rule.when.into_iter().collect(), target })
    };
    options.into_iter().enumerate().map(check).collect()
}

fn check_limits(limits: &LimitOptions) -> Result<(), MappingError> {
    let wide = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    let bounds = [
        ("limits.file_bytes_max", limits.file_bytes_max, 1 << 40),
        ("limits.row_bytes_max", wide(limits.row_bytes_max), 16 << 20),
        ("limits.columns_max", wide(limits.columns_max), 65_536),
        ("limits.rows_max", wide(limits.rows_max), 50_000_000),
    ];
    match bounds.into_iter().find(|(_, value, max)| *value == 0 || value > max) {
        Some((field, value, max)) => Err(MappingError::Limit { field, value, max }),
        None => Ok(()),
    }
}
