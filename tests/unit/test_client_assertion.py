"""Client assertions: for whom, for how long, and which is the same one again."""

from dataclasses import replace
from typing import Any

import pytest

from tenants.oauth.client_assertion import LIFETIME, MAX_ID, MAX_LENGTH, Use, judge, prove, read
from tenants.oauth.foreign_jwt import LEEWAY, UnknownKey, Unproven
from tenants.oauth.own_assertion import ALGORITHMS, TYPE
from tenants.records import Client
from tests.support.made import public_client
from tests.support.requirement import requirement
from tests.support.signer import Signer

NOW = 2_000
ISSUER = "https://a.test/below"
KEY = Signer("ES256")
OURS = public_client(id="c_k", origin="admin", auth_method="private_key_jwt", jwks=KEY.jwks)
STRANGER = public_client(id="c_k", origin="registration", auth_method="private_key_jwt", jwks=KEY.jwks)
KNOWN_BY_DOCUMENT = public_client(id="c_k", origin="document", auth_method="private_key_jwt", jwks=KEY.jwks)


def told(**changes: Any) -> dict[str, Any]:
    claims = {"iss": "c_k", "sub": "c_k", "aud": ISSUER, "jti": "j1", "iat": NOW, "exp": NOW + 300} | changes
    return {name: value for name, value in claims.items() if value is not None}


def judged(client: Client = OURS, now: int = NOW, **changes: Any) -> Use:
    return judge(read(KEY.token(told(**changes)), TYPE), client, ISSUER, now)


@pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"])
def test_an_assertion_may_say_that_it_is_one(typ: str) -> None:
    assert read(KEY.token(told(), typ=typ), TYPE).client_id == "c_k"
    assert read(KEY.signed(b'{"alg":"ES256"}', b'{"iss":"x","sub":"x"}'), TYPE).client_id == "x"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(KEY.token(told(iss="c_x")), id="TK-27 of another issuer"),
        pytest.param(KEY.token(told(sub="c_x")), id="TK-27 of another client"),
        pytest.param(KEY.token(told(iss=None)), id="TK-27 no issuer"),
        pytest.param(KEY.token(told(sub=None, iss=None)), id="TK-27 of nobody"),
        pytest.param(KEY.token(told(sub=["c_k"], iss=["c_k"])), id="TK-27 a list"),
        pytest.param(KEY.token(told(sub="a\n", iss="a\n")), id="a control character"),
        pytest.param(KEY.token(told(), alg="none"), id="TK-27 alg none"),
        pytest.param(KEY.token(told(), alg="HS256"), id="TK-27 HS256"),
        *(
            pytest.param(KEY.token(told(), **{name: "https://evil.test/"}), id=f"TK-27 {name}")
            for name in ("jku", "x5u")
        ),
        pytest.param(KEY.token(told(), jwk=KEY.public), id="JW-05 jwk"),
        *(
            pytest.param(KEY.token(told(), typ=typ), id=f"JW-07 {typ}")
            for typ in ("at+jwt", "dpop+jwt", "logout+jwt", "oauth-id-jag+jwt", "oauth-authz-req+jwt")
        ),
        pytest.param(KEY.token(told(more="x" * MAX_LENGTH)), id="too long"),
    ],
)
def test_what_does_not_speak_of_its_own_issuer_with_its_known_key_is_no_assertion(text: str) -> None:
    with pytest.raises(Unproven):
        read(text, TYPE)


@pytest.mark.parametrize("text", [None, "", "x", "a.b.c"])
def test_what_is_no_token_is_no_assertion(text: str | None) -> None:
    with pytest.raises(Unproven):
        read(text, TYPE)


@pytest.mark.parametrize("client", [OURS, STRANGER, KNOWN_BY_DOCUMENT])
@pytest.mark.parametrize(
    "audience",
    [
        *(None, "", ISSUER + "/", ISSUER.upper(), "https://a.test", "https://b.test/below", "c_k", 1, {}, [], True),
        *([ISSUER, ISSUER], [ISSUER, "https://b.test"], [f"{ISSUER}/token", ISSUER], [[ISSUER]], [None]),
        *("https://b.test/token", f"{ISSUER}/revoke", f"{ISSUER}/token/", f"{ISSUER}/authorize"),
    ],
)
@requirement("rfc7523:an-assertion-is-for-this-issuer-alone")
def test_an_assertion_that_is_also_for_others_is_for_nobody(client: Client, audience: Any) -> None:  # TK-27, JW-09
    with pytest.raises(Unproven):
        judged(client, aud=audience)


