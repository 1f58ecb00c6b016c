"""TLS of the admin port: its certificate, its key and whose certificates it asks for, read again when they change."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from server.system import Unusable

_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. With a `client_ca`, everybody who connects must have a certificate that it made."""

    certificate: Path
    key: Path
    client_ca: Path | None

    def stamp(self) -> _Stamp:
        """Changes whenever one of them does."""
        found = [path.stat() for path in (self.certificate, self.key, self.client_ca) if path is not None]
        return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)

    def read(self) -> "grpc.ServerCertificateConfiguration":
        """What they say. Raises Unusable, with one line, if that cannot be served."""
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
            pair = self.key.read_bytes(), self.certificate.read_bytes()
            authorities = None if self.client_ca is None else self.client_ca.read_bytes()
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            names = ", ".join(str(path) for path in (self.certificate, self.key, self.client_ca) if path is not None)
            raise Unusable(f"the TLS files of the admin API cannot be used ({names}): {_why(error)}") from None
        return grpc.ssl_server_certificate_configuration([pair], authorities)


def server_credentials(files: TlsFiles, failed: Callable[[str], object]) -> grpc.ServerCredentials:
    """For as long as the port is open. Files that have changed for the worse change nothing, and `failed` is told why.

    Raises Unusable if they cannot be used now.
    """
    first = files.read()
    seen: _Stamp = ()

    def fresh() -> Any:  # the types of gRPC do not know that it may be None
        """Asked for before each new connection; None where nothing is new."""
        nonlocal seen
        try:
            stamp = files.stamp()
            if stamp == seen:
                return None
            seen = stamp
            return files.read()
        except (OSError, Unusable) as error:
            failed(str(error))
            return None

    return grpc.dynamic_ssl_server_credentials(first, fresh, require_client_authentication=files.client_ca is not None)


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _no_password() -> str:
    raise ValueError("the key must not be encrypted: nobody is there to type its password")
