"""Resource names and page tokens: what a caller sends to say which, and where to go on."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Protocol, TypeVar
from urllib.parse import quote, unquote

from tenants.problems import Invalid

DEFAULT_PAGE = 50
LARGEST_PAGE = 1_000
TAG_BYTES = 16
_OWN_ID = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ISSUER = re.compile(rf"issuers/({_OWN_ID})")
_CLIENT = re.compile(rf"issuers/({_OWN_ID})/clients/([A-Za-z0-9_-]{{1,128}}|https?%3A%2F%2F[A-Za-z0-9._~%-]{{1,1600}})")
_PROVIDER = re.compile(rf"issuers/({_OWN_ID})/identityProviders/({_OWN_ID})")
_RESOURCE = re.compile(rf"issuers/({_OWN_ID})/resources/({_OWN_ID})")
_REGISTRATION_TOKEN = re.compile(rf"issuers/({_OWN_ID})/registrationTokens/(r_[0-9a-f]{{16}})")
_WEBHOOK = re.compile(rf"issuers/({_OWN_ID})/webhook")


def issuer_id(name: str, field: str = "name") -> str:
    return _read(_ISSUER, name, field, "issuers/{issuer}")[1]


def client_ids(name: str) -> tuple[str, str]:
    """(issuer id, client id). An id that is a URL stands there as one segment of a path."""
    found = _CLIENT.fullmatch(name)
    client_id = "" if found is None else unquote(found[2])
    if found is None or of_client(found[1], client_id) != name:
        raise Invalid("name", "must be issuers/{issuer}/clients/{client}")
    return found[1], client_id


def of_client(issuer_id: str, client_id: str) -> str:
    return f"issuers/{issuer_id}/clients/{quote(client_id, safe='')}"


def chosen_client_id(client_id: str) -> str | None:
    return _chosen(client_id, "client_id") if client_id else None


def provider_ids(name: str, field: str = "name") -> tuple[str, str]:
    """(issuer id, identity provider id)."""
    found = _read(_PROVIDER, name, field, "issuers/{issuer}/identityProviders/{identity_provider}")
    return found[1], found[2]


def of_provider(issuer_id: str, provider_id: str) -> str:
    return f"issuers/{issuer_id}/identityProviders/{provider_id}"


def chosen_provider_id(provider_id: str) -> str:
    return _chosen(provider_id, "identity_provider_id")


def resource_ids(name: str, field: str = "name") -> tuple[str, str]:
    """(issuer id, resource id)."""
    found = _read(_RESOURCE, name, field, "issuers/{issuer}/resources/{resource}")
    return found[1], found[2]


def of_resource(issuer_id: str, resource_id: str) -> str:
    return f"issuers/{issuer_id}/resources/{resource_id}"


def chosen_resource_id(resource_id: str) -> str:
    return _chosen(resource_id, "resource_id")


def registration_token_ids(name: str) -> tuple[str, str]:
    """(issuer id, registration token id)."""
    found = _read(_REGISTRATION_TOKEN, name, "name", "issuers/{issuer}/registrationTokens/{registration_token}")
    return found[1], found[2]


def of_registration_token(issuer_id: str, token_id: str) -> str:
    return f"issuers/{issuer_id}/registrationTokens/{token_id}"


def webhook_of(name: str, field: str = "name") -> str:
    """The id of the issuer whose webhook it is."""
    return _read(_WEBHOOK, name, field, "issuers/{issuer}/webhook")[1]


def of_webhook(issuer_id: str) -> str:
    return f"issuers/{issuer_id}/webhook"


def _read(pattern: re.Pattern[str], name: str, field: str, form: str) -> re.Match[str]:
    found = pattern.fullmatch(name)
    if found is None:
        raise Invalid(field, f"must be {form}")
    return found


def _chosen(own_id: str, field: str) -> str:
    if not re.fullmatch(_OWN_ID, own_id):
        raise Invalid(field, "must be 1 to 63 of a-z, 0-9 and -, begin with a letter and not end with -")
    return own_id


def page_size(asked: int) -> int:
    if asked < 0:
        raise Invalid("page_size", "must not be negative")
    return min(asked or DEFAULT_PAGE, LARGEST_PAGE)


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Identified = TypeVar("Identified", bound=HasId)


class PageTokens:
    """Opaque, and good only for the list that they came from (AIP-158)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def after(self, token: str, asked: str) -> str:
        """The id to go on after. `asked` is all else of the request."""
        if not token:
            return ""
        try:
            after = urlsafe_b64decode(token.encode("ascii"))[TAG_BYTES:].decode("ascii")
        except ValueError:
            after = ""
        if not after or not hmac.compare_digest(token, self.following(after, asked)):
            raise Invalid("page_token", "is not one that this server gave out for this list")
        return after

    def cut(self, found: Sequence[Identified], size: int, asked: str) -> tuple[Sequence[Identified], str]:
        """The page of at most `size`, and the token of the next one: empty if nothing more was found."""
        page = found[:size]
        return page, self.following(page[-1].id, asked) if len(found) > size else ""

    def following(self, last: str, asked: str) -> str:
        tag = hmac.digest(self._key, f"{asked}\n{last}".encode("ascii"), "sha256")[:TAG_BYTES]
        return urlsafe_b64encode(tag + last.encode("ascii")).decode("ascii")
