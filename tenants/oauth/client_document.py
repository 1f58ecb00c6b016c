"""Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document-02; MCP 2026-07-28, Client Registration):
which client ids lead to one, for how long one counts, and what must stand in it.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

from tenants.oauth import client_metadata, json_text, uri
from tenants.oauth.client_metadata import BY_CLIENTS, USUAL, ClientMetadata
from tenants.oauth.metadata_members import is_public_name
from tenants.oauth.refusal import Refusal
from tenants.records import Client, Issuer, Policy, Resource

MAX_BYTES = 5_120
MAX_URL = 500
LEAST, UNSAID, MOST = 60, 3_600, 86_400
"""Seconds that a document counts: at least, where it does not say, and at most."""
_JSON = re.compile(r"application/(?:[a-z0-9!#$&^_.-]+\+)?json")
_SECONDS = re.compile(r"[0-9]{1,10}")
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?=/|\Z)")
_ESCAPED_DOT = re.compile("%2e", re.IGNORECASE)


class DocumentNeeded(Exception):
    """What stands at the client's id must be read first."""

    def __init__(self, url: str, *, known: bool, or_older: bool = False) -> None:
        super().__init__(url)
        self.url = url
        self.known = known
        """Whether it was read before."""
        self.or_older = or_older
        """Whether the copy that is kept will do where the document cannot be had."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was answered at a client's id, with status 200. Nothing of it is believed yet."""

    url: str
    at: int
    headers: Mapping[str, str]
    """Their names in small letters."""
    body: bytes


def looks_like_one(client_id: str) -> bool:
    """Whether a client that nobody has registered means a document by it. No id that we give out does."""
    return client_id.startswith(("https:", "http:"))


def check_id(client_id: str, issuer: Issuer) -> None:
    """Refusal `invalid_client` unless the id may lead to a document that this issuer reads (§3).

    A query is refused, though only advised against: of a page that repeats what its query says anybody could make a
    document of that host.
    """
    parts, local = uri.parse(client_id), uri.is_local(issuer.uri)
    if parts is None or len(client_id) > MAX_URL:
        raise _refused("the client_id is not a URL of a reasonable length")
    here = local and parts.local
    if parts.scheme != "https" and not (here and parts.scheme == "http"):
        raise _refused("a client_id that is a URL must be one of https")
    if parts.user is not None or parts.query is not None or parts.fragment is not None:
        raise _refused("a client_id that is a URL must have no user information, query or fragment")
    if parts.path in ("", "/") or _DOT_SEGMENT.search(_ESCAPED_DOT.sub(".", parts.path)):
        raise _refused("a client_id that is a URL must have a path, without dot segments")
    if parts.host != parts.host.lower() or not (here or is_public_name(parts.host)):
        raise _refused("a client_id that is a URL must be on a host with a public name, in lower case")
    if not _may_be_read(parts.host, issuer.policy):
        raise _refused("this issuer knows no client by a document on this host")


def is_welcome(client_id: str, issuer: Issuer) -> bool:
    """Whether this issuer reads documents at such an id."""
    try:
        check_id(client_id, issuer)
    except Refusal:
        return False
    return True


def is_host_pattern(text: str) -> bool:
    """Whether `text` is a host name in lower case, or `*.` and one, for all names below it."""
    host = text.removeprefix("*.")
    return host == host.lower() and (is_public_name(host) or host in uri.LOOPBACK_HOSTS)


def read(fetched: Fetched, issuer: Issuer, resources: Sequence[Resource]) -> ClientMetadata:
    """What the document says of its client. Refusal `invalid_client`, in one form of words unless the document is
    the client's own: whoever sends us somewhere is not told what is there.
    """
    members = _members(fetched)
    if members is None:
        raise unread("it is no JSON object at all, or says another client_id")
    if {"client_secret", "client_secret_expires_at"} & members.keys():
        raise _invalid("it holds a secret that everybody can read")
    try:
        said = _as_registered(members)
        metadata = client_metadata.check(said, issuer.policy, resources, local=uri.is_local(issuer.uri))
    except Refusal as refusal:
        raise _invalid(refusal.description) from None
    if not metadata.name:
        raise _invalid("client_name is missing")
    return metadata


