"""The world outside, on this machine: servers that do as they are told, and a border that nobody passes unseen."""

import asyncio
import datetime
import socket
import ssl
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Connection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Place = tuple[str, int]

GREETING = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello"


class Server:
    """Does with each connection what its script says, and counts them: those that came, and those open at once."""

    def __init__(self, script: Connection) -> None:
        self._script = script
        self.port = 0
        self.connections = 0
        self.open = 0
        self.most = 0
        self.requests: list[bytes] = []
        self.change = asyncio.Condition()

    async def reached(self, condition: Callable[["Server"], bool]) -> None:
        async with asyncio.timeout(10), self.change:
            await self.change.wait_for(lambda: condition(self))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await self._changed()
            await self._script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            self.open -= 1
            writer.close()
            await self._changed()

    async def heard(self, request: bytes) -> None:
        self.requests.append(request)
        await self._changed()

    async def _changed(self) -> None:
        async with self.change:
            self.change.notify_all()


@asynccontextmanager
async def serving(
    script: Connection, *, everywhere: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[Server]:
    """A server at 127.0.0.1, or at every address of this machine, IPv4 and IPv6."""
    server = Server(script)
    here = (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        if everywhere
        else socket.create_server(("127.0.0.1", 0))
    )
    server.port = here.getsockname()[1]
    listening = await asyncio.start_server(server.serve, sock=here, ssl=tls)
    try:
        yield server
    finally:
        listening.close()


@asynccontextmanager
async def answering(
    answer: bytes | Mapping[str, bytes] = GREETING, *, everywhere: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[Server]:
    """A server that reads each request whole, and answers always the same, or by its path."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        await server.heard(head + await reader.readexactly(length))
        path = head.split(b" ")[1].partition(b"?")[0].decode()
        writer.write(answer if isinstance(answer, bytes) else answer[path])
        await writer.drain()

    async with serving(script, everywhere=everywhere, tls=tls) as server:
        yield server


async def hears_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """A black hole: takes all, answers nothing, until the other side has had enough."""
    while await reader.read(65_536):
        pass


class Border:
    """Where TCP leaves the process: all that is dialled is noted; what leads abroad ends here, or nowhere."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dialled: list[Place] = []
        self._here: dict[Place, Place] = {}
        really = socket.socket.connect

        def connect(leaving: socket.socket, to: Place) -> None:
            if leaving.type == socket.SOCK_STREAM:
                place = (to[0], to[1])
                self.dialled.append(place)
                if place in self._here:
                    to = self._here[place]
                elif not ip_address(place[0]).is_loopback:
                    raise OSError(101, "Network is unreachable")
            really(leaving, to)

        monkeypatch.setattr(socket.socket, "connect", connect)

    def leads(self, address: str, port: int, here: int) -> None:
        """From now on the address abroad and its port are a port of this machine."""
        self._here[address, port] = ("::1" if ":" in address else "127.0.0.1", here)


def certified(*names: str, days: int = 1) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a client that trusts a new authority goes by, and a server with a certificate of it for these names.

    The certificate ends `days` from now.
    """
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
    now = datetime.datetime.now(datetime.UTC)

    def draft(subject: x509.Name, public: ec.EllipticCurvePublicKey, ends: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(called)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=ends))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        )

    root = (
        draft(called, authority.public_key(), 30)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
                key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(authority, hashes.SHA256())
    )  # fmt: skip
    leaf = (
        draft(x509.Name([]), key.public_key(), days)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=True)
        .sign(authority, hashes.SHA256())
    )
    trusting = ssl.create_default_context(cadata=root.public_bytes(serialization.Encoding.PEM).decode())
    serving_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(serving_side, leaf, key)
    return trusting, serving_side


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _load(context: ssl.SSLContext, leaf: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + leaf.public_bytes(serialization.Encoding.PEM)
        )
        file.flush()
        context.load_cert_chain(file.name)
