"""Signed tokens: what is not exactly one of ours is none."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc.jws import JWSRegistry

from tenants.oauth import jwt
from tenants.oauth.jwt import ALGORITHMS, MAX_LENGTH
from tenants.records import SigningAlgorithm, SigningKey
from tests.support.requirement import requirement

CLAIMS: dict[str, Any] = {"iss": "https://a.test", "sub": "u_1", "exp": 4_000_000_000, "name": "é😀"}


@dataclass(frozen=True)
class Pair:
    """A signing key with its private half."""

    private: jwt.PrivateKey
    kept: SigningKey

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": self.kept.algorithm, "typ": "at+jwt", "kid": self.kept.id}

    def token(self, header: Mapping[str, Any] | None = None, payload: bytes | None = None) -> str:
        """A token that this key really signed, whatever it says."""
        head = b64(json.dumps(self.header if header is None else header).encode())
        return self.signed(f"{head}.{b64(json.dumps(CLAIMS).encode() if payload is None else payload)}")

    def signed(self, text: str) -> str:
        algorithm = JWSRegistry(algorithms=list(ALGORITHMS)).get_alg(self.kept.algorithm)
        return f"{text}.{b64(algorithm.sign(text.encode(), self.private))}"


def pair(algorithm: SigningAlgorithm) -> Pair:
    private = jwt.new_key(algorithm)
    public = jwt.public_jwk(private, algorithm)
    kept = SigningKey(
        id=public["kid"], algorithm=algorithm, state="current", public_jwk=public, sealed_private=b"", created_at=1
    )
    return Pair(private, kept)


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


PAIRS = {algorithm: pair(algorithm) for algorithm in ALGORITHMS}
ES256 = PAIRS["ES256"]
OTHERS = pair("ES256")
KEYS = [each.kept for each in PAIRS.values()]


def verified(token: str) -> Mapping[str, Any] | None:
    return jwt.verify(token, KEYS, typ="at+jwt")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@requirement("rfc9068:signed-with-a-published-key")
def test_a_token_that_one_of_the_keys_signed_is_read(algorithm: SigningAlgorithm) -> None:
    pair = PAIRS[algorithm]
    token = jwt.sign(pair.private, kid=pair.kept.id, algorithm=algorithm, typ="at+jwt", claims=CLAIMS)
    assert verified(token) == CLAIMS
    assert verified(pair.token()) == CLAIMS
    assert json.loads(urlsafe_b64decode(token.partition(".")[0] + "==")) == pair.header


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_private_key_comes_back_as_it_was_kept(algorithm: SigningAlgorithm) -> None:
    pair = PAIRS[algorithm]
    kept: Any = pair.private.as_dict(private=True)
    again = jwt.load_key(kept)
    assert jwt.public_jwk(again, algorithm) == pair.kept.public_jwk
    assert verified(jwt.sign(again, kid=pair.kept.id, algorithm=algorithm, typ="at+jwt", claims=CLAIMS)) == CLAIMS


@pytest.mark.parametrize(
    ("algorithm", "members"),
    [
        ("ES256", {"kty", "crv", "x", "y", "kid", "alg", "use"}),
        ("EdDSA", {"kty", "crv", "x", "kid", "alg", "use"}),
        ("RS256", {"kty", "n", "e", "kid", "alg", "use"}),
    ],
)
@requirement("rfc7517:only-public-members")
def test_what_is_published_of_a_key_is_its_public_half(algorithm: SigningAlgorithm, members: set[str]) -> None:  # JK-01
    published = PAIRS[algorithm].kept.public_jwk
    assert published.keys() == members
    assert (published["alg"], published["use"]) == (algorithm, "sig")


def test_every_new_key_is_another_one() -> None:  # JK-02
    assert OTHERS.kept.id != ES256.kept.id
    assert OTHERS.kept.public_jwk["x"] != ES256.kept.public_jwk["x"]


HEAD = ES256.header
TOKEN = ES256.token()
HEADER_TEXT, PAYLOAD_TEXT, SIGNATURE_TEXT = TOKEN.split(".")


def hs256(secret: bytes, algorithm: str = "HS256") -> str:
    text = f"{b64(json.dumps(HEAD | {'alg': algorithm}).encode())}.{PAYLOAD_TEXT}"
    return f"{text}.{b64(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def public_bytes(encoding: serialization.Encoding) -> bytes:
    key: Any = ES256.private.public_key
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def unsigned(algorithm: object) -> str:
    return f"{b64(json.dumps(HEAD | {'alg': algorithm}).encode())}.{PAYLOAD_TEXT}."


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(unsigned("none"), id="JW-01 none"),
        pytest.param(unsigned("None"), id="JW-01 None"),
        pytest.param(unsigned("nOnE"), id="JW-01 nOnE"),
        pytest.param(unsigned("none") + SIGNATURE_TEXT, id="JW-01 none, with a signature"),
        pytest.param(unsigned("ES256"), id="JW-01 empty signature"),
        pytest.param(f"{HEADER_TEXT}.{PAYLOAD_TEXT}.AA", id="JW-01 short signature"),
        pytest.param(f"{HEADER_TEXT}.{PAYLOAD_TEXT}.{b64(bytes(64))}", id="JW-01 signature of zeros"),
        pytest.param(hs256(public_bytes(serialization.Encoding.PEM)), id="JW-02 PEM"),
        pytest.param(hs256(public_bytes(serialization.Encoding.DER)), id="JW-02 DER"),
        pytest.param(hs256(json.dumps(dict(ES256.kept.public_jwk)).encode()), id="JW-02 JWK"),
        pytest.param(hs256(b""), id="JW-02 empty key"),
        pytest.param(hs256(public_bytes(serialization.Encoding.PEM), "ES256"), id="JW-02 HMAC called ES256"),
        pytest.param(ES256.token(HEAD | {"alg": "RS256"}), id="JW-03 RS256"),
        pytest.param(ES256.token(HEAD | {"alg": "PS256"}), id="JW-03 PS256"),
        pytest.param(ES256.token(HEAD | {"alg": "ES384"}), id="JW-03 ES384"),
        pytest.param(ES256.token(HEAD | {"alg": "EdDSA"}), id="JW-03 EdDSA"),
        pytest.param(ES256.token(HEAD | {"alg": ["ES256"]}), id="JW-03 list"),
        pytest.param(ES256.token(HEAD | {"alg": None}), id="JW-03 null"),
        pytest.param(ES256.token(HEAD | {"kid": "../../dev/null"}), id="JW-04 path"),
        pytest.param(ES256.token(HEAD | {"kid": "' OR 1=1--"}), id="JW-04 SQL"),
        pytest.param(ES256.token(HEAD | {"kid": "x" * 10_240}), id="JW-04 10 KiB"),
        pytest.param(ES256.token(HEAD | {"kid": ES256.kept.id + "\0"}), id="JW-04 NUL"),
        pytest.param(ES256.token(HEAD | {"kid": PAIRS["RS256"].kept.id}), id="JW-04 another key's"),
        pytest.param(OTHERS.token(), id="JW-04 another tenant's"),
        pytest.param(OTHERS.token(HEAD), id="JW-04 another tenant's key under our kid"),
        pytest.param(ES256.token(HEAD | {"kid": OTHERS.kept.id}), id="JW-04 our key under another kid"),
        pytest.param(ES256.token({"alg": "ES256", "typ": "at+jwt"}), id="JW-04 absent"),
        pytest.param(ES256.token(HEAD | {"kid": 1}), id="JW-04 number"),
        pytest.param(ES256.token(HEAD | {"kid": [ES256.kept.id]}), id="JW-04 list"),
        pytest.param(ES256.token(HEAD | {"kid": None}), id="JW-04 null"),
        pytest.param(ES256.token(HEAD | {"jku": "https://evil.test/jwks"}), id="JW-05 jku"),
        pytest.param(ES256.token(HEAD | {"x5u": "https://evil.test/x5u"}), id="JW-05 x5u"),
        pytest.param(ES256.token(HEAD | {"x5c": ["eA=="]}), id="JW-05 x5c"),
        pytest.param(ES256.token(HEAD | {"jwk": dict(ES256.kept.public_jwk)}), id="JW-05 jwk"),
        pytest.param(OTHERS.token(HEAD | {"jwk": dict(OTHERS.kept.public_jwk)}), id="JW-05 foreign jwk"),
        pytest.param(ES256.token(HEAD | {"crit": ["x"]}), id="JW-06 crit"),
        pytest.param(ES256.token(HEAD | {"crit": []}), id="JW-06 empty crit"),
        pytest.param(ES256.token(HEAD | {"crit": "x"}), id="JW-06 crit as a string"),
        pytest.param(ES256.token(HEAD | {"crit": 1}), id="JW-06 crit as a number"),
        pytest.param(ES256.token(HEAD | {"b64": False}), id="JW-06 b64"),
        pytest.param(ES256.token(HEAD | {"b64": False, "crit": ["b64"]}), id="JW-06 b64 and crit"),
        pytest.param(ES256.token(HEAD | {"x": 1}), id="JW-06 anything else"),
        pytest.param(ES256.token(HEAD | {"typ": "JWT"}), id="JW-07 ID token"),
        pytest.param(ES256.token(HEAD | {"typ": "AT+JWT"}), id="JW-07 capitals"),
        pytest.param(ES256.token(HEAD | {"typ": "application/at+jwt"}), id="JW-07 long form"),
        pytest.param(ES256.token(HEAD | {"typ": "logout+jwt"}), id="JW-07 logout token"),
        pytest.param(ES256.token(HEAD | {"typ": None}), id="JW-07 null"),
        pytest.param(ES256.token({"alg": "ES256", "kid": ES256.kept.id}), id="JW-07 absent"),
        pytest.param(f"{TOKEN}.eA.eA", id="JW-11 five parts"),
        pytest.param(f"{TOKEN}.eA", id="JW-11 four parts"),
        pytest.param(f"{HEADER_TEXT}.{PAYLOAD_TEXT}", id="JW-11 two parts"),
        pytest.param(HEADER_TEXT, id="JW-11 one part"),
        pytest.param("", id="JW-11 empty"),
        pytest.param("..", id="JW-11 three empty parts"),
        pytest.param("x." * 2**19, id="JW-11 1 MiB"),
        pytest.param(f"{HEADER_TEXT}..{SIGNATURE_TEXT}", id="JW-11 empty payload"),
        pytest.param(ES256.token(HEAD | {"zip": "DEF"}), id="JW-11 zip"),
        pytest.param(ES256.token(payload=json.dumps({"x": "y" * MAX_LENGTH}).encode()), id="JW-11 too long"),
        pytest.param(TOKEN + "=", id="JW-12 ="),
        pytest.param(TOKEN + "==", id="JW-12 =="),
        pytest.param(TOKEN + " ", id="JW-12 space behind"),
        pytest.param(" " + TOKEN, id="JW-12 space before"),
        pytest.param(TOKEN + "\n", id="JW-12 newline"),
        pytest.param(TOKEN.replace(".", ".\n", 1), id="JW-12 newline inside"),
        pytest.param(TOKEN + "é", id="JW-12 not ASCII"),
        pytest.param(f"{HEADER_TEXT}=.{PAYLOAD_TEXT}.{SIGNATURE_TEXT}", id="JW-12 padded header"),
        pytest.param(ES256.signed(f"A.{PAYLOAD_TEXT}"), id="no base64"),
        pytest.param(ES256.signed(f"{b64(b'x')}.{PAYLOAD_TEXT}"), id="header is no JSON"),
        pytest.param(ES256.signed(f"{b64(b'[]')}.{PAYLOAD_TEXT}"), id="header is a list"),
        pytest.param(ES256.signed(f"{b64(b'null')}.{PAYLOAD_TEXT}"), id="header is null"),
        pytest.param(ES256.signed(f"{b64(b'[' * 3_000)}.{PAYLOAD_TEXT}"), id="header is deep"),
        pytest.param(
            ES256.signed(b64(json.dumps(HEAD).encode()[:-1] + b', "alg": "ES256"}') + "." + PAYLOAD_TEXT),
            id="JW-13 alg twice",
        ),
        pytest.param(ES256.token(payload=b'{"sub":"a","sub":"b"}'), id="JW-13 claim twice"),
        pytest.param(ES256.token(payload=b'{"exp":NaN}'), id="JW-08 NaN"),
        pytest.param(ES256.token(payload=b'{"exp":1e400}'), id="JW-08 1e400"),
        pytest.param(ES256.token(payload=b'["sub"]'), id="payload is a list"),
        pytest.param(ES256.token(payload=b'"sub"'), id="payload is a string"),
        pytest.param(ES256.token(payload=b"sub"), id="payload is no JSON"),
        pytest.param(ES256.token(payload=b'{"sub":"\xff"}'), id="payload is no UTF-8"),
        pytest.param(ES256.token(payload=TOKEN.encode()), id="JW-15 nested"),
    ],
)
@requirement("rfc8725:every-header-member-is-pinned")
def test_a_token_that_we_would_never_write_is_none(token: str) -> None:
    assert verified(TOKEN) == CLAIMS
    assert verified(token) is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_has_one_spelling(algorithm: SigningAlgorithm) -> None:  # JW-12
    token = PAIRS[algorithm].token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert verified(token) is not None
    assert [last for last in alphabet if last != token[-1] and verified(token[:-1] + last) is not None] == []


def test_a_key_that_is_gone_verifies_nothing() -> None:  # JW-14
    assert jwt.verify(TOKEN, [key for key in KEYS if key.id != ES256.kept.id], typ="at+jwt") is None
    assert jwt.verify(TOKEN, [], typ="at+jwt") is None


def test_a_retired_key_still_verifies() -> None:  # JK-03
    kept = ES256.kept
    retired = SigningKey(
        id=kept.id,
        algorithm=kept.algorithm,
        state="retired",
        public_jwk=kept.public_jwk,
        sealed_private=b"",
        created_at=1,
        retired_at=2,
    )
    assert jwt.verify(TOKEN, [OTHERS.kept, retired], typ="at+jwt") == CLAIMS


@requirement("rfc8725:one-kind-of-token-is-no-other")
def test_a_token_is_read_as_the_kind_that_it_is() -> None:  # JW-07
    id_token = jwt.sign(ES256.private, kid=ES256.kept.id, algorithm="ES256", typ="JWT", claims=CLAIMS)
    assert jwt.verify(id_token, KEYS, typ="JWT") == CLAIMS
    assert jwt.verify(id_token, KEYS, typ="at+jwt") is None
    assert jwt.verify(TOKEN, KEYS, typ="JWT") is None
