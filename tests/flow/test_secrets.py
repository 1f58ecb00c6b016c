"""What must stay secret stays so: in the log, in the files, on the pages, and from whoever guesses."""

import itertools
import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from server.outbound.providers.dev import DevProvider
from tenants.oauth.claims import Profile
from tenants.turn import Turn
from tests.flow.town import Town, settle
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, RF, RG, TK, authorize, changed, refused, returned, s256
from tests.support.house import USERS, running_house
from tests.support.raw import send

pytestmark = pytest.mark.asyncio(loop_scope="module")

VERIFIER = "canary-verifier-0123456789-0123456789-0123456789"


def kept(path: Path) -> bytes:
    """Everything in every file, but for the operator's own key and token."""
    found = [file for file in path.rglob("*") if file.is_file() and file.name not in ("master.key", "admin.token")]
    assert any(file.suffix == ".db" for file in found)
    return b"".join(file.read_bytes() for file in found)


async def test_no_secret_of_a_flow_is_found_outside_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with running_house(tmp_path) as house:
        town = await settle(house)
        browser = Browser(house)
        page = await browser.get(authorize())
        secrets = {"sign-in ticket": form_of(page)[1]["ticket"], "password": browser.user.password}
        registered = (await town.ask("POST", "/register", json={"redirect_uris": RG["redirect_uris"]})).json()
        secrets["client_secret"] = registered["client_secret"]
        basic = registered["client_id"], registered["client_secret"]
        asked = changed(AZ, client_id=basic[0], state="canary-state", code_challenge=s256(VERIFIER), scope="openid mcp")
        page = await browser.get(authorize([*asked, ("nonce", "n"), ("resource", "")]))
        consent = await browser.sign_in(page)
        secrets["consent ticket"] = form_of(consent)[1]["ticket"]
        told = returned(await browser.allow(consent))
        secrets |= {"code": told["code"], "state": told["state"], "verifier": VERIFIER}
        form = changed(TK, client_id=None, code=told["code"], code_verifier=VERIFIER)
        tokens = (await town.token(form, basic=basic)).json()
        again = changed(RF, client_id=None, refresh_token=tokens["refresh_token"])
        later = (await town.token(again, basic=basic)).json()
        for name in ("access_token", "refresh_token"):
            secrets |= {name: tokens[name], f"later {name}": later[name]}
        secrets["id_token"] = tokens["id_token"]
        secrets |= {f"cookie {name}": value for name, value in browser.cookies.items()}
        # and whatever goes wrong with them
        await town.ask("POST", "/introspect", form={"token": later["access_token"]}, basic=(basic[0], basic[1] + "x"))
        await town.ask("GET", f"/userinfo?access_token={later['access_token']}")
        await town.ask("POST", f"/token?code={told['code']}&client_secret={basic[1]}", form=b"%zz")
        await town.ask("GET", f"/nothing/{later['refresh_token']}")
        refused(await town.token(form, basic=basic), 400, "invalid_grant")
        logged = house.logged()
        metrics = str([sample for metric in house.metrics.registry.collect() for sample in metric.samples])
        files = kept(tmp_path)
    printed = "".join(capfd.readouterr())
    files += kept(tmp_path)  # once more, as they lie when all is closed
    assert len(secrets) == 14
    for name, secret in secrets.items():
        for where, text in (("log", logged), ("metrics", metrics), ("output", printed)):
            assert secret not in text, f"{name} in the {where}"  # LK-01
        assert secret.encode("ascii") not in files, f"{name} in the files"  # LK-03
    assert basic[0] in files.decode("latin-1")  # what is no secret can be found: the search works


async def test_a_signing_key_lies_sealed(tmp_path: Path) -> None:
    def private(turn: Turn, _: None) -> list[str]:
        keys = [turn.keyring.private_key(key) for key in turn.tx.signing_keys.all()]
        return [key.as_dict(private=True)["d"] for key in keys]

    async with running_house(tmp_path) as house:
        town = await settle(house)
        exponents = await town.house.registry.tenant("a").actor.run(private, None)
    files = kept(tmp_path)
    assert len(exponents) == 2
    for exponent in exponents:
        assert exponent.encode("ascii") not in files  # LK-03
        assert urlsafe_b64decode(exponent + "==") not in files
    master = tmp_path / "master.key"
    assert master.stat().st_mode & 0o777 == 0o600
    assert master.read_bytes().strip() not in files
    assert b64decode(master.read_bytes()) not in files


@pytest.mark.parametrize(
    "target", [pytest.param(authorize(), id="LK-02"), pytest.param("/token?x=canary", id="LK-02-api")]
)
async def test_the_log_has_paths_and_no_queries(town: Town, target: str) -> None:
    await town.ask("GET", target)
    last = json.loads(town.house.logged().splitlines()[-1])
    assert last["route"] == target.partition("?")[0]
    assert not [value for value in last.values() if "?" in str(value)]


