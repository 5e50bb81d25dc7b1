"""Every call of the service, by gRPC's own client, with code generated from the file that the server gives out."""

import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

address = sys.argv[1]
folder = pathlib.Path(tempfile.mkdtemp())
proto = urllib.request.urlopen(f"http://{address}/v1/ledger.proto").read()
(folder / "ledger.proto").write_bytes(proto)
subprocess.run(
    [sys.executable, "-m", "grpc_tools.protoc", "-I.", "--python_out=.", "--grpc_python_out=.", "ledger.proto"],
    cwd=folder,
    check=True,
)
sys.path.insert(0, str(folder))
import ledger_pb2 as pb  # noqa: E402
import ledger_pb2_grpc  # noqa: E402

channel = grpc.insecure_channel(address)
ledger = ledger_pb2_grpc.LedgerStub(channel)


def equal(given, expected):
    assert given == expected, f"{given!r} is not {expected!r}"


def failure(call, *arguments, **options):
    try:
        answer = call(*arguments, **options)
        list(answer)
    except grpc.RpcError as error:
        return error
    raise AssertionError("this should have failed")


def transfer(id, amount="1.00", **fields):
    fields = {"debit_account": "1", "credit_account": "2", "currency": "CZK", "code": 1, **fields}
    return pb.NewTransfer(id=str(id), amount=amount, **fields)


# Reflection and health.
known = ProtoReflectionDescriptorDatabase(channel)
services = set(known.get_services())
assert {"tongbao.ledger.v1.Ledger", "grpc.health.v1.Health"} <= services, services
assert any(name.startswith("grpc.reflection.v1.") for name in services), services
described = known.FindFileContainingSymbol("tongbao.ledger.v1.Ledger")
equal(described.service[0].name, "Ledger")
reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
unknown = reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.such.thing")
equal(failure(reflection.ServerReflectionInfo, iter([unknown])).code(), grpc.StatusCode.NOT_FOUND)
health = health_pb2_grpc.HealthStub(channel)
for service in ["", "tongbao.ledger.v1.Ledger"]:
    equal(health.Check(health_pb2.HealthCheckRequest(service=service)).status, health_pb2.HealthCheckResponse.SERVING)
equal(failure(health.Check, health_pb2.HealthCheckRequest(service="other")).code(), grpc.StatusCode.NOT_FOUND)
watch = health.Watch(health_pb2.HealthCheckRequest())
equal(next(watch).status, health_pb2.HealthCheckResponse.SERVING)
watch.cancel()

# Accounts.
account = pb.NewAccount(id="1", currency="CZK", code=7, user_data_64=2**64 - 1, flags=[pb.Account.HISTORY])
limited = pb.NewAccount(id="2", currency="CZK", code=8, flags=[pb.Account.CREDITS_MUST_NOT_EXCEED_DEBITS])
long_id = "0190163d-8694-739b-aea5-966c26f8ad91"
accounts = pb.CreateAccountsRequest(accounts=[account, pb.NewAccount(id="2", currency="CZK", code=8)])
equal(ledger.CreateAccounts(accounts).created, 2)
answer, call = ledger.CreateAccounts.with_call(accounts)
equal(dict(call.initial_metadata()).get("idempotent-replayed"), "true")
equal(answer.created, 2)
made = ledger.CreateAccounts(pb.CreateAccountsRequest(accounts=[account, limited, pb.NewAccount(id=long_id, currency="JPY", code=1)]))
equal((made.created, made.existing), (1, 1))
equal([(one.index, one.id, one.status) for one in made.refused], [(1, "2", "exists_with_different_flags")])
assert made.refused[0].code.startswith("LED-")
found = ledger.LookupAccounts(pb.LookupAccountsRequest(ids=[long_id, "404", "1"])).accounts
equal([account.id for account in found], [long_id, "1"])
equal((found[1].user_data_64, list(found[1].flags)), (2**64 - 1, [pb.Account.HISTORY]))
assert abs(found[1].timestamp.ToSeconds() - time.time()) < 600

# Transfers: one phase, two phases, chains.
batch = pb.CreateTransfersRequest(id="5001", transfers=[transfer(1, "700.00"), transfer(2, "0.05")])
first, call = ledger.CreateTransfers.with_call(batch)
equal((first.created, dict(call.initial_metadata()).get("idempotent-replayed")), (2, None))
again, call = ledger.CreateTransfers.with_call(batch)
equal((again, dict(call.initial_metadata()).get("idempotent-replayed")), (first, "true"))
hold = transfer(3, "10", flags=[pb.Transfer.PENDING], timeout=3600)
post = transfer(4, "4", flags=[pb.Transfer.POST_PENDING_TRANSFER], pending_id="3")
chain = [transfer(5, flags=[pb.Transfer.LINKED]), transfer(6, credit_account="404")]
made = ledger.CreateTransfers(pb.CreateTransfersRequest(transfers=[hold, post, *chain]))
equal(made.created, 2)
equal([one.status for one in made.refused], ["linked_event_failed", "credit_account_not_found"])
found = ledger.LookupTransfers(pb.LookupTransfersRequest(ids=["3", "4", "5"])).transfers
equal([(one.id, one.amount, one.status) for one in found], [
    ("3", "10.00", pb.TRANSFER_STATUS_POSTED_PENDING),
    ("4", "4.00", pb.TRANSFER_STATUS_POSTED),
])

