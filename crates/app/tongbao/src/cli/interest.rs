//! The command line of `tongbao interest …`.

use calendar::{Date, DayCount};
use clap::{Args, Subcommand, ValueEnum};
use ids::AccountId;
use ledger_api::{BalanceSide, InterestRemainder, InterestRounding};

/// Interest.
#[derive(Subcommand, Debug)]
pub(crate) enum InterestCommand {
    /// Declare an interest product, or one more rate of it.
    #[command(
        after_help = "Example:\n  tongbao interest rate 7 --percent 3.65 --from 2026-01-01 --contra 800 --accrued 810 --code 70"
    )]
    Rate(RateArgs),
    /// List the interest products with their rates.
    Products,
    /// Let an account bear interest from the open business day on, or no longer.
    #[command(
        after_help = "Examples:\n  tongbao interest assign 1 --product 7\n  tongbao interest assign 1 --none"
    )]
    Assign {
        /// The account.
        account: AccountId,
        /// The product.
        #[arg(long, value_name = "N", required_unless_present = "none")]
        product: Option<u32>,
        /// It bears no interest any more. All that it earned must have been paid.
        #[arg(long, conflicts_with = "product")]
        none: bool,
    },
    /// List the accounts that bear interest, with what is posted and not yet paid.
    Accounts {
        /// Accounts to show, 1 to 1,000.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Where to go on: the `next` of the page before.
        #[arg(long, value_name = "ID")]
        after: Option<AccountId>,
    },
    /// Post the interest of all accounts that bear it, through a business day that has ended.
    #[command(after_help = "Example:\n  tongbao interest accrue --through 2026-11-20")]
    Accrue {
        /// The business day.
        #[arg(long, value_name = "DATE")]
        through: Date,
    },
    /// Pay posted interest to all accounts that bear it, at the end of a period.
    #[command(after_help = "Example:\n  tongbao interest capitalise --through 2026-11-30")]
    Capitalise {
        /// The last business day of the period; its interest must have been posted.
        #[arg(long, value_name = "DATE")]
        through: Date,
    },
}

/// A rate, with all that its product is.
#[derive(Args, Debug)]
pub(crate) struct RateArgs {
    /// The product's number; not 0.
    pub(crate) product: u32,
    /// Percent per year, with at most four digits after the point; negative if the holder of the balance pays.
    #[arg(long, value_parser = parse_percent, value_name = "PERCENT", allow_hyphen_values = true)]
    pub(crate) percent: i32,
    /// The first day that earns at this rate.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Date,
    /// Where interest comes from or goes to: the expense of deposits, the income of loans.
    #[arg(long, value_name = "ID")]
    pub(crate) contra: AccountId,
    /// Where interest is collected until it is paid: a payable or a receivable.
    #[arg(long, value_name = "ID")]
    pub(crate) accrued: AccountId,
    /// The code of the payments that it posts; not 0.
    #[arg(long)]
    pub(crate) code: u16,
    /// Which balances earn.
    #[arg(long, value_enum, default_value_t = SideArg::Credit)]
    side: SideArg,
    /// How days become years: ACT/365.FIXED, ACT/360, 30/360, 30E/360 or ACT/ACT.ISDA.
    #[arg(long, default_value = "ACT/365.FIXED", value_name = "NAME")]
    pub(crate) day_count: DayCount,
    /// How interest becomes whole minor units.
    #[arg(long, value_enum, default_value_t = RoundingArg::HalfUp)]
    rounding: RoundingArg,
    /// What becomes of the fraction that is left at the end of a period.
    #[arg(long, value_enum, default_value_t = RemainderArg::Carried)]
    remainder: RemainderArg,
}

impl RateArgs {
    pub(crate) fn side(&self) -> BalanceSide {
        match self.side {
            SideArg::Credit => BalanceSide::Credit,
            SideArg::Debit => BalanceSide::Debit,
        }
    }

    pub(crate) fn rounding(&self) -> InterestRounding {
        match self.rounding {
            RoundingArg::HalfUp => InterestRounding::HalfUp,
            RoundingArg::HalfEven => InterestRounding::HalfEven,
            RoundingArg::HalfDown => InterestRounding::HalfDown,
            RoundingArg::Up => InterestRounding::Up,
            RoundingArg::Down => InterestRounding::Down,
            RoundingArg::Ceiling => InterestRounding::Ceiling,
            RoundingArg::Floor => InterestRounding::Floor,
        }
    }

    pub(crate) fn remainder(&self) -> InterestRemainder {
        match self.remainder {
            RemainderArg::Carried => InterestRemainder::Carried,
            RemainderArg::Dropped => InterestRemainder::Dropped,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SideArg {
    /// Credit balances, as deposits do.
    Credit,
    /// Debit balances, as loans do.
    Debit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RoundingArg {
    /// To the nearest, halves away from zero.
    HalfUp,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
    /// To the nearest, halves towards zero.
    HalfDown,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    /// Towards more.
    Ceiling,
    /// Towards less.
    Floor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RemainderArg {
    /// It is carried on into the next period.
    Carried,
    /// It is dropped.
    Dropped,
}

/// Percent with at most four digits after the point, in parts per million.
fn parse_percent(text: &str) -> Result<i32, String> {
    let wrong = || "percent are digits with at most four after the point, like 3.65".to_owned();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 4 {
        return Err(wrong());
    }
    let parts: i32 = format!("{whole}{fraction:0<4}").parse().map_err(|_| wrong())?;
    Ok(sign * parts)
}

/// Parts per million as percent.
pub(crate) fn percent(ppm: i32) -> String {
    let (sign, parts) = (if ppm < 0 { "-" } else { "" }, ppm.unsigned_abs());
    let text = format!("{sign}{}.{:04}", parts / 10_000, parts % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_are_parts_per_million() {
        for (text, ppm) in [("3.65", 36_500), ("0", 0), ("100", 1_000_000), ("-0.5", -5_000), ("0.0001", 1)] {
            assert_eq!((parse_percent(text), percent(ppm).as_str()), (Ok(ppm), text));
        }
        for bad in ["", "-", "3,65", "3.65001", ".5", "5.", "1e2", "--1", "999999999", "٣"] {
            assert!(parse_percent(bad).is_err(), "{bad}");
        }
    }
}
