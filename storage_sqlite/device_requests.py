"""The SQL of device requests. Allowing and denying are one conditional statement each: only the first decides."""

import sqlite3
from typing import Any

from storage_sqlite.columns import changed, from_words, words
from tenants.problems import AlreadyThere
from tenants.records import DeviceRequest

_COLUMNS = "id, digest, user_code, client_id, scopes, resource, created_at, expires_at, interval, polled_at, denied_at"


class DeviceRequests:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, request_id: int) -> DeviceRequest | None:
        if request_id > 0x7FFF_FFFF_FFFF_FFFF:
            return None
        return self._one("id = ?", request_id)

    def find_user_code(self, user_code: bytes) -> DeviceRequest | None:
        return self._one("user_code = ?", user_code)

    def count(self) -> int:
        return self._connection.execute("SELECT count(*) FROM device_requests").fetchone()[0]

    def add(self, request: DeviceRequest) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO device_requests ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    request.id,
                    request.digest,
                    request.user_code,
                    request.client_id,
                    words(request.scopes),
                    request.resource,
                    request.created_at,
                    request.expires_at,
                    request.interval,
                    request.polled_at,
                    request.denied_at,
                ),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(str(request.id)) from None

    def polled(self, request_id: int, at: int, interval: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE device_requests SET polled_at = ?, interval = ? WHERE id = ?", (at, interval, request_id)
            )
        )

    def deny(self, request_id: int, now: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE device_requests SET denied_at = ? WHERE id = ? AND denied_at IS NULL", (now, request_id)
            )
        )

    def take(self, request_id: int) -> bool:
        return changed(
            self._connection.execute("DELETE FROM device_requests WHERE id = ? AND denied_at IS NULL", (request_id,))
        )

    def sweep(self, now: int, limit: int) -> int:
        return self._connection.execute(
            "DELETE FROM device_requests WHERE id IN (SELECT id FROM device_requests WHERE expires_at <= ? LIMIT ?)",
            (now, limit),
        ).rowcount

    def _one(self, condition: str, value: Any) -> DeviceRequest | None:
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM device_requests WHERE {condition}", (value,)).fetchone()
        return None if row is None else _request(row)


def _request(row: tuple[Any, ...]) -> DeviceRequest:
    return DeviceRequest(
        id=row[0],
        digest=row[1],
        user_code=row[2],
        client_id=row[3],
        scopes=from_words(row[4]),
        resource=row[5],
        created_at=row[6],
        expires_at=row[7],
        interval=row[8],
        polled_at=row[9],
        denied_at=row[10],
    )
