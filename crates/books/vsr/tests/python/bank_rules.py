"""Control accounts and purposes, which TigerBeetle has not, seen by its Python client. Any difference is an AssertionError.

Account 1 is a control account over 2. What is in 3 may be spent on purpose 7 only, for which 4 may be paid and 5 may not.
"""

import sys

import tigerbeetle as tb
from tigerbeetle import AccountFlags, CreateTransferStatus as T

client = tb.ClientSync(cluster_id=0, replica_addresses=sys.argv[1])


def pay(id, debit, credit):
    transfer = tb.Transfer(id=id, debit_account_id=debit, credit_account_id=credit, amount=5, ledger=1, code=1)
    return client.create_transfers([transfer])[0].status


assert pay(10, 1, 2) == T.DEBIT_ACCOUNT_ALREADY_CLOSED
assert pay(11, 5, 1) == T.CREDIT_ACCOUNT_ALREADY_CLOSED
assert pay(12, 3, 5) == T.EXCEEDS_CREDITS
assert pay(12, 3, 5) == T.ID_ALREADY_FAILED, "they are as transient as what they are told as"
assert pay(13, 3, 4) == T.CREATED
assert pay(14, 5, 2) == T.CREATED
# The marks that the ledger keeps about accounts are no flags of theirs.
assert [account.flags for account in client.lookup_accounts([1, 2, 3])] == [AccountFlags.NONE] * 3
client.close()
print("every operation is as it should be")
