"""Which addresses may be called: public ones, and nothing that a network keeps for itself.

The list is explicit: `ipaddress.is_global` takes 192.0.0.192 for public, and 169.254.169.254 by way of NAT64 or 6to4.
"""

import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

LOOPBACK = "loopback"
_IPV4 = {
    IPv4Network(network): purpose
    for network, purpose in {
        "0.0.0.0/8": "this network",
        "10.0.0.0/8": "private use",
        "100.64.0.0/10": "shared by a carrier",
        "127.0.0.0/8": LOOPBACK,
        "168.63.129.16/32": "metadata of a cloud",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "private use",
        "192.0.0.0/24": "protocol assignments",
        "192.0.2.0/24": "documentation",
        "192.31.196.0/24": "AS112",
        "192.52.193.0/24": "multicast tunnels",
        "192.88.99.0/24": "6to4 relays",
        "192.168.0.0/16": "private use",
        "192.175.48.0/24": "AS112",
        "198.18.0.0/15": "benchmarking",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
    }.items()
}
"""IANA IPv4 Special-Purpose Address Registry, RFC 5771, and one cloud that answers at an address like any other."""
_IPV6 = {
    IPv6Network(network): purpose
    for network, purpose in {
        "::1/128": LOOPBACK,
        "fc00::/7": "unique local",
        "fe80::/10": "link-local",
        "fec0::/10": "site-local",
        "ff00::/8": "multicast",
        "2001::/23": "protocol assignments",
        "2001:db8::/32": "documentation",
        "2002::/16": "6to4",
        "2620:4f:8000::/48": "AS112",
        "3fff::/20": "documentation",
        "::/3": "not global unicast",
        "4000::/2": "not global unicast",
        "8000::/1": "not global unicast",
    }.items()
}
"""IANA IPv6 Special-Purpose Address Registry, and all that is not global unicast, 2000::/3 (RFC 4291 §2.4)."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""What answers is the IPv4 address in the last 32 bits, as a gateway sees it (RFC 6052 §2.1)."""

_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?")
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_DISCARD = 9


def host(text: str) -> Address | str | None:
    """What the host of a URL says: an address, a DNS name in small letters, or None for anything else.

    A host that ends in a number is an IPv4 address in four parts or nothing (WHATWG URL, "ends in a number"): nobody
    is asked what 127.1, 0x7f.1 or 2130706433 may mean.
    """
    text = text.lower()
    if "%" in text:
        return None  # a zone: IPv6Address would take it
    try:
        return IPv6Address(text[1:-1]) if text.startswith("[") else IPv4Address(text)
    except ValueError:
        is_name = len(text) <= 253 and _NAME.fullmatch(text) and not _ENDS_IN_A_NUMBER.fullmatch(text)
        return text if is_name else None


def special(address: Address) -> str | None:
    """What the address is kept for, or None if it is a public one."""
    if isinstance(address, IPv4Address):
        return next((purpose for network, purpose in _IPV4.items() if address in network), None)
    if address.ipv4_mapped:
        return special(address.ipv4_mapped)
    if address in _NAT64:
        behind = special(IPv4Address(int(address) & 0xFFFF_FFFF))
        return behind and f"{behind} behind NAT64"
    return next((purpose for network, purpose in _IPV6.items() if address in network), None)


def is_this_machine(address: Address) -> bool:
    """Whether the address is one of our own: the kernel would call it from itself. Nothing is sent to find out."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((str(address), _DISCARD))
            return bool(asking.getsockname()[0] == str(address))
    except OSError:
        return False
