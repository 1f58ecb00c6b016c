"""Device requests in memory."""

from dataclasses import replace

from tenants.memory.table import Table
from tenants.problems import AlreadyThere
from tenants.records import DeviceRequest


class MemoryDeviceRequests:
    def __init__(self, table: Table[int, DeviceRequest]) -> None:
        self._table = table

    def find(self, request_id: int) -> DeviceRequest | None:
        return self._table.find(request_id)

    def find_user_code(self, user_code: bytes) -> DeviceRequest | None:
        return next((request for request in self._table if request.user_code == user_code), None)

    def count(self) -> int:
        return len(self._table.keys(lambda _: True))

    def add(self, request: DeviceRequest) -> None:
        if self.find_user_code(request.user_code) is not None:
            raise AlreadyThere(str(request.id))
        self._table.add(request.id, request)

    def polled(self, request_id: int, at: int, interval: int) -> bool:
        kept = self.find(request_id)
        return kept is not None and self._table.change(request_id, replace(kept, polled_at=at, interval=interval))

    def deny(self, request_id: int, now: int) -> bool:
        kept = self._pending(request_id)
        return kept is not None and self._table.change(request_id, replace(kept, denied_at=now))

    def take(self, request_id: int) -> bool:
        return self._pending(request_id) is not None and self._table.remove(request_id)

    def sweep(self, now: int, limit: int) -> int:
        expired = self._table.keys(lambda request: request.expires_at <= now)
        return self._table.remove_all(expired[:limit])

    def _pending(self, request_id: int) -> DeviceRequest | None:
        kept = self.find(request_id)
        return None if kept is None or kept.denied_at is not None else kept
