//! The calls of the service.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt as _};
use ledger::{Api, Written};
use ledger_api::{AccountTransfersQuery, AccountsQuery, IDEMPOTENT_REPLAYED, TransfersQuery};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status, Streaming};

use crate::error::DoorError;
use crate::metrics::{Call, Metrics};
use crate::pages::pages;
use crate::pb::ledger_server::Ledger;
use crate::{pb, pipeline, read, show};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service on one site.
pub(crate) struct LedgerService {
    api: Api,
    metrics: Arc<Metrics>,
    streams: Arc<Semaphore>,
    streams_max: usize,
}

/// Counts a stream for as long as it lives.
struct Open {
    metrics: Arc<Metrics>,
    call: Call,
    failure: Option<Status>,
    _permit: OwnedSemaphorePermit,
}

impl Open {
    fn see<T>(&mut self, answer: &Result<T, Status>) {
        self.failure = answer.as_ref().err().cloned();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.metrics.closed();
        self.metrics.ended(self.call, self.failure.as_ref().map_or(Ok(()), Err));
    }
}

impl LedgerService {
    pub(crate) fn new(api: Api, metrics: Arc<Metrics>, streams_max: usize) -> Self {
        Self { api, metrics, streams: Arc::new(Semaphore::new(streams_max)), streams_max }
    }

    /// One answer.
    async fn answer<T>(
        &self,
        call: Call,
        answer: impl Future<Output = Result<Response<T>, DoorError>>,
    ) -> Result<Response<T>, Status> {
        let answered = answer.await.map_err(Status::from);
        self.metrics.ended(call, answered.as_ref().map(|_| ()));
        answered
    }

    /// A stream of answers, if there is room for one more.
    fn stream<T: 'static>(
        &self,
        call: Call,
        answers: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Result<Response<Answers<T>>, Status> {
        let permit = Arc::clone(&self.streams).try_acquire_owned().map_err(|_| {
            let status = Status::from(DoorError::TooManyStreams { max: self.streams_max });
            self.metrics.ended(call, Err(&status));
            status
        })?;
        self.metrics.opened();
        let mut open = Open { metrics: Arc::clone(&self.metrics), call, failure: None, _permit: permit };
        let counted = answers.inspect(move |answer| open.see(answer));
        Ok(Response::new(Box::pin(counted)))
    }

    /// A request that cannot be read ends a stream before it begins.
    fn refuse<T>(&self, call: Call, error: DoorError) -> Result<T, Status> {
        let status = error.into();
        self.metrics.ended(call, Err(&status));
        Err(status)
    }
}

/// An answer to a write. Repeating the same write repeats the answer; metadata tells which one it is.
fn written<T, U>(written: &Written<T>, show: impl Fn(&T) -> U) -> Response<U> {
    let mut response = Response::new(show(&written.outcome));
    if written.replayed {
        response.metadata_mut().insert(IDEMPOTENT_REPLAYED, MetadataValue::from_static("true"));
    }
    response
}

#[tonic::async_trait]
impl Ledger for LedgerService {
    type PipelineStream = Answers<pb::PipelineResponse>;
    type GetAccountTransfersStream = Answers<pb::TransferPage>;
    type GetAccountBalancesStream = Answers<pb::BalancePage>;
    type QueryAccountsStream = Answers<pb::AccountPage>;
    type QueryTransfersStream = Answers<pb::TransferPage>;

    async fn create_accounts(
        &self,
        request: Request<pb::CreateAccountsRequest>,
    ) -> Result<Response<pb::CreateAccountsResponse>, Status> {
        let create = async {
            let accounts = read::accounts(request.get_ref())?;
            self.metrics.took_accounts(accounts.len());
            let prepared = self.api.prepare_accounts(accounts).await?;
            Ok(written(&self.api.create_accounts(prepared).await?, show::accounts_outcome))
        };
        self.answer(Call::CreateAccounts, create).await
    }

    async fn create_transfers(
        &self,
        request: Request<pb::CreateTransfersRequest>,
    ) -> Result<Response<pb::CreateTransfersResponse>, Status> {
        let create = async {
            let id = read::request_id(&request.get_ref().id)?;
            let transfers = read::transfers(request.get_ref())?;
            self.metrics.took_transfers(transfers.len());
            let prepared = self.api.prepare_payments(id, transfers).await?;
            Ok(written(&self.api.create_payments(prepared).await?, show::transfers_outcome))
        };
        self.answer(Call::CreateTransfers, create).await
    }

    async fn pipeline(
        &self,
        request: Request<Streaming<pb::PipelineRequest>>,
    ) -> Result<Response<Self::PipelineStream>, Status> {
        let metrics = Arc::clone(&self.metrics);
        let answers = pipeline::answers(self.api.clone(), metrics, request.into_inner());
        self.stream(Call::Pipeline, answers)
    }