# Errors with details.
error = failure(ledger.CreateTransfers, pb.CreateTransfersRequest(transfers=[transfer(7), transfer(8, currency="QQQ")]))
equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
details = {detail.TypeName(): detail for detail in rpc_status.from_call(error).details}
info = error_details_pb2.ErrorInfo()
details["google.rpc.ErrorInfo"].Unpack(info)
equal((info.reason, info.domain, info.metadata["code"]), ("MON_0006", "tongbao.dev", "MON-0006"))
bad = error_details_pb2.BadRequest()
details["google.rpc.BadRequest"].Unpack(bad)
equal(bad.field_violations[0].field, "transfers[1].currency")
links = error_details_pb2.Help()
details["google.rpc.Help"].Unpack(links)
equal(links.links[0].url, "https://tongbao.dev/errors/MON-0006")
error = failure(ledger.CreateTransfers, pb.CreateTransfersRequest(id="5001", transfers=[transfer(9)]))
equal(error.code(), grpc.StatusCode.ALREADY_EXISTS)
equal(rpc_status.from_call(error).message, error.details())
error = failure(ledger.CreateTransfers, pb.CreateTransfersRequest(transfers=[transfer(10 + n) for n in range(8191)]))
assert "more than 8190 items" in error.details(), error
raw = channel.unary_unary("/tongbao.ledger.v1.Ledger/CreateTransfers")
error = failure(raw, b"\x1a\x00")
assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and "field 3 is not known" in error.details(), error
error = failure(raw, b"\x0a" * (5 << 20))
equal(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
equal(failure(channel.unary_unary("/tongbao.ledger.v1.Ledger/Nothing"), b"").code(), grpc.StatusCode.UNIMPLEMENTED)
equal(failure(channel.unary_unary("/no.such.Service/Nothing"), b"").code(), grpc.StatusCode.UNIMPLEMENTED)
compressed = failure(ledger.CreateTransfers, batch, compression=grpc.Compression.Gzip)
equal(compressed.code(), grpc.StatusCode.UNIMPLEMENTED)

# A pipeline.
def batches():
    for number in range(100):
        yield pb.PipelineRequest(
            create_transfers=pb.CreateTransfersRequest(transfers=[transfer(1000 + number), transfer(1001 + number)])
        )


answers = list(ledger.Pipeline(batches()))
equal(len(answers), 100)
equal({(one.create_transfers.created, one.create_transfers.existing) for one in answers[1:]}, {(1, 1)})
equal({one.replayed for one in ledger.Pipeline(batches())}, {True})

# Lists, streamed and resumed.
oldest = pb.QueryTransfersRequest(order=pb.ORDER_OLDEST, limit=10)
pages = list(ledger.QueryTransfers(oldest))
equal([one.id for page in pages for one in page.transfers][:4], ["1", "2", "3", "4"])
oldest.after = pages[-1].next
pages = list(ledger.QueryTransfers(oldest))
equal(pages[0].transfers[0].id, "1006")
found = list(ledger.QueryAccounts(pb.QueryAccountsRequest(currency="JPY")))
equal([account.id for page in found for account in page.accounts], [long_id])
mine = pb.GetAccountTransfersRequest(filter=pb.AccountFilter(account="2", side=pb.SIDE_CREDIT, limit=2))
equal([one.id for page in ledger.GetAccountTransfers(mine) for one in page.transfers], ["1100", "1099"])
window = pb.AccountFilter(account="1", timestamp_max=first.timestamp, order=pb.ORDER_OLDEST)
sums = [one for page in ledger.GetAccountBalances(pb.GetAccountBalancesRequest(filter=window)) for one in page.balances]
equal([(one.transfer, one.balance) for one in sums], [("1", "-700.00"), ("2", "-700.05")])
equal(failure(ledger.GetAccountTransfers, pb.GetAccountTransfersRequest(filter=pb.AccountFilter(account="404"))).code(),
      grpc.StatusCode.NOT_FOUND)

# The trial balance.
taken = ledger.GetTrialBalance(pb.GetTrialBalanceRequest())
assert taken.balanced, taken
equal([(one.currency, one.total.debits_posted) for one in taken.currencies], [("CZK", "805.05"), ("JPY", "0")])
equal(len(ledger.GetTrialBalance(pb.GetTrialBalanceRequest(currency="JPY")).currencies), 1)

print("every operation is as it should be")
