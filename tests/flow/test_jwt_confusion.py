"""Access tokens that were made or bent by somebody else: none of them counts, at /introspect or at /userinfo."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey

from tenants.oauth import jwt
from tenants.turn import Turn
from tests.flow.town import Town
from tests.support.clients import AZ, changed, claims, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPENID = changed(AZ, scope="openid", resource=None)
OURS = b'"iss": "https://a.test"'
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


def packed(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode("utf-8")
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def unpacked(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def header_of(token: str) -> dict[str, Any]:
    return json.loads(unpacked(token.partition(".")[0]))


async def good(town: Town) -> str:
    """A live access token with `openid`, for the issuer itself."""
    return (await town.tokens(OPENID))["access_token"]


async def signing_key(town: Town, issuer: str = "a") -> jwt.PrivateKey:
    """The real private key, so that each bend is judged alone."""

    def act(turn: Turn, _: None) -> jwt.PrivateKey:
        return turn.keyring.private_key(turn.tx.signing_keys.current())

    return await town.house.registry.tenant(issuer).actor.run(act, None)


async def published(town: Town, host: str = "a.test") -> dict[str, str]:
    return (await town.ask("GET", "/.well-known/jwks.json", host=host)).json()["keys"][0]


def signed(key: jwt.PrivateKey, header: Any, payload: Any) -> str:
    """ES256 over whatever header and payload are given, as they are."""
    told = f"{packed(header)}.{packed(payload)}"
    private = key.get_op_key("sign")
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(told.encode("ascii"), ec.ECDSA(SHA256())))
    return f"{told}.{packed(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


async def counts(town: Town, token: str, host: str = "a.test") -> bool:
    """Whether it counts anywhere; both endpoints agree."""
    asked = [("token", token), ("client_id", "P")]
    inspected = await town.ask("POST", "/introspect", form=asked, host=host)
    shown = await town.ask("GET", "/userinfo", headers=[("Authorization", f"Bearer {token}".encode())], host=host)
    if shown.status_code != 200:
        refused(shown, 401, "invalid_token")
        assert inspected.status_code == 400 or inspected.content == b'{"active":false}'
        return False
    return inspected.json()["active"]


async def test_a_token_signed_anew_by_the_issuer_itself_counts(town: Town) -> None:
    """What makes the cases below say something: with nothing bent, the forger's tools make a token that counts."""
    token = await good(town)
    assert await counts(town, token)
    assert await counts(town, signed(await signing_key(town), header_of(token), claims(token)))


@pytest.mark.parametrize(
    "alg",
    [
        *(pytest.param(alg, id=f"JW-01-{alg}") for alg in ("none", "None", "nOnE", "")),
        *(pytest.param(alg, id=f"JW-03-{alg}") for alg in ("RS256", "PS256", "ES384", "ES256K", "EdDSA", "es256")),
    ],
)
async def test_the_algorithm_is_the_one_of_the_key(town: Town, alg: str) -> None:
    token = await good(town)
    header = {**header_of(token), "alg": alg}
    whole = signed(await signing_key(town), header, claims(token))
    assert not await counts(town, whole)
    assert not await counts(town, f"{whole.rpartition('.')[0]}.")
    assert not await counts(town, f"{packed(header)}.{packed(claims(token))}.{token.rpartition('.')[2]}")


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK", "x", "empty"])
async def test_our_public_key_is_no_shared_secret(town: Town, form: str) -> None:
    token, key = await good(town), await published(town)
    public = ECKey.import_key(key).get_op_key("verify")
    secret = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK": json.dumps(key).encode("ascii"),
        "x": key["x"].encode("ascii"),
        "empty": b"",
    }[form]
    for alg in ("HS256", "ES256"):
        told = f"{packed({**header_of(token), 'alg': alg})}.{packed(claims(token))}"
        mac = hmac.new(secret, told.encode("ascii"), hashlib.sha256).digest()
        assert not await counts(town, f"{told}.{packed(mac)}")  # JW-02


