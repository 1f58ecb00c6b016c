"""HTTP as strangers send it: what two readers could read in two ways is refused."""

import asyncio
from base64 import b64encode

import pytest

from tests.flow.town import Town
from tests.support.clients import AZ, authorize, refused
from tests.support.raw import BODY, DOCUMENT, FORM, LAST, refused_by_the_wire, request, send, sized

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(request(FORM, b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), id="HX-05"),
        pytest.param(
            request(FORM, b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"), id="HX-05-order"
        ),
        pytest.param(request(FORM, b"Content-Length: 1", b"Content-Length: 2", body=b"xx"), id="HX-06-two"),
        pytest.param(request(FORM, b"Content-Length: 1", b"Content-Length: 1", body=b"x"), id="HX-06-same"),
        pytest.param(request(FORM, b"Content-Length: 1, 1", body=b"x"), id="HX-06-list"),
        pytest.param(request(FORM, b"Content-Length: -1"), id="HX-06-negative"),
        pytest.param(request(FORM, b"Content-Length: +3", body=b"a=b"), id="HX-06-plus"),
        pytest.param(request(FORM, b"Content-Length: 0x3", body=b"a=b"), id="HX-06-hex"),
        pytest.param(request(FORM, b"Content-Length: 1_0", body=b"a=b"), id="HX-06-underscore"),
        pytest.param(request(FORM, b"Content-Length:", body=b"a=b"), id="HX-06-empty"),
        pytest.param(request(FORM, b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), id="HX-06-xchunked"),
        pytest.param(request(FORM, b"Transfer-Encoding: identity", body=b"a=b"), id="HX-06-identity"),
        pytest.param(request(FORM, b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"), id="HX-06-last"),
        pytest.param(request(FORM, b"Transfer-Encoding: chunked", body=b"zz\r\n\r\n"), id="HX-06-chunk"),
        pytest.param(request(FORM, b"Transfer-Encoding: chunked", body=b"-1\r\n\r\n"), id="HX-06-chunk-negative"),
        pytest.param(request(FORM, b"Transfer-Encoding: chunked", body=b"3\na=b\n0\n\n"), id="HX-07-chunk"),
        pytest.param(
            request(FORM, b"Transfer-Encoding: chunked", body=b"0\r\nContent-Length: 3\r\n\r\n"), id="HX-05-trailer"
        ),
        pytest.param(request(FORM, b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"), id="HX-06-space"),
        pytest.param(b"GET " + DOCUMENT + b" HTTP/1.1\nHost: a.test\n\n", id="HX-07-bare-lf"),
        pytest.param(b"GET " + DOCUMENT + b" HTTP/1.1\r\nHost: a.test\nX: y\r\n\r\n", id="HX-07-one-bare-lf"),
        pytest.param(b"GET " + DOCUMENT + b" HTTP/1.1\r\nHost: a.test\rX: y\r\n\r\n", id="HX-07-bare-cr"),
        pytest.param(request(b"X: a\r\n b", method=b"GET", target=DOCUMENT), id="HX-07-obs-fold"),
        pytest.param(request(b"X: a\r\n\tb", method=b"GET", target=DOCUMENT), id="HX-07-obs-fold-tab"),
        pytest.param(b"\r\n\r\nGET " + DOCUMENT + b" HTTP/1.1\nHost: a.test\n\n", id="HX-07-after-empty-lines"),
        pytest.param(b"GET " + DOCUMENT + b" HTTP/2.0\r\nHost: a.test\r\n\r\n", id="HX-08-version"),
        pytest.param(b"GET " + DOCUMENT + b" HTTP/0.9\r\nHost: a.test\r\n\r\n", id="HX-08-old"),
        pytest.param(b"GET " + DOCUMENT + b" HTTP/1.2\r\nHost: a.test\r\n\r\n", id="HX-08-minor"),
        pytest.param(b"GET " + DOCUMENT + b"\r\n\r\n", id="HX-08-none"),
        pytest.param(b"get " + DOCUMENT + b" HTTP/1.1\r\nHost: a.test\r\n\r\n", id="HX-08-method"),
        pytest.param(request(method=b"BREW"), id="HX-21-unknown"),
        pytest.param(request(method=b"PROPFIND"), id="HX-21-webdav"),
        pytest.param(request(method=b"CONNECT", target=b"b.test:443"), id="HX-21-connect"),
        pytest.param(request(method=b"GET", target=DOCUMENT + b"#f"), id="HX-20-fragment"),
        pytest.param(request(method=b"GET", target=b"/\xc3\xa9"), id="HX-20-utf-8"),
        pytest.param(request(method=b"GET", target=b"/authorize?client_id=\xff"), id="HX-20-bytes"),
        pytest.param(request(method=b"GET", target=b"/a b"), id="HX-20-space"),
        pytest.param(request(b"X\0: y", method=b"GET", target=DOCUMENT), id="HX-field-nul"),
        pytest.param(request(b"X: a\0b", method=b"GET", target=DOCUMENT), id="HX-value-nul"),
        pytest.param(request(b": y", method=b"GET", target=DOCUMENT), id="HX-field-empty"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"A" * 100, id="HX-tls"),
        pytest.param(b"\0" * 1_000, id="HX-zeros"),
    ],
)
async def test_what_is_not_exactly_http_is_refused(town: Town, data: bytes) -> None:
    await refused_by_the_wire(town.house, data, 400, 405, 501, 505)


@pytest.mark.parametrize(
    "trailer",
    [
        pytest.param(b"Authorization: Basic $K", id="HX-trailer-authorization"),
        pytest.param(b"Host: b.test", id="HX-trailer-host"),
        pytest.param(b"\r\n".join([b"X: y"] * 20_000), id="HX-trailer-many"),
    ],
)
async def test_a_field_behind_the_body_is_no_header(town: Town, trailer: bytes) -> None:
    basic = b64encode(":".join(town.basic("K")).encode("ascii"))
    body = b"7\r\ntoken=x\r\n0\r\n" + trailer.replace(b"$K", basic) + b"\r\n\r\n"
    fields = (FORM, LAST, b"Transfer-Encoding: chunked")
    answers, _ = await send(town.house, request(*fields, target=b"/introspect", body=body))
    assert [answer.status for answer in answers] == [401]
    known = request(*fields, b"Authorization: Basic " + basic, target=b"/introspect", body=body)
    answers, _ = await send(town.house, known)
    assert [answer.body for answer in answers] == [b'{"active":false}']


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(b"GET " + DOCUMENT + b" HTTP/1.1\nHost: a.test\n\n", id="HX-07-bare-lf"),
        pytest.param(request(b"X: a\r\n b", method=b"GET", target=DOCUMENT), id="HX-07-obs-fold"),
        pytest.param(request(FORM, b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), id="HX-05"),
        pytest.param(request(method=b"get", target=DOCUMENT), id="HX-08"),
    ],
)
@pytest.mark.parametrize("split", ["together", "apart", "within"])
async def test_the_second_request_of_a_connection_is_read_as_strictly_as_the_first(
    town: Town, second: bytes, split: str
) -> None:
    first = sized(BODY)
    data = {
        "together": [first + second],
        "apart": [first, second],
        "within": [first[:-3], first[-3:] + second],
    }[split]
    answers, closed = await send(town.house, data)
    assert closed
    assert [answer.status for answer in answers if answer.status != 400] == []
    assert not any(b"keys" in answer.body for answer in answers)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODY + b"\xff", id="HX-12"),
        pytest.param(b"\xff&" + BODY, id="HX-12-first"),
        pytest.param(BODY + b"%ff", id="HX-13-ff"),
        pytest.param(BODY + b"%c0%af", id="HX-13-overlong"),
        pytest.param(BODY + b"%zz", id="HX-13-zz"),
        pytest.param(BODY + b"%", id="HX-13-cut"),
        pytest.param(BODY + b"%ed%a0%80", id="HX-13-surrogate"),
        pytest.param(b"grant_type=refresh_token%00&client_id=P&refresh_token=x", id="HX-14-grant_type"),
        pytest.param(b"grant_type=refresh_token&client_id=P%00&refresh_token=x", id="HX-14-client_id"),
        pytest.param(b"&".join(b"k%d=v" % n for n in range(5_000)), id="HX-18"),
        pytest.param(b'{"grant_type":"refresh_token"}', id="HX-16"),
        pytest.param(BODY.replace(b"&", b";"), id="HX-19"),
        pytest.param(b"", id="HX-empty"),
    ],
)
async def test_a_form_with_two_readings_is_refused(town: Town, body: bytes) -> None:
    answer = await town.token(body)
    refused(answer, 400, "invalid_request", "unsupported_grant_type")


