"""The MCP servers that tokens are for."""

from dataclasses import dataclass

from tenants.records.policy import TokenFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceScope:
    """What a client may do at a resource. `implies` names narrower scopes of the same resource."""

    name: str
    description: str = ""
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An MCP server that tokens may be asked for (RFC 8707). `uri` is their audience, as the operator spells it."""

    id: str
    uri: str
    canonical_uri: str
    """What asked-for URIs are compared with, in canonical form too. No other resource of the issuer has it."""
    display_name: str = ""
    scopes: tuple[ResourceScope, ...] = ()
    """Its own; the issuer's may be asked for with them."""
    token_format: TokenFormat | None = None
    access_token_ttl: int | None = None
    """Seconds. Like the format of its tokens, the policy's where it is None."""
    created_at: int
    updated_at: int
    disabled_at: int | None = None
    version: int = 1
    """One more with every change; what an etag is made of."""
