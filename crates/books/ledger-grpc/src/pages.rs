//! Long lists, as streams of pages.
//!
//! Each page is a reading of its own, made when the client has room for it: nobody waits for a list as a whole, and a slow
//! reader holds nothing but its place. Transfers never change and accounts keep their order, so the pages fit together.

use std::future::Future;

use futures_util::{Stream, stream};
use ledger_api::PAGE_LIMIT_MAX;

use crate::error::DoorError;

/// What the door needs to know of a page.
pub(crate) trait Page {
    /// Where the next one begins.
    type Next;

    fn len(&self) -> usize;

    /// Where the list goes on; nothing at its end.
    fn next(&self) -> Option<Self::Next>;
}

/// The entries that are still wanted; nothing if all there are.
#[derive(Clone, Copy, Debug)]
struct Wanted(Option<u32>);

impl Wanted {
    fn page(self) -> u16 {
        let page = self.0.map_or(PAGE_LIMIT_MAX, |left| u16::try_from(left).unwrap_or(PAGE_LIMIT_MAX));
        page.min(PAGE_LIMIT_MAX)
    }

    fn without(self, entries: usize) -> Self {
        Self(self.0.map(|left| left.saturating_sub(u32::try_from(entries).unwrap_or(u32::MAX))))
    }
}

/// The pages of a list of at most `limit` entries, or of all if that is 0. `read` reads the page that begins after a place,
/// or at the place that it was made with, with so many entries at most.
pub(crate) fn pages<P, F>(
    limit: u32,
    read: impl Fn(Option<P::Next>, u16) -> F,
) -> impl Stream<Item = Result<P, DoorError>>
where
    P: Page,
    F: Future<Output = Result<P, DoorError>>,
{
    let first = Some((None, Wanted((limit > 0).then_some(limit))));
    stream::try_unfold((first, read), |(place, read)| async move {
        let Some((after, wanted)) = place else { return Ok(None) };
        let page = read(after, wanted.page()).await?;
        let left = wanted.without(page.len());
        let next = page.next().filter(|_| left.0 != Some(0)).map(|next| (Some(next), left));
        Ok(Some((page, (next, read))))
    })
}

macro_rules! page {
    ($page:ty, $next:ty, $entries:ident) => {
        impl Page for $page {
            type Next = $next;

            fn len(&self) -> usize {
                self.$entries.len()
            }

            fn next(&self) -> Option<$next> {
                self.next.clone()
            }
        }
    };
}

page!(ledger_api::AccountPage, ids::AccountId, accounts);
page!(ledger_api::TransferPage, ledger_api::Cursor, transfers);
page!(ledger_api::BalancePage, ledger_api::Cursor, balances);

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;
    use ids::AccountId;
    use ledger_api::AccountPage;

    use super::*;

    /// What is asked of a list of numbers in which each page is at most `short` long, and where it ended.
    async fn asked(entries: u128, short: u16, limit: u32) -> (Vec<(u128, u16)>, u128) {
        let asked = std::sync::Mutex::new(Vec::new());
        let read = |after: Option<AccountId>, page: u16| {
            let after = after.map_or(0, AccountId::get);
            asked.lock().unwrap().push((after, page));
            let last = (after + u128::from(page.min(short))).min(entries);
            let account = |_| crate::tests::account();
            let accounts = (after..last).map(account).collect();
            let next = (last < entries).then(|| AccountId::new(last.max(1)).unwrap());
            std::future::ready(Ok(AccountPage { accounts, next }))
        };
        let all: Vec<AccountPage> = pages(limit, read).try_collect().await.unwrap();
        let seen: usize = all.iter().map(Page::len).sum();
        (asked.into_inner().unwrap(), seen as u128)
    }

    #[tokio::test]
    async fn a_list_ends_at_its_end_or_at_its_limit() {
        assert_eq!(asked(2_500, 1_000, 0).await, (vec![(0, 1_000), (1_000, 1_000), (2_000, 1_000)], 2_500));
        assert_eq!(asked(2_500, 1_000, 1_200).await, (vec![(0, 1_000), (1_000, 200)], 1_200));
        assert_eq!(asked(2_500, 1_000, 1_000).await, (vec![(0, 1_000)], 1_000));
        assert_eq!(asked(5, 1_000, 1_000_000).await, (vec![(0, 1_000)], 5));
        // Pages that fall short of their limit do not end the list.
        assert_eq!(asked(5, 2, 4).await, (vec![(0, 4), (2, 2)], 4));
        assert_eq!(asked(0, 1_000, 0).await, (vec![(0, 1_000)], 0));
    }
}
