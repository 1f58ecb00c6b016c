"""Pushed authorization requests (RFC 9126): what a client may push, and what its request URI is made of."""

from dataclasses import dataclass
from urllib.parse import quote_plus

from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal

PREFIX = "urn:ietf:params:oauth:request_uri:"
BEGIN_SECONDS = 90
"""In which a browser must come with it."""
WHOLE_SECONDS = 1_800
"""In which it must be answered: two pages that may be open for ten minutes each, and the way between them."""
MAX_QUERY = 4_096
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a request URI stands for."""

    id: bytes
    """16 bytes, by which it is remembered that it was answered."""
    good_until: int
    """For a browser to begin, and once it has begun, to end."""
    ends_at: int
    query: bytes
    """The authorization request, as the client would have sent it with a browser."""


def query_of(form: Parameters, dpop_jkt: str | None) -> bytes:
    """The authorization request in a pushed form; `dpop_jkt` is the key that its client has proven.

    Refusal `invalid_request` for one that stands for another, is too long, or names another key (RFC 9449 §10.1).
    """
    if form.one("request_uri") is not None:
        raise Refusal("invalid_request", "request_uri cannot be pushed")
    named = form.one("dpop_jkt")
    if dpop_jkt is not None and named not in (None, dpop_jkt):
        raise Refusal("invalid_request", "dpop_jkt names another key than the one that was proven")
    values = {name: given for name, given in form.values.items() if name not in _CREDENTIALS}
    if dpop_jkt is not None:
        values["dpop_jkt"] = [dpop_jkt]
    query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, given in values.items() for value in given)
    if len(query) > MAX_QUERY:
        raise Refusal("invalid_request", f"the request is longer than {MAX_QUERY} characters")
    return query.encode("ascii")


def is_request_uri(text: str | None) -> bool:
    """Whether it could be one of ours. Any other is a reference to a request object, which we do not follow."""
    return text is not None and text.startswith(PREFIX)
