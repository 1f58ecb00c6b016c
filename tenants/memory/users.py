"""Users in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.memory.values import in_any_case, own
from tenants.problems import AlreadyThere
from tenants.records import Identity, User


class MemoryUsers:
    def __init__(self, table: Table[str, User]) -> None:
        self._table = table

    def find(self, user_id: str) -> User | None:
        return self._table.find(user_id)

    def find_identity(self, provider: str, subject: str) -> User | None:
        wanted = Identity(provider, subject)
        return next((user for user in self._table if wanted in user.identities), None)

    def any_from(self, provider: str) -> bool:
        return any(one.provider == provider for user in self._table for one in user.identities)

    def find_email(self, email: str) -> Sequence[User]:
        wanted = in_any_case(email)
        return [user for user in self._table if user.email is not None and in_any_case(user.email) == wanted]

    def add(self, user: User) -> None:
        self._refuse_taken(user)
        self._table.add(user.id, _kept(user))

    def change(self, user: User) -> bool:
        if self._table.find(user.id) is None:
            return False
        self._refuse_taken(user)
        return self._table.change(user.id, _kept(user))

    def remove(self, user_id: str) -> bool:
        return self._table.remove(user_id)

    def page(self, after: str, limit: int, organization_id: str | None = None) -> Sequence[User]:
        return self._table.page(after, limit, lambda user: organization_id in (None, user.organization_id))

    def _refuse_taken(self, user: User) -> None:
        holders = [self.find_identity(one.provider, one.subject) for one in user.identities]
        if any(holder is not None and holder.id != user.id for holder in holders):
            raise AlreadyThere(user.id)
        if len(set(user.identities)) < len(user.identities):
            raise AlreadyThere(user.id)


def _kept(user: User) -> User:
    return replace(user, metadata=own(user.metadata))
