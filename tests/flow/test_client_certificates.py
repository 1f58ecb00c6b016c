"""Clients that prove themselves by a certificate, and tokens that are bound to one (RFC 8705)."""

import ssl
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from typing import Any

import httpx
import pytest
import pytest_asyncio

from server.outbound.kept import COOL_DOWN
from tenants.oauth.client_metadata import CERTIFICATE_BOUND
from tenants.oauth.requests import JWT_BEARER
from tenants.records import ClaimMatch, Policy, WorkloadIssuer, WorkloadRule
from tests.flow.town import POLICY, Town, disable_client, settle
from tests.support.browser import Browser
from tests.support.certificates import DAY, SERVER_AUTH, Shown, made
from tests.support.client_host import ClientHost
from tests.support.clients import AZ, ISSUER, PUBLIC, RF, RG, TK, authorize, changed, claims, refused
from tests.support.holder import Holder
from tests.support.house import EPOCH, FakeClock, running_house
from tests.support.requirement import requirement
from tests.support.signer import Signer
from tests.support.tls_proxy import load, tls_proxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

CA, OTHER_CA = made("CN=authority", ca=True), made("CN=authority", ca=True)
SHOWN = made("CN=reports,O=Example", ["dns:reports.test"], by=CA)
ANOTHER = made("CN=another,O=Example", ["dns:another.test"], by=CA)
SELF_SIGNED = made("CN=whoever")
TRUSTING = replace(POLICY, client_certificate_authorities=(CA.pem,))
BY_NAME: dict[str, Any] = {
    **PUBLIC,
    "token_endpoint_auth_method": "tls_client_auth",
    "tls_client_auth_subject_dn": "CN=reports,O=Example",
}
BY_KEY: dict[str, Any] = {
    **PUBLIC,
    "token_endpoint_auth_method": "self_signed_tls_client_auth",
    "jwks": {"keys": [SELF_SIGNED.jwk]},
}
BOUND: dict[str, Any] = {CERTIFICATE_BOUND: True}
OPENID = changed(AZ, scope="openid email", resource=None)
STRANGER = "127.0.0.2"
"""An address that is no trusted proxy's."""
FAILED = "client authentication failed"


def told(*shown: Shown) -> list[tuple[str, str]]:
    """As the proxy tells the house."""
    return [("Client-Cert", one.field) for one in shown]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host() -> AsyncGenerator[ClientHost]:
    async with ClientHost().serving() as host:
        yield host


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, host: ClientHost) -> AsyncGenerator[Town]:
    """A town behind a proxy at 127.0.0.1 that says which certificate it was shown."""
    async with running_house(
        tmp_path_factory.mktemp("house"),
        to_clients=host.fetcher,
        trusted_proxies=(IPv4Network("127.0.0.1/32"),),
        certificate_header="Client-Cert",
    ) as house:
        town = await settle(house)
        await house.set_policy("a", TRUSTING)
        await house.client("a", "reports", **BY_NAME)
        await house.client("a", "self-signed", **BY_KEY)
        await house.client("a", "bound", **PUBLIC, **BOUND)
        yield town


async def is_proven(
    town: Town, client_id: str, headers: Sequence[tuple[str, str]], peer: str = "127.0.0.1", **more: str
) -> bool:
    """Whether the issuer takes whoever asks for this client. Else it says no more than that it does not."""
    form = {"token": "x", "client_id": client_id, **more}
    answer = await town.ask("POST", "/introspect", form=form, headers=headers, peer=peer)
    if answer.status_code == 200:
        return True
    refused(answer, 401, "invalid_client")
    assert answer.json()["error_description"] == FAILED
    return False