@dataclass(frozen=True, slots=True)
class BrokenProvider(DevProvider):
    """An identity provider with a bug of its own."""

    def check(self, email: str, password: str) -> Profile | None:
        raise RuntimeError(f"cannot open /var/lib/secret-path for {password}")


async def test_a_bug_is_told_to_nobody_but_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with running_house(tmp_path, provider=BrokenProvider(USERS)) as house:
        await house.issuer("a", "https://a.test")
        await house.client("a", "P", redirect_uris=["https://app.test/cb"], token_endpoint_auth_method="none")
        browser = Browser(house)
        page = await browser.get(authorize(changed(AZ, scope="openid")))
        body = urlencode({**form_of(page)[1], "email": "u", "password": "x"}).encode("ascii")
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        head = f"POST /login HTTP/1.1\r\nHost: a.test\r\nCookie: {cookie}\r\nContent-Length: {len(body)}\r\n"
        form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        [answer], _ = await send(house, head.encode("ascii") + form + body)
        lines = house.logged().splitlines()
    assert answer.status == 500  # LK-04
    assert b"secret-path" not in answer.body
    assert b"RuntimeError" not in answer.body
    told = json.loads(lines[-1])
    assert told["request_id"].encode("ascii") in answer.body
    assert "secret-path" in told["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret-path" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "value",
    [
        pytest.param('x\r\n{"event":"forged"}', id="LK-08-crlf"),
        pytest.param("\x1b[31mred\x1b[0m", id="LK-08-ansi"),
        pytest.param("a" * 20_000, id="LK-08-long"),
        pytest.param('","event":"forged', id="LK-08-quote"),
        pytest.param("\u2028\u202e", id="LK-08-bidi"),
    ],
)
async def test_nobody_writes_lines_of_our_log(town: Town, value: str) -> None:
    before = len(town.house.logged().splitlines())
    await town.ask("GET", authorize(changed(AZ, client_id=value)))
    await town.ask("POST", "/token", form=changed(TK, client_id=value))
    await town.ask("POST", "/register", json={**RG, "client_name": value, "scope": value})
    await town.ask("GET", "/", headers=[("User-Agent", 'x","event":"forged'), ("X-Request-Id", "forged")])
    lines = town.house.logged().splitlines()[before:]
    assert len(lines) == 4
    for line in lines:
        assert json.loads(line)["event"] == "request"
        assert len(line) < 2_000
        assert line.isascii()
        assert line.isprintable()


@pytest.mark.parametrize("count", [pytest.param(150, id="LK-09")])
async def test_codes_and_tokens_cannot_be_guessed_from_one_another(town: Town, count: int) -> None:
    codes = [await town.user.code() for _ in range(count)]
    tokens = [(await town.token(changed(TK, code=code))).json() for code in codes[:50]]
    for tag, texts in (("tnc_", codes), ("tnr_", [given["refresh_token"] for given in tokens])):
        assert all(text.startswith(tag) for text in texts)
        raw = [urlsafe_b64decode(text.removeprefix(tag)) for text in texts]
        secrets = [value[12:28] for value in raw]  # 128 bits, whatever the rest says
        assert len(set(secrets)) == len(texts)
        assert not any(_alike(one, other) for one, other in itertools.combinations(secrets[:100], 2))
        ordered = sum(one < other for one, other in itertools.pairwise(texts))
        assert len(texts) * 0.3 < ordered < len(texts) * 0.7  # no order of time


def _alike(one: bytes, other: bytes) -> bool:
    """More than eight bytes in common: of random ones, less than once in 2⁴⁰."""
    return sum(a == b for a, b in zip(one, other, strict=True)) > 8


async def test_what_must_be_remembered_is_an_event_without_a_secret(fresh: Town) -> None:
    def events(turn: Turn, _: None) -> Iterator[object]:
        return iter(list(turn.tx.events.page(0, 1_000)))

    tokens = await fresh.tokens()
    second = (await fresh.refresh(tokens["refresh_token"])).json()
    fresh.clock.now += 61
    refused(await fresh.refresh(tokens["refresh_token"]), 400, "invalid_grant")
    registered = (await fresh.ask("POST", "/register", json={"redirect_uris": RG["redirect_uris"]})).json()
    remembered = [repr(event) for event in await fresh.house.registry.tenant("a").actor.run(events, None)]
    for kind in (
        "issuer.created",
        "client.created",
        "client.registered",
        "user.created",
        "session.started",
        "consent.given",
        "refresh_token.reused",
    ):
        assert any(f"type='{kind}'" in event for event in remembered), kind  # LK-11
    secrets = [*tokens.values(), *second.values(), registered["client_secret"], *fresh.user.cookies.values()]
    for secret in (text for text in secrets if isinstance(text, str) and len(text) > 20):
        assert not any(secret in event for event in remembered)
