"""A DNS server on loopback, in a thread of its own: it knows TXT records, and can be silent or broken."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from dns import flags, message, rcode, rrset


@dataclass
class DnsServer:
    address: tuple[str, int]
    says: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """TXT records by their names. A name with none is there, but has no such record."""
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    """CNAME records."""
    mood: Literal["well", "silent", "broken"] = "well"
    asked: list[str] = field(default_factory=list[str])
    """The names that were asked for, in order."""
    heard: threading.Event = field(default_factory=threading.Event)
    """Set with every question."""
    may_answer: threading.Event = field(default_factory=threading.Event)
    """Until it is set, answers wait."""

    @property
    def name(self) -> str:
        """As the setting `dns_resolver` has it."""
        return f"{self.address[0]}:{self.address[1]}"

    def answer(self, wire: bytes) -> bytes | None:
        query = message.from_wire(wire)
        name = query.question[0].name.to_text().removesuffix(".")
        self.asked.append(name)
        self.heard.set()
        self.may_answer.wait(4)
        if self.mood == "silent":
            return None
        reply: Any = message.make_response(query)
        reply.flags |= flags.RA
        if self.mood == "broken":
            reply.set_rcode(rcode.SERVFAIL)
            return reply.to_wire()
        while name in self.aliases:
            reply.answer.append(rrset.from_text(f"{name}.", 1, "IN", "CNAME", f"{self.aliases[name]}."))
            name = self.aliases[name]
        if name not in self.says:
            reply.set_rcode(rcode.NXDOMAIN)
        elif self.says[name]:
            reply.answer.append(rrset.from_text(f"{name}.", 1, "IN", "TXT", *map(_quoted, self.says[name])))
        return reply.to_wire()


def _quoted(text: str) -> str:
    """In pieces of 255 characters, of which a long record has several."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text) or 1, 255))


@contextmanager
def dns_server() -> Generator[DnsServer]:
    """Until the block ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        server = DnsServer(listening.getsockname())
        server.may_answer.set()

        def serve() -> None:
            while True:
                wire, peer = listening.recvfrom(4096)
                if not wire:
                    return
                if (answer := server.answer(wire)) is not None:
                    listening.sendto(answer, peer)

        thread = threading.Thread(target=serve, name="dns")
        thread.start()
        try:
            yield server
        finally:
            with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", server.address)
            thread.join(5)
