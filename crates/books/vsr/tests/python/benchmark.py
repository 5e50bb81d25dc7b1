"""The load that TigerBeetle's own `benchmark` puts on a server, by its published client: several clients, full batches, ids
in any order, hot accounts, imported events, queries of as many transfers as fit, and a look at everything afterwards."""

import random
import sys
import threading

import tigerbeetle as tb
from tigerbeetle import AccountFilterFlags, AccountFlags, TransferFlags
from tigerbeetle import CreateAccountStatus as A, CreateTransferStatus as T

ADDRESSES = sys.argv[1]
CLIENTS = 3
# A message has room for 8,190 records, one of which the sizes of its batches take.
BATCH = 8_189
ACCOUNTS = 2_000
HOT = 10
TRANSFERS = 2 * BATCH + 1_000
QUERIES = 6


class Load:
    """Events with ids from `first` on, in the order that `order` gives them."""

    def __init__(self, first, order, imported=False, history=False, pending=False):
        self.dice = random.Random(42)
        self.first, self.order, self.imported = first, order, imported
        flags = (AccountFlags.HISTORY if history else 0) | (AccountFlags.IMPORTED if imported else 0)
        self.accounts = [self.account(index, AccountFlags(flags)) for index in range(ACCOUNTS)]
        self.transfers = [self.transfer(index, pending) for index in range(TRANSFERS)]

    def id(self, index):
        if self.order == "reversed":
            return (1 << 127) - self.first - index
        if self.order == "random":
            # A permutation of 64 bits: an odd factor has an inverse.
            return ((self.first + index) * 0x9E37_79B9_7F4A_7C15) % (1 << 64)
        return self.first + index

    def user_data(self):
        bits = self.dice.getrandbits
        return {"user_data_128": bits(128), "user_data_64": bits(64), "user_data_32": bits(32)}

    def account(self, index, flags):
        timestamp = self.first + index if self.imported else 0
        return tb.Account(id=self.id(index), ledger=2, code=1, flags=flags, timestamp=timestamp, **self.user_data())

    def transfer(self, index, pending):
        debit = self.dice.randrange(HOT if self.dice.random() < 0.5 else ACCOUNTS)
        credit = (debit + self.dice.randrange(1, ACCOUNTS)) % ACCOUNTS
        is_pending = pending and self.dice.random() < 0.3
        flags = (TransferFlags.PENDING if is_pending else 0) | (TransferFlags.IMPORTED if self.imported else 0)
        return tb.Transfer(
            id=self.id(ACCOUNTS + index),
            debit_account_id=self.id(debit),
            credit_account_id=self.id(credit),
            amount=self.dice.randrange(1, 1 << 48),
            ledger=2,
            code=self.dice.randrange(1, 1 << 16),
            timeout=self.dice.randrange(3_600, 1 << 31) if is_pending else 0,
            flags=TransferFlags(flags),
            timestamp=self.first + ACCOUNTS + index if self.imported else 0,
            **self.user_data(),
        )


def batches(records):
    return [records[at : at + BATCH] for at in range(0, len(records), BATCH)]


def by_clients(clients, jobs, do):
    """Each client does every third job, all at once. Imported events have an order: then there is one client."""
    wrong = []

    def work(client, own):
        try:
            for job in own:
                do(client, job)
        except BaseException as error:
            wrong.append(error)

    threads = [
        threading.Thread(target=work, args=(client, jobs[number :: len(clients)]))
        for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]


def create_accounts(client, accounts):
    assert {result.status for result in client.create_accounts(accounts)} == {A.CREATED}


def create_transfers(client, transfers):
    results = client.create_transfers(transfers)
    assert len(results) == len(transfers) and {result.status for result in results} == {T.CREATED}


def query(client, load, index):
    """The transfers of a hot account."""
    account = load.id(index)
    flags = AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS
    anything = dict.fromkeys("user_data_128 user_data_64 user_data_32 code timestamp_min timestamp_max".split(), 0)
    found = client.get_account_transfers(tb.AccountFilter(account_id=account, limit=BATCH, flags=flags, **anything))
    own = [t for t in load.transfers if account in (t.debit_account_id, t.credit_account_id)]
    assert {t.id for t in found} == {t.id for t in own} and len(found) == len(own)


def same(given, kept, fields):
    assert len(given) == len(kept)
    for one, other in zip(given, kept):
        for field in fields.split():
            assert getattr(one, field) == getattr(other, field), (field, one, other)


def validate_accounts(client, accounts):
    kept = client.lookup_accounts([account.id for account in accounts])
    same(accounts, kept, "id user_data_128 user_data_64 user_data_32 ledger code flags")


def validate_transfers(client, transfers):
    kept = client.lookup_transfers([transfer.id for transfer in transfers])
    fields = "id debit_account_id credit_account_id amount pending_id timeout ledger code flags"
    same(transfers, kept, fields + " user_data_128 user_data_64 user_data_32")


def run(clients, load):
    by_clients(clients, batches(load.accounts), create_accounts)
    by_clients(clients, batches(load.transfers), create_transfers)
    by_clients(clients, list(range(QUERIES)), lambda client, index: query(client, load, index))
    by_clients(clients, batches(load.accounts), validate_accounts)
    by_clients(clients, batches(load.transfers), validate_transfers)


def main():
    clients = [tb.ClientSync(cluster_id=0, replica_addresses=ADDRESSES) for _ in range(CLIENTS)]
    # Imported events come first: their timestamps lie in the past of all others.
    run(clients[:1], Load(1, "sequential", imported=True))
    run(clients, Load(1_000_000, "random", history=True))
    run(clients, Load(2_000_000, "reversed", pending=True))
    print("every operation is as it should be")


main()
