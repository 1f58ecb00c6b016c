"""The name in a client's certificate, as an operator types it: KIND=NAME."""

import typer

KINDS = ("subject-dn", "san-dns", "san-uri", "san-ip", "san-email")
NAME_FIELDS = tuple(f"tls_client_auth_{kind.replace('-', '_')}" for kind in KINDS)
"""Of a client; one of them says it."""


def certificate_name(text: str) -> dict[str, str]:
    """As the field of a client that says it."""
    kind, _, name = text.partition("=")
    if kind not in KINDS or not name:
        raise typer.BadParameter(
            f"{text!r} is not KIND=NAME such as san-dns=app.example.com; KIND is {', '.join(KINDS)}"
        )
    return {NAME_FIELDS[KINDS.index(kind)]: name}
