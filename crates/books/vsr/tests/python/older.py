"""What clients of 0.16 send, in the encodings they were built with. Results name only the events that were refused."""

import sys

import tigerbeetle as tb
from tigerbeetle import CreateAccountResult as A, CreateTransferResult as T

NOTHING = {"user_data_128": 0, "user_data_64": 0, "user_data_32": 0, "timestamp": 0, "flags": 0}
EVER = {"timestamp_min": 0, "timestamp_max": 0}


def account(id):
    sums = {"debits_pending": 0, "debits_posted": 0, "credits_pending": 0, "credits_posted": 0}
    return tb.Account(id=id, ledger=203, code=1, **sums, **NOTHING)


def transfer(id, amount):
    sides = {"debit_account_id": 1, "credit_account_id": 2, "pending_id": 0, "timeout": 0}
    return tb.Transfer(id=id, amount=amount, ledger=203, code=1, **sides, **NOTHING)


def refused(results):
    return [(row.index, row.result) for row in results]


client = tb.ClientSync(cluster_id=0, replica_addresses=sys.argv[1])
made = client.create_accounts([account(1), account(2), account(1), account(0)])
assert refused(made) == [(2, A.EXISTS), (3, A.ID_MUST_NOT_BE_ZERO)]
made = client.create_transfers([transfer(1, 5), transfer(1, 6), transfer(2, 1)])
assert refused(made) == [(1, T.EXISTS_WITH_DIFFERENT_AMOUNT)]
assert refused(client.create_transfers([transfer(3, 1)])) == []
assert [row.debits_posted for row in client.lookup_accounts([1, 9, 2])] == [7, 0]
assert [row.id for row in client.lookup_transfers([3, 1])] == [3, 1]
reference = {"user_data_128": 0, "user_data_64": 0, "user_data_32": 0, "code": 0}
debits = tb.AccountFilter(account_id=1, limit=2, flags=tb.AccountFilterFlags.DEBITS, **reference, **EVER)
assert [row.id for row in client.get_account_transfers(debits)] == [1, 2]
query = tb.QueryFilter(ledger=203, limit=10, flags=0, **reference, **EVER)
assert [row.id for row in client.query_accounts(query)] == [1, 2]
assert [row.id for row in client.query_transfers(query)] == [1, 2, 3]
client.close()
print("every operation is as it should be")
