"""Platforms whose word a workload acts by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMatch:
    """What a claim of a workload's token must be: this text, in which `*` stands for one or more characters other than
    `/` and `:`, and `**` for one or more of any."""

    claim: str
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadRule:
    """As which client a workload acts, if every claim matches."""

    client_id: str
    claims: tuple[ClaimMatch, ...]
    scopes: tuple[str, ...] = ()
    """The most that it may have. Empty: what the client may."""
    resources: tuple[str, ...] = ()
    """All that it may ask for. Empty: what the client may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadIssuer:
    """A platform whose tokens say which workload it is that has them (MCP Workload Identity Federation)."""

    id: str
    display_name: str = ""
    issuer_uri: str
    """What it calls itself in them. No other workload issuer of this issuer has it."""
    jwks_uri: str = ""
    """Where its keys lie, unless they stand in `jwks`. Without either, discovery starts from the issuer URI."""
    jwks: Mapping[str, Any] | None = None
    algorithms: tuple[str, ...] = ()
    """Which algorithms may sign its tokens. Empty: any that is asymmetric."""
    audience: str = ""
    """For whom its tokens must be. Empty: for the token endpoint."""
    reusable: bool = False
    """Whether one of its tokens may be shown again until it ends. Else it is good once, and says which one it is."""
    rules: tuple[WorkloadRule, ...] = ()
    """The first that a workload meets counts. None met: no token."""
    created_at: int
    updated_at: int
    disabled_at: int | None = None
    version: int = 1
    """One more with every change; what an etag is made of."""
