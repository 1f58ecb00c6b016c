"""An issuer's URI: what it may be, and the Host headers and paths that lead to it."""

import re

from tenants.oauth import uri as uris
from tenants.oauth.uri import Uri
from tenants.problems import Invalid

MAX_SEGMENTS = 4
MAX_FURTHER_HOST = 230
"""Characters, so that the name of a challenge below it fits into the 253 of the DNS."""
OURS = frozenset(
    {
        *(".well-known", "authorize", "callback", "consent", "login", "logout", "device", "assets"),
        *(
            "token",
            "register",
            "revoke",
            "revocations",
            "introspect",
            "userinfo",
            "par",
            "device_authorization",
            "exchange",
        ),
    }
)
"""How the paths begin that an issuer answers below its URI. In the path of an issuer they could be another issuer's."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*|\[::1\]")
_FURTHER = re.compile(r".+\.(?![0-9]+\Z)[^.]+")
_SEGMENT = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9._~-]{1,64}")


def split(uri: str) -> tuple[str, str]:
    """Origin and path of an issuer URI: `https://auth.test/acme` is `https://auth.test` and `/acme`."""
    end = uri.find("/", uri.index("://") + 3)
    return (uri, "") if end < 0 else (uri[:end], uri[end:])


def hosts_of(uri: str) -> tuple[str, ...]:
    """The Host headers that lead to an issuer: as written in its URI, and with the scheme's default port."""
    scheme, _, host = split(uri)[0].partition("://")
    bare = host.rpartition("]")[2] if host.startswith("[") else host
    return (host,) if ":" in bare else (host, f"{host}:{443 if scheme == 'https' else 80}")


def host_name(uri: str) -> str:
    """Without the port: `https://auth.test:8443/acme` is at `auth.test`."""
    authority = split(uri)[0].partition("://")[2]
    return authority if authority.endswith("]") else authority.rpartition(":")[0] or authority


def at_host(uri: str, host: str) -> str:
    """What an issuer URI would be at another host: with the same scheme, port and path."""
    return uri.replace(f"://{host_name(uri)}", f"://{host}", 1)


def is_further_host(host: str) -> bool:
    """Whether it is a name of the DNS, in its one spelling, that an issuer may have beside its own: no address, no top
    of a tree, and room for the name of a challenge below it."""
    return bool(_HOST.fullmatch(host)) and len(host) <= MAX_FURTHER_HOST and bool(_FURTHER.fullmatch(host))


def rivals_of(uri: str) -> set[str]:
    """The issuer URIs, this one among them, that one of its Host headers would lead to, at its path."""
    hosts, path = hosts_of(uri), split(uri)[1]
    bare = {host.removesuffix(":443") for host in hosts} | {host.removesuffix(":80") for host in hosts}
    return {f"{scheme}://{host}{path}" for scheme in ("https", "http") for host in {*hosts, *bare}}


def check(text: str) -> None:
    """Raises Invalid. Clients compare it byte for byte, so there is one spelling of each, and no other leads there."""
    parts = uris.parse(text)
    if parts is None or parts.authority is None or parts.user is not None:
        raise _invalid("must be an absolute URI such as https://auth.example.com")
    if parts.query is not None or parts.fragment is not None or parts.path.endswith("/"):
        raise _invalid("must have no query, fragment or trailing slash")
    if not _HOST.fullmatch(parts.host) or parts.scheme != parts.scheme.lower():
        raise _invalid("must have a lower-case host name")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.local):
        raise _invalid("must be https, or http on localhost, *.localhost, 127.0.0.1 or [::1]")
    if parts.port == (443 if parts.scheme == "https" else 80):
        raise _invalid("must not name its scheme's default port")
    _check_path(parts)


def _check_path(parts: Uri) -> None:
    segments = parts.path.split("/")[1:]
    if len(segments) > MAX_SEGMENTS or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise _invalid(
            f"must have a path of at most {MAX_SEGMENTS} segments, each 1 to 64 of a-z, A-Z, 0-9 and -._~, or none"
        )
    for segment in segments:
        if segment.lower() in OURS:
            raise _invalid(f"must not have {segment} in its path: it stands for an address of an issuer")


def _invalid(description: str) -> Invalid:
    return Invalid("issuer.issuer_uri", description)
