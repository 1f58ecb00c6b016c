"""What a new issuer may be called, and under which URI clients may know it."""

import re
from dataclasses import dataclass

from tenants.acts.operate import check_policy
from tenants.oauth import uri as uris
from tenants.problems import Invalid
from tenants.records import Policy

_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*|\[::1\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssuer:
    id: str
    uri: str
    display_name: str
    policy: Policy
    actor: str


def hosts_of(uri: str) -> tuple[str, ...]:
    """The Host headers that lead to an issuer: as written in its URI, and with the scheme's default port."""
    scheme, _, host = uri.partition("://")
    bare = host.rpartition("]")[2] if host.startswith("[") else host
    return (host,) if ":" in bare else (host, f"{host}:{443 if scheme == 'https' else 80}")


def rivals_of(uri: str) -> set[str]:
    """The issuer URIs, this one among them, that one of its Host headers would lead to."""
    hosts = hosts_of(uri)
    bare = {host.removesuffix(":443") for host in hosts} | {host.removesuffix(":80") for host in hosts}
    return {f"{scheme}://{host}" for scheme in ("https", "http") for host in {*hosts, *bare}}


def check_new(new: NewIssuer) -> None:
    """Raises Invalid unless id, URI and policy are ones that an issuer may have."""
    if not _ID.fullmatch(new.id) or new.id.startswith("xn--"):
        raise Invalid("issuer_id", "must be 1 to 63 of a-z, 0-9 and -, begin with a letter and not end with -")
    check_uri(new.uri)
    if len(new.display_name) > 63:
        raise Invalid("issuer.display_name", "must be at most 63 characters")
    try:
        check_policy(new.policy)
    except Invalid as invalid:
        raise Invalid(f"issuer.policy.{invalid.field}", invalid.description) from None


def check_uri(text: str) -> None:
    """Clients compare it byte for byte, so there is one spelling: no trailing slash, lower case, no default port."""
    parts = uris.parse(text)
    if parts is None or parts.authority is None or parts.user is not None:
        raise Invalid("issuer.issuer_uri", "must be an absolute URI such as https://auth.example.com")
    if parts.path or parts.query is not None or parts.fragment is not None:
        raise Invalid("issuer.issuer_uri", "must have no path, query, fragment or trailing slash")
    if not _HOST.fullmatch(parts.host) or parts.scheme != parts.scheme.lower():
        raise Invalid("issuer.issuer_uri", "must have a lower-case host name")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.local):
        raise Invalid("issuer.issuer_uri", "must be https, or http on localhost, *.localhost, 127.0.0.1 or [::1]")
    if parts.port == (443 if parts.scheme == "https" else 80):
        raise Invalid("issuer.issuer_uri", "must not name its scheme's default port")
