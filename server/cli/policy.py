"""The options that an issuer's policy is given with: one for each of its fields."""

import re
from typing import Annotated, Any

import typer

from server.cli.connection import with_options

_DURATION = re.compile(r"([0-9]{1,10})([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_FORMATS = ("jwt", "opaque")


def duration(text: str) -> int:
    """Seconds, from 900, 900s, 15m, 1h or 30d."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration such as 900s, 15m, 1h or 30d")
    return int(found[1]) * _UNITS[found[2]]


def _lasting(option: str, help: str) -> tuple[Any, None]:
    return Annotated[int | None, typer.Option(option, parser=duration, metavar="DURATION", help=help)], None


def _several(option: str, help: str) -> tuple[Any, None]:
    return Annotated[list[str] | None, typer.Option(option, help=f"{help} May be repeated.")], None


def _switch(name: str, help: str) -> tuple[Any, None]:
    return Annotated[bool | None, typer.Option(f"--{name}/--no-{name}", help=help)], None


def _word(option: str, help: str) -> tuple[Any, None]:
    return Annotated[str | None, typer.Option(option, help=help)], None


OPTIONS: dict[str, tuple[Any, Any]] = {
    "access_token_ttl": _lasting("--access-token-ttl", "How long an access token lives."),
    "refresh_token_ttl": _lasting("--refresh-token-ttl", "How long a refresh token may lie unused; 0 issues none."),
    "grant_ttl": _lasting("--grant-ttl", "How long a grant lives, however often it is refreshed."),
    "authorization_code_ttl": _lasting("--authorization-code-ttl", "How long a code lives."),
    "replay_window": _lasting("--replay-window", "How long a spent refresh token gets the same answer again."),
    "session_ttl": _lasting("--session-ttl", "How long a user stays signed in."),
    "scopes": _several("--scope", "A scope to offer."),
    "token_format": _word("--token-format", "jwt or opaque."),
    "signing_algorithm": _word("--signing-algorithm", "ES256, EdDSA or RS256."),
    "key_roll_interval": _lasting("--key-roll-interval", "How often the signing key changes."),
    "dynamic_registration": _switch("dynamic-registration", "Whether clients may register themselves."),
    "unused_client_ttl": _lasting("--unused-client-ttl", "How long a client that registered itself may lie unused."),
    "private_redirect_schemes": _several(
        "--private-redirect-scheme", "A URI scheme, such as cursor, that native clients may redirect to."
    ),
    "resources": _several("--resource", "A resource (RFC 8707) that tokens may be asked for."),
    "allowed_origins": _several("--allowed-origin", "A web origin that may read the client-side endpoints."),
    "debug": _switch("debug", "Whether the server's log gives the reasons of refusals."),
}


def _policy(**given: Any) -> Any:
    """An IssuerPolicy in which what was given is set."""
    from google.protobuf.duration_pb2 import Duration

    from protos.admin.v1.issuer_service_pb2 import IssuerPolicy

    policy = IssuerPolicy()
    for name, value in given.items():
        if value is None or value == []:
            continue
        if name == "token_format":
            if value not in _FORMATS:
                raise typer.BadParameter("must be jwt or opaque", param_hint="--token-format")
            setattr(policy, name, IssuerPolicy.TokenFormat.Value(f"TOKEN_FORMAT_{value.upper()}"))
        elif isinstance(value, list):
            getattr(policy, name).extend(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            getattr(policy, name).CopyFrom(Duration(seconds=value))
        else:
            setattr(policy, name, value)
    return policy


with_policy = with_options(OPTIONS, _policy)
"""Marks a command that takes a policy."""
