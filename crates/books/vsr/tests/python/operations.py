"""Every operation of TigerBeetle's Python client against the addresses given. Any difference is an AssertionError."""

import sys
import threading
import time

import tigerbeetle as tb
from tigerbeetle import AccountFlags, AccountFilterFlags, QueryFilterFlags, TransferFlags
from tigerbeetle import CreateAccountStatus as A, CreateTransferStatus as T

ADDRESSES = sys.argv[1]


def connect():
    return tb.ClientSync(cluster_id=0, replica_addresses=ADDRESSES)


def account(id, **fields):
    return tb.Account(**{"id": id, "ledger": 700, "code": 10, **fields})


def transfer(id, amount=1, **fields):
    defaults = {"debit_account_id": 1, "credit_account_id": 2, "ledger": 700, "code": 1}
    return tb.Transfer(**{"id": id, "amount": amount, **defaults, **fields})


def resolve(id, pending, amount, flags):
    return transfer(id, amount, pending_id=pending, flags=flags, debit_account_id=0, credit_account_id=0, ledger=0, code=0)


def statuses(results):
    return [result.status for result in results]


def balances(client, *ids):
    rows = client.lookup_accounts(list(ids))
    return [(row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted) for row in rows]


def accounts(client):
    made = client.create_accounts([account(1), account(2, flags=AccountFlags.HISTORY), account(0), account(1, code=11)])
    assert statuses(made) == [A.CREATED, A.CREATED, A.ID_MUST_NOT_BE_ZERO, A.EXISTS_WITH_DIFFERENT_CODE]
    assert made[0].timestamp < made[1].timestamp
    again = client.create_accounts([account(1)])
    assert statuses(again) == [A.EXISTS] and again[0].timestamp == made[0].timestamp
    assert [row.id for row in client.lookup_accounts([2, 99, 1])] == [2, 1]
    assert client.lookup_accounts([]) == [] and client.create_accounts([]) == []


def transfers(client):
    made = client.create_transfers([transfer(1, 100), transfer(2, 50), transfer(1, 100), transfer(1, 101)])
    assert statuses(made) == [T.CREATED, T.CREATED, T.EXISTS, T.EXISTS_WITH_DIFFERENT_AMOUNT]
    assert balances(client, 1, 2) == [(0, 150, 0, 0), (0, 0, 0, 150)]
    assert [row.amount for row in client.lookup_transfers([2, 99, 1])] == [50, 100]


def linked_chains(client):
    linked = TransferFlags.LINKED
    chain = [transfer(10, flags=linked), transfer(11, credit_account_id=99, flags=linked), transfer(12)]
    made = client.create_transfers(chain)
    assert statuses(made) == [T.LINKED_EVENT_FAILED, T.CREDIT_ACCOUNT_NOT_FOUND, T.LINKED_EVENT_FAILED]
    made = client.create_transfers([transfer(13), transfer(14, flags=linked)])
    assert statuses(made) == [T.CREATED, T.LINKED_EVENT_CHAIN_OPEN]


def failed_ids_stay_failed(client):
    lost = transfer(20, debit_account_id=98)
    assert statuses(client.create_transfers([lost])) == [T.DEBIT_ACCOUNT_NOT_FOUND]
    assert statuses(client.create_accounts([account(98)])) == [A.CREATED]
    assert statuses(client.create_transfers([lost])) == [T.ID_ALREADY_FAILED]


def two_phase(client):
    client.create_accounts([account(31), account(32)])
    pair = {"debit_account_id": 31, "credit_account_id": 32}
    pending = [transfer(30 + n, 40, flags=TransferFlags.PENDING, **pair) for n in range(3)]
    assert statuses(client.create_transfers(pending)) == [T.CREATED] * 3
    assert balances(client, 31) == [(120, 0, 0, 0)]
    post, void = TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER
    made = client.create_transfers([
        resolve(40, 30, 15, post),
        resolve(41, 31, 0, void),
        resolve(42, 30, 15, post),
        resolve(43, 31, tb.AMOUNT_MAX, post),
        resolve(44, 77, 1, post),
        resolve(45, 32, tb.AMOUNT_MAX, post),
    ])
    assert statuses(made) == [
        T.CREATED, T.CREATED, T.PENDING_TRANSFER_ALREADY_POSTED, T.PENDING_TRANSFER_ALREADY_VOIDED,
        T.PENDING_TRANSFER_NOT_FOUND, T.CREATED,
    ]
    assert balances(client, 31, 32) == [(0, 55, 0, 0), (0, 0, 0, 55)]