@pytest.mark.parametrize(
    "charset", [pytest.param("utf-16", id="HX-15-utf-16"), pytest.param("utf-7", id="HX-15-utf-7")]
)
async def test_a_form_is_utf_8(town: Town, charset: str) -> None:
    headers = [("Content-Type", f"application/x-www-form-urlencoded; charset={charset}")]
    refused(await town.ask("POST", "/token", content=BODY, headers=headers), 400, "invalid_request")


@pytest.mark.parametrize("parts", [pytest.param(1, id="HX-17"), pytest.param(500, id="HX-17-many")])
async def test_multipart_is_no_form_of_ours(town: Town, parts: int) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nrefresh_token\r\n'
    headers = [("Content-Type", "multipart/form-data; boundary=x")]
    answer = await town.ask("POST", "/token", content=part * parts + b"--x--\r\n", headers=headers)
    refused(answer, 400, "invalid_request")


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("//token", id="HX-20-slashes"),
        pytest.param("/%74oken", id="HX-20-escaped"),
        pytest.param("/x/../token", id="HX-20-dots"),
        pytest.param("/token;a", id="HX-20-parameter"),
        pytest.param("/token/", id="HX-20-trailing"),
        pytest.param("/TOKEN", id="HX-20-case"),
        pytest.param("/token%00", id="HX-20-nul"),
        pytest.param("/token%20", id="HX-20-space"),
        pytest.param("//authorize", id="HX-20-authorize"),
        pytest.param("/%61uthorize", id="HX-20-authorize-escaped"),
        pytest.param("/authorize/", id="HX-20-authorize-trailing"),
        pytest.param("/assets/../pages/consent.html", id="HX-20-file"),
        pytest.param("/assets/%2e%2e/browser.py", id="HX-20-file-escaped"),
        pytest.param("/assets/consent.html", id="HX-20-template"),
        pytest.param("/", id="HX-25-root"),
        pytest.param("/x" * 500, id="HX-25-long"),
    ],
)
async def test_each_thing_has_one_path(town: Town, target: str) -> None:
    for method in ("GET", "POST"):
        refused(await town.ask(method, target, form=BODY), 404, "not_found")


