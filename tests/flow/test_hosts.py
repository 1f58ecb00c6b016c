"""Host -> tenant: an exact match or nobody, whatever else the request says."""

import os
from pathlib import Path

import pytest

from tenants.problems import IssuerIdTaken, IssuerUriTaken
from tests.flow.town import Town
from tests.support.clients import AZ, PUBLIC, RG, authorize, changed, refused
from tests.support.raw import LAST, send

pytestmark = pytest.mark.asyncio(loop_scope="module")

METADATA = "/.well-known/oauth-authorization-server"
NOBODY = b'{"error":"not_found"}'


async def get(
    town: Town, *fields: bytes, target: bytes = METADATA.encode(), version: bytes = b"1.1"
) -> tuple[int, bytes]:
    """Status and body of a request with these header fields, on a connection of its own."""
    lines = [b"GET " + target + b" HTTP/" + version, *fields]
    if not any(field.startswith(b"Connection:") for field in fields):
        lines.append(LAST)
    [answer], _ = await send(town.house, b"\r\n".join([*lines, b"", b""]))
    return answer.status, answer.body


def files(town: Town) -> set[Path]:
    return set(town.house.data_dir.rglob("*"))


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(b"unknown.test", id="HR-01"),
        pytest.param(b"x.a.test", id="HR-01-below"),
        pytest.param(b"test", id="HR-01-above"),
        pytest.param(b"a.test.", id="HR-03"),
        pytest.param(b"a.test:8443", id="HR-04-port"),
        pytest.param(b"a.test:80", id="HR-04-80"),
        pytest.param(b"a.test:0443", id="HR-04-zero"),
        pytest.param(b"a.test:", id="HR-04-empty"),
        pytest.param(b"a.test:99999", id="HR-04-large"),
        pytest.param(b"a.test:443:443", id="HR-04-twice"),
        pytest.param(b"", id="HR-05-empty"),
        pytest.param(b"a.test@b.test", id="HR-10-at"),
        pytest.param(b"a.test/b", id="HR-10-slash"),
        pytest.param(b"a.test?b", id="HR-10-query"),
        pytest.param(b"a.test#b", id="HR-10-fragment"),
        pytest.param(b"a.test\\b", id="HR-10-backslash"),
        pytest.param(b"a.test, b.test", id="HR-10-comma"),
        pytest.param(b"a.test b.test", id="HR-10-space"),
        pytest.param("bücher.test".encode(), id="HR-12-idn"),
        pytest.param(b"xn--bcher-kva.test", id="HR-12-a-label"),
        pytest.param("ａ.test".encode(), id="HR-12-fullwidth"),
        pytest.param("\u212a.test".encode(), id="HR-12-kelvin"),
        pytest.param(b"127.0.0.1", id="HR-13-address"),
        pytest.param(b"localhost", id="HR-13-localhost"),
        pytest.param(b"%61.test", id="HR-escaped"),
    ],
)
async def test_who_is_not_named_exactly_is_nobody(town: Town, host: bytes) -> None:
    before, awake = files(town), town.house.residence.awake
    for target in (METADATA.encode(), authorize(AZ).encode(), b"/token", b"/"):
        assert await get(town, b"Host: " + host, target=target) == (404, NOBODY)
    assert files(town) == before
    assert town.house.residence.awake == awake


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(b"A.TEST", id="HR-02"),
        pytest.param(b"a.Test", id="HR-02-mixed"),
        pytest.param(b"a.test:443", id="HR-04-default"),
    ],
)
async def test_a_host_is_known_in_any_case_and_with_its_default_port(town: Town, host: bytes) -> None:
    assert await get(town, b"Host: " + host) == await get(town, b"Host: a.test")


