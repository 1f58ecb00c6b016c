"""Client authentication: one method a request, and the one that the client registered."""

from base64 import b64encode

import pytest

from tenants.oauth.client_auth import Credentials, authenticate, credentials
from tenants.oauth.handle import digest
from tenants.oauth.parameters import parse
from tenants.oauth.refusal import Refusal
from tenants.records import Client, ClientSecret
from tests.support.made import SECRET, confidential_client, public_client
from tests.support.refused import refused
from tests.support.requirement import requirement

NOW = 2_000


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
def test_a_client_assertion_is_refused_and_not_passed_over(form: bytes) -> None:
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
