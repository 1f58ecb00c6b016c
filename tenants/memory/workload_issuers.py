"""Workload issuers in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.memory.values import own
from tenants.problems import AlreadyThere
from tenants.records import WorkloadIssuer


class MemoryWorkloadIssuers:
    def __init__(self, table: Table[str, WorkloadIssuer]) -> None:
        self._table = table

    def find(self, workload_issuer_id: str) -> WorkloadIssuer | None:
        return self._table.find(workload_issuer_id)

    def all(self) -> Sequence[WorkloadIssuer]:
        return list(self._table)

    def add(self, issuer: WorkloadIssuer) -> None:
        if any(other.issuer_uri == issuer.issuer_uri for other in self._table):
            raise AlreadyThere(issuer.id)
        self._table.add(issuer.id, _kept(issuer))

    def change(self, issuer: WorkloadIssuer, *, version: int) -> bool:
        kept = self._table.find(issuer.id)
        if kept is None or kept.version != version:
            return False
        following = replace(_kept(issuer), issuer_uri=kept.issuer_uri, created_at=kept.created_at)
        return self._table.change(issuer.id, following)

    def remove(self, workload_issuer_id: str) -> bool:
        return self._table.remove(workload_issuer_id)


def _kept(issuer: WorkloadIssuer) -> WorkloadIssuer:
    return replace(issuer, jwks=None if issuer.jwks is None else own(issuer.jwks))