@pytest.mark.parametrize(
    ("bend", "gone"),
    [
        *(
            pytest.param({"kid": kid}, None, id=f"JW-04-{name}")
            for name, kid in (
                ("path", "../../dev/null"),
                ("sql", "' OR 1=1--"),
                ("long", "a" * 4_000),
                ("nul", "a\0b"),
                ("number", 0),
                ("list", ["x"]),
                ("null", None),
            )
        ),
        pytest.param({}, "kid", id="JW-04-absent"),
        *(
            pytest.param({name: value}, None, id=f"JW-05-{name}")
            for name, value in (
                ("jku", "https://evil.test/jwks"),
                ("x5u", "https://evil.test/x5u"),
                ("jwk", {"kty": "EC", "crv": "P-256"}),
                ("x5c", ["AAAA"]),
            )
        ),
        pytest.param({"crit": ["x"], "x": 1}, None, id="JW-06-crit"),
        pytest.param({"crit": []}, None, id="JW-06-empty"),
        pytest.param({"crit": "x"}, None, id="JW-06-string"),
        pytest.param({"b64": False, "crit": ["b64"]}, None, id="JW-06-b64"),
        *(
            pytest.param({"typ": typ}, None, id=f"JW-07-{typ}")
            for typ in ("JWT", "AT+JWT", "application/at+jwt", "logout+jwt", "dpop+jwt", "", 1)
        ),
        pytest.param({}, "typ", id="JW-07-absent"),
        pytest.param({"zip": "DEF"}, None, id="JW-11-zip"),
        pytest.param({"cty": "JWT"}, None, id="JW-15-nested"),
    ],
)
async def test_a_header_that_we_never_write_was_not_written_here(
    town: Town, bend: dict[str, Any], gone: str | None
) -> None:
    token = await good(town)
    header = {name: value for name, value in {**header_of(token), **bend}.items() if name != gone}
    assert not await counts(town, signed(await signing_key(town), header, claims(token)))


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b'{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"$KID"}', id="JW-13-alg"),
        pytest.param(b'{"alg":"ES256","typ":"JWT","typ":"at+jwt","kid":"$KID"}', id="JW-13-typ"),
        pytest.param(b'{"alg":"ES256","typ":"at+jwt","kid":"x","kid":"$KID"}', id="JW-13-kid"),
        pytest.param(b"[]", id="JW-header-list"),
        pytest.param(b"null", id="JW-header-null"),
        pytest.param(b"\xff", id="JW-header-bytes"),
        pytest.param(b"[" * 3_000, id="JW-header-deep"),
    ],
)
async def test_a_header_with_two_readings_has_none(town: Town, header: bytes) -> None:
    token = await good(town)
    raw = header.replace(b"$KID", header_of(token)["kid"].encode("ascii"))
    assert not await counts(town, signed(await signing_key(town), raw, claims(token)))


@pytest.mark.parametrize(
    "payload",
    [
        *(
            pytest.param(lambda told, was=was, now=now: told.replace(was, now), id=case)
            for case, was, now in (
                ("JW-13-claims", b'"iss":', b'"iss":"https://b.test","iss":'),
                ("JW-10-other", OURS, b'"iss": "https://b.test"'),
                ("JW-10-slash", OURS, b'"iss": "https://a.test/"'),
                ("JW-10-case", OURS, b'"iss": "HTTPS://a.test"'),
                ("JW-10-list", OURS, b'"iss": ["https://a.test"]'),
                ("JW-10-absent", OURS + b", ", b""),
                ("JW-jti-absent", b'"jti"', b'"jti2"'),
                ("JW-jti-other-kind", b'"jti": "tnj_', b'"jti": "tna_'),
                ("JW-08-1e400", b'"exp": ', b'"exp": 1e400, "x": '),
                ("JW-08-NaN", b'"exp": ', b'"exp": NaN, "x": '),
            )
        ),
        pytest.param(lambda told: told[:-1], id="JW-payload-cut"),
        pytest.param(lambda _: b"[]", id="JW-payload-list"),
        pytest.param(lambda _: b"", id="JW-payload-empty"),
    ],
)
async def test_a_payload_that_we_never_write_was_not_written_here(
    town: Town, payload: Callable[[bytes], bytes]
) -> None:
    token = await good(town)
    before = json.dumps(claims(token)).encode("ascii")
    after = payload(before)
    assert after != before
    assert not await counts(town, signed(await signing_key(town), header_of(token), after))


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param({"exp": 9_999_999_999}, id="JW-08-later"),
        pytest.param({"exp": "9999999999"}, id="JW-08-string"),
        pytest.param({"exp": True}, id="JW-08-true"),
        pytest.param({"exp": -1}, id="JW-08-negative"),
        pytest.param({"nbf": 9_999_999_999}, id="JW-08-nbf"),
        pytest.param({"aud": ["https://a.test", "https://evil.test"]}, id="JW-09-list"),
        pytest.param({"aud": "https://a.test.evil.test"}, id="JW-09-other"),
        pytest.param({"sub": "admin"}, id="JW-sub"),
        pytest.param({"scope": "openid admin"}, id="JW-scope"),
    ],
)
async def test_claims_that_a_stranger_signed_are_not_believed(town: Town, bend: dict[str, Any]) -> None:
    token, foreign = await good(town), jwt.new_key("ES256")
    bent = {**claims(token), **bend}
    assert not await counts(town, signed(foreign, header_of(token), bent))
    assert not await counts(town, f"{packed(header_of(token))}.{packed(bent)}.{token.rpartition('.')[2]}")


