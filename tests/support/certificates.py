"""Authorities and the certificates that they make for clients, as good or as bad as a test wants them."""

import datetime
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from joserfc.jwk import ECKey

from tests.support.house import EPOCH

DAY = 86_400
CLIENT_AUTH, SERVER_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True)
class Shown:
    """A certificate, with its key."""

    certificate: x509.Certificate
    key: Any
    """The private key."""

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def with_key(self) -> str:
        """Both, as servers and clients keep them."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key.decode() + self.pem

    @property
    def x5t(self) -> str:
        return urlsafe_b64encode(sha256(self.der).digest()).rstrip(b"=").decode()

    @property
    def jwk(self) -> dict[str, Any]:
        return {**ECKey.import_key(self.key.public_key()).as_dict(private=False), "kid": "of a certificate"}

    @property
    def field(self) -> str:
        """As RFC 9440 writes it."""
        return f":{b64encode(self.der).decode()}:"

    @property
    def escaped(self) -> str:
        """As nginx writes it ($ssl_client_escaped_cert)."""
        return quote(self.pem, safe="-_.~")


def named(subject: str) -> x509.Name:
    return x509.Name.from_rfc4514_string(subject)


def made(
    subject: str = "CN=client",
    alternative: Sequence[str] = (),
    *,
    by: Shown | None = None,
    ca: bool = False,
    uses: Sequence[x509.ObjectIdentifier] = (),
    begins: int = EPOCH - 30 * DAY,
    ends: int = EPOCH + 3_650 * DAY,
    key: Any = None,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Shown:
    """A certificate for `subject` and the `alternative` names (`dns:…`, `uri:…`, `ip:…`, `email:…`), made by another
    one or by itself. Times are seconds since 1970-01-01 UTC. Its key is a new one of P-256, unless it is given.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer = key if by is None else by.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(subject) if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime.fromtimestamp(begins, datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(ends, datetime.UTC))
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if alternative:
        names = x509.SubjectAlternativeName([_name(text) for text in alternative])
        builder = builder.add_extension(names, critical=False)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return Shown(builder.sign(signer, None if isinstance(signer, Ed25519PrivateKey) else hashes.SHA256()), key)


def _name(text: str) -> x509.GeneralName:
    kind, _, name = text.partition(":")
    if kind == "ip":
        return x509.IPAddress(ip_address(name))
    kinds = {"dns": x509.DNSName, "uri": x509.UniformResourceIdentifier, "email": x509.RFC822Name}
    return kinds[kind](name)
