"""By which grant types tokens can be had at this issuer now."""

from tenants.acts.identity_assertion import vouchers
from tenants.oauth.requests import GRANT_TYPES, JWT_BEARER
from tenants.turn import Turn


def offered(turn: Turn) -> tuple[str, ...]:
    return tuple(name for name in GRANT_TYPES if is_offered(turn, name))


def is_offered(turn: Turn, grant_type: str) -> bool:
    """Identity assertions are offered where somebody's word is enough."""
    return grant_type != JWT_BEARER or bool(vouchers(turn))
