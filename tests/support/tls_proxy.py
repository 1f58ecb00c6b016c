"""What ends TLS before the house: it asks clients for a certificate, and says in a header which one it was shown.

It takes whatever certificate is good TLS, of its authority, and passes no such header on that it was sent.
"""

import asyncio
import ssl
import tempfile
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.support.abroad import serving
from tests.support.certificates import Shown

HEADER = b"client-cert"


@asynccontextmanager
async def tls_proxy(own: Shown, authority: Shown, onto: int) -> AsyncGenerator[int]:
    """The port at which it listens, before the one `onto` which it leads. `own` is the certificate that it shows."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = [line for line in head[:-4].split(b"\r\n") if line.partition(b":")[0].lower() != HEADER]
        length = next((int(line.partition(b":")[2]) for line in lines if line.lower().startswith(b"content-length")), 0)
        if shown is not None:
            lines.append(HEADER + b": :" + b64encode(shown) + b":")
        lines.append(b"connection: close")
        answers, asked = await asyncio.open_connection("127.0.0.1", onto)
        asked.write(b"\r\n".join([*lines, b"", await reader.readexactly(length)]))
        writer.write(await answers.read())
        await writer.drain()
        asked.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=authority.pem)
    load(context, own)
    async with serving(script, tls=context) as server:
        yield server.port


def load(context: ssl.SSLContext, own: Shown) -> None:
    """Let whoever goes by this context show this certificate."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(own.with_key)
        file.flush()
        context.load_cert_chain(file.name)