def timeouts(client):
    client.create_accounts([account(51), account(52)])
    pair = {"debit_account_id": 51, "credit_account_id": 52}
    assert statuses(client.create_transfers([transfer(50, 5, timeout=1, flags=TransferFlags.PENDING, **pair)])) == [T.CREATED]
    assert balances(client, 51) == [(5, 0, 0, 0)]
    while balances(client, 51) != [(0, 0, 0, 0)]:
        time.sleep(0.05)
    made = client.create_transfers([resolve(51, 50, tb.AMOUNT_MAX, TransferFlags.POST_PENDING_TRANSFER)])
    assert statuses(made) == [T.PENDING_TRANSFER_EXPIRED]


def queries(client):
    reference = {"user_data_128": 2**100, "user_data_64": 2**50, "user_data_32": 7}
    client.create_accounts([account(61, **reference), account(62, flags=AccountFlags.HISTORY)])
    pair = {"debit_account_id": 61, "credit_account_id": 62}
    made = client.create_transfers([transfer(600 + n, 1 + n, code=9, **reference, **pair) for n in range(5)])
    assert statuses(made) == [T.CREATED] * 5

    def of_account(id, flags, limit=10, **fields):
        every = {"user_data_128": 0, "user_data_64": 0, "user_data_32": 0, "code": 0, "timestamp_min": 0, "timestamp_max": 0}
        return tb.AccountFilter(**{"account_id": id, "limit": limit, "flags": flags, **every, **fields})

    both = AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS
    found = client.get_account_transfers(of_account(61, both))
    assert [row.id for row in found] == [600, 601, 602, 603, 604]
    found = client.get_account_transfers(of_account(61, both | AccountFilterFlags.REVERSED, limit=2))
    assert [row.id for row in found] == [604, 603]
    assert client.get_account_transfers(of_account(61, AccountFilterFlags.CREDITS)) == []
    late = of_account(61, both, timestamp_min=made[3].timestamp, timestamp_max=made[3].timestamp)
    assert [row.id for row in client.get_account_transfers(late)] == [603]
    rows = client.get_account_balances(of_account(62, both))
    assert [row.credits_posted for row in rows] == [1, 3, 6, 10, 15]
    assert rows[0].timestamp == made[0].timestamp
    assert client.get_account_balances(of_account(61, both)) == [], "kept for accounts with history only"

    def everywhere(limit=10, **fields):
        every = {"user_data_128": 0, "user_data_64": 0, "user_data_32": 0, "ledger": 0, "code": 0, "timestamp_min": 0, "timestamp_max": 0}
        return tb.QueryFilter(**{"limit": limit, "flags": QueryFilterFlags.NONE, **every, **fields})

    assert [row.id for row in client.query_accounts(everywhere(user_data_64=2**50))] == [61]
    assert [row.id for row in client.query_transfers(everywhere(code=9, limit=3, **reference))] == [600, 601, 602]
    newest = everywhere(ledger=700, limit=1, flags=QueryFilterFlags.REVERSED)
    assert [row.id for row in client.query_transfers(newest)] == [604]
    assert client.query_transfers(everywhere(limit=0)) == []


def full_batch(client):
    client.create_accounts([account(71), account(72)])
    pair = {"debit_account_id": 71, "credit_account_id": 72}
    batch = [transfer(100_000 + n, **pair) for n in range(8189)]
    assert statuses(client.create_transfers(batch)) == [T.CREATED] * 8189
    assert statuses(client.create_transfers(batch)) == [T.EXISTS] * 8189
    assert len(client.lookup_transfers([row.id for row in batch])) == 8189
    assert balances(client, 71) == [(0, 8189, 0, 0)]
    try:
        client.create_transfers(batch + [transfer(200_000)])
        raise AssertionError("8,190 events do not fit a message")
    except tb.TooMuchDataError if hasattr(tb, "TooMuchDataError") else Exception as error:
        assert "Too much data" in str(error)


def many_clients(count):
    """More clients at once than TigerBeetle has sessions, each in a thread of its own."""
    failures = []

    def one(number):
        client = connect()
        try:
            made = client.create_transfers([transfer(300_000 + number * 10 + n, debit_account_id=71, credit_account_id=72) for n in range(10)])
            assert statuses(made) == [T.CREATED] * 10
        except BaseException as error:
            failures.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [], failures


client = connect()
accounts(client)
transfers(client)
linked_chains(client)
failed_ids_stay_failed(client)
two_phase(client)
timeouts(client)
queries(client)
full_batch(client)
many_clients(70)
assert balances(client, 71) == [(0, 8189 + 700, 0, 0)]
client.close()
print("every operation is as it should be")
