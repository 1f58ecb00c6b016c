"""Handles: the strings that codes and tokens are."""

import hmac
from base64 import urlsafe_b64encode
from typing import get_args

import pytest

from tenants.oauth.handle import SECRET_BYTES, TAGS, Kind, digest, mint, read
from tests.support.requirement import requirement

KINDS: tuple[Kind, ...] = get_args(Kind)
SECRET = bytes(range(SECRET_BYTES))


def mac(data: bytes) -> bytes:
    return hmac.digest(b"this tenant", data, "sha256")


def foreign_mac(data: bytes) -> bytes:
    return hmac.digest(b"another tenant", data, "sha256")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("grant_id", "generation"), [(1, 0), (2**63 - 1, 1), (0x0102030405060708, 2**32 - 1)])
def test_a_handle_is_read_by_the_tenant_that_made_it(kind: Kind, grant_id: int, generation: int) -> None:
    made = mint(kind, grant_id, generation, SECRET, mac)
    assert len(made.text) == 52
    assert made.text.startswith(TAGS[kind])
    assert read(kind, made.text, mac) == made
    assert (made.grant_id, made.generation) == (grant_id, generation)


@pytest.mark.parametrize("kind", KINDS)
@requirement("house:tokens-of-one-tenant-mean-nothing-to-another")
def test_a_handle_of_another_tenant_is_not_read(kind: Kind) -> None:  # TK-05, RT-08
    assert read(kind, mint(kind, 1, 0, SECRET, foreign_mac).text, mac) is None


@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize("asked", KINDS)
@requirement("house:a-token-of-one-kind-is-no-other")
def test_a_handle_is_of_one_kind_only(made: Kind, asked: Kind) -> None:  # TK-06, RT-15
    text = mint(made, 1, 0, SECRET, mac).text
    retagged = TAGS[asked] + text[4:]
    assert (read(asked, text, mac) is not None) is (made == asked)
    assert (read(asked, retagged, mac) is not None) is (made == asked)


MADE = mint("refresh", 7, 3, b"\xff\xef\xbe" * 5 + b"\xff", mac).text
FORGED = TAGS["refresh"] + urlsafe_b64encode(bytes(36)).decode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="TK-30 empty"),
        pytest.param(MADE[:-1], id="TK-30 cut off"),
        pytest.param(MADE[:-4], id="TK-30 cut off by a whole group"),
        pytest.param(MADE + "A", id="TK-30 longer"),
        pytest.param(MADE + "AAAA", id="TK-30 longer by a whole group"),
        pytest.param(MADE + "=", id="RT-17 padding"),
        pytest.param(MADE + "==", id="RT-17 more padding"),
        pytest.param(MADE + "\n", id="newline"),
        pytest.param(" " + MADE, id="space"),
        pytest.param(MADE[:-1] + "=", id="padding inside"),
        pytest.param(MADE.upper(), id="TK-30 capitals"),
        pytest.param(MADE.lower(), id="TK-30 small letters"),
        pytest.param(MADE.replace("_", "%5F"), id="TK-30 encoded twice"),
        pytest.param(MADE[:4] + MADE[4:].replace("_", "/"), id="other alphabet /"),
        pytest.param(MADE[:4] + MADE[4:].replace("-", "+"), id="other alphabet +"),
        pytest.param("xnr_" + MADE[4:], id="TK-04 another tag"),
        pytest.param(MADE[:51] + "\0", id="RT-17 NUL"),
        pytest.param(MADE[:51] + "é", id="not ASCII"),
        pytest.param(MADE[:51] + "\ud800", id="half a surrogate pair"),
        pytest.param("x" * 2**20, id="RT-17 1 MiB"),
        pytest.param(FORGED, id="TK-04 forged"),
        pytest.param("1:2:junk", id="TK-04"),
    ],
)
@requirement("house:a-guessed-token-costs-no-look-up")
def test_what_this_tenant_never_made_is_no_handle(text: str) -> None:
    assert "_" in MADE[4:]
    assert "-" in MADE[4:]
    assert read("refresh", MADE, mac) is not None
    assert read("refresh", text, mac) is None


def test_the_other_generation_or_grant_is_another_handle() -> None:
    texts = {mint("code", grant, generation, SECRET, mac).text for grant in (1, 2) for generation in (0, 1)}
    assert len(texts) == 4


@requirement("seed:only-digests-are-kept")
def test_only_the_string_itself_matches_its_digest() -> None:
    made, other = mint("code", 1, 0, SECRET, mac), mint("code", 1, 0, bytes(SECRET_BYTES), mac)
    assert made.digest == digest(made.text)
    assert made.matches(made.digest)
    assert not made.matches(other.digest)
    assert not made.matches(made.digest[:-1])
    assert not made.matches(b"")
    assert not made.matches(None)
    assert made.text.encode() not in made.digest


def test_a_digest_is_the_sha_256() -> None:
    assert digest("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(digest("é")) == 32


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("code", "tnc_AAAAAAAAAAcAAAADAAECAwQFBgcICQoLDA0OD-GKj70aHoqe"),
        ("refresh", "tnr_AAAAAAAAAAcAAAADAAECAwQFBgcICQoLDA0OD4PsuBHF2tzt"),
        ("access", "tna_AAAAAAAAAAcAAAADAAECAwQFBgcICQoLDA0OD0HXQlHSMNHZ"),
        ("jti", "tnj_AAAAAAAAAAcAAAADAAECAwQFBgcICQoLDA0ODyQM5mHyIUdf"),
    ],
)
@requirement("house:what-was-kept-stays-readable")
def test_a_handle_that_an_earlier_version_made_is_still_read(kind: Kind, text: str) -> None:
    assert read(kind, text, mac) == mint(kind, 7, 3, SECRET, mac)
    assert mint(kind, 7, 3, SECRET, mac).text == text
