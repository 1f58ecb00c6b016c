"""The vendors: what each of them answers, in its own words, becomes the same user. From their public documentation."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from tenants.acts.provider_kinds import default_claims
from tenants.records import ClaimMapping, Identity
from tests.flow.at_provider import Abroad
from tests.support.clients import sent_back
from tests.support.openid_provider import CLIENT_ID, SECRET

pytestmark = pytest.mark.asyncio(loop_scope="module")


def says(value: object, status: int = 200) -> tuple[int, bytes]:
    return status, json.dumps(value).encode()


async def without_discovery(abroad: Abroad, **changes: Any) -> None:
    uri = abroad.corp.uri
    addresses = {"authorization_uri": f"{uri}/authorize", "token_uri": f"{uri}/token", "user_uri": f"{uri}/user"}
    await abroad.configure(issuer_uri="", auth_method="client_secret_post", **addresses, **changes)


async def refused(abroad: Abroad, answer: httpx.Response) -> None:
    sent_back(answer, "server_error")
    assert await abroad.users() == []


GITHUB_USER = {"login": "octocat", "id": 583_231, "name": "Octo", "email": "typed@elsewhere.test", "type": "User"}
GITHUB_EMAILS = [
    {"email": "old@corp.test", "primary": False, "verified": True, "visibility": None},
    {"email": "octo@corp.test", "primary": True, "verified": True, "visibility": "private"},
]


async def at_github(abroad: Abroad) -> None:
    await without_discovery(abroad, kind="github", scopes=("read:user", "user:email"), claims=default_claims("github"))
    abroad.corp.answers = {
        "/token": says({"access_token": "gho_16C7e42F", "scope": "read:user,user:email", "token_type": "bearer"}),
        "/user": says(GITHUB_USER),
        "/user/emails": says(GITHUB_EMAILS),
    }


async def test_github_users_are_known_by_number_and_by_the_address_it_has_verified(abroad: Abroad) -> None:
    await at_github(abroad)
    assert "nonce" not in dict(parse_qsl(urlsplit(await abroad.depart()).query))
    assert (await abroad.come_back()).status_code == 303
    [user] = await abroad.users()
    assert user.identities == (Identity("corp", "583231"),)
    assert (user.email, user.email_verified, user.name) == ("octo@corp.test", True, "Octo")


async def test_an_address_that_github_has_not_verified_is_nobodys(abroad: Abroad) -> None:
    await at_github(abroad)
    abroad.corp.answers["/user/emails"] = says([{"email": "octo@corp.test", "primary": True, "verified": False}])
    await abroad.come_back()
    [user] = await abroad.users()
    assert (user.email, user.email_verified) == (None, False)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/token", says({"error": "bad_verification_code", "error_description": "The code is incorrect."})),
        ("/user", says({"message": "Bad credentials"}, 401)),
        ("/user", says({"login": "octocat"})),
        ("/user", says({"id": True})),
        ("/user/emails", says({"message": "Not Found"}, 404)),
        ("/user/emails", says({"message": "no list"})),
    ],
    ids=["code", "token", "no-id", "odd-id", "no-emails", "odd-emails"],
)
async def test_an_error_of_github_signs_nobody_in(abroad: Abroad, path: str, answer: tuple[int, bytes]) -> None:
    await at_github(abroad)
    abroad.corp.answers[path] = answer
    await refused(abroad, await abroad.come_back())


async def test_workos_says_user_organization_and_role_at_its_token_endpoint(abroad: Abroad) -> None:
    await without_discovery(abroad, kind="workos", scopes=(), claims=default_claims("workos"))
    beside = {"sub": "user_01", "org_id": "org_01", "role": "admin", "permissions": ["posts:read"], "sid": "session_01"}
    payload = urlsafe_b64encode(json.dumps(beside).encode()).rstrip(b"=").decode()
    user = {"object": "user", "id": "user_01", "email": "eve@corp.test", "email_verified": True}
    names = {"first_name": "Eve", "last_name": "Example"}
    answer = {"user": user | names, "organization_id": "org_01", "access_token": f"x.{payload}.y"}
    abroad.corp.answers = {"/token": says(answer)}
    asked = dict(parse_qsl(urlsplit(await abroad.depart()).query))
    assert asked["provider"] == "authkit"
    assert "scope" not in asked
    assert (await abroad.come_back()).status_code == 303
    sent = json.loads(abroad.corp.bodies[-1])
    assert sent["grant_type"] == "authorization_code"
    assert (sent["client_id"], sent["client_secret"]) == (CLIENT_ID, SECRET)
    [known] = await abroad.users()
    assert known.identities == (Identity("corp", "user_01"),)
    assert (known.email, known.name) == ("eve@corp.test", "Eve Example")
    assert (known.roles, known.permissions) == (("admin",), ("posts:read",))
    abroad.corp.answers = {"/token": says({"code": "invalid_grant", "message": "no"}, 400)}
    sent_back(await abroad.come_back(), "server_error")


async def test_a_plain_oauth_provider_is_read_by_its_mapping(abroad: Abroad) -> None:
    mapping = ClaimMapping(
        subject="data.uuid", email="data.contact.mail", email_verified="data.contact.ok", name="nick"
    )
    await without_discovery(abroad, kind="oauth2", scopes=("profile",), claims=mapping)
    contact = {"mail": "eve@corp.test", "ok": True}
    abroad.corp.answers = {
        "/token": says({"access_token": "opaque", "token_type": "bearer"}),
        "/user": says({"data": {"uuid": "7f", "contact": contact}, "nick": "Eve", "sub": "not this"}),
    }
    await abroad.come_back()
    form = parse_qs(abroad.corp.bodies[-2].decode())
    assert form["client_id"] == [CLIENT_ID]
    assert form["client_secret"] == [SECRET]
    assert form["redirect_uri"] == ["https://a.test/callback/corp"]
    [user] = await abroad.users()
    assert user.identities == (Identity("corp", "7f"),)
    assert (user.email, user.email_verified, user.name) == ("eve@corp.test", True, "Eve")


async def test_auth0_roles_stand_under_a_namespace(abroad: Abroad) -> None:
    await abroad.configure(kind="auth0", claims=default_claims("auth0"))
    abroad.corp.user |= {
        "sub": "auth0|5f7c",
        "https://example.com/roles": ["admin"],
        "https://example.com/permissions": ["a:read"],
    }
    await abroad.come_back()
    [user] = await abroad.users()
    assert user.identities == (Identity("corp", "auth0|5f7c"),)
    assert (user.roles, user.permissions) == (("admin",), ("a:read",))


async def test_okta_groups_are_kept(abroad: Abroad) -> None:
    await abroad.configure(kind="okta", claims=default_claims("okta"))
    abroad.corp.user |= {"sub": "00uid4BxXw6I6TV4m0g3", "groups": ["Everyone", "Staff"]}
    await abroad.come_back()
    [user] = await abroad.users()
    assert user.metadata["groups"] == ["Everyone", "Staff"]


TID = "9188040d-6c67-4c5b-b112-36a304b66dad"
MICROSOFT = "https://login.microsoftonline.com"


@pytest.mark.parametrize(
    ("issuer", "tid", "comes_in"),
    [
        (f"{MICROSOFT}/{TID}/v2.0", TID, True),
        (f"{MICROSOFT}/{TID}/v2.0", "00000000-6c67-4c5b-b112-36a304b66dad", False),
        (f"{MICROSOFT}/{TID}/v2.0", None, False),
        ("https://evil.test/v2.0", TID, False),
    ],
    ids=["its-own", "anothers", "none", "evil"],
)
async def test_a_token_of_entra_is_of_the_directory_that_it_names(
    abroad: Abroad, issuer: str, tid: str | None, comes_in: bool
) -> None:
    await abroad.configure(kind="entra", claims=default_claims("entra"))
    abroad.corp.discovery = {"issuer": f"{MICROSOFT}/{{tenantid}}/v2.0"}
    abroad.corp.says = {"iss": issuer, "tid": tid}
    answer = await abroad.come_back()
    if comes_in:
        assert answer.status_code == 303
        assert len(await abroad.users()) == 1
    else:
        await refused(abroad, answer)


async def test_the_template_of_entra_is_nothing_at_another_kind(abroad: Abroad) -> None:
    page = f"{MICROSOFT}/{{tenantid}}/v2.0"
    abroad.corp.discovery = {"issuer": page}
    browser_answer = await abroad.try_to_depart()
    assert browser_answer.status_code == 503
