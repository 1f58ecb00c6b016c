"""The certificates of an admin port and of its callers, made for a test that lives in the real time of TLS."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from server.admin.tls import TlsFiles
from tests.support.certificates import CLIENT_AUTH, DAY, SERVER_AUTH, Shown, made
from tests.support.house import EPOCH


def authority(name: str) -> Shown:
    return made(f"CN={name}", ca=True, begins=_yesterday())


@dataclass(frozen=True)
class Authority:
    """Who makes all certificates of one operator."""

    directory: Path
    root: Shown = field(default_factory=lambda: authority("the operator"))

    def serve(self, name: str = "a server") -> TlsFiles:
        """The files of the port, with a certificate that is new each time."""
        files = TlsFiles(self.directory / "server.pem", self.directory / "server.key", self.directory / "ca.pem")
        own = made(f"CN={name}", ["ip:127.0.0.1"], by=self.root, uses=[SERVER_AUTH], begins=_yesterday())
        files.key.write_bytes(key_of(own))
        files.certificate.write_text(own.pem, "ascii")
        (self.directory / "ca.pem").write_text(self.root.pem, "ascii")
        return files

    def client(
        self, subject: str, alternative: Sequence[str] = (), *, by: Shown | None = None, ends: int = EPOCH + 30 * DAY
    ) -> Shown:
        return made(
            subject,
            alternative,
            by=by or self.root,
            uses=[CLIENT_AUTH],
            begins=min(_yesterday(), ends - DAY),
            ends=ends,
        )

    def shown(self, client: Shown | None) -> grpc.ChannelCredentials:
        """What a caller with this certificate, or without one, connects with."""
        if client is None:
            return grpc.ssl_channel_credentials(self.root.pem.encode("ascii"))
        return grpc.ssl_channel_credentials(self.root.pem.encode("ascii"), key_of(client), client.pem.encode("ascii"))


def key_of(shown: Shown) -> bytes:
    return shown.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _yesterday() -> int:
    return int(time.time()) - DAY
