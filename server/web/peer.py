"""Who is at the other end of a connection: the peer, or whom a trusted proxy says that it speaks for, with the
certificate that they have shown to it."""

import socket
from ipaddress import IPv4Network, IPv6Network, ip_address

from server.web.request import Scope

_IPV4_IN_IPV6 = bytes(10) + b"\xff\xff"


def client_address(scope: Scope, trusted: tuple[IPv4Network | IPv6Network, ...]) -> str:
    """The address nearest to us that is no trusted proxy's. X-Forwarded-For from anybody else is not read."""
    address = _peer(scope)
    if not trusted or not _within(address, trusted):
        return address
    said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for hop in reversed([hop.strip() for line in said for hop in line.split(",")]):
        if not _is_address(hop):
            return address
        address = hop
        if not _within(hop, trusted):
            return address
    return address


def certificate_fields(
    scope: Scope, name: bytes | None, trusted: tuple[IPv4Network | IPv6Network, ...]
) -> tuple[str, ...]:
    """Which certificate was shown to the peer, as it says in the header of this name, if it is a trusted proxy itself.

    What a proxy further away has said came through somebody whom we do not know.
    """
    if name is None or not _within(_peer(scope), trusted):
        return ()
    return tuple(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def counted(address: str) -> str:
    """Whom an address stands for where something is counted: whoever has one of IPv6 has all of its /64."""
    if ":" not in address:
        return address
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except OSError:
        return address
    if packed.startswith(_IPV4_IN_IPV6):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return packed[:8].hex()


def _peer(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _within(text: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in networks)
