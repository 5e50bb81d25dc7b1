//! The bank API, call by call.

use std::fmt::Display;

use ids::{AccountId, Id, TransferId};
use ledger_api::{
    Account, AccountBatch, AccountBatchOutcome, AccountPage, Balance, Cursor, Health, IDEMPOTENT_REPLAYED,
    NewAccount, NewPayment, NewReversal, NewSpending, Payment, PaymentAck, PaymentBatch, PaymentBatchOutcome,
    PaymentPage, Progress, Spending, StateHash, Statement, Totals,
};

use crate::http::Answer;
use crate::{Client, ClientError};

/// Something that exists now, whether or not this request made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created<T> {
    /// What the bank answered.
    pub value: T,
    /// Whether an earlier request with the same id made it, and this one changed nothing.
    pub replayed: bool,
}

pub(crate) fn created<T>((value, answer): (T, Answer)) -> Created<T> {
    let replayed = answer.headers.get(IDEMPOTENT_REPLAYED).is_some_and(|header| header == "true");
    Created { value, replayed }
}

/// `path` with the parameters of a page. Ids, cursors and numbers need no escaping.
fn page(path: &str, place: Option<(&str, &dyn Display)>, limit: Option<u16>) -> String {
    match (place, limit) {
        (None, None) => path.to_owned(),
        (Some((name, value)), None) => format!("{path}?{name}={value}"),
        (None, Some(limit)) => format!("{path}?limit={limit}"),
        (Some((name, value)), Some(limit)) => format!("{path}?{name}={value}&limit={limit}"),
    }
}

/// The id of a payment or an account, as the key of its request.
pub(crate) fn key(id: u128) -> Option<Id> {
    Id::new(id).ok()
}

/// The bank API. Every method may end in any [`ClientError`] but `Address`.
impl Client {
    /// Creates an account.
    pub async fn create_account(&self, account: &NewAccount) -> Result<Created<Account>, ClientError> {
        self.post("/v1/accounts", key(account.id.get()), account).await.map(created)
    }

    /// Creates up to 8,190 accounts; those that are refused are listed, the others exist.
    pub async fn create_accounts(&self, batch: &AccountBatch) -> Result<AccountBatchOutcome, ClientError> {
        Ok(self.post("/v1/accounts/batch", None, batch).await?.0)
    }

    /// One account.
    pub async fn account(&self, id: AccountId) -> Result<Account, ClientError> {
        self.get(&format!("/v1/accounts/{id}")).await
    }

    /// A page of accounts, by id, after the account `after`.
    pub async fn accounts(
        &self,
        after: Option<AccountId>,
        limit: Option<u16>,
    ) -> Result<AccountPage, ClientError> {
        let place = after.as_ref().map(|id| ("after", id as &dyn Display));
        self.get(&page("/v1/accounts", place, limit)).await
    }

    /// The sums of one account.
    pub async fn balance(&self, id: AccountId) -> Result<Balance, ClientError> {
        self.get(&format!("/v1/accounts/{id}/balance")).await
    }

    /// A page of an account's entries, newest first, older than the cursor `before`.
    pub async fn statement(
        &self,
        id: AccountId,
        before: Option<&Cursor>,
        limit: Option<u16>,
    ) -> Result<Statement, ClientError> {
        let place = before.map(|cursor| ("before", cursor as &dyn Display));
        self.get(&page(&format!("/v1/accounts/{id}/statement"), place, limit)).await
    }

    /// Makes a payment. Sent again with the same content it gives the same answer.
    pub async fn pay(&self, payment: &NewPayment) -> Result<Created<PaymentAck>, ClientError> {
        self.post("/v1/payments", key(payment.id.get()), payment).await.map(created)
    }

    /// Makes up to 8,190 payments; those that are refused are listed, the others are made.
    pub async fn pay_batch(&self, batch: &PaymentBatch) -> Result<PaymentBatchOutcome, ClientError> {
        let id = batch.id.and_then(|id| key(id.get()));
        Ok(self.post("/v1/payments/batch", id, batch).await?.0)
    }

    /// Takes a payment back by a counter-entry. Sent again with the same content it gives the same answer.
    pub async fn reverse(
        &self,
        payment: TransferId,
        reversal: &NewReversal,
    ) -> Result<Created<PaymentAck>, ClientError> {
        let path = format!("/v1/payments/{payment}/reversal");
        self.post(&path, key(reversal.id.get()), reversal).await.map(created)
    }

    /// Spends a hold. Sent again with the same content it gives the same answer.
    pub async fn spend_hold(
        &self,
        hold: TransferId,
        spending: &NewSpending,
    ) -> Result<Created<Spending>, ClientError> {
        let path = format!("/v1/holds/{hold}/spend");
        self.post(&path, key(spending.id.get()), spending).await.map(created)
    }

    /// One payment.
    pub async fn payment(&self, id: TransferId) -> Result<Payment, ClientError> {
        self.get(&format!("/v1/payments/{id}")).await
    }

    /// A page of payments, newest first, older than the cursor `before`.
    pub async fn payments(
        &self,
        before: Option<&Cursor>,
        limit: Option<u16>,
    ) -> Result<PaymentPage, ClientError> {
        let place = before.map(|cursor| ("before", cursor as &dyn Display));
        self.get(&page("/v1/payments", place, limit)).await
    }

    /// How much the ledger holds.
    pub async fn totals(&self) -> Result<Totals, ClientError> {
        self.get("/v1/totals").await
    }

    /// The digest of everything the ledger holds.
    pub async fn state_hash(&self) -> Result<StateHash, ClientError> {
        self.get("/v1/state-hash").await
    }

    /// The state of the site that answers.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get("/v1/health").await
    }

    /// When the site that answers got how far, of batches after `after`.
    pub async fn progress(&self, after: u64) -> Result<Progress, ClientError> {
        self.get(&format!("/v1/progress?after={after}")).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_asked_for_in_the_path() {
        let id = AccountId::new(7).unwrap();
        assert_eq!(page("/v1/accounts", None, None), "/v1/accounts");
        assert_eq!(page("/v1/accounts", Some(("after", &id)), None), "/v1/accounts?after=7");
        assert_eq!(page("/v1/accounts", None, Some(5)), "/v1/accounts?limit=5");
        assert_eq!(page("/v1/accounts", Some(("after", &id)), Some(5)), "/v1/accounts?after=7&limit=5");
    }
}
