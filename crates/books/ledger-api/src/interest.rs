//! Interest: products and their rates, the accounts that bear it, and the runs that post and pay it.

use calendar::{Date, DayCount};
use ids::AccountId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{DateText, DayCountText, IdText, Refused, SignedAmountText, Unit};

/// Which balances earn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BalanceSide {
    /// Credit balances, as deposits do.
    Credit,
    /// Debit balances, as loans do.
    Debit,
}

/// How interest becomes whole minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InterestRounding {
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

/// What becomes of the fraction of a minor unit that is left at the end of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InterestRemainder {
    /// It is carried on into the next period.
    Carried,
    /// It is dropped.
    Dropped,
}

/// A rate of an interest product, with all that the product is. The first one declares the product; further ones set the
/// rates of later days, and say the same of everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInterestRate {
    /// The product's number; not zero.
    #[schema(minimum = 1)]
    pub product: u32,
    /// Where interest comes from or goes to: the expense of deposits, the income of loans.
    #[schema(value_type = IdText)]
    pub contra_account: AccountId,
    /// Where interest is collected day by day until it is paid: a payable for deposits, a receivable for loans.
    #[schema(value_type = IdText)]
    pub accrued_account: AccountId,
    /// The code of the payments that it posts; not zero.
    #[schema(minimum = 1)]
    pub code: u16,
    /// Which balances earn.
    pub side: BalanceSide,
    /// How days become years.
    #[schema(value_type = DayCountText)]
    pub day_count: DayCount,
    /// How interest becomes whole minor units.
    pub rounding: InterestRounding,
    /// What becomes of the fraction that is left.
    pub remainder: InterestRemainder,
    /// The first day that earns at this rate.
    #[schema(value_type = DateText)]
    pub from: Date,
    /// Parts per million per year: 35000 are 3.5 percent. Below zero, the holder of the balance pays.
    pub rate_ppm: i32,
}

/// An interest product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterestProduct {
    /// Its number.
    pub product: u32,
    /// Where interest comes from or goes to.
    #[schema(value_type = IdText)]
    pub contra_account: AccountId,
    /// Where interest is collected until it is paid.
    #[schema(value_type = IdText)]
    pub accrued_account: AccountId,
    /// The code of the payments that it posts.
    pub code: u16,
    /// Which balances earn.
    pub side: BalanceSide,
    /// How days become years.
    #[schema(value_type = DayCountText)]
    pub day_count: DayCount,
    /// How interest becomes whole minor units.
    pub rounding: InterestRounding,
    /// What becomes of the fraction that is left.
    pub remainder: InterestRemainder,
    /// Its rates, the earliest first.
    pub rates: Vec<DatedRate>,
}

/// A rate, and the day from which it holds until the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatedRate {
    /// The first day that earns at this rate.
    #[schema(value_type = DateText)]
    pub from: Date,
    /// Parts per million per year.
    pub rate_ppm: i32,
}

/// The query of `GET /v1/interest/products`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InterestProductsQuery {
    /// Go on after this product: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
    /// Entries on a page, 1 to 1,000. Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// A page of interest products, by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterestProductPage {
    /// The products of this page.
    pub products: Vec<InterestProduct>,
    /// The `after` of the next page; nothing on the last.
    pub next: Option<u32>,
}

/// Lets an account bear interest from the open business day on, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInterestAssignment {
    /// The product; null, and the account bears no interest any more.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(minimum = 1, required)]
    pub product: Option<u32>,
}

/// The interest of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountInterest {
    /// The account.
    #[schema(value_type = IdText)]
    pub account: AccountId,
    /// The product; nothing if the account bears no interest.
    pub product: Option<u32>,
    /// The first day that earns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateText>)]
    pub since: Option<Date>,
    /// The last day whose interest is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DateText>)]
    pub accrued_through: Option<Date>,
    /// What is posted and not yet paid; below zero if the other side owes it.
    pub accrued: SignedAmountText,
    /// The unit of `accrued`.
    pub currency: Unit,
}

/// The query of `GET /v1/interest/accounts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InterestAccountsQuery {
    /// Go on after this account: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<IdText>)]
    pub after: Option<AccountId>,
    /// Entries on a page, 1 to 1,000. Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u16>,
}

/// A page of accounts that bear interest, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterestAccountPage {
    /// The accounts of this page.
    pub accounts: Vec<AccountInterest>,
    /// The `after` of the next page; nothing on the last.
    #[schema(value_type = Option<IdText>)]
    pub next: Option<AccountId>,
}

/// A run of interest over the accounts that bear it: one request does so many of them, and says where to go on. Each
/// account's payment has an id that follows from account and day, so doing it twice is doing it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInterestRun {
    /// The last business day whose interest is posted or paid; it must have ended.
    #[schema(value_type = DateText)]
    pub through: Date,
    /// Go on after this account: the `next` of the request before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<IdText>)]
    pub after: Option<AccountId>,
    /// Accounts in this request, 1 to 8,190. Default: 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 8190)]
    pub limit: Option<u16>,
}

/// What became of a [`NewInterestRun`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterestRunOutcome {
    /// Accounts whose interest was posted or paid, or that had none to be.
    pub done: u32,
    /// Accounts for which it was done before.
    pub unchanged: u32,
    /// Accounts that were refused; the id is that of the account.
    pub refused: Vec<Refused>,
    /// The `after` of the next request; nothing when all accounts are through.
    #[schema(value_type = Option<IdText>)]
    pub next: Option<AccountId>,
}
