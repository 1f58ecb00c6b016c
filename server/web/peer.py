"""Who is at the other end of a connection, for the log: the peer, or whom a trusted proxy says that it speaks for."""

from ipaddress import IPv4Network, IPv6Network, ip_address

from server.web.request import Scope


def client_address(scope: Scope, trusted: tuple[IPv4Network | IPv6Network, ...]) -> str:
    """The address nearest to us that is no trusted proxy's. X-Forwarded-For from anybody else is not read."""
    address: str = scope["client"][0] if scope.get("client") else ""
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


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _within(text: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in networks)