@pytest.mark.parametrize(
    ("fields", "version", "status"),
    [
        pytest.param([], b"1.1", 400, id="HR-06"),
        pytest.param([], b"1.0", 404, id="HR-05-http10"),
        pytest.param([b"Host: a.test", b"Host: a.test"], b"1.1", 400, id="HR-07-same"),
        pytest.param([b"Host: a.test", b"Host: b.test"], b"1.1", 400, id="HR-07-different"),
        pytest.param([b"Host: a.test", b"host: b.test"], b"1.1", 400, id="HR-07-case"),
        pytest.param([b"Host: a.te\0st"], b"1.1", 400, id="HR-11-nul"),
        pytest.param([b"Host: a.test\x01"], b"1.1", 400, id="HR-11-control"),
        pytest.param([b"Host : a.test"], b"1.1", 400, id="HR-11-space-before-colon"),
    ],
)
async def test_a_request_names_one_host(town: Town, fields: list[bytes], version: bytes, status: int) -> None:
    assert (await get(town, *fields, version=version))[0] == status


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(b"http://b.test" + METADATA.encode(), id="HR-08"),
        pytest.param(b"http://a.test" + METADATA.encode(), id="HR-08-same"),
        pytest.param(b"b.test:443", id="HR-08-authority"),
        pytest.param(b"*", id="HR-08-asterisk"),
        pytest.param(b"//b.test" + METADATA.encode(), id="HR-08-network-path"),
    ],
)
async def test_no_other_form_of_target_names_a_host(town: Town, target: bytes) -> None:
    assert (await get(town, b"Host: a.test", target=target))[0] in (400, 404)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("X-Forwarded-Host", "b.test", id="HR-09-X-Forwarded-Host"),
        pytest.param("Forwarded", "host=b.test;proto=http", id="HR-09-Forwarded"),
        *(
            pytest.param(name, "b.test", id=f"HR-09-{name}")
            for name in (
                "X-Original-Host",
                "X-Host",
                "X-Forwarded-Server",
                "X-Tenant-Id",
                "X-Original-URL",
                "X-Rewrite-URL",
            )
        ),
        pytest.param("X-Issuer", "https://b.test", id="HR-09-X-Issuer"),
    ],
)
async def test_no_header_overrules_the_host(town: Town, name: str, value: str) -> None:
    told = await town.ask("GET", METADATA, headers=[(name, value)])
    assert told.json()["issuer"] == "https://a.test"
    page = await town.ask("GET", authorize(AZ), headers=[(name, value)])
    assert "https://a.test/login" in page.text
    assert "b.test" not in page.text


@pytest.mark.parametrize(
    "upgrade", [pytest.param(b"h2c", id="HR-16"), pytest.param(b"websocket", id="HR-16-websocket")]
)
async def test_no_other_protocol_is_spoken(town: Town, upgrade: bytes) -> None:
    fields = [
        b"Host: a.test",
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: " + upgrade,
        b"HTTP2-Settings: AAMAAABk",
    ]
    status, body = await get(town, *fields)
    assert (status, b"https://a.test" in body) in ((200, True), (400, False))


@pytest.mark.parametrize("preface", [pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HR-16-prior-knowledge")])
async def test_http_2_on_the_plain_port_is_refused(town: Town, preface: bytes) -> None:
    answers, closed = await send(town.house, preface)
    assert closed
    assert all(answer.status == 400 for answer in answers)


async def test_equal_names_at_two_issuers_are_two_things(town: Town) -> None:
    tokens = await town.tokens()  # P and U exist at both: HR-20
    for form in (
        {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": "P"},
        {
            "grant_type": "authorization_code",
            "code": await town.user.code(),
            "client_id": "P",
            "code_verifier": "x" * 43,
        },
    ):
        refused(await town.token(list(form.items()), host="b.test"), 400, "invalid_grant")
    assert (await town.introspect(tokens["access_token"]))["active"] is True


async def test_a_deleted_issuer_is_nobody_and_comes_back_whole(fresh: Town) -> None:
    tokens, before = await fresh.tokens(), files(fresh)
    await fresh.house.registry.delete("a")
    for target in (METADATA, authorize(AZ), "/token", "/.well-known/jwks.json"):
        assert await get(fresh, b"Host: a.test", target=target.encode()) == (404, NOBODY)  # HR-21, HR-24
    assert {path for path in files(fresh) - before if path.suffix == ".db"} == set()
    await fresh.house.registry.undelete("a")
    assert (await fresh.introspect(tokens["access_token"]))["active"] is True


async def test_neither_id_nor_host_of_a_purged_issuer_is_given_away(fresh: Town) -> None:
    await fresh.house.registry.delete("a")
    fresh.clock.now += 31 * 86_400
    while await fresh.house.registry.ring():
        pass
    with pytest.raises(IssuerIdTaken):  # HR-22
        await fresh.house.issuer("a", "https://new.test")
    with pytest.raises(IssuerUriTaken):
        await fresh.house.issuer("new", "https://a.test")
    assert await get(fresh, b"Host: a.test") == (404, NOBODY)


@pytest.mark.parametrize("count", [pytest.param(500, id="HR-23")])
async def test_strange_hosts_leave_nothing_behind(town: Town, count: int) -> None:
    before, descriptors = files(town), len(os.listdir("/proc/self/fd"))
    for number in range(count):
        assert (await town.ask("GET", "/", host=f"stranger-{number}.test")).status_code == 404
    assert files(town) == before
    assert len(os.listdir("/proc/self/fd")) <= descriptors + 4
    assert "stranger-" not in town.house.logged()
    samples = [sample for metric in town.house.metrics.registry.collect() for sample in metric.samples]
    assert not [sample for sample in samples if "stranger-" in str(sample.labels)]


async def test_a_client_made_at_one_issuer_is_not_made_at_another(town: Town) -> None:
    await town.house.client("a", "only-a", **PUBLIC)
    answer = await town.ask("GET", authorize(changed(AZ, client_id="only-a")), host="b.test")
    assert answer.status_code == 400
    made = (await town.ask("POST", "/register", json=RG, host="b.test")).json()["client_id"]
    assert (await town.ask("GET", authorize(changed(AZ, client_id=made)))).status_code == 400