    async fn lookup_accounts(
        &self,
        request: Request<pb::LookupAccountsRequest>,
    ) -> Result<Response<pb::LookupAccountsResponse>, Status> {
        let lookup = async {
            let found = self.api.lookup_accounts(read::ids(&request.get_ref().ids)?).await?;
            let accounts = found.iter().map(show::account).collect();
            Ok(Response::new(pb::LookupAccountsResponse { accounts }))
        };
        self.answer(Call::LookupAccounts, lookup).await
    }

    async fn lookup_transfers(
        &self,
        request: Request<pb::LookupTransfersRequest>,
    ) -> Result<Response<pb::LookupTransfersResponse>, Status> {
        let lookup = async {
            let found = self.api.lookup_transfers(read::ids(&request.get_ref().ids)?).await?;
            let transfers = found.iter().map(show::transfer).collect();
            Ok(Response::new(pb::LookupTransfersResponse { transfers }))
        };
        self.answer(Call::LookupTransfers, lookup).await
    }

    async fn get_account_transfers(
        &self,
        request: Request<pb::GetAccountTransfersRequest>,
    ) -> Result<Response<Self::GetAccountTransfersStream>, Status> {
        let filter = request.get_ref().filter.as_ref();
        let (account, query) = match read::account_filter(filter) {
            Ok(read) => read,
            Err(error) => return self.refuse(Call::GetAccountTransfers, error),
        };
        let api = self.api.clone();
        let listed = pages(filter.map_or(0, |filter| filter.limit), move |after, limit| {
            let (api, query) = (api.clone(), query.clone());
            async move {
                let after = after.or(query.after.clone());
                let query = AccountTransfersQuery { after, limit: Some(limit), ..query };
                Ok(api.account_transfers(account, &query).await?)
            }
        });
        self.stream(Call::GetAccountTransfers, listed.map(|page| Ok(show::transfer_page(&page?))))
    }

    async fn get_account_balances(
        &self,
        request: Request<pb::GetAccountBalancesRequest>,
    ) -> Result<Response<Self::GetAccountBalancesStream>, Status> {
        let filter = request.get_ref().filter.as_ref();
        let (account, query) = match read::account_filter(filter) {
            Ok(read) => read,
            Err(error) => return self.refuse(Call::GetAccountBalances, error),
        };
        let api = self.api.clone();
        let listed = pages(filter.map_or(0, |filter| filter.limit), move |after, limit| {
            let (api, query) = (api.clone(), query.clone());
            async move {
                let after = after.or(query.after.clone());
                let query = AccountTransfersQuery { after, limit: Some(limit), ..query };
                Ok(api.account_balances(account, &query).await?)
            }
        });
        self.stream(Call::GetAccountBalances, listed.map(|page| Ok(show::balance_page(&page?))))
    }

    async fn query_accounts(
        &self,
        request: Request<pb::QueryAccountsRequest>,
    ) -> Result<Response<Self::QueryAccountsStream>, Status> {
        let query = match read::accounts_query(request.get_ref()) {
            Ok(query) => query,
            Err(error) => return self.refuse(Call::QueryAccounts, error),
        };
        let api = self.api.clone();
        let listed = pages(request.get_ref().limit, move |after, limit| {
            let (api, query) = (api.clone(), query.clone());
            async move {
                let query = AccountsQuery { after: after.or(query.after), limit: Some(limit), ..query };
                Ok(api.accounts(&query).await?)
            }
        });
        self.stream(Call::QueryAccounts, listed.map(|page| Ok(show::account_page(&page?))))
    }

    async fn query_transfers(
        &self,
        request: Request<pb::QueryTransfersRequest>,
    ) -> Result<Response<Self::QueryTransfersStream>, Status> {
        let query = match read::transfers_query(request.get_ref()) {
            Ok(query) => query,
            Err(error) => return self.refuse(Call::QueryTransfers, error),
        };
        let api = self.api.clone();
        let listed = pages(request.get_ref().limit, move |after, limit| {
            let (api, query) = (api.clone(), query.clone());
            async move {
                let after = after.or(query.after.clone());
                let query = TransfersQuery { after, limit: Some(limit), ..query };
                Ok(api.transfers(&query).await?)
            }
        });
        self.stream(Call::QueryTransfers, listed.map(|page| Ok(show::transfer_page(&page?))))
    }

    async fn get_trial_balance(
        &self,
        request: Request<pb::GetTrialBalanceRequest>,
    ) -> Result<Response<pb::TrialBalance>, Status> {
        let take = async {
            let query = read::trial_balance(request.get_ref())?;
            Ok(Response::new(show::trial_balance(&self.api.take_trial_balance(&query).await?)))
        };
        self.answer(Call::GetTrialBalance, take).await
    }
}
