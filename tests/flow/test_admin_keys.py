"""KeyService over gRPC: what an issuer signs with, rolled, imported and withdrawn by its operator."""

import json
import uuid
from base64 import urlsafe_b64decode
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from joserfc import jwt as other_jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from protos.admin.v1.issuer_service_pb2 import Issuer, IssuerPolicy, UpdateIssuerRequest
from protos.admin.v1.key_service_pb2 import (
    CreateSigningKeyRequest,
    GetSigningKeyRequest,
    ListSigningKeysRequest,
    RevokeSigningKeyRequest,
    RollSigningKeysRequest,
    SigningKey,
)
from tests.flow.town import Town, settle
from tests.support.admin import Desk, admin_desk, files, refused
from tests.support.requirement import requirement

INVALID, GONE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
A = "issuers/a"
NEXT, CURRENT, RETIRED = SigningKey.STATE_NEXT, SigningKey.STATE_CURRENT, SigningKey.STATE_RETIRED


@dataclass
class There:
    desk: Desk
    town: Town

    async def keys(self) -> list[SigningKey]:
        return list((await self.desk.ask(ListSigningKeysRequest(parent=A))).signing_keys)

    async def states(self) -> dict[int, str]:
        """The kid of the key in each state."""
        return {key.state: key.kid for key in await self.keys()}

    async def create(self, jwk: dict[str, Any] | None = None, **members: Any) -> SigningKey:
        given = SigningKey(private_jwk="" if jwk is None else json.dumps(jwk))
        return await self.desk.ask(CreateSigningKeyRequest(parent=A, signing_key=given, **members))

    async def roll(self) -> SigningKey:
        return await self.desk.ask(RollSigningKeysRequest(parent=A))

    async def published(self) -> list[dict[str, str]]:
        return (await self.town.ask("GET", "/.well-known/jwks.json")).json()["keys"]

    async def token(self) -> str:
        """A new access token: a JWT."""
        return (await self.town.tokens())["access_token"]

    async def counts(self, token: str) -> bool:
        return (await self.town.introspect(token))["active"]


@pytest_asyncio.fixture
async def there(tmp_path: Path) -> AsyncGenerator[There]:
    async with admin_desk(tmp_path) as desk:
        yield There(desk, await settle(desk.house))


def kid_of(token: str) -> str:
    return json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))["kid"]


async def test_one_key_signs_and_one_will_and_both_are_published(there: There) -> None:
    keys = await there.keys()
    assert [key.state for key in keys] == [CURRENT, NEXT]
    assert [json.loads(key.public_jwk) for key in keys] == await there.published()
    for key in keys:
        assert key.name == f"{A}/signingKeys/{key.kid}"
        assert key.private_jwk == ""
        assert await there.desk.ask(GetSigningKeyRequest(name=key.name)) == key
    assert kid_of(await there.token()) == keys[0].kid


async def test_they_are_listed_page_by_page(there: There) -> None:
    await there.roll()
    request, found = ListSigningKeysRequest(parent=A, page_size=1), []
    for _ in range(3):
        page = await there.desk.ask(request)
        found += page.signing_keys
        request.page_token = page.next_page_token
    assert (found, request.page_token) == (await there.keys(), "")


async def test_when_keys_roll_what_was_signed_stays_good(there: There) -> None:
    before, token = await there.states(), await there.token()
    now = await there.roll()
    after = await there.states()
    assert (now.kid, now.state) == (before[NEXT], CURRENT)
    assert (after[RETIRED], after[CURRENT]) == (before[CURRENT], before[NEXT])
    assert after[NEXT] not in before.values()
    assert await there.counts(token)
    assert kid_of(await there.token()) == now.kid
    assert {key["kid"] for key in await there.published()} == {*after.values()}


@requirement("house:a-revoked-key-signs-nothing")
@pytest.mark.parametrize("state", [CURRENT, RETIRED, NEXT])
async def test_a_revoked_key_is_gone_at_once_and_what_it_signed_counts_no_more(there: There, state: int) -> None:
    if state == RETIRED:
        token = await there.token()
        await there.roll()
        kept = await there.token()
    else:
        kept = token = await there.token()
    before = await there.states()
    name = f"{A}/signingKeys/{before[state]}"
    now = await there.desk.ask(RevokeSigningKeyRequest(name=name, reason="it was in a mail"))
    after = await there.states()
    assert after[CURRENT] == now.kid == (before[NEXT] if state == CURRENT else before[CURRENT])
    assert before[state] not in {key["kid"] for key in await there.published()}
    assert NEXT in after
    assert await there.counts(token) is (state == NEXT)
    assert await there.counts(kept) is (state != CURRENT)
    assert await there.counts(await there.token())
    await refused(there.desk.ask(GetSigningKeyRequest(name=name)), GONE, "NOT_FOUND")
    await refused(there.desk.ask(RevokeSigningKeyRequest(name=name)), GONE, "NOT_FOUND")


