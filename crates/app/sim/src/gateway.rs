//! The gateway's steps: send to who leads, hear the answers, send again what nobody answers.

use std::collections::BTreeMap;

use crate::chance::Chance;
use crate::clients::Answer;
use crate::mutant::Mutant;
use crate::network::Parcel;
use crate::scenario::{Scenario, State};
use crate::site::Token;
use crate::violation::{Invariant, Violation, check};

/// What each site remembers of each request's sendings: the latest, and whether the first one came. The real ones need not:
/// only the mutants that rely on an order look at it.
#[derive(Debug, Default)]
pub(crate) struct Sendings(BTreeMap<(usize, usize), (u32, bool)>);

impl Sendings {
    /// Whether a mutant takes this sending for one that cannot have come before.
    fn looks_new(&mut self, mutant: Option<Mutant>, place: (usize, usize), sending: u32) -> bool {
        let (latest, first_came) = self.0.entry(place).or_default();
        let new = match mutant {
            Some(Mutant::TrustFirstSending) => sending == 1 && *first_came,
            Some(Mutant::TrustOrder) => sending < *latest,
            _ => false,
        };
        *latest = (*latest).max(sending);
        *first_came |= sending == 1;
        new
    }
}

impl Scenario<'_> {
    /// Clients ask: something new, something again, or something else under a used id.
    pub(crate) fn ask(&mut self) {
        if self.clients.outstanding() >= self.weather.outstanding_max {
            return;
        }
        let number = match self.dice.below(12) {
            0 if self.clients.len() > 0 => {
                let number = self.dice.below(self.clients.len());
                self.clients.repeat(number);
                self.stats.repeated += 1;
                number
            }
            1 => match self.workload.used_request() {
                Some(used) => {
                    self.stats.rivals += 1;
                    self.clients.ask(self.workload.rival_of(used))
                }
                None => self.clients.ask(self.workload.next_request()),
            },
            _ => self.clients.ask(self.workload.next_request()),
        };
        self.log(|| format!("a client asks {number}"));
    }

    /// Sends what the gateway holds to the leader, as far as it knows.
    pub(crate) fn forward(&mut self) -> Result<(), Violation> {
        let leaders: Vec<usize> = self.working_leaders().collect();
        // What the gateway knows may be old: then it asks one that does not lead.
        let site = if self.dice.one_in(12) {
            self.dice.below(self.sites.len())
        } else if leaders.is_empty() {
            return self.deliver();
        } else {
            self.dice.pick(&leaders)
        };
        let most = self.dice.between(1, if self.weather.is_heavy { 3 } else { 16 });
        for (number, sending) in self.clients.forward(site, most, *self.step) {
            self.log(|| format!("request {number} goes to site {site}, sending {sending}"));
            self.send(site, &Parcel::Request { number, sending });
        }
        self.deliver()
    }

    pub(crate) fn send(&mut self, site: usize, parcel: &Parcel) {
        self.network.send(*self.step, site, parcel, &mut self.dice, &mut self.stats);
    }

    /// Hands over what has arrived.
    pub(crate) fn deliver(&mut self) -> Result<(), Violation> {
        let sites = &self.sites;
        let is_still = |site: usize| sites[site].paused_until > 0;
        for (site, parcel) in self.network.arrivals(*self.step, is_still, &mut self.stats) {
            match parcel {
                Parcel::Request { number, sending } => self.arrive(site, number, sending)?,
                Parcel::Refusal { number } => {
                    self.stats.refusals += 1;
                    self.log(|| format!("site {site} does not lead and gives {number} back"));
                    self.clients.refused(number, site);
                }
                Parcel::Answer { number, answer } => self.hear(site, number, &answer)?,
            }
        }
        Ok(())
    }

    /// A request has reached a site.
    fn arrive(&mut self, site: usize, number: usize, sending: u32) -> Result<(), Violation> {
        let State::Leader(lead) = &mut self.sites[site].state else {
            self.send(site, &Parcel::Refusal { number });
            return Ok(());
        };
        let mut request = self.clients.asks()[number].request.clone();
        if self.sendings.looks_new(self.mutant, (site, number), sending) {
            request.key = shard::RequestKey::NONE;
        }
        lead.submit(request, Token::Ask(number), self.mutant)
    }

    /// An answer has reached the gateway.
    fn hear(&mut self, site: usize, number: usize, answer: &Answer) -> Result<(), Violation> {
        let mut number = number;
        if self.mutant == Some(Mutant::AnswerByOrder) {
            let Some(first) = self.clients.first_at(site) else { return Ok(()) };
            number = first;
        }
        self.log(|| format!("the client of {number} hears the answer of site {site}"));
        self.clients.hear(number, answer)
    }

    /// Sends again what nobody has answered for too long.
    pub(crate) fn lose_patience(&mut self) {
        if self.mutant == Some(Mutant::NoResend) {
            return;
        }
        let again = self.clients.lose_patience(*self.step);
        self.stats.sent_again += again;
        if again > 0 {
            self.log(|| format!("{again} requests were not answered for long and will be sent again"));
        }
        if self.mutant == Some(Mutant::GiveUp) {
            self.clients.give_up();
        }
    }

    /// What leaders may say now goes on its way.
    pub(crate) fn tell(&mut self, site: usize) -> Result<(), Violation> {
        let State::Leader(lead) = &mut self.sites[site].state else { return Ok(()) };
        for (token, outcome) in lead.take_released() {
            match token {
                Token::Ask(number) => {
                    self.stats.answers += 1;
                    self.log(|| format!("site {site} answers {number}"));
                    let answer = self.clients.answered(number, outcome)?;
                    self.send(site, &Parcel::Answer { number, answer });
                }
                Token::View(view) => {
                    self.stats.views += 1;
                    self.witness.viewed(view);
                }
                Token::Nobody => self.stats.pulses += 1,
            }
        }
        self.deliver()
    }

    /// A client looks at the state; it hears of it when all of that is durable.
    pub(crate) fn look(&mut self, site: usize) -> Result<(), Violation> {
        let lost_lock = self.sites[site].lost_lock;
        let State::Leader(lead) = &mut self.sites[site].state else { return Ok(()) };
        let (seq, told) = (lead.leader.replica().seq(), self.witness.last_told());
        check(seq >= told || lost_lock, Invariant::SameState, || {
            format!("site {site} leads and shows record {seq}, though {told} was acknowledged before")
        })?;
        lead.look();
        Ok(())
    }
}
