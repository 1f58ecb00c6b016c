"""Which addresses may be called, and which hosts of URLs are addresses at all."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from server.outbound import addresses
from server.outbound.addresses import LOOPBACK

SPECIAL = {
    "loopback": ("127.0.0.1", "127.0.0.2", "127.255.255.255", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"),
    "loopback by NAT64": ("64:ff9b::7f00:1",),
    "this network": ("0.0.0.0", "0.255.255.255", "::ffff:0.0.0.0"),
    "private": ("10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1", "192.168.255.255"),
    "shared by a carrier": ("100.64.0.0", "100.127.255.255", "100.100.100.200"),
    "link-local": ("169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::1", "fe80::1%1", "febf::1"),
    "metadata": ("192.0.0.192", "168.63.129.16", "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    "metadata by NAT64": ("64:ff9b::a83f:8110", "64:ff9b::192.0.0.192"),
    "protocol assignments": ("192.0.0.0", "192.0.0.9", "192.0.0.255", "2001::1", "2001:1ff:ffff::1"),
    "documentation": ("192.0.2.0", "198.51.100.255", "203.0.113.7", "2001:db8::1", "3fff::1", "3fff:fff:ffff::1"),
    "benchmarking": ("198.18.0.0", "198.19.255.255", "2001:2::1"),
    "relays": ("192.88.99.1", "192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1"),
    "multicast": ("224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"),
    "reserved": ("240.0.0.1", "255.255.255.255", "5f00::1", "4000::1", "9fff::1", "c000::1", "0:1::1"),
    "site-local": ("fec0::1", "feff::1"),
    "unique local": ("fc00::1", "fd00::1", "fdff:ffff::1"),
    "unspecified": ("::",),
    "IPv4 inside": ("::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b:1::1"),
    "6to4": ("2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1"),
    "Teredo": ("2001:0:a9fe:a9fe::", "2001:0:808:808::1"),
    "discard": ("100::1", "100:0:0:1::1"),
}


@pytest.mark.parametrize(
    "text", [pytest.param(text, id=f"{purpose}-{text}") for purpose, texts in SPECIAL.items() for text in texts]
)
def test_what_a_network_keeps_for_itself_is_not_public(text: str) -> None:
    assert addresses.special(ip_address(text))


PUBLIC = (
    *("1.0.0.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1"),
    *("168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.1", "172.15.255.255", "172.32.0.1"),
    *("191.255.255.255", "192.0.1.1", "192.0.3.1", "192.167.255.255", "192.169.0.1", "198.17.255.255", "198.20.0.1"),
    *("223.255.255.255", "2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db9::1", "2003::1", "2a00::1"),
    *("3ffe:ffff::1", "3fff:1000::1", "64:ff9b::808:808", "::ffff:8.8.8.8"),
)


@pytest.mark.parametrize("text", PUBLIC)
def test_the_neighbours_of_such_networks_are_public(text: str) -> None:
    assert addresses.special(ip_address(text)) is None


@pytest.mark.parametrize("text", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_told_apart(text: str) -> None:
    assert addresses.special(ip_address(text)) == LOOPBACK


@pytest.mark.parametrize("text", ["0.0.0.0", "::", "64:ff9b::7f00:1", "::127.0.0.1", "10.0.0.1"])
def test_nothing_else_is_loopback(text: str) -> None:
    assert addresses.special(ip_address(text)) != LOOPBACK


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("8.8.8.8", IPv4Address("8.8.8.8")),
        ("[2a00::1]", IPv6Address("2a00::1")),
        ("[::FFFF:7f00:1]", IPv6Address("::ffff:7f00:1")),
        ("idp.test", "idp.test"),
        ("IdP.Test", "idp.test"),
        ("localhost", "localhost"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("_saml.idp-1.test", "_saml.idp-1.test"),
        ("1.2.3.4.nip.test", "1.2.3.4.nip.test"),
        ("4chan.test", "4chan.test"),
        ("a" * 63 + ".test", "a" * 63 + ".test"),
    ],
)
def test_a_host_is_an_address_or_a_name(text: str, is_: object) -> None:
    assert addresses.host(text) == is_


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "0", "127.1", "2130706433", "0x7f.1", "0X7F.0.0.1", "0x7f000001", "0177.0.0.1", "017700000001"),
        *("169.254.43518", "127.0.0.1.", "127.0.0.01", "1.2.3.4.5", "256.1.1.1", "idp.0x", "idp.1", "localhost."),
        *("idp..test", ".idp.test", "-idp.test", "idp-.test", "idp.test-", "%31.test", "idp%2etest", "a,b", "a$b"),
        *("a" * 64 + ".test", "a." * 126 + "ab", "[fe80::1%25lo]", "[fe80::1%lo]", "[127.0.0.1]", "[]", "[v1.x]"),
    ],
)
def test_odd_spellings_are_neither(text: str) -> None:
    assert addresses.host(text) is None


@pytest.mark.parametrize(("text", "ours"), [("127.0.0.1", True), ("::1", True), ("8.8.8.8", False), ("2a00::1", False)])
def test_our_own_addresses_are_known(text: str, ours: bool) -> None:
    assert addresses.is_this_machine(ip_address(text)) is ours
