"""The options that an issuer's policy is given with: one for each of its fields."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from server.cli.connection import with_options
from server.cli.duration import duration


class TokenFormat(StrEnum):
    JWT = "jwt"
    OPAQUE = "opaque"


class SigningAlgorithm(StrEnum):
    ES256 = "ES256"
    EDDSA = "EdDSA"
    RS256 = "RS256"


def _lasting(option: str, default: str, help: str) -> tuple[Any, None]:
    shown = typer.Option(option, parser=duration, metavar="DURATION", show_default=default, help=help)
    return Annotated[int | None, shown], None


def _several(option: str, metavar: str, default: str, help: str) -> tuple[Any, None]:
    shown = typer.Option(option, metavar=metavar, show_default=default, help=f"{help} May be repeated.")
    return Annotated[list[str] | None, shown], None


def _switch(name: str, default: str, help: str) -> tuple[Any, None]:
    return Annotated[bool | None, typer.Option(f"--{name}/--no-{name}", show_default=default, help=help)], None


def _one_of(words: type[StrEnum], option: str, default: str, help: str) -> tuple[Any, None]:
    return Annotated[words | None, typer.Option(option, show_default=default, help=help)], None


OPTIONS: dict[str, tuple[Any, Any]] = {
    "access_token_ttl": _lasting("--access-token-ttl", "1h", "How long an access token lives."),
    "refresh_token_ttl": _lasting(
        "--refresh-token-ttl", "30d", "How long a refresh token may lie unused; 0 issues none."
    ),
    "grant_ttl": _lasting("--grant-ttl", "365d", "How long a grant lives, however often it is refreshed."),
    "authorization_code_ttl": _lasting("--authorization-code-ttl", "10m", "How long a code lives."),
    "replay_window": _lasting("--replay-window", "1m", "How long a spent refresh token gets the same answer again."),
    "session_ttl": _lasting("--session-ttl", "14d", "How long a user stays signed in."),
    "scopes": _several("--scope", "SCOPE", "openid profile email offline_access", "A scope to offer."),
    "token_format": _one_of(TokenFormat, "--token-format", "jwt", "How access tokens look."),
    "signing_algorithm": _one_of(SigningAlgorithm, "--signing-algorithm", "ES256", "What tokens are signed with."),
    "key_roll_interval": _lasting("--key-roll-interval", "90d", "How often the signing key changes."),
    "dynamic_registration": _switch("dynamic-registration", "true", "Whether clients may register themselves."),
    "unused_client_ttl": _lasting(
        "--unused-client-ttl", "90d", "How long a client that registered itself may lie unused."
    ),
    "private_redirect_schemes": _several(
        "--private-redirect-scheme",
        "SCHEME",
        "none",
        "A URI scheme, such as cursor, that native clients may redirect to.",
    ),
    "resources": _several("--resource", "URI", "any", "A resource (RFC 8707) that tokens may be asked for."),
    "allowed_origins": _several(
        "--allowed-origin", "ORIGIN", "*", "A web origin that may read the client-side endpoints; * is any."
    ),
    "debug": _switch("debug", "false", "Whether the server's log gives the reasons of refusals."),
}
"""With the defaults of a new issuer."""


class Given:
    """What was said of a policy. A list that has only an empty item says that it is to be empty."""

    def __init__(self, **given: Any) -> None:
        from google.protobuf.duration_pb2 import Duration

        from protos.admin.v1.issuer_service_pb2 import IssuerPolicy

        said = {name: value for name, value in given.items() if value is not None and value != []}
        self.policy = IssuerPolicy()
        self.paths = [f"policy.{name}" for name in said]
        """What is said, as an update mask."""
        self.emptied = [name for name, value in said.items() if value == [""]]
        for name, value in said.items():
            if isinstance(value, TokenFormat):
                setattr(self.policy, name, IssuerPolicy.TokenFormat.Value(f"TOKEN_FORMAT_{value.upper()}"))
            elif isinstance(value, list):
                getattr(self.policy, name).extend(() if name in self.emptied else value)
            elif isinstance(value, int) and not isinstance(value, bool):
                getattr(self.policy, name).CopyFrom(Duration(seconds=value))
            else:
                setattr(self.policy, name, value)


with_policy = with_options(OPTIONS, Given)
"""Marks a command that takes a policy."""
