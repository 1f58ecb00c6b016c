"""Client authentication: one method a request, and the one that the client registered."""

from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from tenants.oauth import client_auth
from tenants.oauth.client_auth import ClientKeys, Credentials, KeysNeeded, credentials
from tenants.oauth.handle import digest
from tenants.oauth.parameters import parse
from tenants.oauth.refusal import Refusal
from tenants.records import Client, ClientSecret
from tests.support.made import SECRET, confidential_client, public_client
from tests.support.refused import refused
from tests.support.requirement import requirement
from tests.support.signer import Signer

NOW = 2_000
ISSUER = "https://a.test"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def authenticate(
    client: Client | None, shown: Credentials, now: int, keys: ClientKeys | None = None, issuer_uri: str = ISSUER
) -> Client:
    return client_auth.authenticate(client, shown, keys, issuer_uri=issuer_uri, now=now)[0]


def basic(text: str | bytes) -> str:
    return "Basic " + b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.mark.parametrize(
    ("form", "authorization", "shown"),
    [
        (b"client_id=p", [], Credentials("p", "none")),
        (b"client_id=k&client_secret=s", [], Credentials("k", "client_secret_post", "s")),
        (b"", [basic("k:s")], Credentials("k", "client_secret_basic", "s")),
        (b"client_id=k", [basic("k:s")], Credentials("k", "client_secret_basic", "s")),
        (b"client_id=k&client_secret=", [basic("k:s")], Credentials("k", "client_secret_basic", "s")),
        (b"", [basic("k:s").replace("Basic", "bASIC")], Credentials("k", "client_secret_basic", "s")),
        (b"", [basic("k:s:t")], Credentials("k", "client_secret_basic", "s:t")),
        (b"", [basic("k:é")], Credentials("k", "client_secret_basic", "é")),
    ],
)
def test_a_client_shows_who_it_is_in_one_of_three_ways(
    form: bytes, authorization: list[str], shown: Credentials
) -> None:
    assert credentials(parse(form), authorization) == shown


@requirement("rfc6749:basic-is-form-encoded")
def test_both_halves_of_a_basic_header_are_form_encoded() -> None:  # TK-13
    shown = credentials(parse(b""), [basic("a%3Ab:c%2Bd+e%C3%A9")])
    assert shown == Credentials("a:b", "client_secret_basic", "c+d eé")


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("", id="TK-12 empty"),
        pytest.param("Basic", id="TK-12 nothing behind the scheme"),
        pytest.param("Basic ", id="TK-12 nothing but a space"),
        pytest.param(basic("k"), id="TK-12 no colon"),
        pytest.param(basic(":s"), id="TK-12 no id"),
        pytest.param(basic("k:"), id="TK-12 no secret"),
        pytest.param("Basic k:s", id="TK-12 no base64"),
        pytest.param("Basic azp!z", id="TK-12 foreign character"),
        pytest.param("Basic azp z", id="TK-12 space inside"),
        pytest.param("Basic azpz\n", id="TK-12 newline behind"),
        pytest.param("Basic azpzcw", id="TK-12 padding missing"),
        pytest.param("Basic azpz=", id="TK-12 padding too much"),
        pytest.param("Basic azpz====", id="TK-12 padding far too much"),
        pytest.param("Basic azpzcx==", id="TK-12 bits left over"),
        pytest.param("Basic azp-_w==", id="TK-12 url alphabet"),
        pytest.param("Basic azpzé", id="TK-12 not ASCII"),
        pytest.param(basic(b"k:\xff"), id="TK-12 not UTF-8"),
        pytest.param(basic("k:s\0"), id="TK-12 NUL"),
        pytest.param(basic("k\n:s"), id="TK-12 newline"),
        pytest.param(basic("k:s\x7f"), id="TK-12 DEL"),
        pytest.param(basic("k%00:s"), id="TK-12 escaped NUL in the id"),
        pytest.param(basic("k:s%0a"), id="TK-12 escaped newline in the secret"),
        pytest.param(basic("k%:s"), id="TK-12 broken escape in the id"),
        pytest.param(basic("k%:41"), id="TK-12 escape over the colon"),
        pytest.param(basic("k:s%zz"), id="TK-12 broken escape in the secret"),
        pytest.param(basic("k:s%ff"), id="TK-12 escape that is no UTF-8"),
        pytest.param(basic("k%ff:s"), id="TK-12 escape that is no UTF-8 in the id"),
        pytest.param("Bearer " + basic("k:s").removeprefix("Basic "), id="TK-12 Bearer"),
        pytest.param("Basic\t" + basic("k:s").removeprefix("Basic "), id="TK-12 tab"),
    ],
)
@requirement("rfc6749:malformed-basic-is-invalid-client")
def test_a_malformed_authorization_header_is_refused(authorization: str) -> None:
    with refused("invalid_client"):
        credentials(parse(b"client_id=k"), [authorization])