@dataclass
class Owner:
    """Who holds tokens of a client."""

    town: Town
    client_id: str
    shown: Shown | None

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [] if self.shown is None else told(self.shown)

    async def redeem(self, parameters: Any = AZ, **more: Any) -> httpx.Response:
        code = await self.town.user.code(changed(parameters, client_id=self.client_id))
        return await self.town.token(changed(TK, code=code, client_id=self.client_id), headers=self.headers, **more)

    async def tokens(self, parameters: Any = AZ) -> dict[str, Any]:
        answer = await self.redeem(parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refresh(self, token: str, **more: Any) -> httpx.Response:
        form = changed(RF, refresh_token=token, client_id=self.client_id)
        return await self.town.token(form, headers=self.headers, **more)

    async def userinfo(self, token: str) -> httpx.Response:
        return await self.town.ask("GET", "/userinfo", headers=[("Authorization", f"Bearer {token}"), *self.headers])


async def introspected(town: Town, token: str) -> dict[str, Any]:
    """What the public client whose token it is is told of it."""
    return (await town.ask("POST", "/introspect", form={"token": token, "client_id": "bound"})).json()


# --- who a client is


@pytest.mark.parametrize(("client_id", "shown"), [("reports", SHOWN), ("self-signed", SELF_SIGNED)])
@requirement(
    "rfc8705:a-client-is-proven-by-the-name-in-its-certificate",
    "rfc8705:a-client-is-proven-by-the-key-of-its-certificate",
)
async def test_a_client_gets_and_uses_its_tokens_with_nothing_but_its_certificate(
    town: Town, client_id: str, shown: Shown
) -> None:
    owner = Owner(town, client_id, shown)
    tokens = await owner.tokens()
    assert "cnf" not in claims(tokens["access_token"]), "it did not register to have them bound"
    tokens = (await owner.refresh(tokens["refresh_token"])).json()
    form = {"token": tokens["access_token"], "client_id": client_id}
    answer = await town.ask("POST", "/introspect", form=form, headers=owner.headers)
    assert answer.json()["client_id"] == client_id
    assert (await town.ask("POST", "/revoke", form=form, headers=owner.headers)).status_code == 200
    pushed = await town.ask("POST", "/par", form=changed(AZ, client_id=client_id), headers=owner.headers)
    assert pushed.status_code == 201, pushed.text
    nobody = Owner(town, client_id, None)
    refused(await nobody.refresh(tokens["refresh_token"]), 401, "invalid_client")
    refused(await town.ask("POST", "/par", form=changed(AZ, client_id=client_id)), 401, "invalid_client")


@requirement("rfc9440:a-client-certificate-in-a-header")
async def test_the_proxy_may_write_a_certificate_in_either_way(town: Town) -> None:
    assert await is_proven(town, "reports", [("client-cert", SHOWN.field)])
    assert await is_proven(town, "reports", [("CLIENT-CERT", SHOWN.escaped)])


@requirement("house:one-certificate-and-from-a-trusted-proxy-alone")
async def test_a_header_from_anybody_else_is_not_believed(town: Town) -> None:
    assert await is_proven(town, "reports", told(SHOWN))
    assert not await is_proven(town, "reports", told(SHOWN), peer=STRANGER)
    claimed = [*told(SHOWN), ("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1")]
    assert not await is_proven(town, "reports", claimed, peer=STRANGER)
    for name in ("Client-Cert-Chain", "X-Client-Cert", "Client_Cert", "SSL-Client-Cert"):
        assert not await is_proven(town, "reports", [(name, SHOWN.field)])
    assert not await is_proven(town, "reports", [], client_cert=SHOWN.field)


@requirement("house:one-certificate-and-from-a-trusted-proxy-alone")
async def test_of_two_headers_neither_is_believed(town: Town) -> None:
    """The client's own beside the proxy's, whichever stands first."""
    for headers in (
        told(ANOTHER, SHOWN),
        told(SHOWN, ANOTHER),
        told(SHOWN, SHOWN),
        [("Client-Cert", ""), *told(SHOWN)],
    ):
        form = {"token": "x", "client_id": "reports"}
        refused(await town.ask("POST", "/introspect", form=form, headers=headers), 400, "invalid_request")
    joined = [("Client-Cert", f"{ANOTHER.field}, {SHOWN.field}")]
    refused(await town.ask("POST", "/introspect", form={"token": "x"}, headers=joined), 400, "invalid_request")


@pytest.mark.parametrize("text", ["x", "::x", ":AAAA:", SHOWN.field[:-9], SHOWN.escaped[:-9], "%zz", ":" * 9])
async def test_garbage_of_a_proxy_is_refused_without_a_trace(town: Town, text: str) -> None:
    form = {"token": "x", "client_id": "reports"}
    headers = [("Client-Cert", text)]
    refused(await town.ask("POST", "/introspect", form=form, headers=headers), 400, "invalid_request")
    assert (await town.ask("GET", "/.well-known/jwks.json", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(ANOTHER, id="of another client"),
        pytest.param(made("CN=reports,O=Example", by=CA, ends=EPOCH - 1), id="expired"),
        pytest.param(made("CN=reports,O=Example", by=CA, begins=EPOCH + DAY), id="of tomorrow"),
        pytest.param(made("CN=reports,O=Example", by=OTHER_CA), id="of another authority"),
        pytest.param(made("CN=reports,O=Example"), id="of nobody"),
        pytest.param(made("CN=reports,O=Example", by=ANOTHER), id="made by another client"),
        pytest.param(made("CN=reports,O=Example", by=CA, uses=[SERVER_AUTH]), id="of a server"),
        pytest.param(made("CN=reports", by=CA), id="common name only"),
        pytest.param(CA, id="the authority itself"),
    ],
)
@requirement("rfc8705:a-client-is-proven-by-the-name-in-its-certificate")
async def test_any_other_certificate_proves_nobody(town: Town, shown: Shown) -> None:
    assert not await is_proven(town, "reports", told(shown))
    assert not await is_proven(town, "self-signed", told(shown))


@pytest.mark.parametrize(
    ("member", "name", "right", "wrong"),
    [
        ("san_dns", "a.reports.test", "dns:a.reports.test", ["dns:*.reports.test", "uri:a.reports.test"]),
        ("san_uri", "spiffe://x/reports", "uri:spiffe://x/reports", ["uri:spiffe://x/reports/", "dns:spiffe"]),
        ("san_ip", "192.0.2.1", "ip:192.0.2.1", ["dns:192.0.2.1", "ip:::ffff:192.0.2.1"]),
        ("san_email", "r@reports.test", "email:r@reports.test", ["dns:reports.test", "uri:mailto:r@reports.test"]),
    ],
)
async def test_a_name_of_another_kind_is_another_name(
    town: Town, member: str, name: str, right: str, wrong: list[str]
) -> None:
    given: dict[str, Any] = {
        **PUBLIC,
        "token_endpoint_auth_method": "tls_client_auth",
        f"tls_client_auth_{member}": name,
    }
    client, _ = await town.house.client("a", f"by-{member.replace('_', '-')}", **given)
    assert await is_proven(town, client.id, told(made("CN=x", [*wrong, right], by=CA)))
    assert not await is_proven(town, client.id, told(made("CN=x", wrong, by=CA)))
    assert not await is_proven(town, client.id, told(made(f"CN={name}", by=CA)))
    assert not await is_proven(town, client.id, told(made("CN=x", [right], by=OTHER_CA)))


async def test_the_authorities_of_one_issuer_are_nobody_to_another(town: Town) -> None:
    await town.house.set_policy("b", replace(POLICY, client_certificate_authorities=(OTHER_CA.pem,)))
    await town.house.client("b", "reports", **BY_NAME)
    theirs = made("CN=reports,O=Example", by=OTHER_CA)
    form = {"token": "x", "client_id": "reports"}
    for shown, status in ((SHOWN, 401), (theirs, 200)):
        answer = await town.ask("POST", "/introspect", form=form, headers=told(shown), host="b.test")
        assert answer.status_code == status


async def test_a_client_is_proven_by_its_own_method_alone(town: Town) -> None:
    """A certificate beside a secret changes nothing, and a secret proves nobody who registered a certificate."""
    form = {"token": "x"}
    answer = await town.ask("POST", "/introspect", form=form, headers=told(SHOWN), basic=town.basic("K"))
    assert answer.status_code == 200
    assert not await is_proven(town, "K", told(SHOWN))
    for client_id in ("reports", "self-signed"):
        assert not await is_proven(town, client_id, told(SHOWN), client_secret="x")
    assert not await is_proven(town, "self-signed", told(SHOWN))
    assert not await is_proven(town, "reports", told(SELF_SIGNED))
    assert not await is_proven(town, "nobody", told(SHOWN))


async def test_a_disabled_client_is_nobody(town: Town) -> None:
    given: dict[str, Any] = {**BY_NAME, "tls_client_auth_subject_dn": "CN=leaving"}
    shown = made("CN=leaving", by=CA)
    await town.house.client("a", "leaving", **given)
    assert await is_proven(town, "leaving", told(shown))
    await disable_client(town.house, "leaving")
    assert not await is_proven(town, "leaving", told(shown))


async def test_keys_that_lie_elsewhere_are_fetched_and_looked_for_again(town: Town, host: ClientHost) -> None:
    former, newer = made(), made()
    where = host.show("/certified.json", {"keys": [former.jwk]})
    given: dict[str, Any] = {name: value for name, value in BY_KEY.items() if name != "jwks"}
    await town.house.client("a", "elsewhere", **given, jwks_uri=where)
    assert await is_proven(town, "elsewhere", told(former))
    assert host.count("/certified.json") == 1
    host.show("/certified.json", {"keys": [newer.jwk]})
    town.clock.now += COOL_DOWN
    assert await is_proven(town, "elsewhere", told(newer))
    assert not await is_proven(town, "elsewhere", told(former))
    assert host.count("/certified.json") == 2
    host.show("/certified.json", b"", status=503)
    given = {**given, "jwks_uri": host.show("/gone.json", b"", status=503)}
    await town.house.client("a", "nowhere", **given)
    form = {"token": "x", "client_id": "nowhere"}
    refused(await town.ask("POST", "/introspect", form=form, headers=told(newer)), 503, "temporarily_unavailable")


async def test_a_client_with_a_certificate_asks_for_itself(town: Town) -> None:
    given: dict[str, Any] = {**BY_NAME, **BOUND, "redirect_uris": [], "grant_types": ["client_credentials"]}
    await town.house.client("a", "machine", **given)
    form = {"grant_type": "client_credentials", "client_id": "machine", "scope": "mcp"}
    answer = await town.ask("POST", "/token", form=form, headers=told(SHOWN))
    assert claims(answer.json()["access_token"])["cnf"] == {"x5t#S256": SHOWN.x5t}
    refused(await town.ask("POST", "/token", form=form), 401, "invalid_client")


# --- what it registers


async def test_a_client_registers_the_name_in_its_certificate(town: Town) -> None:
    given = {**RG, "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "Reports.test"}
    answer = await town.ask("POST", "/register", json={**given, CERTIFICATE_BOUND: True})
    assert answer.status_code == 201, answer.text
    registered = answer.json()
    assert registered["token_endpoint_auth_method"] == "tls_client_auth"
    assert (registered["tls_client_auth_san_dns"], registered[CERTIFICATE_BOUND]) == ("reports.test", True)
    assert "client_secret" not in registered
    assert await is_proven(town, registered["client_id"], told(SHOWN))
    assert not await is_proven(town, registered["client_id"], told(ANOTHER))


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint_auth_method": "tls_client_auth"},
        {**BY_NAME, "tls_client_auth_san_dns": "a.test"},
        {**BY_NAME, "tls_client_auth_subject_dn": "reports"},
        {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
        {CERTIFICATE_BOUND: "yes"},
    ],
)
async def test_what_could_prove_nobody_is_not_registered(town: Town, members: dict[str, Any]) -> None:
    refused(await town.ask("POST", "/register", json={**RG, **members}), 400, "invalid_client_metadata")


async def test_who_registers_another_certificate_asks_its_users_again(town: Town) -> None:
    given = {**RG, "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "reports.test"}
    registered = (await town.ask("POST", "/register", json=given)).json()
    client_id, user = registered["client_id"], Browser(town.house)
    parameters = changed(AZ, client_id=client_id)
    await user.code(parameters)
    answer = await town.ask(
        "PUT",
        f"/register/{client_id}",
        json={**given, "client_id": client_id, "tls_client_auth_san_dns": "another.test"},
        headers=[("Authorization", f"Bearer {registered['registration_access_token']}")],
    )
    assert answer.status_code == 200, answer.text
    assert (await user.get(authorize(parameters))).status_code == 200, "it asks for consent"


# --- what is published


async def test_metadata_lists_what_an_issuer_can_do_with_certificates(town: Town) -> None:
    for name in ("oauth-authorization-server", "openid-configuration"):
        ours = (await town.ask("GET", f"/.well-known/{name}")).json()
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(ours["token_endpoint_auth_methods_supported"])
        assert ours[CERTIFICATE_BOUND] is True
        assert "mtls_endpoint_aliases" not in ours
    resource = (await town.ask("GET", "/.well-known/oauth-protected-resource")).json()
    assert resource[CERTIFICATE_BOUND] is True
    await town.house.set_policy("a", POLICY)
    ours = (await town.ask("GET", "/.well-known/oauth-authorization-server")).json()
    assert "tls_client_auth" not in ours["token_endpoint_auth_methods_supported"], "nobody vouches for names"
    assert "self_signed_tls_client_auth" in ours["token_endpoint_auth_methods_supported"]
    given = {**RG, **BY_NAME}
    refused(await town.ask("POST", "/register", json=given), 400, "invalid_client_metadata")
    assert not await is_proven(town, "reports", told(SHOWN))
    await town.house.set_policy("a", TRUSTING)
    assert await is_proven(town, "reports", told(SHOWN))


async def test_where_nobody_says_what_was_shown_no_certificate_counts(fresh: Town) -> None:
    await fresh.house.set_policy("a", TRUSTING)
    ours = (await fresh.ask("GET", "/.well-known/oauth-authorization-server")).json()
    assert not {"tls_client_auth", "self_signed_tls_client_auth"} & set(ours["token_endpoint_auth_methods_supported"])
    assert CERTIFICATE_BOUND not in ours
    assert CERTIFICATE_BOUND not in (await fresh.ask("GET", "/.well-known/oauth-protected-resource")).json()
    for given in (BY_NAME, BY_KEY):
        refused(await fresh.ask("POST", "/register", json={**RG, **given}), 400, "invalid_client_metadata")
    registered = (await fresh.ask("POST", "/register", json={**RG, CERTIFICATE_BOUND: True})).json()
    assert CERTIFICATE_BOUND not in registered, "it is told that it does not have it"


# --- tokens that are bound


@requirement("rfc8705:a-bound-token-opens-nothing-without-its-certificate")
async def test_tokens_are_bound_to_the_certificate_that_was_shown(town: Town) -> None:
    owner = Owner(town, "bound", SELF_SIGNED)
    tokens = await owner.tokens(OPENID)
    access, binding = tokens["access_token"], {"x5t#S256": SELF_SIGNED.x5t}
    assert (tokens["token_type"], claims(access)["cnf"]) == ("Bearer", binding)
    told_of = await introspected(town, access)
    assert (told_of["token_type"], told_of["cnf"]) == ("Bearer", binding)
    assert (await owner.userinfo(access)).json()["email"] == "u@example.com"
    for thief in (Owner(town, "bound", None), Owner(town, "bound", ANOTHER)):
        answer = await thief.userinfo(access)
        refused(answer, 401, "invalid_token")
        assert 'Bearer error="invalid_token"' in answer.headers["www-authenticate"]
    stolen = [("Authorization", f"Bearer {access}"), *told(SELF_SIGNED)]
    refused(await town.ask("GET", "/userinfo", headers=stolen, peer=STRANGER), 401, "invalid_token")


@requirement("rfc8705:a-bound-token-opens-nothing-without-its-certificate")
async def test_the_refresh_token_of_a_public_client_goes_with_its_certificate(town: Town) -> None:
    owner, thief = Owner(town, "bound", SELF_SIGNED), Owner(town, "bound", ANOTHER)
    first = await owner.tokens()
    refused(await thief.refresh(first["refresh_token"]), 400, "invalid_grant")
    refused(await Owner(town, "bound", None).refresh(first["refresh_token"]), 400, "invalid_request")
    second = (await owner.refresh(first["refresh_token"])).json()
    assert claims(second["access_token"])["cnf"] == {"x5t#S256": SELF_SIGNED.x5t}
    refused(await thief.refresh(first["refresh_token"]), 400, "invalid_grant")
    again = (await owner.refresh(first["refresh_token"])).json()
    assert again["refresh_token"] == second["refresh_token"], "the thief ended nothing"


@requirement("rfc8705:a-bound-token-opens-nothing-without-its-certificate")
async def test_a_client_that_wants_bound_tokens_gets_no_others(town: Town) -> None:
    refused(await Owner(town, "bound", None).redeem(), 400, "invalid_request")
    refused(await Owner(town, "bound", SELF_SIGNED).redeem(peer=STRANGER), 400, "invalid_request")


async def test_a_confidential_client_may_renew_its_certificate(town: Town) -> None:
    await town.house.client("a", "renewing", **BY_NAME, **BOUND)
    former, renewed = Owner(town, "renewing", SHOWN), made("CN=reports,O=Example", by=CA)
    tokens = await former.tokens(OPENID)
    after = (await Owner(town, "renewing", renewed).refresh(tokens["refresh_token"])).json()
    refused(await former.refresh(tokens["refresh_token"]), 400, "invalid_grant")  # what is for the other certificate
    assert claims(after["access_token"])["cnf"] == {"x5t#S256": renewed.x5t}
    refused(await former.userinfo(after["access_token"]), 401, "invalid_token")
    assert (await former.userinfo(tokens["access_token"])).status_code == 200


async def test_an_opaque_token_is_bound_as_well_and_stays_so_in_its_file(town: Town) -> None:
    await town.house.set_policy("a", replace(TRUSTING, token_format="opaque"))
    owner = Owner(town, "bound", SELF_SIGNED)
    access = (await owner.tokens(OPENID))["access_token"]
    await town.house.set_policy("a", TRUSTING)
    await town.house.registry.tenant("a").actor.sleep()
    assert (await introspected(town, access))["cnf"] == {"x5t#S256": SELF_SIGNED.x5t}
    refused(await Owner(town, "bound", ANOTHER).userinfo(access), 401, "invalid_token")
    assert (await owner.userinfo(access)).status_code == 200


async def test_a_token_may_be_bound_to_a_key_and_a_certificate(town: Town) -> None:
    holder, code = Holder(), await town.user.code(changed(AZ, client_id="bound"))
    proof = ("DPoP", holder.proof("POST", "https://a.test/token", town.clock.now))
    answer = await town.token(changed(TK, code=code, client_id="bound"), headers=[*told(SELF_SIGNED), proof])
    assert answer.json()["token_type"] == "DPoP"
    assert claims(answer.json()["access_token"])["cnf"] == {"jkt": holder.jkt, "x5t#S256": SELF_SIGNED.x5t}


async def test_who_did_not_ask_for_bound_tokens_gets_none(town: Town) -> None:
    tokens = await Owner(town, "P", SELF_SIGNED).tokens(OPENID)
    assert "cnf" not in claims(tokens["access_token"])
    assert (await Owner(town, "P", None).userinfo(tokens["access_token"])).status_code == 200


async def test_the_code_of_an_own_app_gives_a_bound_token_to_a_client_that_wants_such(town: Town) -> None:
    await town.house.set_policy("a", replace(TRUSTING, first_party_origins=("https://own.test",)))
    await town.house.client("a", "own-server", **BY_NAME, **BOUND)
    answer = await town.user.get("/login?client_id=own-server&returnTo=https%3A%2F%2Fown.test%2F")
    code = httpx.URL(answer.headers["location"]).params["code"]
    answer = await town.ask("POST", "/exchange", json={"code": code, "client_id": "own-server"}, headers=told(SHOWN))
    assert claims(answer.json()["token"])["cnf"] == {"x5t#S256": SHOWN.x5t}
    await town.house.set_policy("a", TRUSTING)


# --- through TLS


async def test_a_certificate_that_is_shown_in_tls_arrives(tmp_path_factory: pytest.TempPathFactory) -> None:
    """By an HTTP client with a key, a proxy that ends TLS, and nothing that is made up."""
    now = int(time.time())
    ca = made("CN=authority", ca=True, begins=now - DAY, ends=now + DAY)
    server = made("CN=proxy", ["dns:localhost"], by=ca, begins=now - DAY, ends=now + DAY)
    shown = made("CN=reports", by=ca, begins=now - DAY, ends=now + DAY)
    async with running_house(
        tmp_path_factory.mktemp("house"),
        clock=FakeClock(now),
        trusted_proxies=(IPv4Network("127.0.0.0/8"),),
        certificate_header="Client-Cert",
    ) as house:
        await house.issuer("a", "https://a.test", Policy(client_certificate_authorities=(ca.pem,)))
        given: dict[str, Any] = {**BY_NAME, "tls_client_auth_subject_dn": "CN=reports"}
        await house.client("a", "reports", **given)
        async with tls_proxy(server, ca, house.port) as port:
            for certificate, status in ((shown, 200), (None, 401)):
                context = ssl.create_default_context(cadata=ca.pem)
                if certificate is not None:
                    load(context, certificate)
                async with httpx.AsyncClient(verify=context, trust_env=False) as http:
                    answer = await http.post(
                        f"https://localhost:{port}/introspect",
                        data={"token": "x", "client_id": "reports"},
                        headers={"Host": "a.test", "Client-Cert": shown.field},
                    )
                assert answer.status_code == status, answer.text


@requirement("rfc8705:a-bound-token-opens-nothing-without-its-certificate")
async def test_a_workload_shows_the_certificate_that_the_tokens_of_its_client_are_bound_to(town: Town) -> None:
    """And neither proves the other: whatever it shows, its platform says which client it is."""
    platform, subject = Signer("ES256"), "spiffe://acme.test/fleet"
    await town.house.client("a", "fleet", token_endpoint_auth_method="none", grant_types=[JWT_BEARER], **BOUND)
    rule = WorkloadRule(client_id="fleet", claims=(ClaimMatch(claim="sub", pattern=subject),))
    issuer = WorkloadIssuer(
        id="mesh", issuer_uri="spiffe://acme.test", jwks=platform.jwks, rules=(rule,), created_at=0, updated_at=0
    )
    await town.house.registry.tenant("a").run(lambda turn, _: turn.tx.workload_issuers.add(issuer), None)

    async def asked(number: int, *shown: Shown, client_id: str | None = None) -> httpx.Response:
        now = town.clock.now
        said: dict[str, Any] = {"iss": issuer.issuer_uri, "sub": subject, "aud": f"{ISSUER}/token", "jti": str(number)}
        form = {"grant_type": JWT_BEARER, "assertion": platform.token({**said, "iat": now, "exp": now + 60})}
        named = {} if client_id is None else {"client_id": client_id}
        return await town.token(list((form | named | {"scope": "mcp"}).items()), headers=told(*shown))

    refused(await asked(1), 400, "invalid_request")
    for number, client_id in ((1, None), (2, "fleet")):
        answer = await asked(number, SELF_SIGNED, client_id=client_id)
        assert claims(answer.json()["access_token"])["cnf"] == {"x5t#S256": SELF_SIGNED.x5t}
    refused(await asked(3, SHOWN, client_id="reports"), 400, "invalid_grant")
