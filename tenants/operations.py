"""Operations in the registry's store: what is asked for, how far it is, and what came of it, one turn each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tenants.acts.walk import Walk, Walked, walk
from tenants.listings import ListTurn
from tenants.problems import Busy, NoSuchThing, OperationInProgress, OperationRuns
from tenants.records import DAY, Operation

KEPT = 30 * DAY
"""Seconds that one that has ended is kept."""
MOST_UNDER_WAY = 100
MOST_OF_ONE = 10
"""Of them, for one issuer."""

How = Literal["done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOperation:
    verb: str
    issuer_id: str
    lock: str = ""
    request: bytes
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """For the trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """How far an operation is."""

    id: str
    progress: Mapping[str, Any]
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    id: str
    how: How
    told: bytes


def begin(turn: ListTurn, new: NewOperation) -> Operation:
    """Raises OperationInProgress where one that is under way has the same lock, or Busy where there are many, of all
    issuers or of this one."""
    turn.tx.operations.sweep(turn.now - KEPT, 2)
    under_way = turn.tx.operations.under_way()
    for other in under_way:
        if new.lock and other.lock == new.lock:
            raise OperationInProgress(named(other))
    of_this_one = sum(other.issuer_id == new.issuer_id for other in under_way)
    if len(under_way) >= MOST_UNDER_WAY or of_this_one >= MOST_OF_ONE:
        raise Busy(60)
    operation = Operation(
        id=f"{turn.now:010x}{turn.entropy(8).hex()}",
        verb=new.verb,
        issuer_id=new.issuer_id,
        lock=new.lock,
        request=new.request,
        origin=turn.origin,
        created_at=turn.now,
        updated_at=turn.now,
    )
    turn.tx.operations.add(operation)
    turn.remember("operation.started", named(operation), verb=new.verb, **new.about)
    return operation


def get(turn: ListTurn, operation_id: str) -> Operation:
    """Raises NoSuchThing."""
    operation = turn.tx.operations.find(operation_id)
    if operation is None:
        raise NoSuchThing(operation_id)
    return operation


def under_way(turn: ListTurn, _: None) -> tuple[Operation, ...]:
    return tuple(turn.tx.operations.under_way())


def look(turn: ListTurn, asked: Walk[str, Operation]) -> Walked[str, Operation]:
    """The oldest first."""
    return walk(turn.tx.operations.page, lambda operation: operation.id, asked)


def note(turn: ListTurn, how_far: Note) -> Operation:
    """Raises NoSuchThing."""
    operation = replace(get(turn, how_far.id), progress=how_far.progress, percent=how_far.percent, updated_at=turn.now)
    turn.tx.operations.change(operation)
    return operation


def end(turn: ListTurn, outcome: Outcome) -> Operation:
    """Raises NoSuchThing."""
    former = get(turn, outcome.id)
    done = outcome.how == "done"
    operation = replace(
        former,
        percent=100 if done else former.percent,
        updated_at=turn.now,
        ended_at=turn.now,
        response=outcome.told if done else None,
        error=None if done else outcome.told,
    )
    turn.tx.operations.change(operation)
    turn.remember("operation.ended", named(operation), verb=operation.verb, how=outcome.how)
    return operation


def cancel(turn: ListTurn, operation_id: str) -> Operation:
    """It ends at its next step. One that has ended stays as it is. Raises NoSuchThing."""
    former = get(turn, operation_id)
    if former.ended_at is not None or former.cancelled_at is not None:
        return former
    operation = replace(former, cancelled_at=turn.now, updated_at=turn.now)
    turn.tx.operations.change(operation)
    turn.remember("operation.cancelled", named(operation), verb=operation.verb)
    return operation


def forget(turn: ListTurn, operation_id: str) -> None:
    """Raises NoSuchThing, or OperationRuns while it is under way."""
    operation = get(turn, operation_id)
    if operation.ended_at is None:
        raise OperationRuns(named(operation))
    turn.tx.operations.remove(operation_id)
    turn.remember("operation.removed", named(operation), verb=operation.verb)


def named(operation: Operation) -> str:
    return f"issuers/{operation.issuer_id}/operations/{operation.id}"