def is_one(fetched: Fetched) -> bool:
    """Whether it is such a document at all, whatever it says: other pages of the web do not say where they lie."""
    return _members(fetched) is not None


def unread(detail: str) -> Refusal:
    """What is said whenever there is no document, whyever."""
    return Refusal("invalid_client", "the metadata document of the client cannot be read", detail=detail)


def lifetime(headers: Mapping[str, str], at: int) -> int:
    """Seconds that an answer of then counts, as it says (RFC 9111 §4.2, §5.2.2), within our own bounds."""
    directives = [directive.strip().lower() for directive in headers.get("cache-control", "").split(",")]
    if "no-store" in directives or "no-cache" in directives:
        return LEAST
    ages = [
        directive.removeprefix("max-age=").strip('"') for directive in directives if directive.startswith("max-age=")
    ]
    wanted = UNSAID
    if ages:
        wanted = min((int(age) if _SECONDS.fullmatch(age) else 0) for age in ages) - _age(headers)
    elif "expires" in headers:
        wanted = _until(headers["expires"], headers.get("date"), at) - _age(headers)
    return min(max(wanted, LEAST), MOST)


def digest(metadata: ClientMetadata | Client) -> bytes:
    """Of all that a user's consent stands on: who the client says it is, how it proves it, and where answers go."""
    said = {name: value for name, value in identity(metadata).items() if value is not None}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode("ascii")).digest()


def identity(of: ClientMetadata | Client) -> dict[str, Any]:
    return {
        "name": of.name,
        "redirect_uris": sorted(of.redirect_uris),
        "auth_method": of.auth_method,
        "keys": [of.jwks, of.jwks_uri, of.assertion_algorithm],
        "certificate": None if of.certificate_name is None else asdict(of.certificate_name),
    }


def _may_be_read(host: str, policy: Policy) -> bool:
    if policy.client_documents != "listed":
        return policy.client_documents == "any"
    return any(
        host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
        for pattern in policy.client_document_hosts
    )


def _members(fetched: Fetched) -> dict[str, Any] | None:
    """None unless it is a JSON object that names its own address."""
    if not _JSON.fullmatch(fetched.headers.get("content-type", "").partition(";")[0].strip().lower()):
        return None
    try:
        value = json_text.parse(fetched.body)
    except json_text.NotJson:
        return None
    members = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return members if members.get("client_id") == fetched.url else None


def _as_registered(members: Mapping[str, Any]) -> dict[str, Any]:
    """The same as a registration would have it. One document is for all servers, so that what we do not offer is left
    out of its lists; no method of it can rest on a secret (§4.1).
    """
    given, methods = members.get("token_endpoint_auth_method"), members.get("token_endpoint_auth_methods_supported")
    if given is None:  # RFC 7591's default is a secret; of several the one that proves something
        given = "private_key_jwt" if isinstance(methods, list) and "private_key_jwt" in methods else "none"
    elif given not in ("none", "private_key_jwt"):
        raise Refusal("invalid_client_metadata", "token_endpoint_auth_method must be none or private_key_jwt")
    return {
        **members,
        "token_endpoint_auth_method": given,
        "grant_types": _offered(members.get("grant_types"), USUAL if given == "none" else BY_CLIENTS),
        "response_types": _offered(members.get("response_types"), ("code",)),
    }


def _offered(given: Any, ours: Collection[str]) -> Any:
    if not isinstance(given, list):
        return given
    listed = cast("list[Any]", given)
    return [name for name in listed if name in ours] or listed


def _age(headers: Mapping[str, str]) -> int:
    text = headers.get("age", "0")
    return int(text) if _SECONDS.fullmatch(text) else 0


def _until(expires: str, date: str | None, at: int) -> int:
    """Seconds to the date in Expires from the one in Date, or from `at`."""
    try:
        end = parsedate_to_datetime(expires).timestamp()
        return int(end - (at if date is None else parsedate_to_datetime(date).timestamp()))
    except (ValueError, OverflowError):
        return 0  # what cannot be read has expired (RFC 9111 §5.3)


def _refused(what: str) -> Refusal:
    return Refusal("invalid_client", what)


def _invalid(what: str) -> Refusal:
    return Refusal("invalid_client", f"the client's metadata document cannot be used: {what}")