def test_two_authorization_headers_are_refused() -> None:  # TK-12
    with refused("invalid_client"):
        credentials(parse(b""), [basic("k:s"), basic("k:s")])


def test_showing_nothing_at_all_is_refused() -> None:  # RT-07
    with refused("invalid_client"):
        credentials(parse(b"client_secret=s"), [])
    with refused("invalid_client"):
        credentials(parse(b"client_id="), [])


ASSERTION = b"client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=x"


@pytest.mark.parametrize(
    ("form", "authorization"),
    [
        pytest.param(b"client_secret=s", [basic("k:s")], id="TK-09 Basic and post"),
        pytest.param(b"client_id=k&client_secret=s", [basic("k:s")], id="TK-09 Basic and post, with id"),
        pytest.param(ASSERTION, [basic("k:s")], id="TK-09 Basic and assertion"),
        pytest.param(b"client_assertion=x", [basic("k:s")], id="TK-09 Basic and assertion without type"),
        pytest.param(b"client_assertion_type=x", [basic("k:s")], id="TK-09 Basic and type without assertion"),
        pytest.param(b"client_id=k&client_secret=s&" + ASSERTION, [], id="TK-09 post and assertion"),
        pytest.param(b"client_id=other", [basic("k:s")], id="TK-10"),
        pytest.param(b"client_id=K", [basic("k:s")], id="TK-10 capitals"),
        pytest.param(b"client_id=k&client_id=k", [], id="TK-23 client_id twice"),
        pytest.param(b"client_id=k&client_secret=s&client_secret=s", [], id="TK-23 client_secret twice"),
    ],
)
@requirement("oauth2.1:one-client-authentication-method")
def test_more_than_one_method_is_refused(form: bytes, authorization: list[str]) -> None:
    with refused("invalid_request"):
        credentials(parse(form), authorization)


@pytest.mark.parametrize("form", [ASSERTION, b"client_id=p&" + ASSERTION, b"client_id=p&client_assertion=x"])
def test_a_client_assertion_that_is_none_is_refused_and_not_passed_over(form: bytes) -> None:
    with refused("invalid_client"):
        credentials(parse(form), [])


def test_a_client_is_who_it_proves_to_be() -> None:
    public, basically = public_client(), confidential_client()
    posting = confidential_client(auth_method="client_secret_post")
    assert authenticate(public, Credentials(public.id, "none"), NOW) is public
    assert authenticate(basically, Credentials(basically.id, "client_secret_basic", SECRET), NOW) is basically
    assert authenticate(posting, Credentials(posting.id, "client_secret_post", SECRET), NOW) is posting


