"""Arguments, options and choices that several nouns of the command share."""

import re
from enum import StrEnum
from typing import Annotated, Any

import typer

from server.cli.completion import issuers

ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""What an operator may call an issuer, and most of what an issuer has."""
ID_FORM = "must be 1 to 63 of a-z, 0-9 and -, begin with a letter and not end with -"

Issuer = Annotated[str, typer.Argument(metavar="ISSUER", help="The issuer's id, such as acme.", autocompletion=issuers)]

OrName = Annotated[
    str, typer.Argument(metavar="ISSUER", help="The issuer's id; or the whole name alone.", autocompletion=issuers)
]
"""Before an id that may be left out, where both are said in one."""

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", show_default=False, help="For the audit trail: why.")]


def filter_option(help: str) -> Any:
    return typer.Option("--filter", metavar="FILTER", show_default=False, help=help)


class AuthMethod(StrEnum):
    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"


class AssertionAlgorithm(StrEnum):
    ES256 = "ES256"
    RS256 = "RS256"
    PS256 = "PS256"
    EDDSA = "EdDSA"
