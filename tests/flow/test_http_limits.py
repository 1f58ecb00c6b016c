"""HTTP without end: what is too large or too slow is given up, and leaves nothing behind."""

import asyncio
from pathlib import Path

import pytest

import server.web.request
import server.wire
from tests.flow.town import Town
from tests.support.clients import AZ, authorize
from tests.support.house import running_house
from tests.support.raw import BODY, DOCUMENT, FORM, LAST, refused_by_the_wire, request, send, sized

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("data", "statuses"),
    [
        pytest.param(request(b"X: " + b"a" * 71_680, method=b"GET", target=DOCUMENT), (431, 400), id="HX-04-large"),
        pytest.param(
            request(*(b"X-%d: y" % n for n in range(500)), method=b"GET", target=DOCUMENT), (431,), id="HX-04-many"
        ),
        pytest.param(request(method=b"GET", target=b"/" + b"a" * 70_000), (431, 414, 400), id="HX-04-target"),
        pytest.param(b"A" * 100_000, (431, 400), id="HX-04-no-end"),
    ],
)
async def test_headers_have_an_end(town: Town, data: bytes, statuses: tuple[int, ...]) -> None:
    await refused_by_the_wire(town.house, data, *statuses)


@pytest.mark.parametrize("target", [pytest.param(b"/token", id="token"), pytest.param(b"/login", id="login")])
@pytest.mark.parametrize(
    ("length", "sent"),
    [
        pytest.param(65_537, b"", id="HX-01-announced"),
        pytest.param(10**12, b"", id="HX-01-huge"),
        pytest.param(65_537, b"a" * 65_537, id="HX-01-sent"),
    ],
)
async def test_a_body_that_is_too_large_is_not_waited_for(town: Town, target: bytes, length: int, sent: bytes) -> None:
    data = request(FORM, b"Content-Length: %d" % length, target=target, body=sent)
    answers, closed = await send(town.house, data, seconds=3)
    assert [answer.status for answer in answers] == [413]
    assert closed
    assert answers[0].headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "target", [pytest.param(b"/token", id="HX-01-chunked"), pytest.param(b"/login", id="HX-01-page")]
)
async def test_a_body_without_a_length_is_counted(town: Town, target: bytes) -> None:
    head = request(FORM, b"Transfer-Encoding: chunked", target=target)
    answers, closed = await send(town.house, [head, *[b"4000\r\n" + b"a" * 0x4000 + b"\r\n"] * 6], seconds=3)
    assert [answer.status for answer in answers] == [413]
    assert closed


@pytest.mark.parametrize("limit", [pytest.param(65_536, id="HX-01-exact")])
async def test_a_body_of_the_allowed_size_is_read(town: Town, limit: int) -> None:
    body = BODY + b"&x=" + b"a" * (limit - len(BODY) - 3)
    answers, _ = await send(town.house, sized(body, LAST))
    assert [answer.status for answer in answers] == [400]
    assert b"invalid_grant" in answers[0].body


@pytest.mark.parametrize("sent", [pytest.param(b"grant", id="HX-02"), pytest.param(b"", id="HX-02-nothing")])
async def test_a_body_that_does_not_come_is_given_up(town: Town, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(server.web.request, "BODY_SECONDS", 0.2)
    answers, closed = await send(town.house, request(FORM, b"Content-Length: 50", body=sent), seconds=3)
    assert [answer.status for answer in answers] == [408]
    assert closed
    assert answers[0].headers["connection"] == "close"


@pytest.mark.parametrize(
    ("whole", "begun"),
    [
        pytest.param(0, b"", id="HX-03-idle"),
        pytest.param(0, b"GET / HT", id="HX-03-line"),
        pytest.param(0, b"GET / HTTP/1.1\r\nHost: a.test\r\n", id="HX-03-fields"),
        pytest.param(1, b"GET / HT", id="HX-03-second"),
    ],
)
async def test_headers_that_do_not_come_are_given_up(
    town: Town, monkeypatch: pytest.MonkeyPatch, whole: int, begun: bytes
) -> None:
    monkeypatch.setattr(server.wire, "HEADER_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", town.house.port)
    async with asyncio.timeout(4):
        if whole:
            writer.write(request(method=b"HEAD", target=DOCUMENT))
            assert b"200" in await reader.readuntil(b"\r\n\r\n")
        writer.write(begun)
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(b"Content-Length: 50", id="HX-02-unread"),
        pytest.param(b"Transfer-Encoding: chunked", id="HX-02-chunked"),
    ],
)
async def test_a_body_that_nobody_asked_for_is_not_waited_for_either(
    town: Town, monkeypatch: pytest.MonkeyPatch, field: bytes
) -> None:
    monkeypatch.setattr(server.wire, "HEADER_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", town.house.port)
    async with asyncio.timeout(4):
        writer.write(request(field, method=b"HEAD", target=DOCUMENT))
        assert b"200" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("target", [pytest.param(b"/login", id="HX-02-page")])
async def test_a_form_of_a_page_that_does_not_come_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: bytes
) -> None:
    monkeypatch.setattr(server.web.request, "BODY_SECONDS", 0.2)
    async with running_house(tmp_path) as house:
        await house.issuer("a", "https://a.test")
        answers, closed = await send(house, request(FORM, b"Content-Length: 50", target=target), seconds=3)
    assert [answer.status for answer in answers] == [408]
    assert closed


async def test_noise_on_the_wire_is_none_in_the_log(town: Town, capfd: pytest.CaptureFixture[str]) -> None:
    before = town.house.logged()
    for noise in (b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n", b"get / HTTP/1.1\r\nHost: a.test\r\n\r\n"):
        await send(town.house, noise)
    assert town.house.logged() == before
    assert capfd.readouterr() == ("", "")


async def test_a_caller_who_leaves_takes_nothing_along(town: Town) -> None:
    for data in (sized(BODY)[:-5], sized(BODY), request(method=b"GET", target=authorize(AZ).encode())):
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", town.house.port)
            writer.write(data)
            writer.close()
    assert (await town.ask("GET", "/.well-known/jwks.json")).status_code == 200
    assert "Traceback" not in town.house.logged()
