"""Resource names and page tokens: what a caller sends to say which, and where to go on."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import quote, unquote

from google.protobuf.message import Message

from server.admin.fitting import fitting
from tenants.problems import Invalid

DEFAULT_PAGE = 50
LARGEST_PAGE = 1_000
TAG_BYTES = 16
_OWN_ID = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ISSUER = re.compile(rf"issuers/({_OWN_ID})")
_CLIENT = re.compile(rf"issuers/({_OWN_ID})/clients/([A-Za-z0-9_-]{{1,128}}|https?%3A%2F%2F[A-Za-z0-9._~%-]{{1,1600}})")
_ADMIN_TOKEN = re.compile(rf"adminTokens/({_OWN_ID})")
_EVENT = re.compile(rf"(?:issuers/({_OWN_ID})/)?events/([1-9][0-9]{{0,17}})")
_WEBHOOK = re.compile(rf"issuers/({_OWN_ID})/webhook")


@dataclass(frozen=True, slots=True)
class Collection:
    """The things of one kind that an issuer has: `issuers/{issuer}/<segment>/{<singular>}`."""

    segment: str
    singular: str
    pattern: str = _OWN_ID
    """What their own ids match."""

    def ids(self, name: str, field: str = "name") -> tuple[str, str]:
        """(issuer id, the thing's own id). Raises Invalid."""
        found = re.fullmatch(rf"issuers/({_OWN_ID})/{self.segment}/({self.pattern})", name)
        if found is None:
            raise Invalid(field, f"must be issuers/{{issuer}}/{self.segment}/{{{self.singular}}}")
        return found[1], found[2]

    def name(self, issuer_id: str, own_id: str) -> str:
        return f"issuers/{issuer_id}/{self.segment}/{own_id}"

    def chosen(self, own_id: str) -> str:
        """An id that a thing can have. Raises Invalid."""
        if not re.fullmatch(_OWN_ID, own_id):
            raise Invalid(
                f"{self.singular}_id", "must be 1 to 63 of a-z, 0-9 and -, begin with a letter and not end with -"
            )
        return own_id


DOMAINS = Collection("domains", "domain")
PROVIDERS = Collection("identityProviders", "identity_provider")
RESOURCES = Collection("resources", "resource")
WORKLOAD_ISSUERS = Collection("workloadIssuers", "workload_issuer")
REGISTRATION_TOKENS = Collection("registrationTokens", "registration_token", r"r_[0-9a-f]{16}")
SIGNING_KEYS = Collection("signingKeys", "signing_key", r"[A-Za-z0-9._-]{1,128}")
USERS = Collection("users", "user", r"[A-Za-z0-9_-]{1,128}")
SESSIONS = Collection("sessions", "session", r"[0-9a-f]{32}")
GRANTS = Collection("grants", "grant", r"[1-9][0-9]{0,18}")
OPERATIONS = Collection("operations", "operation", r"[0-9a-f]{26}")


def issuer_id(name: str, field: str = "name") -> str:
    return _read(_ISSUER, name, field, "issuers/{issuer}")[1]


def parent_ids(parent: str) -> tuple[str, str | None]:
    """(issuer id, user id): of what an issuer has, or of what one of its users has."""
    if "/users/" in parent:
        return USERS.ids(parent, "parent")
    return issuer_id(parent, "parent"), None


def client_ids(name: str, field: str = "name") -> tuple[str, str]:
    """(issuer id, client id). An id that is a URL stands there as one segment of a path."""
    found = _CLIENT.fullmatch(name)
    client_id = "" if found is None else unquote(found[2])
    if found is None or of_client(found[1], client_id) != name:
        raise Invalid(field, "must be issuers/{issuer}/clients/{client}")
    return found[1], client_id


def of_client(issuer_id: str, client_id: str) -> str:
    return f"issuers/{issuer_id}/clients/{quote(client_id, safe='')}"


def admin_token_id(name: str) -> str:
    return _read(_ADMIN_TOKEN, name, "name", "adminTokens/{admin_token}")[1]


def of_admin_token(token_id: str) -> str:
    return f"adminTokens/{token_id}"


def trail_of(parent: str) -> str:
    """The id of the issuer whose events they are; empty for those of the server."""
    return issuer_id(parent, "parent") if parent else ""


def event_ids(name: str) -> tuple[str, int]:
    """(trail, number)."""
    found = _read(_EVENT, name, "name", "issuers/{issuer}/events/{event} or events/{event}")
    return found[1] or "", int(found[2])


def of_event(trail: str, sequence: int) -> str:
    return f"issuers/{trail}/events/{sequence}" if trail else f"events/{sequence}"


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


def page_size(asked: int) -> int:
    return min(asked or DEFAULT_PAGE, LARGEST_PAGE)


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Identified = TypeVar("Identified", bound=HasId)
M = TypeVar("M", bound=Message)


class PageTokens:
    """Opaque, and good only for the list that they came from (AIP-158)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def after(self, token: str, asked: str, field: str = "page_token") -> str:
        """The id to go on after. `asked` is all else of the request."""
        if not token:
            return ""
        try:
            after = urlsafe_b64decode(token.encode("ascii"))[TAG_BYTES:].decode("ascii")
        except ValueError:
            after = ""
        if not after or not hmac.compare_digest(token, self.following(after, asked)):
            raise Invalid(field, "is not one that this server gave out for this list")
        return after

    def page(
        self, found: Sequence[Identified], size: int, asked: str, shown: Callable[[Identified], M]
    ) -> tuple[list[M], str]:
        """What is shown of the first of them, at most `size`, and the token of the next page: empty if this is all."""
        page = fitting([shown(each) for each in found[:size]])
        return page, self.following(found[len(page) - 1].id, asked) if len(found) > len(page) else ""

    def following(self, last: str, asked: str) -> str:
        tag = hmac.digest(self._key, f"{asked}\n{last}".encode("ascii"), "sha256")[:TAG_BYTES]
        return urlsafe_b64encode(tag + last.encode("ascii")).decode("ascii")
