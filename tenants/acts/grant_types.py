"""By which grant types tokens can be had at this issuer now."""

from tenants.acts.identity_assertion import vouchers
from tenants.acts.workload_identity import trusted
from tenants.oauth.metadata import PROFILES
from tenants.oauth.requests import GRANT_TYPES, JWT_BEARER
from tenants.turn import Turn


def offered(turn: Turn) -> tuple[str, ...]:
    return tuple(name for name in GRANT_TYPES if is_offered(turn, name))


def is_offered(turn: Turn, grant_type: str) -> bool:
    """Assertions are taken where somebody's word is enough: of users a provider's, of workloads a platform's."""
    return grant_type != JWT_BEARER or bool(vouchers(turn)) or bool(trusted(turn))


def profiles(turn: Turn) -> tuple[str, ...]:
    """How assertions may be used, where that has a name: those of workloads have none."""
    return PROFILES if vouchers(turn) else ()