@pytest.mark.parametrize("method", [pytest.param("TRACE", id="HX-21-TRACE"), pytest.param("PATCH", id="HX-21-PATCH")])
@pytest.mark.parametrize("target", ["/token", "/authorize", "/.well-known/jwks.json"])
async def test_a_method_that_nothing_answers_is_refused(town: Town, method: str, target: str) -> None:
    answer = await town.ask(method, target, headers=[("X-Secret", "canary")])
    assert answer.status_code == 405
    assert "canary" not in answer.text


async def test_pipelined_requests_go_each_to_its_own_host(town: Town) -> None:
    def ask(host: bytes, *fields: bytes) -> bytes:
        return b"\r\n".join([b"GET " + DOCUMENT + b" HTTP/1.1", b"Host: " + host, *fields, b"", b""])

    data = ask(b"a.test") + ask(b"b.test") + ask(b"nobody.test") + ask(b"a.test", LAST)
    answers, closed = await send(town.house, data)
    ours, theirs, nobody, again = answers  # HX-22
    assert closed
    assert [answer.status for answer in answers] == [200, 200, 404, 200]
    assert ours.body == again.body != theirs.body
    assert b"keys" not in nobody.body


@pytest.mark.parametrize("target", ["/.well-known/jwks.json", "/nothing", "/token", authorize(AZ), "/assets/style.css"])
async def test_an_answer_to_head_has_no_body(town: Town, target: str) -> None:
    data = request(method=b"HEAD", target=target.encode()) + request(LAST, method=b"HEAD", target=DOCUMENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", town.house.port)
    writer.write(data)
    async with asyncio.timeout(5):
        received = await reader.read()
    writer.close()
    first, second, rest = received.split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 ")
    assert second.startswith(b"HTTP/1.1 200")
    assert rest == b""


@pytest.mark.parametrize("expect", [pytest.param(b"foo", id="HX-23"), pytest.param(b"100-continue", id="HX-23-known")])
async def test_an_expectation_does_not_hold_the_request_up(town: Town, expect: bytes) -> None:
    answers, _ = await send(town.house, sized(BODY, b"Expect: " + expect, LAST))
    assert [answer.status for answer in answers if answer.status != 100] == [400]


@pytest.mark.parametrize(
    ("method", "target", "host", "status"),
    [
        pytest.param("GET", "/nothing", "a.test", 404, id="HX-26-404"),
        pytest.param("GET", "/nothing", "nobody.test", 404, id="HX-26-nobody"),
        pytest.param("GET", "/token", "a.test", 405, id="HX-26-405"),
        pytest.param("PUT", "/login", "a.test", 405, id="HX-26-405-page"),
        pytest.param("POST", "/token", "a.test", 400, id="HX-26-400"),
        pytest.param("GET", "/userinfo", "a.test", 401, id="HX-26-401"),
        pytest.param("GET", "/authorize", "a.test", 400, id="HX-26-page"),
        pytest.param("GET", "/assets/style.css", "a.test", 200, id="HX-26-style"),
        pytest.param("GET", "/.well-known/jwks.json", "a.test", 200, id="HX-26-document"),
        pytest.param("OPTIONS", "/token", "a.test", 204, id="HX-26-preflight"),
    ],
)
async def test_every_answer_is_hardened(town: Town, method: str, target: str, host: str, status: int) -> None:
    answer = await town.ask(method, target, host=host)  # HX-25: no `Server`, see RunningHouse.ask
    assert answer.status_code == status
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    if host == "a.test":
        assert answer.headers["strict-transport-security"].startswith("max-age=")
    if status != 200:
        assert answer.headers["cache-control"] == "no-store"
    for word in ("quart", "uvicorn", "werkzeug", "python"):
        assert word not in answer.text.lower()
