"""The options that an issuer's policy is given with: one for each of its fields."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, cast

import typer

from server.cli.duration import duration
from server.cli.file import text_in
from server.cli.given import said_of
from server.cli.options import with_options
from server.cli.rate import Rate, rate
from server.cli.statement_issuer import StatementIssuer, statement_issuer


class TokenFormat(StrEnum):
    JWT = "jwt"
    OPAQUE = "opaque"


class Registration(StrEnum):
    OPEN = "open"
    TOKEN = "token"
    CLOSED = "closed"


class ClientDocuments(StrEnum):
    ANY = "any"
    LISTED = "listed"
    NONE = "none"


class SigningAlgorithm(StrEnum):
    ES256 = "ES256"
    EDDSA = "EdDSA"
    RS256 = "RS256"


def _lasting(option: str, default: str, help: str) -> tuple[Any, None]:
    shown = typer.Option(option, parser=duration, metavar="DURATION", show_default=default, help=help)
    return Annotated[int | None, shown], None


def _several(
    option: str, metavar: str, default: str, help: str, parser: Callable[[str], Any] = str
) -> tuple[Any, None]:
    shown = typer.Option(option, parser=parser, metavar=metavar, show_default=default, help=f"{help} May be repeated.")
    return Annotated[list[Any] | None, shown], None


def certificate_in(place: str) -> str:
    """Nothing stays nothing: it empties the list."""
    return text_in(place, "the certificate") if place else place


def _switch(name: str, default: str, help: str) -> tuple[Any, None]:
    return Annotated[bool | None, typer.Option(f"--{name}/--no-{name}", show_default=default, help=help)], None


def _one_of(words: type[StrEnum], option: str, default: str, help: str) -> tuple[Any, None]:
    return Annotated[words | None, typer.Option(option, show_default=default, help=help)], None


def _limited(option: str, default: str, help: str) -> tuple[Any, None]:
    shown = typer.Option(option, parser=rate, metavar="PER_MINUTE,BURST", show_default=default, help=help)
    return Annotated[Rate | None, shown], None


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
    "registration": _one_of(
        Registration, "--registration", "open", "Who may register a client: anybody, who has a token, or nobody."
    ),
    "client_documents": _one_of(
        ClientDocuments,
        "--client-documents",
        "any",
        "Whose clients may be known by the metadata document that their client_id leads to.",
    ),
    "approval_required": _switch(
        "approval-required", "false", "Whether clients that nobody made but themselves wait for your approval."
    ),
    "client_document_hosts": _several(
        "--client-document-host",
        "HOST",
        "none",
        "With --client-documents listed: a host of such documents, or *.example.com for all below it.",
    ),
    "unused_client_ttl": _lasting(
        "--unused-client-ttl", "90d", "How long a client that registered itself may lie unused."
    ),
    "private_redirect_schemes": _several(
        "--private-redirect-scheme",
        "SCHEME",
        "none",
        "A URI scheme, such as cursor, that native clients may redirect to.",
    ),
    "allowed_origins": _several(
        "--allowed-origin", "ORIGIN", "*", "A web origin that may read the client-side endpoints; * is any."
    ),
    "link_by_email": _switch(
        "link-by-email",
        "false",
        "Whether who comes from a provider that vouches for e-mail addresses is the user known by that address.",
    ),
    "first_party_origins": _several(
        "--first-party-origin", "ORIGIN", "none", "A web origin of your own app, to sign in to at /login."
    ),
    "registration_limit": _limited(
        "--registration-limit", "60,600", "How many clients may register themselves from one address; none is no limit."
    ),
    "failure_limit": _limited(
        "--failure-limit", "300,600", "How many requests from one address may fail to prove their client."
    ),
    "client_limit": _limited(
        "--client-limit", "none", "How many requests one client may send; a public one, from one address."
    ),
    "guess_limit": _limited(
        "--guess-limit", "10,30", "How many wrong passwords for one account, or codes of devices, may be typed."
    ),
    "session_limit": _limited("--session-limit", "30,300", "How often one user may sign in."),
    "par_required": _switch(
        "par-required", "false", "Whether clients may ask for authorization by pushed requests only (PAR)."
    ),
    "dpop_nonce_required": _switch(
        "dpop-nonce-required", "false", "Whether proofs of possession (DPoP) must bear a nonce of this issuer."
    ),
    "client_certificate_authorities": _several(
        "--client-certificate-authority",
        "FILE",
        "none",
        "A CA certificate (PEM) whose certificates prove clients of the method tls_client_auth.",
        certificate_in,
    ),
    "software_statement_issuers": _several(
        "--software-statement-issuer",
        "ISSUER,KEYS",
        "none",
        "Whose software statements are believed; KEYS is the URI of a JWK Set or a file.",
        statement_issuer,
    ),
    "software_statement_required": _switch(
        "software-statement-required", "false", "Whether clients may register with a software statement only."
    ),
    "debug": _switch("debug", "false", "Whether the server's log gives the reasons of refusals."),
}
"""With the defaults of a new issuer."""


class Given:
    """What was said of a policy. A list that has only an empty item says that it is to be empty."""

    def __init__(self, **given: Any) -> None:
        from google.protobuf.duration_pb2 import Duration

        from protos.admin.v1.issuer_service_pb2 import IssuerPolicy, RateLimit

        said = said_of(given)
        self.policy = IssuerPolicy()
        self.paths = [f"policy.{name}" for name in said]
        """What is said, as an update mask."""
        self.emptied = [name for name, value in said.items() if value == [""]]
        for name, value in said.items():
            enum = IssuerPolicy.DESCRIPTOR.fields_by_name[name].enum_type
            if enum is not None:
                setattr(self.policy, name, enum.values_by_name[f"{name}_{value}".upper()].number)
            elif isinstance(value, Rate):
                getattr(self.policy, name).CopyFrom(RateLimit(per_minute=value.per_minute, burst=value.burst))
            elif isinstance(value, list):
                items = [
                    each.message() if isinstance(each, StatementIssuer) else each for each in cast("list[Any]", value)
                ]
                getattr(self.policy, name).extend(() if name in self.emptied else items)
            elif isinstance(value, int) and not isinstance(value, bool):
                getattr(self.policy, name).CopyFrom(Duration(seconds=value))
            else:
                setattr(self.policy, name, value)


with_policy = with_options(OPTIONS, Given)
"""Marks a command that takes a policy."""
