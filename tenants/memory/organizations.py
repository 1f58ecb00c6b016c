"""Organizations in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.memory.values import in_any_case, own
from tenants.problems import AlreadyThere
from tenants.records import Organization


class MemoryOrganizations:
    def __init__(self, table: Table[str, Organization]) -> None:
        self._table = table

    def find(self, organization_id: str) -> Organization | None:
        return self._table.find(organization_id)

    def find_slug(self, slug: str) -> Organization | None:
        wanted = in_any_case(slug)
        return next((each for each in self._table if each.slug is not None and in_any_case(each.slug) == wanted), None)

    def find_domain(self, domain: str) -> Organization | None:
        wanted = in_any_case(domain)
        return next((each for each in self._table if wanted in map(in_any_case, each.domains)), None)

    def add(self, organization: Organization) -> None:
        self._refuse_taken(organization)
        self._table.add(organization.id, _kept(organization))

    def change(self, organization: Organization) -> bool:
        if self._table.find(organization.id) is None:
            return False
        self._refuse_taken(organization)
        return self._table.change(organization.id, _kept(organization))

    def remove(self, organization_id: str) -> bool:
        return self._table.remove(organization_id)

    def page(self, after: str, limit: int) -> Sequence[Organization]:
        return self._table.page(after, limit)

    def _refuse_taken(self, organization: Organization) -> None:
        holders = [self.find_domain(domain) for domain in organization.domains]
        if organization.slug is not None:
            holders.append(self.find_slug(organization.slug))
        if any(holder is not None and holder.id != organization.id for holder in holders):
            raise AlreadyThere(organization.id)
        if len(set(map(in_any_case, organization.domains))) < len(organization.domains):
            raise AlreadyThere(organization.id)


def _kept(organization: Organization) -> Organization:
    return replace(organization, metadata=own(organization.metadata))
