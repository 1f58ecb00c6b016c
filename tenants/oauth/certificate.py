"""The certificate that a client has shown in TLS, as whoever ended TLS tells us (RFC 8705, RFC 9440).

Whether it says anything about the client is another question (client_certificate); which peers are believed is the
door's.
"""

import binascii
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tenants.oauth.refusal import Refusal

MAX_LENGTH = 16_384
_BYTES = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
"""A byte sequence of RFC 8941 §3.3.5, as RFC 9440 §2.1 wants it."""
_ESCAPED_PEM = re.compile(r"-----BEGIN[A-Za-z0-9%+/=_.~ -]+")
_PEM = re.compile(rb"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")
_NOBODY = ("", "::")
"""What proxies say where no certificate was shown."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whoever asks holds its key; of what stands in it nothing is believed."""

    thumbprint: str
    """`x5t#S256`: the SHA-256 of its DER form, in base64url (RFC 8705 §3.1)."""
    parsed: x509.Certificate = field(repr=False)


def read(fields: Sequence[str]) -> Certificate | None:
    """What the header fields of a trusted proxy say; None where nobody has shown a certificate.

    Refusal `invalid_request` for what cannot be read, and for a second field: that may be the client's own.
    """
    if len(fields) > 1:
        raise _unreadable("more than one header with a client certificate")
    text = fields[0].strip(" \t") if fields else ""
    if text in _NOBODY:
        return None
    try:
        certificate = x509.load_der_x509_certificate(_der(text))
    except (ValueError, x509.InvalidVersion):
        raise _unreadable("the client certificate cannot be read") from None
    der = certificate.public_bytes(Encoding.DER)
    return Certificate(urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode("ascii"), certificate)


def _der(text: str) -> bytes:
    """Of a byte sequence or an escaped PEM (nginx, `$ssl_client_escaped_cert`). ValueError if it is neither."""
    if len(text) > MAX_LENGTH:
        raise ValueError("too long")
    if sequence := _BYTES.fullmatch(text):
        return b64decode(sequence[1], validate=True)
    pem = _PEM.fullmatch(unquote_to_bytes(text)) if _ESCAPED_PEM.fullmatch(text) else None
    if pem is None:
        raise ValueError("neither a byte sequence nor an escaped PEM")
    return binascii.a2b_base64(b"".join(pem[1].split()), strict_mode=True)


def _unreadable(what: str) -> Refusal:
    return Refusal("invalid_request", what)