@pytest.mark.parametrize(
    ("algorithm", "theirs"),
    [
        ("ES256", ECKey.generate_key("P-256")),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
        ("RS256", RSAKey.generate_key(2_048)),
    ],
    ids=["ES256", "EdDSA", "RS256"],
)
async def test_an_imported_key_signs_after_the_next_roll_under_the_name_that_it_had(
    there: There, algorithm: str, theirs: ECKey | OKPKey | RSAKey
) -> None:
    policy = IssuerPolicy(signing_algorithm=algorithm)
    await there.desk.ask(UpdateIssuerRequest(issuer=Issuer(name=A, policy=policy)))
    before = await there.states()
    made = await there.create({**theirs.as_dict(private=True), "kid": "their.key-1"})
    assert (made.name, made.state, made.algorithm) == (f"{A}/signingKeys/their.key-1", NEXT, algorithm)
    assert before[NEXT] not in [key.kid for key in await there.keys()]
    assert (await there.roll()).kid == "their.key-1"
    token = await there.token()
    header = {"alg": algorithm, "typ": "at+jwt", "kid": "their.key-1"}
    assert other_jwt.decode(token, theirs, algorithms=[algorithm]).header == header
    assert await there.counts(token)


async def test_a_private_key_stands_in_no_answer_log_event_or_file(there: There) -> None:
    theirs: dict[str, Any] = ECKey.generate_key("P-256").as_dict(private=True)
    made = await there.create(theirs)
    told = f"{made}{await there.keys()}{there.desk.logged()}"
    assert theirs["d"] not in told
    assert not any(theirs["d"].encode() in file.read_bytes() for file in files(there.desk.house.data_dir))


def _without(member: str) -> dict[str, Any]:
    whole = ECKey.generate_key("P-256").as_dict(private=True)
    return {name: value for name, value in whole.items() if name != member}


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(OKPKey.generate_key("Ed25519").as_dict(private=True), id="another-algorithm"),
        pytest.param(ECKey.generate_key("P-384").as_dict(private=True), id="another-curve"),
        pytest.param(ECKey.generate_key("P-256").as_dict(private=False), id="public"),
        pytest.param({**_without("x"), "x": ECKey.generate_key("P-256").as_dict()["x"]}, id="of-two-keys"),
        pytest.param(_without("y"), id="half"),
        pytest.param({**_without(""), "use": "enc"}, id="for-encryption"),
        pytest.param({**_without(""), "alg": "ES384"}, id="for-another-algorithm"),
        pytest.param({**_without(""), "kid": "a/b"}, id="kid-with-a-slash"),
        pytest.param({**_without(""), "kid": ""}, id="kid-empty"),
        pytest.param({**_without(""), "kid": 7}, id="kid-a-number"),
        pytest.param({**_without(""), "d": 7}, id="d-a-number"),
        pytest.param({}, id="nothing"),
    ],
)
async def test_what_is_no_whole_private_key_of_the_policys_algorithm_is_refused(
    there: There, jwk: dict[str, Any]
) -> None:
    before = await there.keys()
    why = await refused(there.create(jwk), INVALID, "REQUEST_INVALID", "signing_key.private_jwk")
    assert str(jwk.get("d")) not in why.message
    assert await there.keys() == before


async def test_an_rsa_key_that_is_too_short_is_refused(there: There) -> None:
    await there.desk.ask(UpdateIssuerRequest(issuer=Issuer(name=A, policy=IssuerPolicy(signing_algorithm="RS256"))))
    short: dict[str, Any] = RSAKey.generate_key(1_024, auto_kid=False).as_dict(private=True)
    await refused(there.create(short), INVALID, "REQUEST_INVALID", "signing_key.private_jwk")


@pytest.mark.parametrize("text", ["[]", "x", '{"kty":', '"d"'])
async def test_what_is_no_json_object_is_refused(there: There, text: str) -> None:
    request = CreateSigningKeyRequest(parent=A, signing_key=SigningKey(private_jwk=text))
    await refused(there.desk.ask(request), INVALID, "REQUEST_INVALID", "signing_key.private_jwk")


async def test_a_key_that_is_there_is_not_imported_again(there: There) -> None:
    jwk = ECKey.generate_key("P-256").as_dict(private=True)
    await there.create({**jwk, "kid": "one"})
    for again in ({**jwk, "kid": "one"}, {**jwk, "kid": "two"}, {**_without(""), "kid": "one"}):
        await refused(there.create(again), grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
    assert (await there.states())[NEXT] == "one"


async def test_validating_only_publishes_nothing(there: There) -> None:
    before = await there.published()
    assert (await there.create(validate_only=True)).kid == ""
    assert (await there.create({**_without(""), "kid": "one"}, validate_only=True)).kid == "one"
    assert await there.published() == before


async def test_a_request_that_comes_again_rolls_once_also_after_a_restart(tmp_path: Path) -> None:
    request = RollSigningKeysRequest(parent=A, request_id=str(uuid.uuid4()))
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a", "https://a.test")
        first = await desk.ask(request)
        assert await desk.ask(request) == first
    async with admin_desk(tmp_path) as desk:
        assert await desk.ask(request) == first
        assert len((await desk.ask(ListSigningKeysRequest(parent=A))).signing_keys) == 3
