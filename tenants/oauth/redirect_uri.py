"""Redirect URIs: which may be registered, and which of the registered a request may name.

Comparison is of strings, never of meaning (RFC 9700 §2.1); only the port of an http loopback URI may differ
(RFC 8252 §7.3), for `localhost` as well, since most MCP clients listen there.
"""

import re
from collections.abc import Collection, Sequence
from urllib.parse import unquote_plus

from tenants.oauth import uri
from tenants.oauth.refusal import Refusal

MAX_REDIRECT_URIS = 20
DANGEROUS_SCHEMES = frozenset(
    {
        "javascript",
        "data",
        "vbscript",
        "file",
        "blob",
        "about",
        "view-source",
        "filesystem",
        "ws",
        "wss",
        "ftp",
        "mailto",
    }
)
# RFC 3986 lets a host hold nearly anything; a browser, and whoever reads the consent page, must see the same one
_PLAIN_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_ESCAPED_DOT = re.compile("%2[eE]")
_RESPONSE_PARAMETERS = ("code", "state", "iss", "error", "error_description", "error_uri", "response")


def check_registered(text: str, *, private_schemes: Collection[str]) -> None:
    """Refusal `invalid_redirect_uri` unless `text` is one that a client may register (RFC 7591 §2, RFC 9700 §2.6)."""
    check_shape(text)
    scheme = text.partition(":")[0]
    if scheme not in ("https", "http") and scheme not in private_schemes:
        raise _refused(f"has the scheme {scheme}, which this issuer does not allow")


def check_shape(text: str) -> None:
    """The same but for the private-use scheme that it may have, which not every issuer allows."""
    parts = uri.parse(text)
    if parts is None:
        raise _refused("is not an absolute URI")
    if parts.fragment is not None:
        raise _refused("has a fragment")
    if parts.user is not None:
        raise _refused("has user information")
    if "*" in text:
        raise _refused("has a wildcard")
    if parts.query is not None and any(
        unquote_plus(pair.partition("=")[0]) in _RESPONSE_PARAMETERS for pair in parts.query.split("&")
    ):
        raise _refused("has a query parameter that the answer uses")
    scheme = parts.scheme
    if scheme == "https":
        if not _PLAIN_HOST.fullmatch(parts.host):
            raise _refused("has no plain host name or address")
    elif scheme == "http":
        if not parts.loopback:
            raise _refused("is http to a host other than 127.0.0.1, [::1] or localhost")
    elif scheme in DANGEROUS_SCHEMES or scheme != scheme.lower():
        raise _refused("has a scheme that no issuer allows")
    path = _ESCAPED_DOT.sub(".", f"/{parts.path}/")  # as browsers read it
    if "/../" in path or "/./" in path:
        raise _refused("has a dot segment")


def prove(given: str | None, registered: Sequence[str], *, private_schemes: Collection[str]) -> str:
    """The URI to send the browser back to. Refusal if it is not one that the client registered.

    It may be left out where the client registered exactly one (RFC 6749 §3.1.2.3). What was registered under an older
    policy must still be allowed by today's.
    """
    if given is None:
        if len(registered) != 1:
            raise Refusal("invalid_request", "redirect_uri is missing")
        given = registered[0]
    if given not in registered and not any(_same_but_port(given, other) for other in registered):
        raise Refusal("invalid_request", "redirect_uri is not one that the client registered")
    check_registered(given, private_schemes=private_schemes)
    return given


def without_loopback_port(text: str) -> str:
    """How a redirect URI is remembered in a consent: the port of a loopback client is another one each time."""
    parts = uri.parse(text)
    if parts is None or parts.scheme != "http" or not parts.loopback:
        return text
    return text.replace(f"//{parts.authority}", f"//{parts.host}", 1)


def _same_but_port(given: str, registered: str) -> bool:
    a, b = uri.parse(given), uri.parse(registered)
    if a is None or b is None or a.scheme != "http" or b.scheme != "http" or not b.loopback:
        return False
    return (a.host, a.path, a.query, a.user, a.fragment) == (b.host, b.path, b.query, None, None)


def _refused(what: str) -> Refusal:
    return Refusal("invalid_redirect_uri", f"a redirect URI {what}")