async def test_an_expiry_in_the_token_wins_nothing_over_the_grant(town: Town) -> None:
    token = await good(town)
    for exp in (9_999_999_999, None):
        bent = {name: value for name, value in {**claims(token), "exp": exp}.items() if value is not None}
        longer = signed(await signing_key(town), header_of(token), bent)
        town.clock.now += 3_600
        assert not await counts(town, longer)
        token = await good(town)


async def test_an_id_token_is_no_access_token(town: Town) -> None:
    tokens = await town.tokens(OPENID)
    assert not await counts(town, tokens["id_token"])  # JW-07
    as_access = signed(await signing_key(town), header_of(tokens["access_token"]), claims(tokens["id_token"]))
    assert not await counts(town, as_access)


async def test_a_token_of_one_issuer_is_nothing_to_another(town: Town) -> None:
    token, theirs = await good(town), await signing_key(town, "b")
    there = (await published(town, "b.test"))["kid"]
    assert not await counts(town, token, "b.test")  # HR-19
    for issuer in ("https://a.test", "https://b.test"):
        bent = {**claims(token), "iss": issuer, "aud": issuer}
        for header in (header_of(token), {**header_of(token), "kid": there}):
            for key in (theirs, await signing_key(town)):
                if (issuer, header["kid"] == there, key is theirs) == ("https://a.test", False, False):
                    continue  # that is the token itself
                assert not await counts(town, signed(key, header, bent), "a.test")
                assert not await counts(town, signed(key, header, bent), "b.test")


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param(lambda token: f"{token}.AAAA", id="JW-11-4"),
        pytest.param(lambda token: f"{token}.AAAA.AAAA", id="JW-11-5"),
        pytest.param(lambda token: token.rpartition(".")[0], id="JW-11-2"),
        pytest.param(lambda token: "..", id="JW-11-empty"),
        pytest.param(lambda token: f"{token.rpartition('.')[0]}.", id="JW-11-unsigned"),
        pytest.param(lambda token: token.partition(".")[0] + "." + "A" * 12_000 + ".AAAA", id="JW-11-long"),
        pytest.param(lambda token: f"{token}==", id="JW-12-padding"),
        pytest.param(lambda token: f"{token}=", id="JW-12-one-padding"),
        pytest.param(lambda token: f"{token}é", id="JW-12-non-ascii"),
        pytest.param(lambda token: token.replace(".", "=.", 1), id="JW-12-inner-padding"),
        pytest.param(lambda token: token[:-1] + chr(ord(token[-1]) + 1), id="JW-12-last-bits"),
        pytest.param(lambda token: token.swapcase(), id="JW-case"),
    ],
)
async def test_another_spelling_of_a_token_is_not_the_token(town: Town, bend: Callable[[str], str]) -> None:
    assert not await counts(town, bend(await good(town)))


async def test_every_spelling_of_a_revoked_token_is_revoked(town: Town) -> None:
    token = await good(town)
    told, _, signature = token.rpartition(".")
    raw = unpacked(signature)
    s = int.from_bytes(raw[32:], "big")
    twin = f"{told}.{packed(raw[:32] + (ORDER - s).to_bytes(32, 'big'))}"  # as valid as the original
    public = ECKey.import_key(await published(town)).get_op_key("verify")
    public.verify(encode_dss_signature(int.from_bytes(raw[:32], "big"), ORDER - s), told.encode(), ec.ECDSA(SHA256()))
    anew = signed(await signing_key(town), header_of(token), claims(token))
    await town.ask("POST", "/revoke", form={"token": twin, "client_id": "P"})
    for text in (token, twin, anew):
        assert not await counts(town, text)  # JW-12


async def test_what_we_sign_any_library_can_verify(town: Town) -> None:
    token = await good(town)
    keys = (await town.ask("GET", "/.well-known/jwks.json")).json()["keys"]
    key = next(key for key in keys if key["kid"] == header_of(token)["kid"])
    assert jws.deserialize_compact(token, ECKey.import_key(key), algorithms=["ES256"]).payload
    told = claims(token)
    assert header_of(token).keys() == {"alg", "typ", "kid"}
    assert {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"} <= told.keys()  # RFC 9068 §2.2
