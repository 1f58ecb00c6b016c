"""In production, an identity provider at another port than 443 is called where the operator's settings say so."""

import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from server.settings import read
from server.wiring import house
from tenants.acts.operate import NewClient, add_client
from tenants.acts.provider_kinds import default_claims, default_scopes
from tenants.new_issuer import NewIssuer
from tenants.records import IdentityProvider, Policy
from tenants.turn import Turn
from tests.support.abroad import Border, answering, certified
from tests.support.browser import form_of
from tests.support.clients import AZ, PUBLIC, authorize, is_page

HOST, PORT = "93.184.215.14", 8443
CORP = f"https://{HOST}:{PORT}"
METADATA = {
    "issuer": CORP,
    "authorization_endpoint": f"{CORP}/authorize",
    "token_endpoint": f"{CORP}/token",
    "jwks_uri": f"{CORP}/jwks",
}


async def depart(http: httpx.AsyncClient) -> httpx.Response:
    """What a browser is told that wants to sign in at the provider."""
    action, hidden = form_of(await http.get(authorize(AZ)))
    cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
    sent = {"Origin": "https://a.test", "Sec-Fetch-Site": "same-origin", "Cookie": cookie}
    return await http.post(action, data={**hidden, "provider": "corp"}, headers=sent)


@asynccontextmanager
async def in_production(data_dir: Path, **said: str) -> AsyncGenerator[httpx.AsyncClient]:
    """Issuer A in a house as `tenantry serve` has it, whose users come from a provider at CORP."""
    flags = dict.fromkeys(("http", "grpc", "management"), "127.0.0.1:0")
    corp = IdentityProvider(
        id="corp",
        kind="oidc",
        display_name="Corp",
        issuer_uri=CORP,
        client_id="x",
        scopes=default_scopes("oidc"),
        claims=default_claims("oidc"),
        created_at=0,
        updated_at=0,
    )

    def settle(turn: Turn, _: None) -> None:
        turn.tx.identity_providers.add(corp)

    async with house(read({"data_dir": data_dir, **flags, **said}, dev=False)) as running:
        policy = Policy(scopes=("mcp",))
        await running.registry.create(NewIssuer(id="a", uri="https://a.test", display_name="A", policy=policy))
        actor = running.registry.tenant("a").actor
        await actor.run(add_client, NewClient(client_id="P", metadata=PUBLIC, resources=()))
        await actor.run(settle, None)
        async with httpx.AsyncClient(
            base_url=f"http://{running.http}", headers={"Host": "a.test"}, trust_env=False, timeout=20
        ) as http:
            yield http


async def test_a_provider_at_a_port_of_the_settings_is_called_and_at_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting, tls = certified(HOST)
    [authority] = trusting.get_ca_certs(binary_form=True)
    (tmp_path / "authority.pem").write_text(ssl.DER_cert_to_PEM_cert(authority), "ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    border = Border(monkeypatch)
    body = json.dumps(METADATA).encode()
    said = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    async with answering(said, tls=tls) as corp:
        border.leads(HOST, PORT, corp.port)
        async with in_production(tmp_path / "as-it-comes") as http:
            is_page(await depart(http), 503)
        assert (HOST, PORT) not in border.dialled
        async with in_production(tmp_path / "as-it-is-told", outbound_ports=f"443,{PORT}") as http:
            answer = await depart(http)
            assert answer.headers.get("location", answer.text).startswith(f"{CORP}/authorize?")
        assert border.dialled.count((HOST, PORT)) == 1
