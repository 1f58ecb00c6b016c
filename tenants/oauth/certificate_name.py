"""The name by which a client of the method `tls_client_auth` says that its certificate is known (RFC 8705 §2.1.2)."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, get_args

from tenants.oauth import uri
from tenants.oauth.client_certificate import distinguished_name
from tenants.oauth.metadata_members import refused, text_of
from tenants.records import CertificateName, CertificateNameKind

MAX_LENGTH = 1_024
_KINDS: tuple[CertificateNameKind, ...] = get_args(CertificateNameKind)
MEMBERS = tuple(f"tls_client_auth_{kind}" for kind in _KINDS)
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")


def of_members(members: Mapping[str, Any]) -> CertificateName:
    """Refusal `invalid_client_metadata` unless it is exactly one name, of the form of its kind."""
    given = [
        CertificateName(kind, text)
        for kind in _KINDS
        if (text := text_of(members, f"tls_client_auth_{kind}", MAX_LENGTH)) is not None
    ]
    if len(given) != 1:
        raise refused(f"tls_client_auth needs exactly one of {', '.join(MEMBERS)}")
    try:
        return _normal(given[0])
    except ValueError:
        raise refused(f"tls_client_auth_{given[0].kind} is malformed") from None


def members_of(name: CertificateName) -> dict[str, str]:
    return {f"tls_client_auth_{name.kind}": name.text}


def _normal(name: CertificateName) -> CertificateName:
    """As it is compared. ValueError if it is malformed. A host that is a pattern would be many clients."""
    kind, text = name.kind, name.text
    if kind == "subject_dn":
        distinguished_name(text)
    elif kind == "san_dns":
        text = text.lower()
        if not _HOST.fullmatch(text):
            raise ValueError("no host name")
    elif kind == "san_uri":
        if uri.parse(text) is None:
            raise ValueError("no URI")
    elif kind == "san_ip":
        text = str(ip_address(text))
    elif not _EMAIL.fullmatch(text):
        raise ValueError("no e-mail address")
    return CertificateName(kind, text)
