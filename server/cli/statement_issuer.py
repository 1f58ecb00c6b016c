"""Whose software statements are believed, as an operator types it: ISSUER,KEYS."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from server.cli.file import text_in

if TYPE_CHECKING:
    from protos.admin.v1.issuer_service_pb2 import SoftwareStatementIssuer


@dataclass(frozen=True, slots=True)
class StatementIssuer:
    issuer: str
    jwks: str = ""
    jwks_uri: str = ""

    def message(self) -> "SoftwareStatementIssuer":
        from protos.admin.v1.issuer_service_pb2 import SoftwareStatementIssuer

        return SoftwareStatementIssuer(issuer=self.issuer, jwks=self.jwks, jwks_uri=self.jwks_uri)


def statement_issuer(text: str) -> StatementIssuer | str:
    """KEYS is the https URI of a JWK Set, or a file that holds one. Nothing stays nothing: it empties the list."""
    issuer, comma, keys = text.partition(",")
    if not text:
        return text
    if not comma or not issuer or not keys:
        raise typer.BadParameter(
            f"{text!r} is not ISSUER,KEYS such as https://trust.example,https://trust.example/jwks"
        )
    if keys.startswith(("https://", "http://")):
        return StatementIssuer(issuer, jwks_uri=keys)
    return StatementIssuer(issuer, jwks=text_in(keys, "the JWK Set"))
