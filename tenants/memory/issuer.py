"""Whose store this is, in memory."""

from dataclasses import replace

from tenants.memory.table import Table
from tenants.problems import Broken
from tenants.records import Issuer

_ONLY = 1


class MemoryIssuer:
    def __init__(self, table: Table[int, Issuer]) -> None:
        self._table = table

    def get(self) -> Issuer:
        issuer = self._table.find(_ONLY)
        if issuer is None:
            raise Broken("the store belongs to no issuer")
        return issuer

    def found(self, issuer: Issuer) -> None:
        self._table.add(_ONLY, issuer)

    def change(self, issuer: Issuer) -> None:
        kept = replace(self.get(), policy=issuer.policy, sealed_data_key=issuer.sealed_data_key, webhook=issuer.webhook)
        self._table.put(_ONLY, kept)