@pytest.mark.parametrize(
    ("client", "shown"),
    [
        pytest.param(None, Credentials("x", "none"), id="unknown"),
        pytest.param(None, Credentials("x", "client_secret_basic", SECRET), id="unknown, with a secret"),
        pytest.param(None, Credentials("x", "client_secret_basic", ""), id="unknown, with an empty secret"),
        pytest.param(confidential_client(), Credentials("k", "none"), id="TK-07"),
        pytest.param(confidential_client(), Credentials("k", "client_secret_basic", "wrong"), id="wrong secret"),
        pytest.param(confidential_client(), Credentials("k", "client_secret_basic", SECRET[:-1]), id="cut off"),
        pytest.param(confidential_client(), Credentials("k", "client_secret_basic", SECRET + "\n"), id="newline"),
        pytest.param(confidential_client(), Credentials("k", "client_secret_basic", ""), id="empty"),
        pytest.param(confidential_client(), Credentials("k", "client_secret_basic"), id="TK-08 no secret"),
        pytest.param(confidential_client(), Credentials("k", "client_secret_post", SECRET), id="TK-11 post for basic"),
        pytest.param(
            confidential_client(auth_method="client_secret_post"),
            Credentials("k", "client_secret_basic", SECRET),
            id="TK-11 basic for post",
        ),
        pytest.param(
            confidential_client(auth_method="none"), Credentials("k", "client_secret_post", SECRET), id="TK-11"
        ),
        pytest.param(
            confidential_client(secrets=()), Credentials("k", "client_secret_basic", SECRET), id="no secret kept"
        ),
        pytest.param(
            confidential_client(secrets=()), Credentials("k", "client_secret_basic", ""), id="none kept or shown"
        ),
        pytest.param(confidential_client(), Credentials("k", "client_secret_basic", "é"), id="TK-14"),
        pytest.param(confidential_client(), Credentials("k", "client_secret_basic", "\U0001f600"), id="TK-14 emoji"),
        pytest.param(confidential_client(disabled_at=NOW), Credentials("k", "client_secret_basic", SECRET), id="TK-22"),
        pytest.param(public_client(disabled_at=NOW), Credentials("p", "none"), id="TK-22 public"),
    ],
)
@requirement("oauth2.1:registered-client-authentication-method")
def test_whoever_does_not_prove_it_is_refused_in_the_same_words(client: Client | None, shown: Credentials) -> None:
    with refused("invalid_client"):
        authenticate(client, shown, NOW)
    with pytest.raises(Refusal) as unknown:
        authenticate(None, Credentials("nobody", "none"), NOW)
    with pytest.raises(Refusal) as this:
        authenticate(client, shown, NOW)
    assert (this.value.code, this.value.description) == (unknown.value.code, unknown.value.description)


@requirement("rfc7591:expired-secret-is-no-secret")
def test_a_secret_counts_until_it_expires_and_each_of_several_counts() -> None:  # TK-29
    client = confidential_client(
        secrets=(ClientSecret(digest=digest("former"), expires_at=NOW), ClientSecret(digest=digest(SECRET)))
    )
    former, current = (Credentials(client.id, "client_secret_basic", secret) for secret in ("former", SECRET))
    assert authenticate(client, former, NOW - 1) is client
    assert authenticate(client, current, NOW - 1) is client
    assert authenticate(client, current, NOW) is client
    with refused("invalid_client"):
        authenticate(client, former, NOW)


KEY = Signer("ES256")
NEW_KEY = Signer("ES256")
OTHER = "https://other.test/client"
KEYED = public_client(id="c_keyed", auth_method="private_key_jwt", jwks=KEY.jwks)
ELSEWHERE = public_client(id="c_keyed", auth_method="private_key_jwt", jwks_uri="https://app.test/jwks")


def told(**changes: Any) -> dict[str, Any]:
    """The claims of an assertion as it should be; None takes one away."""
    claims = {"iss": "c_keyed", "sub": "c_keyed", "aud": ISSUER, "jti": "j1", "iat": NOW, "exp": NOW + 300} | changes
    return {name: value for name, value in claims.items() if value is not None}


def asserted(text: str, kind: str = JWT_BEARER, **more: str) -> Credentials:
    form = {"client_assertion": text, "client_assertion_type": kind, **more}
    return credentials(parse(urlencode(form).encode()), [])


def shown(signer: Signer = KEY, **changes: Any) -> Credentials:
    return asserted(signer.token(told(**changes)))


def at(uri: str, *signers: Signer, fresh: bool = False) -> ClientKeys:
    return ClientKeys(uri, [signer.public for signer in signers], fresh)


@contextmanager
def in_the_same_words() -> Generator[None]:
    with pytest.raises(Refusal) as unknown:
        authenticate(None, Credentials("nobody", "none"), NOW)
    with pytest.raises(Refusal) as met:
        yield
    assert (met.value.code, met.value.description) == (unknown.value.code, unknown.value.description)


def test_an_assertion_says_for_itself_which_client_it_speaks_of() -> None:
    text = KEY.token(told())
    assert asserted(text).client_id == asserted(text, client_id="c_keyed").client_id == "c_keyed"
    assert asserted(text).method == "private_key_jwt"


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        pytest.param("", {}, id="no type"),
        pytest.param("urn:ietf:params:oauth:client-assertion-type:saml2-bearer", {}, id="SAML"),
        pytest.param(JWT_BEARER.upper(), {}, id="capitals"),
        pytest.param(JWT_BEARER + " ", {}, id="space"),
        pytest.param(JWT_BEARER, {"client_id": "p"}, id="TK-27 another client"),
        pytest.param(JWT_BEARER, {"client_id": "C_KEYED"}, id="TK-27 capitals"),
    ],
)
@requirement("rfc7523:every-failure-looks-the-same")
def test_an_assertion_that_does_not_belong_to_the_request_is_refused(kind: str, more: dict[str, str]) -> None:
    with in_the_same_words():
        asserted(KEY.token(told()), kind, **more)


