"""Proofs of possession: what is signed for another request, by another key or in another shape proves nothing."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tenants.oauth import dpop
from tenants.oauth.dpop import LEEWAY, NONCE_SECONDS, Proof
from tenants.oauth.handle import digest
from tests.support.holder import Holder
from tests.support.refused import refused
from tests.support.requirement import requirement
from tests.support.signer import b64

NOW = 1_800_000_000
TOKEN = "https://a.test/token"
HOLDERS = {algorithm: Holder(algorithm) for algorithm in dpop.ALGORITHMS}
HOLDER = HOLDERS["ES256"]
SHORT = rsa.generate_private_key(65_537, 1_024)

RFC_JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
RFC_ACCESS_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
_RFC_HEADER = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
RFC_AT_TOKEN = (
    f"{_RFC_HEADER}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rv"
    "a2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
RFC_AT_RESOURCE = (
    f"{_RFC_HEADER}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9w"
    "cm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9"
    ".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)


class Odd(Holder):
    """Signs as its algorithm does, with a key that is none for it."""

    def __init__(self, algorithm: str, key: Any) -> None:
        super().__init__(algorithm)
        self.key = key
        self.jwk = key.as_dict(private=False)

    def signed(self, header: bytes, payload: bytes) -> str:
        text = f"{b64(header)}.{b64(payload)}"
        algorithm = JWSRegistry(algorithms=[self.algorithm]).get_alg(self.algorithm)
        return f"{text}.{b64(algorithm.sign(text.encode(), self.key))}"


def read(proof: str, method: str = "POST", target: str = TOKEN) -> Proof:
    found = dpop.read([proof], method=method, target=target)
    assert found is not None
    return found


def is_none(proof: str, method: str = "POST", target: str = TOKEN) -> None:
    with refused("invalid_dpop_proof"):
        dpop.read([proof], method=method, target=target)


def mac(data: bytes) -> bytes:
    return digest("a tenant's key" + data.hex())


@requirement("rfc9449:a-proof-is-for-one-request-and-key")
def test_the_proofs_of_the_rfc_are_read_as_the_rfc_says() -> None:
    at_token = read(RFC_AT_TOKEN, "POST", "https://server.example.com/token")
    assert at_token == Proof(jkt=RFC_JKT, jti="-BwC3ESc6acc2lTc", made_at=1_562_262_616, nonce=None, token_hash=None)
    at_resource = read(RFC_AT_RESOURCE, "GET", "https://resource.example.org/protectedresource")
    assert (at_resource.jkt, at_resource.jti) == (RFC_JKT, "e1j3V_bKic8-LAEB")
    assert at_resource.token_hash == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    assert dpop.goes_with(at_resource, RFC_ACCESS_TOKEN)
    assert not dpop.goes_with(at_resource, RFC_ACCESS_TOKEN + "x")
    assert not dpop.goes_with(at_token, RFC_ACCESS_TOKEN)
    is_none(RFC_AT_RESOURCE, "POST", "https://resource.example.org/protectedresource")
    is_none(RFC_AT_TOKEN, "POST", "https://resource.example.org/token")


@pytest.mark.parametrize("algorithm", dpop.ALGORITHMS)
def test_each_advertised_algorithm_proves_possession(algorithm: str) -> None:
    holder = HOLDERS[algorithm]
    proof = read(holder.proof("POST", TOKEN, NOW, nonce="n", token="t", header={"kid": "mine", "x": 1}, y=2))
    assert (proof.jkt, proof.made_at, proof.nonce) == (holder.jkt, NOW, "n")
    assert dpop.goes_with(proof, "t")


def test_where_no_header_is_there_is_no_proof() -> None:
    assert dpop.read([], method="POST", target=TOKEN) is None
    with refused("invalid_dpop_proof"):
        dpop.read([HOLDER.proof("POST", TOKEN, NOW)] * 2, method="POST", target=TOKEN)


@requirement("rfc9449:a-proof-is-for-one-request-and-key")
@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"typ": None}, id="DP-01 no typ"),
        *(pytest.param({"typ": typ}, id=f"DP-01 typ {typ}") for typ in ("JWT", "at+jwt", "dpop", "", 1, ["dpop+jwt"])),
        *(
            pytest.param({"alg": alg}, id=f"DP-01 alg {alg}")
            for alg in (None, "none", "HS256", "ES384", "RS256", "", 1)
        ),
        pytest.param({"jwk": None}, id="DP-01 no jwk"),
        pytest.param({"jwk": "x"}, id="DP-01 jwk a text"),
        pytest.param({"jwk": [HOLDER.jwk]}, id="DP-01 jwk a list"),
        pytest.param({"jwk": {}}, id="DP-01 jwk empty"),
        pytest.param({"jwk": HOLDER.key.as_dict(private=True)}, id="DP-01 private jwk"),
        pytest.param({"jwk": {**HOLDER.jwk, "d": ""}}, id="DP-01 jwk with a private member that is empty"),
        pytest.param({"jwk": Holder().jwk}, id="DP-01 another key"),
        pytest.param({"jwk": {**HOLDER.jwk, "y": None}}, id="DP-01 half a key"),
        pytest.param({"jwk": {**HOLDER.jwk, "crv": "P-384"}}, id="DP-01 another curve"),
        pytest.param({"jwk": {**HOLDER.jwk, "kty": "RSA"}}, id="DP-01 another kind"),
        pytest.param({"jwk": OctKey.generate_key(256).as_dict(private=True)}, id="DP-01 symmetric key"),
        pytest.param({"crit": ["x"], "x": 1}, id="DP-01 crit"),
        pytest.param({"crit": []}, id="DP-01 crit empty"),
        pytest.param({"kid": 1}, id="DP-01 kid a number"),
    ],
)
def test_a_header_that_proves_nothing_is_refused(header: dict[str, Any]) -> None:
    is_none(HOLDER.proof("POST", TOKEN, NOW, header=header))


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        pytest.param("EdDSA", OKPKey.generate_key("Ed448"), id="Ed448"),
        pytest.param("ES256", ECKey.generate_key("P-384"), id="P-384"),
        pytest.param("ES256", ECKey.generate_key("secp256k1"), id="secp256k1"),
        pytest.param("RS256", RSAKey(SHORT, SHORT), id="a short RSA key"),
    ],
)
def test_a_key_that_is_none_for_the_algorithm_proves_nothing(algorithm: str, key: Any) -> None:
    is_none(Odd(algorithm, key).proof("POST", TOKEN, NOW))


def test_a_proof_that_its_key_did_not_sign_is_none() -> None:
    good = HOLDER.proof("POST", TOKEN, NOW)
    header, claims, signature = good.split(".")
    others = HOLDER.proof("POST", TOKEN, NOW).split(".")
    for bent in (
        f"{header}.{others[1]}.{signature}",
        f"{header}.{claims}.",
        f"{header}.{claims}",
        f"{header}.{claims}.{b64(bytes(64))}",
        f"{good}.",
        f"{good}=",
        f"{good}, {good}",
        f" {good}",
        f"{good}é",
        "",
        "..",
        b64(b"{}"),
    ):
        is_none(bent)
    is_none(HOLDER.proof("POST", TOKEN, NOW, padding="x" * dpop.MAX_LENGTH))


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        pytest.param(b'{"typ":"JWT","typ":"dpop+jwt","alg":"ES256","jwk":$JWK}', b"$CLAIMS", id="typ twice"),
        pytest.param(b'{"typ":"dpop+jwt","alg":"ES256","jwk":{},"jwk":$JWK}', b"$CLAIMS", id="jwk twice"),
        pytest.param(b'{"typ":"dpop+jwt","alg":"ES256","jwk":$JWK}', b'{"jti":"other",$CLAIMS', id="jti twice"),
        pytest.param(b'{"typ":"dpop+jwt","alg":"ES256","jwk":$JWK}', b"[]", id="a list"),
        pytest.param(b'{"typ":"dpop+jwt","alg":"ES256","jwk":$JWK}', b"\xff", id="no JSON"),
    ],
)
def test_a_proof_with_two_readings_has_none(header: bytes, claims: bytes) -> None:
    said = json.dumps({"jti": "1", "htm": "POST", "htu": TOKEN, "iat": NOW}).encode()
    head = header.replace(b"$JWK", json.dumps(HOLDER.jwk).encode())
    body = claims.replace(b",$CLAIMS", b"," + said[1:]).replace(b"$CLAIMS", said)
    is_none(HOLDER.signed(head, body))


@requirement("rfc9449:a-proof-is-for-one-request-and-key")
@pytest.mark.parametrize(
    "claims",
    [
        *(pytest.param({name: None}, id=f"DP-01 no {name}") for name in ("jti", "htm", "htu", "iat")),
        *(pytest.param({"jti": jti}, id=f"DP-01 jti {str(jti)[:9]}") for jti in ("", 1, ["x"], "x" * 257)),
        *(pytest.param({"iat": iat}, id=f"DP-01 iat {iat}") for iat in ("1800000000", True, [NOW])),
        *(pytest.param({"htm": htm}, id=f"DP-01 htm {htm}") for htm in ("GET", "post", "", 1)),
        *(
            pytest.param({"htu": htu}, id=f"DP-01 htu {htu}")
            for htu in (
                "https://a.test/token/",
                "https://a.test/TOKEN",
                "https://a.test/par",
                "https://a.test//token",
                "https://a.test/token%2F",
                "https://a.test/",
                "https://b.test/token",
                "https://a.test.evil.test/token",
                "https://a.test:8443/token",
                "https://u@a.test/token",
                "http://a.test/token",
                "http://a.test:443/token",
                "ftp://a.test/token",
                "//a.test/token",
                "/token",
                "a.test/token",
                "https://a.test/token\n",
                "https://a.test/tok%65n%",
                "",
                1,
            )
        ),
        pytest.param({"nonce": 1}, id="DP-06 nonce a number"),
        pytest.param({"ath": ["x"]}, id="DP-03 ath a list"),
    ],
)
def test_a_proof_for_another_request_is_refused(claims: dict[str, Any]) -> None:
    is_none(HOLDER.proof("POST", TOKEN, NOW, **claims))


@pytest.mark.parametrize(
    "htu",
    [
        "https://a.test/token?x=y",
        "https://a.test/token#x",
        "https://a.test/token?",
        "HTTPS://A.TEST/token",
        "https://a.test:443/token",
        "https://a.test/%74oke%6E",
        "https://a.test/x/../token",
        "https://a.test/../token",
        "https://a.test/./token",
    ],
)
def test_a_uri_is_known_in_each_of_its_spellings(htu: str) -> None:
    assert read(HOLDER.proof("POST", htu, NOW)).jkt == HOLDER.jkt


@pytest.mark.parametrize(
    ("target", "htu"),
    [
        ("http://localhost:8080/acme/token", "http://localhost:8080/acme/token"),
        ("http://[::1]:80/token", "http://[::1]/token"),
        ("https://a.test/a~b/token", "https://a.test/a%7Eb/token"),
        ("https://a.test", "https://a.test/"),
        ("https://a.test/a/", "https://a.test/a/b/.."),
    ],
)
def test_it_is_our_own_uri_that_is_compared_with(target: str, htu: str) -> None:
    assert read(HOLDER.proof("POST", htu, NOW), target=target).jkt == HOLDER.jkt


@pytest.mark.parametrize("age", [-LEEWAY, -1, 0, 1, LEEWAY, LEEWAY - 0.5])
def test_a_proof_is_good_for_a_minute_by_the_clock_of_whoever_made_it(age: float) -> None:
    proof = read(HOLDER.proof("POST", TOKEN, NOW - age))
    until = dpop.good_until(proof, NOW)
    assert until > NOW
    with refused("invalid_dpop_proof"):
        dpop.good_until(proof, until)


@pytest.mark.parametrize("age", [LEEWAY + 1, -LEEWAY - 1, LEEWAY + 0.5, 10**9, 1e300, -(10**300)])
def test_a_proof_of_another_time_is_refused(age: float) -> None:
    with refused("invalid_dpop_proof"):
        dpop.good_until(read(HOLDER.proof("POST", TOKEN, NOW - age)), NOW)


@pytest.mark.parametrize("waited", [0, 1, NONCE_SECONDS - 1, NONCE_SECONDS])
def test_with_a_nonce_no_other_clock_counts(waited: int) -> None:
    proof = read(HOLDER.proof("POST", TOKEN, 5, nonce=dpop.nonce(NOW, mac)))
    until = dpop.nonce_good_until(proof, NOW + waited, mac)
    assert NOW + waited < until <= NOW + 2 * NONCE_SECONDS
    assert dpop.nonce_good_until(proof, until - 1, mac) == until
    with refused("use_dpop_nonce"):
        dpop.nonce_good_until(proof, until, mac)


@pytest.mark.parametrize(
    "nonce",
    [
        pytest.param(None, id="DP-06 missing"),
        pytest.param("", id="DP-06 empty"),
        pytest.param("é", id="DP-06 not ASCII"),
        pytest.param(dpop.nonce(NOW - 2 * NONCE_SECONDS, mac), id="DP-06 old"),
        pytest.param(dpop.nonce(NOW + NONCE_SECONDS, mac), id="DP-06 of the future"),
        pytest.param(dpop.nonce(NOW, lambda data: mac(data + b"other")), id="DP-06 another tenant's"),
    ],
)
def test_a_nonce_that_is_not_ours_of_now_is_refused(nonce: str | None) -> None:
    with refused("use_dpop_nonce"):
        dpop.nonce_good_until(read(HOLDER.proof("POST", TOKEN, NOW, nonce=nonce)), NOW, mac)


def test_what_is_remembered_of_a_proof_tells_keys_and_names_apart() -> None:
    one, other = Holder(), Holder()
    ids = {read(holder.proof("POST", TOKEN, NOW, jti=jti)).id for holder in (one, other) for jti in ("1", "2")}
    assert len(ids) == 4
    again = read(one.proof("POST", TOKEN, NOW + 1, jti="1", nonce="n"))
    assert again.id in ids


@pytest.mark.parametrize("jkt", ["", "x", RFC_JKT + "=", RFC_JKT[:-1], RFC_JKT + "A", RFC_JKT[:-1] + "+", "é" * 43])
def test_a_thumbprint_that_is_none_is_refused(jkt: str) -> None:
    with refused("invalid_request"):
        dpop.check_jkt(jkt)


def test_a_thumbprint_may_be_left_out() -> None:
    assert dpop.check_jkt(None) is None
    assert dpop.check_jkt(RFC_JKT) == RFC_JKT
