"""Pages of lists whose things may be long: as much as a message takes."""

from typing import TypeVar

from google.protobuf.message import Message

MAX_BYTES = 1_048_576
M = TypeVar("M", bound=Message)


def fitting(messages: list[M]) -> list[M]:
    """As many of them as fit into one message; one at least."""
    room, fit = MAX_BYTES, 0
    for message in messages:
        room -= message.ByteSize()
        if room < 0 and fit:
            break
        fit += 1
    return messages[:fit]
