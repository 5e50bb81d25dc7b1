//! A replica of TigerBeetle and a site of ours, asked the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use ledger_core::{
    Account, AccountFilter, AccountFlags, ChangeEvent, ChangeEventsFilter, CreateAccountStatus,
    CreateTransferStatus, QueryFilter, Transfer, TransferFlags,
};
use vsr::{Client, ClientOptions, Kind, Operation, Release, refusals};
use vsr_core::multi_batch;

use super::clocks::Clocks;
use super::life::{Life, Times};
use super::questions::{self, Question};
use super::site::Site;
use super::tool::{self, Replica};

/// Lives in one run.
const LIVES: u32 = 36;
/// More lives, as a client of a release whose requests hold one batch.
const OLDER_LIVES: u32 = 6;
const WITHOUT_BATCHES: Release = Release::new(0, 16, 33);
/// Requests of a life, the first accounts not counted.
const REQUESTS: u32 = 14;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a pending transfer may take to expire once it is due.
const EXPIRY_PATIENCE: Duration = Duration::from_secs(60);

/// Both servers, with a client of the same release at each.
struct Twins {
    theirs: Client,
    ours: Client,
    release: Release,
    clocks: Clocks,
    times: Times,
    /// How often each result was given, by the kind of the write.
    results: BTreeMap<(bool, u32), u64>,
    /// How many records were compared, by kind.
    compared: BTreeMap<&'static str, usize>,
}

/// A client of `release`, whose id is its own at each server.
async fn client(address: SocketAddr, release: Release, id: u128) -> Client {
    let mut options = ClientOptions::new(vec![address], 0, id);
    (options.release, options.patience) = (release, PATIENCE);
    Client::open(options).await.unwrap()
}

impl Twins {
    async fn open(site: &Site, replica: &Replica, release: Release) -> Self {
        Self {
            theirs: client(replica.address, release, 1).await,
            ours: client(site.address, release, 1).await,
            release,
            clocks: Clocks::default(),
            times: Times::default(),
            results: BTreeMap::new(),
            compared: BTreeMap::new(),
        }
    }

    /// Goes on as clients of another release.
    async fn speak_as(&mut self, site: &Site, replica: &Replica, release: Release) {
        self.theirs = client(replica.address, release, 2).await;
        self.ours = client(site.address, release, 2).await;
        self.release = release;
    }

