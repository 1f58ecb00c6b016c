"""Whether a certificate proves a client: by the name in it, which an authority vouches for (RFC 8705 §2.1), or by its
key, which the client has registered (§2.2).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import (
    ClientVerifier,
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tenants.oauth.certificate import Certificate
from tenants.oauth.foreign_jwt import UnknownKey, Unproven
from tenants.records import CertificateName

_KINDS = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
"""TypeError is for a name that is no text: its parts may be of any type."""


def authority(pem: str) -> x509.Certificate:
    """Whose certificates are trusted. ValueError unless it is one certificate, of somebody who may make others."""
    try:
        (certificate,) = x509.load_pem_x509_certificates(pem.encode("utf-8"))
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (*_UNREADABLE, x509.ExtensionNotFound, x509.InvalidVersion):
        raise ValueError("not one CA certificate in PEM") from None
    if not constraints.value.ca:
        raise ValueError("not the certificate of a CA")
    return certificate


def prove_name(shown: Certificate, name: CertificateName, authorities: Sequence[str], now: int) -> None:
    """Return if the certificate counts now, is of one of the `authorities`, and bears the name. Raises Unproven."""
    try:
        _verifier(authorities, now).verify(shown.parsed, [])
    except (VerificationError, *_UNREADABLE):
        raise Unproven("the certificate has expired, is for another use, or of no authority that is trusted") from None
    try:
        borne = bears(shown.parsed, name)
    except _UNREADABLE:
        raise Unproven("the certificate cannot be read") from None
    if not borne:
        raise Unproven("the certificate bears another name than the one that is registered")


def prove_key(shown: Certificate, keys: Sequence[Mapping[str, Any]], now: int) -> None:
    """Return if the certificate counts now and is of one of these keys (JWKs). Its names and its signature say nothing.

    Raises UnknownKey where fresher keys may help, else Unproven.
    """
    at = datetime.fromtimestamp(now, UTC)
    try:
        counts = shown.parsed.not_valid_before_utc <= at <= shown.parsed.not_valid_after_utc
        key = shown.parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except _UNREADABLE:
        raise Unproven("the certificate cannot be read") from None
    if not counts:
        raise Unproven("the certificate has expired, or does not count yet")
    if key not in map(_public_key, keys):
        raise UnknownKey("the certificate is of a key that we do not know")


def _verifier(authorities: Sequence[str], now: int) -> ClientVerifier:
    """RFC 5280, for clients. Names need not be alternative ones, and small authorities leave out what large ones must
    say of their keys.
    """
    default, agnostic = ExtensionPolicy, Criticality.AGNOSTIC
    return (
        PolicyBuilder()
        .store(Store([authority(pem) for pem in authorities]))
        .time(datetime.fromtimestamp(now, UTC))
        .extension_policies(
            ca_policy=default.webpki_defaults_ca().may_be_present(x509.KeyUsage, agnostic, _signs_certificates),
            ee_policy=default.webpki_defaults_ee()
            .may_be_present(x509.SubjectAlternativeName, agnostic, None)
            .may_be_present(x509.AuthorityKeyIdentifier, agnostic, None),
        )
        .build_client_verifier()
    )


def _signs_certificates(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("the authority must not sign certificates")


def bears(certificate: x509.Certificate, name: CertificateName) -> bool:
    """Compared whole, and with names of its own kind alone: no common name is a host, and a pattern is no name."""
    if name.kind == "subject_dn":
        return certificate.subject == distinguished_name(name.text)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    if name.kind == "san_dns":
        return name.text in [text.lower() for text in names.get_values_for_type(x509.DNSName)]
    if name.kind == "san_uri":
        return name.text in names.get_values_for_type(x509.UniformResourceIdentifier)
    if name.kind == "san_email":
        return name.text in names.get_values_for_type(x509.RFC822Name)
    return ip_address(name.text) in names.get_values_for_type(x509.IPAddress)


def distinguished_name(text: str) -> x509.Name:
    """What an RFC 4514 string names. ValueError if it is none, or names nobody."""
    name = x509.Name.from_rfc4514_string(text, {"emailAddress": x509.NameOID.EMAIL_ADDRESS})
    if not name.rdns:
        raise ValueError("an empty name")
    return name


def _public_key(jwk: Mapping[str, Any]) -> bytes | None:
    """In the form in which it stands in certificates; None for one that is to prove nothing (RFC 7517 §4.2)."""
    if jwk.get("use", "sig") != "sig":
        return None
    try:
        key = _KINDS[jwk["kty"]].import_key(dict(jwk)).public_key
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