@pytest.mark.parametrize("client", [OURS, STRANGER, KNOWN_BY_DOCUMENT])
def test_the_only_audience_is_this_issuer_in_either_way_to_write_it(client: Client) -> None:
    assert judged(client) == judged(client, aud=[ISSUER])


@requirement("rfc7523:an-assertion-is-for-this-issuer-alone")
def test_only_clients_that_introduced_themselves_may_name_the_token_endpoint() -> None:
    for client in (STRANGER, KNOWN_BY_DOCUMENT):
        assert judged(client, aud=f"{ISSUER}/token") == judged(client)
    with pytest.raises(Unproven):
        judged(OURS, aud=f"{ISSUER}/token")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": None}, id="TK-27 no exp"),
        pytest.param({"exp": NOW + LIFETIME + LEEWAY + 1}, id="TK-27 exp too far ahead"),
        pytest.param({"exp": 10**30}, id="TK-27 exp for ever"),
        pytest.param({"exp": NOW - LEEWAY}, id="JW-08 over"),
        pytest.param({"exp": str(NOW + 9)}, id="JW-08 text"),
        pytest.param({"exp": True}, id="JW-08 true"),
        pytest.param({"nbf": NOW + LEEWAY + 1}, id="JW-08 nbf"),
        pytest.param({"iat": NOW + LEEWAY + 1}, id="JW-08 iat"),
    ],
)
@requirement("rfc7523:an-assertion-lives-for-minutes")
def test_an_assertion_counts_for_some_minutes(changes: dict[str, Any]) -> None:
    with pytest.raises(Unproven):
        judged(**changes)


def test_clocks_may_differ_a_little() -> None:
    assert judged(exp=NOW + LIFETIME + LEEWAY, iat=NOW + LEEWAY, nbf=NOW + LEEWAY)
    assert judged(exp=NOW - LEEWAY + 1, iat=None)


@pytest.mark.parametrize("id", [None, "", 7, ["j1"], "j" * (MAX_ID + 1)])
def test_an_assertion_has_an_id_to_be_known_again_by(id: Any) -> None:
    with pytest.raises(Unproven):
        judged(jti=id)


@requirement("rfc7523:an-assertion-counts-once")
def test_a_use_is_remembered_for_as_long_as_the_assertion_counts() -> None:
    for end in (NOW + 300, NOW + 299.5):
        use = judged(exp=end)
        assert judge(read(KEY.token(told(exp=end)), TYPE), OURS, ISSUER, use.expires_at - 1) == use
        with pytest.raises(Unproven):
            judge(read(KEY.token(told(exp=end)), TYPE), OURS, ISSUER, use.expires_at)


def test_a_use_is_of_one_client_and_one_id() -> None:
    other = replace(OURS, id="c_k2")
    uses = {judged().id, judged(jti="j2").id, judged(other, iss="c_k2", sub="c_k2").id}
    assert len(uses) == 3
    with pytest.raises(Unproven):
        judged(other)
    assert judged(exp=NOW + 9, aud=[ISSUER], more=1).id == judged().id


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_proves_and_a_registered_one_alone(algorithm: Any) -> None:
    signer = Signer(algorithm)
    assertion = read(signer.token(told()), TYPE)
    prove(assertion, OURS, [signer.public])
    for registered in ALGORITHMS:
        client = public_client(id="c_k", auth_method="private_key_jwt", assertion_algorithm=registered)
        if registered == algorithm:
            judge(assertion, client, ISSUER, NOW)
            prove(assertion, client, [signer.public])
        else:
            with pytest.raises(Unproven):
                judge(assertion, client, ISSUER, NOW)
            with pytest.raises(Unproven):
                prove(assertion, client, [signer.public])
    with pytest.raises(UnknownKey):
        prove(assertion, OURS, [])


@pytest.mark.parametrize("algorithm", ["ES384", "RS512", "PS384"])
def test_other_algorithms_prove_nothing(algorithm: str) -> None:
    signer = Signer(algorithm)
    with pytest.raises(Unproven):
        prove(read(signer.token(told()), TYPE), OURS, [signer.public])