    /// Sends a write, cut into batches at these places, and compares the results.
    async fn write(&mut self, kind: Kind, events: &[u8], batches: &[u16]) -> Result<(), String> {
        let (theirs, ours) = self.ask(kind, events, events, batches).await?;
        let mut start = 0;
        for ((theirs, ours), length) in theirs.iter().zip(&ours).zip(batches) {
            let events = &events[start..start + usize::from(*length) * 128];
            start += events.len();
            let refused = |results: &[u8]| {
                let operation = Operation::of(kind, self.release);
                let refused = refusals(operation, (*length).into(), results).ok_or("a reply is not whole")?;
                Ok::<BTreeMap<u32, u32>, String>(refused.into_iter().collect())
            };
            let refused_theirs = refused(theirs)?;
            if theirs != ours {
                return Err(first_difference(kind, events, &refused_theirs, &refused(ours)?));
            }
            let is_transfer = kind == Kind::CreateTransfers;
            let created = u64::from(*length) - refused_theirs.len() as u64;
            *self.results.entry((is_transfer, 0)).or_default() += created;
            for result in refused_theirs.values() {
                *self.results.entry((is_transfer, *result)).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Asks a question, and compares the answers.
    async fn question(&mut self, question: &Question) -> Result<(), String> {
        let Question { kind, batches, theirs, ours } = question;
        let (theirs, ours) = self.ask(*kind, theirs, ours, batches).await?;
        for (number, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            let compared = self.compare(*kind, theirs, ours);
            compared.map_err(|error| format!("{}, batch {number}: {error}", tell(question)))?;
        }
        Ok(())
    }

    /// Sends both requests and returns the results of each batch.
    async fn ask(
        &mut self,
        kind: Kind,
        theirs: &[u8],
        ours: &[u8],
        batches: &[u16],
    ) -> Result<(Vec<Vec<u8>>, Vec<Vec<u8>>), String> {
        let operation = Operation::of(kind, self.release);
        let body = |events: &[u8]| {
            let mut body = events.to_vec();
            if operation.is_batched() {
                multi_batch::append_trailer(batches, kind.event_size(), &mut body);
            }
            body
        };
        let (their_body, our_body) = (body(theirs), body(ours));
        let (theirs, ours) =
            tokio::join!(self.theirs.call(operation, &their_body), self.ours.call(operation, &our_body));
        let theirs = theirs.map_err(|error| format!("{kind:?}: TigerBeetle: {error}"))?;
        let ours = ours.map_err(|error| format!("{kind:?}: ours: {error}"))?;
        self.times.latest = self.times.latest.max(theirs.timestamp).max(ours.timestamp);
        let results = |body: &[u8]| {
            let batches = vsr_core::results(operation, body).ok_or("a reply is not whole")?;
            Ok::<Vec<Vec<u8>>, String>(batches.into_iter().map(<[u8]>::to_vec).collect())
        };
        let (theirs, ours) = (results(&theirs.body)?, results(&ours.body)?);
        if theirs.len() != ours.len() {
            return Err(format!("{kind:?}: they answer {} batches, we {}", theirs.len(), ours.len()));
        }
        Ok((theirs, ours))
    }

    /// Compares records, all but their timestamps byte by byte, and those by their order.
    fn compare(&mut self, kind: Kind, theirs: &[u8], ours: &[u8]) -> Result<(), String> {
        let size = kind.result_size();
        let (name, places): (_, &[usize]) = match kind {
            Kind::GetAccountBalances => ("balances", &[64]),
            Kind::GetChangeEvents => ("changes", &[352, 360, 368, 376]),
            Kind::LookupAccounts | Kind::QueryAccounts => ("accounts", &[120]),
            _ => ("transfers", &[120]),
        };
        for (number, (theirs, ours)) in theirs.chunks(size).zip(ours.chunks(size)).enumerate() {
            let (mut their_rest, mut our_rest) = (theirs.to_vec(), ours.to_vec());
            for place in places {
                let stamp = |record: &mut [u8]| {
                    let bytes: &mut [u8; 8] = (&mut record[*place..*place + 8]).try_into().unwrap();
                    u64::from_le_bytes(std::mem::take(bytes))
                };
                let (theirs, ours) = (stamp(&mut their_rest), stamp(&mut our_rest));
                self.clocks.learn(theirs, ours).map_err(|error| format!("record {number}: {error}"))?;
            }
            if their_rest != our_rest {
                let (theirs, ours) = (show(kind, theirs), show(kind, ours));
                return Err(format!("record {number}\ntheirs {theirs}\nours   {ours}"));
            }
        }
        if theirs.len() != ours.len() {
            return Err(format!("they have {} records, we {}", theirs.len() / size, ours.len() / size));
        }
        *self.compared.entry(name).or_default() += theirs.len() / size;
        Ok(())
    }

    /// One life: requests, and after each of them questions.
    async fn live(&mut self, life: &mut Life) -> Result<(), String> {
        let since = self.times.latest + 1;
        let first = life.first_accounts();
        let batches = [u16::try_from(first.len()).unwrap()];
        self.write(Kind::CreateAccounts, &bytes_of(&first, Account::as_bytes), &batches).await?;
        for _ in 0..REQUESTS {
            let mut times = self.times;
            if life.dice.once_in(4) {
                let count = life.dice.index(60) + 1;
                let accounts = bytes_of(&life.accounts(count, &mut times), Account::as_bytes);
                self.times = times;
                let batches = cut(life, &accounts, AccountFlags::IMPORTED.0);
                self.write(Kind::CreateAccounts, &accounts, &batches).await?;
            } else {
                let count = life.dice.index(400) + 1;
                let transfers = bytes_of(&life.transfers(count, &mut times), Transfer::as_bytes);
                self.times = times;
                let batches = cut(life, &transfers, TransferFlags::IMPORTED.0);
                self.write(Kind::CreateTransfers, &transfers, &batches).await?;
                self.times.latest_transfer = self.times.latest;
            }
            self.question(&questions::lookup(Kind::LookupAccounts, questions::accounts(life))).await?;
            for _ in 0..6 {
                let question = questions::question(life, &self.clocks, since);
                self.question(&question).await?;
            }
        }
        for question in questions::whole_accounts(life) {
            self.question(&question).await?;
        }
        self.question(&questions::all_changes(since, since)).await
    }

    /// Pending transfers that are left to expire, and attempts to post or void them afterwards.
    async fn let_expire(&mut self, life: &mut Life) -> Result<(), String> {
        let since = self.times.latest + 1;
        let accounts = bytes_of(&life.plain_accounts(), Account::as_bytes);
        self.write(Kind::CreateAccounts, &accounts, &[6]).await?;
        let (pending, late) = life.expiring(100);
        self.write(Kind::CreateTransfers, &bytes_of(&pending, Transfer::as_bytes), &[100]).await?;
        // Each server expires them in its own time; what they say meanwhile is not compared.
        let Question { kind, batches, theirs: ids, .. } =
            questions::lookup(Kind::LookupAccounts, questions::accounts(life));
        let all_expired = async {
            loop {
                let (theirs, ours) = self.ask(kind, &ids, &ids, &batches).await?;
                let is_pending = |accounts: &[Vec<u8>]| {
                    let accounts = accounts[0].chunks(128).filter_map(Account::from_bytes);
                    accounts.map(|account| account.debits_pending).any(|pending| pending > 0)
                };
                if !is_pending(&theirs) && !is_pending(&ours) {
                    return Ok::<(), String>(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(EXPIRY_PATIENCE, all_expired).await.map_err(|_| "not all expired in time")??;
        self.write(Kind::CreateTransfers, &bytes_of(&late, Transfer::as_bytes), &[100]).await?;
        self.question(&questions::lookup(Kind::LookupAccounts, questions::accounts(life))).await?;
        for _ in 0..60 {
            let question = questions::question(life, &self.clocks, since);
            self.question(&question).await?;
        }
        self.question(&questions::all_changes(since, since)).await
    }
}

/// The results that cannot be had: one that 0.16 does not give any more, and one that needs a clock beyond the year
/// 2100.
const OUT_OF_REACH: [CreateTransferStatus; 1] = [CreateTransferStatus::OverflowsTimeout];

/// Every result that TigerBeetle has, and that was never given.
fn never_given(results: &BTreeMap<(bool, u32), u64>) -> Vec<&'static str> {
    let accounts = CreateAccountStatus::ALL.iter().map(|status| (false, status.as_u32(), status.name()));
    let transfers = CreateTransferStatus::ALL.iter().filter(|status| !OUT_OF_REACH.contains(status));
    let transfers = transfers.map(|status| (true, status.as_u32(), status.name()));
    let is_theirs = |(_, status, _): &(bool, u32, &str)| *status < 1_000;
    let never =
        |(is_transfer, status, _): &(bool, u32, &str)| !results.contains_key(&(*is_transfer, *status));
    accounts.chain(transfers).filter(is_theirs).filter(never).map(|(.., name)| name).collect()
}

/// Cuts a request into batches, mostly one.
///
/// A replica of 0.16.78 ends itself when a batch is imported and the first of its request is not: it fetches what is to
/// be compared with imported timestamps only if the first event of all is imported.
fn cut(life: &mut Life, events: &[u8], imported: u16) -> Vec<u16> {
    let count = events.len() / 128;
    let is_imported = |event: usize| {
        u16::from_le_bytes([events[event * 128 + 118], events[event * 128 + 119]]) & imported != 0
    };
    let (mut start, mut batches) = (0, Vec::new());
    while life.has_batches && count - start > 1 && life.dice.once_in(4) {
        let end = start + life.dice.index(count - start);
        if is_imported(0) || !is_imported(end) {
            batches.push(u16::try_from(end - start).unwrap());
            start = end;
        }
    }
    batches.push(u16::try_from(count - start).unwrap());
    batches
}

fn bytes_of<E>(events: &[E], bytes: impl Fn(&E) -> &[u8]) -> Vec<u8> {
    events.iter().flat_map(|event| bytes(event).to_vec()).collect()
}

/// The first event whose results differ.
fn first_difference(
    kind: Kind,
    events: &[u8],
    theirs: &BTreeMap<u32, u32>,
    ours: &BTreeMap<u32, u32>,
) -> String {
    for (index, event) in (0_u32..).zip(events.chunks(128)) {
        let (theirs, ours) = (theirs.get(&index), ours.get(&index));
        if theirs != ours {
            let name =
                |result: Option<&u32>| name(kind == Kind::CreateTransfers, result.copied().unwrap_or(0));
            let event = show(
                if kind == Kind::CreateTransfers { Kind::LookupTransfers } else { Kind::LookupAccounts },
                event,
            );
            return format!("event {index}: theirs {}, ours {}\n{event}", name(theirs), name(ours));
        }
    }
    format!("the same results in another form: {theirs:?} {ours:?}")
}

/// The name of a result.
fn name(is_transfer: bool, result: u32) -> &'static str {
    let status = if result == 0 { u32::MAX } else { result };
    let name = if is_transfer {
        CreateTransferStatus::from_u32(status).map(CreateTransferStatus::name)
    } else {
        CreateAccountStatus::from_u32(status).map(CreateAccountStatus::name)
    };
    name.unwrap_or("unknown")
}

/// A record in words.
fn show(kind: Kind, record: &[u8]) -> String {
    match kind {
        Kind::LookupAccounts | Kind::QueryAccounts => format!("{:?}", Account::from_bytes(record)),
        Kind::GetChangeEvents => format!("{:?}", ChangeEvent::from_bytes(record)),
        Kind::GetAccountBalances => format!("{:?}", ledger_core::AccountBalance::from_bytes(record)),
        _ => format!("{:?}", Transfer::from_bytes(record)),
    }
}

/// A question in words.
fn tell(question: &Question) -> String {
    let Question { kind, theirs, .. } = question;
    match kind {
        Kind::GetAccountTransfers | Kind::GetAccountBalances => {
            format!("{kind:?} {:?}", AccountFilter::from_bytes(theirs))
        }
        Kind::QueryAccounts | Kind::QueryTransfers => {
            format!("{kind:?} {:?}", QueryFilter::from_bytes(theirs))
        }
        Kind::GetChangeEvents => format!("{kind:?} {:?}", ChangeEventsFilter::from_bytes(theirs)),
        _ => format!("{kind:?}"),
    }
}

/// The release that a binary says it is.
pub(crate) async fn release(binary: &std::path::Path) -> Release {
    let (said, _) = tool::run(binary, &["version"]).await.unwrap_or_else(|words| panic!("{words}"));
    let version = said.split_whitespace().last().unwrap_or_default();
    version.split('+').next().unwrap_or_default().parse().unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The same lives on both servers: every result, every record and every answer agrees.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_lives_end_in_the_same_books() {
    let Some(binary) = tool::binary() else { return };
    let (site, replica) = tokio::join!(Site::start(), Replica::start(&binary));
    let mut twins = Twins::open(&site, &replica, release(&binary).await).await;
    for number in 1..=LIVES + OLDER_LIVES {
        if number == LIVES + 1 {
            twins.speak_as(&site, &replica, WITHOUT_BATCHES).await;
        }
        let mut life = Life::new(number, number <= LIVES);
        if let Err(difference) = twins.live(&mut life).await {
            panic!("life {number}: {difference}\n{}", replica.last_words());
        }
    }
    let mut life = Life::new(LIVES + OLDER_LIVES + 1, false);
    if let Err(difference) = twins.let_expire(&mut life).await {
        panic!("what expires: {difference}\n{}", replica.last_words());
    }
    assert_eq!(never_given(&twins.results), [""; 0], "{:?}", twins.results);
    let created = twins.results[&(true, 0)];
    assert!(created > 10_000 && twins.clocks.len() > 10_000, "{created} transfers were created");
    assert_eq!(site.evictions(), 0);
    for (name, count) in &twins.compared {
        assert!(*count > 2_000, "only {count} {name} were compared");
    }
    site.stop().await;
}

/// Requests that cannot be read end the session, at both for the same reason.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_ends_the_session_for_the_same_reason() {
    let Some(binary) = tool::binary() else { return };
    let (site, replica) = tokio::join!(Site::start(), Replica::start(&binary));
    let release = release(&binary).await;
    for (number, (what, kind, body)) in (10..).zip(unreadable()) {
        let mut said = Vec::new();
        for address in [replica.address, site.address] {
            let mut client = client(address, release, number).await;
            let answer = client.call(Operation::of(kind, release), &body).await;
            said.push(answer.map_or_else(|error| error.to_string(), |answer| format!("{:?}", answer.body)));
        }
        assert_eq!(said[0], said[1], "{what}\n{}", replica.last_words());
    }
    site.stop().await;
}

/// Bodies, mostly broken, with what is wrong with each.
fn unreadable() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let body = |payload: usize, size: usize, batches: &[u16]| {
        let mut body = vec![0; payload];
        multi_batch::append_trailer(batches, size, &mut body);
        body
    };
    let mut damaged = body(128, 128, &[1]);
    damaged[130] = 0;
    let limit = QueryFilter { limit: 8_189, ..QueryFilter::default() };
    let mut filters = limit.as_bytes().repeat(2);
    multi_batch::append_trailer(&[1, 1], 64, &mut filters);
    vec![
        ("no batch of nothing", Kind::CreateTransfers, body(0, 128, &[0])),
        ("three batches of nothing", Kind::LookupAccounts, body(0, 16, &[0, 0, 0])),
        ("no body", Kind::CreateTransfers, vec![]),
        ("no trailer", Kind::CreateTransfers, vec![0; 128]),
        ("half an event", Kind::CreateAccounts, vec![0; 100]),
        ("more events than the trailer says", Kind::CreateAccounts, body(256, 128, &[1])),
        ("fewer events than the trailer says", Kind::CreateAccounts, body(128, 128, &[2])),
        ("padding that is none", Kind::CreateAccounts, damaged),
        ("two filters in a batch", Kind::QueryTransfers, body(128, 64, &[2])),
        ("a batch without a filter", Kind::QueryTransfers, body(64, 64, &[1, 0])),
        ("an account filter of another size", Kind::GetAccountTransfers, body(64, 64, &[1])),
        ("two filters that want more than fits", Kind::QueryTransfers, filters),
        ("two filters of changes", Kind::GetChangeEvents, vec![0; 128]),
        ("no filter of changes", Kind::GetChangeEvents, vec![]),
    ]
}
