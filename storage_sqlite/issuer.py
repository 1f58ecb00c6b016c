"""Whose file this is: one row, read once and remembered, since every turn asks for it."""

import json
import sqlite3
from dataclasses import asdict, fields
from typing import Any, cast

from storage_sqlite.columns import to_json
from tenants.problems import AlreadyThere, Broken
from tenants.records import Issuer, Policy, RateLimit, StatementIssuer, Webhook

_POLICY_FIELDS = {field.name for field in fields(Policy)}
_WEBHOOK_FIELDS = [field.name for field in fields(Webhook)]


class IssuerRow:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: Issuer | None = None

    def get(self) -> Issuer:
        if self._known is None:
            row = self._connection.execute("SELECT id, uid, uri, policy, sealed_data_key FROM issuer").fetchone()
            if row is None:
                raise Broken("the file belongs to no issuer")
            self._known = Issuer(
                id=row[0],
                uid=row[1],
                uri=row[2],
                policy=_policy(row[3]),
                sealed_data_key=row[4],
                webhook=self._webhook(),
            )
        return self._known

    def found(self, issuer: Issuer) -> None:
        try:
            self._connection.execute(
                "INSERT INTO issuer (only, id, uid, uri, policy, sealed_data_key) VALUES (1, ?, ?, ?, ?, ?)",
                (issuer.id, issuer.uid, issuer.uri, to_json(asdict(issuer.policy)), issuer.sealed_data_key),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(issuer.id) from None
        self._keep(issuer.webhook)

    def change(self, issuer: Issuer) -> None:
        self.get()
        self._connection.execute(
            "UPDATE issuer SET policy = ?, sealed_data_key = ?",
            (to_json(asdict(issuer.policy)), issuer.sealed_data_key),
        )
        self._keep(issuer.webhook)

    def forget(self) -> None:
        self._known = None

    def _webhook(self) -> Webhook | None:
        row = self._connection.execute(f"SELECT {', '.join(_WEBHOOK_FIELDS)} FROM webhook").fetchone()
        return None if row is None else Webhook(**dict(zip(_WEBHOOK_FIELDS, row, strict=True)))

    def _keep(self, webhook: Webhook | None) -> None:
        self._known = None
        self._connection.execute("DELETE FROM webhook")
        if webhook is not None:
            self._connection.execute(
                f"INSERT INTO webhook (only, {', '.join(_WEBHOOK_FIELDS)}) VALUES (1{', ?' * len(_WEBHOOK_FIELDS)})",
                [getattr(webhook, name) for name in _WEBHOOK_FIELDS],
            )


def _policy(text: str) -> Policy:
    """Fields that the file does not have yet take their defaults; lists come back as tuples, objects as themselves."""
    kept: dict[str, Any] = {name: value for name, value in json.loads(text).items() if name in _POLICY_FIELDS}
    for name, value in kept.items():
        if isinstance(value, list):
            kept[name] = tuple(cast("list[str]", value))
        elif isinstance(value, dict):
            kept[name] = RateLimit(**cast("dict[str, int]", value))
    trusted = kept.get("software_statement_issuers", ())
    kept["software_statement_issuers"] = tuple(StatementIssuer(**each) for each in trusted)
    return Policy(**kept)
