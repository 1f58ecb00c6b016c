"""What callers of the admin API prove themselves with: the operator's own token, one that was made here, a certificate
that the settings name, or that they can open the server's own socket."""

import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from cryptography import x509

from server.admin.caller import Caller
from server.admin.status import CertificateExpired, CertificateUnknown, TokenExpired, TokenMissing, TokenWrong
from server.settings import CertifiedCaller
from tenants.admin_tokens import AdminTokens
from tenants.oauth.client_certificate import bears
from tenants.records import Origin

ROOT = "root"
"""What the trail calls whoever has the token in `admin.token`: an owner, always."""
SOCKET = "socket"
"""The same for whoever calls by the Unix socket, and shows no token."""

Metadata = Sequence[tuple[str, str | bytes]]


class Credentials:
    def __init__(
        self,
        root_digest: bytes,
        tokens: AdminTokens,
        now: Callable[[], int],
        *,
        certified: Sequence[CertifiedCaller] = (),
        by_socket: bool = False,
    ) -> None:
        """`root_digest` is the SHA-256 of the operator's own token. `by_socket`: all calls come by a Unix socket that
        nobody else may open.
        """
        self._root_digest = root_digest
        self._tokens = tokens
        self._now = now
        self._certified = certified
        self._by_socket = by_socket

    def identify(self, metadata: Metadata, request_id: str) -> Caller | None:
        """Who calls with this; None if their certificate has to say it. A token goes before a certificate: it names who
        is meant.

        Raises TokenMissing, TokenWrong or TokenExpired.
        """
        shown = [value for key, value in metadata if key == "authorization"]
        if not shown and self._by_socket:
            return Caller(Origin(SOCKET, request_id=request_id), "owner")
        if not shown and self._certified:
            return None
        scheme, _, text = shown[0].partition(" ") if len(shown) == 1 and isinstance(shown[0], str) else ("", "", "")
        if scheme.lower() != "bearer" or not text:
            raise TokenMissing("no admin token")
        digest = sha256(text.encode("utf-8")).digest()
        if hmac.compare_digest(digest, self._root_digest):
            return Caller(Origin(ROOT, request_id=request_id), "owner")
        token = self._tokens.find(digest)
        if token is None:
            raise TokenWrong("not an admin token")
        if token.expires_at <= self._now():
            raise TokenExpired(f"the token {token.id} has expired")
        self._tokens.note_use(token)
        return Caller(Origin(f"adminTokens/{token.id}", request_id=request_id), token.role, frozenset(token.issuers))

    def identify_certificate(self, pem: bytes, request_id: str) -> Caller:
        """Who calls with this certificate, of which TLS has proved all but whether it has expired since: the first of
        those in the settings whose name it bears. Raises CertificateUnknown or CertificateExpired.
        """
        certificate = _read(pem)
        if certificate.not_valid_after_utc < datetime.fromtimestamp(self._now(), UTC):
            raise CertificateExpired("the certificate has expired since the connection was made")
        for known in self._certified:
            if bears(certificate, known.certificate):
                actor = f"certificates/{known.certificate.text}"
                return Caller(Origin(actor, request_id=request_id), known.role, frozenset(known.issuers))
        raise CertificateUnknown(f"no entry of grpc_callers has a name of this certificate: {_names(certificate)}")


def _names(certificate: x509.Certificate) -> str:
    """All by which an entry could name it. For the log alone."""
    names = [f"subject_dn {certificate.subject.rfc4514_string()}"] if list(certificate.subject) else []
    try:
        further = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ", ".join(names) or "it has none"
    names += [f"san_dns {name}" for name in further.get_values_for_type(x509.DNSName)]
    names += [f"san_uri {name}" for name in further.get_values_for_type(x509.UniformResourceIdentifier)]
    return ", ".join(names) or "it has none"


@lru_cache(256)
def _read(pem: bytes) -> x509.Certificate:
    """Each certificate comes with every call of its connection."""
    return x509.load_pem_x509_certificate(pem)
