"""What a URI is made of, read with the eyes of RFC 3986 and not of a lenient library.

`urllib.parse.urlsplit` drops tabs and newlines and accepts most garbage, so a URI must first consist of nothing but
the characters that RFC 3986 allows.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address

MAX_LENGTH = 2_048
_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SHAPE = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):"
    r"(?://(?P<authority>[^/?#]*))?"
    r"(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?"
    r"(?:#(?P<fragment>.*))?"
)
_AUTHORITY = re.compile(r"(?:(?P<user>[^@]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:@\[\]]*)(?::(?P<port>[1-9][0-9]{0,4}))?")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "[::1]", "localhost"})


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI in its parts, as written. `port` is None where none stands; `authority` is None without `//`."""

    text: str
    scheme: str
    authority: str | None
    user: str | None
    host: str
    port: int | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def loopback(self) -> bool:
        return self.host in LOOPBACK_HOSTS

    @property
    def local(self) -> bool:
        """Whether the host can only be this machine (RFC 6761 §6.3 for names under `localhost`)."""
        return self.loopback or self.host.endswith(".localhost")


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def parse(text: str) -> Uri | None:
    """The parts of an absolute URI, or None if it is not one."""
    if len(text) > MAX_LENGTH or not _ALLOWED.fullmatch(text) or _BROKEN_ESCAPE.search(text):
        return None
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    authority = shape["authority"]
    user, host, port = None, "", None
    if authority is not None:
        parts = _AUTHORITY.fullmatch(authority)
        if parts is None:
            return None
        user, host = parts["user"], parts["host"]
        if host.startswith("[") and not _is_ipv6(host[1:-1]):
            return None
        if parts["port"] is not None:
            port = int(parts["port"])
            if port > 65_535:
                return None
    return Uri(text, shape["scheme"], authority, user, host, port, shape["path"], shape["query"], shape["fragment"])


def is_local(text: str) -> bool:
    """Whether it is a web address that can only be on this machine."""
    parts = parse(text)
    return parts is not None and parts.scheme in ("http", "https") and parts.user is None and parts.local
