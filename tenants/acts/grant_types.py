"""By which grant types tokens can be had at this issuer now."""

from tenants.acts.identity_assertion import vouchers
from tenants.oauth.requests import GRANT_TYPES, JWT_BEARER
from tenants.turn import Turn


def offered(turn: Turn) -> tuple[str, ...]:
    """Identity assertions are offered where somebody's word is enough."""
    return tuple(name for name in GRANT_TYPES if name != JWT_BEARER or vouchers(turn))
