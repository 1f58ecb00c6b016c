"""Instants as the admin API has them: a time that did not come yet, or is not known, is not there."""

from google.protobuf.timestamp_pb2 import Timestamp


def written(seconds: int | None) -> Timestamp | None:
    """`seconds` since 1970."""
    return None if seconds is None else Timestamp(seconds=seconds)
