"""Members of client metadata, read from what a stranger sent: of the right type and not too long, or refused."""

import re
from collections.abc import Mapping
from typing import Any, cast

from tenants.oauth import uri
from tenants.oauth.refusal import Refusal

_PUBLIC_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)


def text_of(members: Mapping[str, Any], name: str, longest: int) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise refused(f"{name} must be a string of at most {longest} characters")
    return value


def flag(members: Mapping[str, Any], name: str) -> bool:
    value = members.get(name, False)
    if not isinstance(value, bool | None):
        raise refused(f"{name} must be true or false")
    return value is True


def list_of_text(members: Mapping[str, Any], name: str, longest: int) -> tuple[str, ...]:
    value = members.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise refused(f"{name} must be a list of strings")
    items = cast("list[Any]", value)
    if len(items) > longest or not all(isinstance(item, str) and item for item in items):
        raise refused(f"{name} must be a list of at most {longest} strings")
    return tuple(cast("list[str]", items))


def outside(members: Mapping[str, Any], name: str, *, local: bool) -> str | None:
    """What we are to call: on a public host, or on this machine where the issuer is there too."""
    text = text_of(members, name, uri.MAX_LENGTH)
    if text is not None and "#" in text:
        raise refused(f"{name} must have no fragment")
    if text is None or (local and uri.is_local(text)):
        return text
    return public_page(name, text)


def public_page(name: str, text: str) -> str:
    parts = uri.parse(text)
    if parts is None or parts.scheme != "https" or parts.user is not None or not is_public_name(parts.host):
        raise refused(f"{name} must be an https URL on a public host")
    return text


def is_public_name(host: str) -> bool:
    """A DNS name with a dot that is no address, in whatever notation: what a page that strangers see may link to."""
    if not _PUBLIC_NAME.fullmatch(host):
        return False
    return not host.lower().endswith((".localhost", ".local", ".internal"))


def refused(what: str) -> Refusal:
    return Refusal("invalid_client_metadata", what)
