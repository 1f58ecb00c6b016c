"""Which addresses an identity provider may have: the server calls them, and sends browsers and secrets there.

What a name resolves to is looked at when it is called; here is refused what can be seen from the address alone.
"""

import re

from tenants.oauth import uri
from tenants.oauth.uri import Uri

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# the last label begins with a letter: else it would be an address, in one of the notations that resolvers take
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_INTERNAL = (".localhost", ".local", ".localdomain", ".internal", ".home.arpa")


def is_domain(text: str) -> bool:
    """Whether it is a DNS name with a dot, in lower case."""
    return _DOMAIN.fullmatch(text) is not None


def objection(text: str, issuer_uri: str) -> str | None:
    """Why the issuer at `issuer_uri` may not call `text`, or None."""
    parts, own = uri.parse(text), uri.parse(issuer_uri)
    if parts is None or own is None or not parts.host:
        return "must be an absolute URL such as https://login.example.com"
    if parts.user is not None or parts.fragment is not None:
        return "must have neither user information nor a fragment"
    developing = own.local and parts.local
    if not developing and (not is_domain(parts.host) or parts.host.endswith(_INTERNAL)):
        return "must be on a public host, named in lower case"
    if parts.scheme != "https" and not (developing and parts.scheme == own.scheme == "http"):
        return "must be https"
    if _end_point(parts) == _end_point(own) and f"{parts.path}/".startswith(f"{own.path}/"):
        return "must not be this issuer itself"
    return None


def _end_point(parts: Uri) -> tuple[str, int]:
    return parts.host, parts.port or (443 if parts.scheme == "https" else 80)
