"""A turn of an issuer's tenant, for the services whose things lie in it."""

from collections.abc import Callable
from typing import TypeVar

from tenants.problems import AlreadyThere, IssuerUnavailable, NoSuchThing
from tenants.registry import Registry
from tenants.tenant import Tenant
from tenants.turn import Turn

Q = TypeVar("Q")
R = TypeVar("R")


async def run(
    registry: Registry, issuer_id: str, act: Callable[[Turn, Q], R], request: Q, name: Callable[[str, str], str]
) -> R:
    """Of a tenant that may be disabled, but not deleted. Problems tell the whole name of what they mean.

    `name` makes it of the issuer's id and the thing's own.
    """
    tenant = reachable(registry, issuer_id)
    try:
        return await tenant.perform(act, request)
    except (NoSuchThing, AlreadyThere) as problem:
        raise type(problem)(name(issuer_id, str(problem))) from None


def reachable(registry: Registry, issuer_id: str) -> Tenant:
    """The tenant of an issuer that is not deleted. Raises NoSuchIssuer or IssuerUnavailable."""
    tenant = registry.tenant(issuer_id)
    if tenant.listing.state not in ("active", "disabled"):
        raise IssuerUnavailable(f"{issuer_id} is {tenant.listing.state}")
    return tenant
