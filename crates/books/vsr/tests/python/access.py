"""What TigerBeetle's Python client sees of rights: three tunnels of three sites each, for `payments` (reads and posts in
ledger 700), `auditor` (reads it) and `treasury` (approves in it). Any difference is an AssertionError."""

import sys

import tigerbeetle as tb
from tigerbeetle import CreateAccountStatus as A, CreateTransferStatus as T, TransferFlags

ADDRESSES = sys.argv[1].split(",")


def connect(place):
    return tb.ClientSync(cluster_id=0, replica_addresses=",".join(ADDRESSES[3 * place:3 * place + 3]))


def account(id, ledger):
    return tb.Account(id=id, ledger=ledger, code=1)


def transfer(id, ledger=700, **fields):
    defaults = {"debit_account_id": 1, "credit_account_id": 2, "amount": 5, "code": 1}
    return tb.Transfer(**{"id": id, "ledger": ledger, **defaults, **fields})


def resolve(id, pending, flags, amount=tb.AMOUNT_MAX):
    return transfer(id, 0, pending_id=pending, flags=flags, amount=amount, debit_account_id=0, credit_account_id=0, code=0)


def statuses(results):
    return [result.status for result in results]


payments, auditor, treasury = connect(0), connect(1), connect(2)
pending, post, void = TransferFlags.PENDING, TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER

made = payments.create_accounts([account(1, 700), account(2, 700), account(3, 701)])
assert statuses(made) == [A.CREATED, A.CREATED, A.LEDGER_MUST_NOT_BE_ZERO]
made = auditor.create_accounts([account(4, 700)])
assert statuses(made) == [A.LEDGER_MUST_NOT_BE_ZERO]

made = payments.create_transfers([transfer(1), transfer(2, 701), transfer(3, flags=pending), transfer(4, flags=pending)])
assert statuses(made) == [T.CREATED, T.LEDGER_MUST_NOT_BE_ZERO, T.CREATED, T.CREATED]
made = payments.create_transfers([resolve(5, 3, post), resolve(6, 4, void, 0)])
assert statuses(made) == [T.LEDGER_MUST_NOT_BE_ZERO] * 2
made = payments.create_transfers([transfer(7, flags=TransferFlags.LINKED), transfer(8, 701)])
assert statuses(made) == [T.LINKED_EVENT_FAILED, T.LEDGER_MUST_NOT_BE_ZERO]

assert [row.id for row in auditor.lookup_accounts([1, 2, 3])] == [1, 2]
assert statuses(auditor.create_transfers([transfer(9)])) == [T.LEDGER_MUST_NOT_BE_ZERO]
assert treasury.lookup_accounts([1, 2]) == [], "who approves need not read"
made = treasury.create_transfers([resolve(5, 3, post), resolve(6, 4, void, 0), transfer(10)])
assert statuses(made) == [T.CREATED, T.CREATED, T.LEDGER_MUST_NOT_BE_ZERO]
(row,) = auditor.lookup_accounts([1])
assert (row.debits_pending, row.debits_posted) == (0, 10)
for client in (payments, auditor, treasury):
    client.close()
print("every operation is as it should be")
