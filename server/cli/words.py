"""Arguments and choices that several nouns of the command share."""

from enum import StrEnum
from typing import Annotated

import typer

from server.cli.completion import issuers

Issuer = Annotated[str, typer.Argument(metavar="ISSUER", help="The issuer's id, such as acme.", autocompletion=issuers)]

OrName = Annotated[
    str, typer.Argument(metavar="ISSUER", help="The issuer's id; or the whole name alone.", autocompletion=issuers)
]
"""Before an id that may be left out, where both are said in one."""


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