@requirement("rfc7523:a-client-is-proven-by-its-key")
def test_a_client_is_known_by_its_key_and_its_assertion_is_to_be_spent() -> None:
    client, use = client_auth.authenticate(KEYED, shown(), None, issuer_uri=ISSUER, now=NOW)
    assert client is KEYED
    assert use is not None
    assert use.expires_at > NOW + 300
    _, again = client_auth.authenticate(KEYED, shown(iat=None), None, issuer_uri=ISSUER, now=NOW)
    assert again == use  # the id makes it the same, whatever else it says
    for other in (shown(jti="j2"), shown(jti="j1 ")):
        assert client_auth.authenticate(KEYED, other, None, issuer_uri=ISSUER, now=NOW)[1] != use


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(None, id="unknown"),
        pytest.param(replace(KEYED, disabled_at=NOW), id="disabled"),
        pytest.param(public_client(id="c_keyed"), id="TK-11 registered for none"),
        pytest.param(confidential_client(id="c_keyed"), id="TK-11 registered for a secret"),
        pytest.param(replace(KEYED, jwks=NEW_KEY.jwks), id="another key"),
        pytest.param(replace(KEYED, jwks=None), id="no key"),
        pytest.param(replace(KEYED, assertion_algorithm="RS256"), id="TK-27 another algorithm"),
        pytest.param(replace(KEYED, id="c_other"), id="TK-27 another client"),
    ],
)
@requirement("rfc7523:every-failure-looks-the-same", "oauth2.1:registered-client-authentication-method")
def test_an_assertion_proves_only_the_client_that_registered_for_it(client: Client | None) -> None:
    with in_the_same_words():
        authenticate(client, shown(), NOW)


@pytest.mark.parametrize(
    "given", [Credentials("c_keyed", "none"), Credentials("c_keyed", "client_secret_basic", SECRET)]
)
def test_a_client_that_registered_a_key_can_use_nothing_else(given: Credentials) -> None:
    for client in (KEYED, replace(KEYED, secrets=confidential_client().secrets)):
        with refused("invalid_client"):
            authenticate(client, given, NOW)


def test_keys_that_lie_elsewhere_are_asked_for_once_all_else_is_right() -> None:
    with pytest.raises(KeysNeeded) as needed:
        authenticate(ELSEWHERE, shown(), NOW)
    assert (needed.value.uri, needed.value.fresh) == ("https://app.test/jwks", False)
    assert authenticate(ELSEWHERE, shown(), NOW, at("https://app.test/jwks", KEY)) is ELSEWHERE
    with pytest.raises(KeysNeeded) as needed:  # the client has moved meanwhile
        authenticate(ELSEWHERE, shown(), NOW, at("https://app.test/former", KEY))
    assert not needed.value.fresh
    for wrong in (shown(aud=OTHER), shown(exp=NOW - 300), shown(jti=None), shown(Signer("RS384"))):
        with refused("invalid_client"):
            authenticate(ELSEWHERE, wrong, NOW)


def test_keys_are_looked_for_anew_once() -> None:
    with pytest.raises(KeysNeeded) as needed:
        authenticate(ELSEWHERE, shown(NEW_KEY), NOW, at("https://app.test/jwks", KEY))
    assert needed.value.fresh
    with refused("invalid_client"):
        authenticate(ELSEWHERE, shown(NEW_KEY), NOW, at("https://app.test/jwks", KEY, fresh=True))
    assert authenticate(ELSEWHERE, shown(NEW_KEY), NOW, at("https://app.test/jwks", KEY, NEW_KEY, fresh=True))
    forged = asserted(NEW_KEY.token(told(), kid=KEY.kid))
    with refused("invalid_client"):  # the key that it names is known, so there is nothing to look for
        authenticate(ELSEWHERE, forged, NOW, at("https://app.test/jwks", KEY))
