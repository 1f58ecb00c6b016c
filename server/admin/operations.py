"""google.longrunning.Operations: what takes long, and how far it is."""

from collections.abc import Callable

from google.longrunning import operations_pb2 as pb  # pyright: ignore[reportMissingTypeStubs]
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.status_pb2 import Status  # pyright: ignore[reportMissingTypeStubs]

from protos.admin.v1.grant_service_pb2 import RevokeGrantsRequest
from protos.admin.v1.operation_metadata_pb2 import OperationMetadata
from server.admin import filter, names, times, walks
from server.admin.bulk_revocation import which
from server.admin.caller import EVERY_ISSUER, Caller
from server.admin.calls import Log
from server.admin.filter import Field
from server.admin.names import PageTokens
from server.admin.status import known, status_of
from server.admin.turns import done
from tenants import operations
from tenants.acts.walk import Walk, Walked
from tenants.operations import NewOperation
from tenants.problems import NoSuchThing
from tenants.records import Operation
from tenants.registry import Registry
from tenants.turn import asked_by
from tenants.workshop import Workshop

LONGEST_WAIT = 20
FILTERED: dict[str, Field[Operation]] = {
    "verb": filter.text(lambda operation: operation.verb),
    "actor": filter.text(lambda operation: operation.origin.actor),
    "done": filter.flag(lambda operation: operation.ended_at is not None),
    "create_time": filter.time(lambda operation: operation.created_at),
}
"""What a filter of operations may speak of."""


class Operations:
    def __init__(self, registry: Registry, page_tokens: PageTokens, workshop: Workshop) -> None:
        self._registry = registry
        self._page_tokens = page_tokens
        self._workshop = workshop

    async def GetOperation(self, request: pb.GetOperationRequest, caller: Caller) -> pb.Operation:
        return shown(await self._find(request.name))

    async def ListOperations(self, request: pb.ListOperationsRequest, caller: Caller) -> pb.ListOperationsResponse:
        issuer_id, size = _parent(request.name), names.page_size(request.page_size)
        holds = filter.parse(request.filter, FILTERED)
        asked = walks.asked("operations", request.name, request.filter)
        place = self._page_tokens.after(request.page_token, asked)

        def wanted(operation: Operation) -> bool:
            mine = caller.sees(operation.issuer_id) if issuer_id is None else operation.issuer_id == issuer_id
            return mine and holds(operation)

        async def read(walk: Walk[str, Operation]) -> Walked[str, Operation]:
            return await self._registry.perform(operations.look, walk)

        page, place = await walks.page(read, place, size, wanted, shown=shown, place_of=lambda operation: operation.id)
        following = "" if place is None else self._page_tokens.following(place, asked)
        return pb.ListOperationsResponse(operations=page, next_page_token=following)

    async def WaitOperation(self, request: pb.WaitOperationRequest, caller: Caller) -> pb.Operation:
        operation = await self._find(request.name)
        seconds = min(request.timeout.seconds, LONGEST_WAIT) if request.HasField("timeout") else LONGEST_WAIT
        await self._workshop.wait(operation.id, seconds)
        return shown(await self._find(request.name))

    async def CancelOperation(self, request: pb.CancelOperationRequest, caller: Caller) -> Empty:
        operation = await self._find(request.name)
        await self._registry.perform(asked_by(caller.origin, operations.cancel), operation.id)
        return Empty()

    async def DeleteOperation(self, request: pb.DeleteOperationRequest, caller: Caller) -> Empty:
        operation = await self._find(request.name)
        await self._registry.perform(asked_by(caller.origin, operations.forget), operation.id)
        return Empty()

    async def _find(self, name: str) -> Operation:
        issuer_id, operation_id = names.OPERATIONS.ids(name)
        try:
            operation = await self._registry.perform(operations.get, operation_id)
        except NoSuchThing:
            raise NoSuchThing(name) from None
        if operation.issuer_id != issuer_id:
            raise NoSuchThing(name)
        return operation


async def begun(
    registry: Registry, workshop: Workshop, caller: Caller, asked: Message, new: NewOperation
) -> pb.Operation:
    """For other services: it is written down, and carried out from now on. `asked` may bear a `request_id`."""
    operation = await done(registry.perform, caller, asked, operations.begin, new, shown)
    await workshop.carry_on(names.OPERATIONS.ids(operation.name)[1])
    return operation


class Failures:
    """Tells, in the words that callers are told, why an operation failed; the log alone is told of a bug."""

    def __init__(self, log: Log, clock: Callable[[], int]) -> None:
        self._log = log
        self._clock = clock

    def __call__(self, operation: Operation, error: Exception) -> bytes:
        words = str(error) if known(error) else f"{type(error).__name__}: {error}"
        name, request_id = operations.named(operation), operation.origin.request_id
        self._log.line("operation.failed", at=self._clock(), operation=name, request_id=request_id, error=words)
        return status_of(error, request_id=request_id).SerializeToString()


def shown(operation: Operation) -> pb.Operation:
    message = pb.Operation(name=operations.named(operation), done=operation.ended_at is not None)
    asked = RevokeGrantsRequest.FromString(operation.request)
    metadata = OperationMetadata(
        verb=operation.verb,
        target=f"issuers/{operation.issuer_id}",
        progress_percent=operation.percent,
        actor=operation.origin.actor,
        create_time=Timestamp(seconds=operation.created_at),
        update_time=Timestamp(seconds=operation.updated_at),
        end_time=times.written(operation.ended_at),
        cancel_requested=operation.cancelled_at is not None,
        which=which(asked),
        reason=asked.reason,
    )
    message.metadata.Pack(metadata)
    if operation.error is not None:
        message.error.CopyFrom(Status.FromString(operation.error))
    elif operation.response is not None:
        message.response.CopyFrom(AnyMessage.FromString(operation.response))
    return message


def _parent(name: str) -> str | None:
    """The issuer's id; None for all that the caller may see."""
    return None if name == f"issuers/{EVERY_ISSUER}" else names.issuer_id(name)
