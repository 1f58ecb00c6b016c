"""What holds of the rules for every input that chance can think of."""

import hmac
import string
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar, get_args
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tenants.oauth import client_auth, json_text, jwt, parameters, redirect_uri, resource, scope, uri
from tenants.oauth.client_metadata import MAX_NAME, check, display_name
from tenants.oauth.handle import SECRET_BYTES, TAGS, Handle, Kind, mint, read
from tenants.oauth.refusal import Refusal
from tenants.records import Policy, SigningKey
from tests.support.made import resource as registered
from tests.support.requirement import requirement

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
BASE64URL = string.ascii_letters + string.digits + "-_"
KINDS: tuple[Kind, ...] = get_args(Kind)


Given = TypeVar("Given")
Result = TypeVar("Result")


def mac(data: bytes) -> bytes:
    return hmac.digest(b"this tenant", data, "sha256")


def tried(call: Callable[[Given], Result], given: Given) -> Result | Refusal:
    """What comes of it: a result, or a refusal, and nothing else."""
    try:
        return call(given)
    except Refusal as refusal:
        return refusal


# what can stand where a character of a URI, a header or a token stands
NEARLY = st.one_of(st.sampled_from("/\\?#@:%.;&=+- \t\r\n\0[]*_~!'\"<>"), st.sampled_from(BASE64URL), st.characters())


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """`text` with one character exchanged, one more, or one less."""
    place = draw(st.integers(0, len(text) - 1))
    kind = draw(st.sampled_from(["exchange", "insert", "remove"]))
    if kind == "remove":
        return text[:place] + text[place + 1 :]
    other = draw(NEARLY)
    if kind == "insert":
        return text[:place] + other + text[place:]
    assume(other != text[place])
    return text[:place] + other + text[place + 1 :]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=parameters.MAX_PARAMETERS), st.booleans())
def test_every_form_that_is_written_by_the_rules_is_read_back(pairs: list[tuple[str, str]], plus: bool) -> None:
    raw = urlencode(pairs).encode() if plus else urlencode(pairs, quote_via=quote).encode()
    written: dict[str, list[str]] = {}
    for name, value in pairs:
        written.setdefault(name, []).append(value)
    assert parameters.parse(raw).values == written


@given(
    st.one_of(st.binary(max_size=200), st.text("a%=&+;0fF\xff", max_size=60).map(lambda text: text.encode("latin-1")))
)
def test_a_form_is_read_or_refused_and_a_repeated_parameter_is_never_picked_from(raw: bytes) -> None:
    form = tried(parameters.parse, raw)
    if isinstance(form, Refusal):
        assert form.code == "invalid_request"
        return
    for name, values in form.values.items():
        for reader in (form.one, form.opaque, form.raw, form.required):
            value = tried(reader, name)
            if isinstance(value, Refusal):
                assert value.code == "invalid_request"
            else:
                assert len(values) == 1
                assert value == (values[0] or None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXT, inside, max_size=4),
    max_leaves=20,
)
JSONISH = st.lists(
    st.sampled_from(['{"a":', "{", "}", "[", "]", ",", ":", '"a"', '"]"', '"\\ud800"', "1", "-", "1e999", "NaN", " "])
    | st.integers(1, 2_000).map(lambda count: "[" * count)
    | st.integers(1, 2_000).map(lambda count: '["]",' * count),
    max_size=12,
).map(lambda pieces: "".join(pieces).encode())


def nested(value: object, levels: int) -> object:
    for level in range(levels):
        value = [value] if level % 2 else {"]": value}
    return value


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(JSON | st.integers(1, 20).flatmap(lambda levels: JSON.map(lambda inside: nested(inside, levels))))
def test_what_is_written_as_json_is_read_back(value: object) -> None:
    written = json_text.write(value)
    if depth(value) <= json_text.MAX_DEPTH:
        assert json_text.parse(written) == value
    else:
        with pytest.raises(json_text.NotJson):
            json_text.parse(written)


@given(st.binary(max_size=100) | JSONISH | TEXT.map(str.encode))
@example(b'["]",' * 2_000 + b"1" + b"]" * 2_000)
@example(b"[" * 100_000)
def test_json_from_strangers_is_read_or_is_not_json(raw: bytes) -> None:
    try:
        value = json_text.parse(raw)
    except json_text.NotJson:
        return
    json_text.write(value)  # no half characters, no NaN


HANDLES = st.builds(
    lambda kind, grant_id, generation, secret: (kind, mint(kind, grant_id, generation, secret, mac)),
    st.sampled_from(KINDS),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES),
)


@given(HANDLES, st.data())
@requirement("house:a-guessed-token-costs-no-look-up")
def test_a_changed_handle_is_never_read(made: tuple[Kind, Handle], data: st.DataObject) -> None:
    kind, handle = made
    text = handle.text
    assert read(kind, text, mac) == handle
    assert read(kind, data.draw(mutated(text)), mac) is None


@given(HANDLES, st.sampled_from(KINDS))
@requirement("house:a-token-of-one-kind-is-no-other")
def test_a_handle_of_one_kind_is_never_read_as_another(made: tuple[Kind, Handle], other: Kind) -> None:
    kind, handle = made
    for text in (handle.text, TAGS[other] + handle.text[4:]):
        assert (read(other, text, mac) == handle) is (other == kind)
        assert other == kind or read(other, text, mac) is None


@given(st.sampled_from(KINDS), st.text(BASE64URL, min_size=48, max_size=48) | st.text())
def test_a_made_up_string_is_no_handle(kind: Kind, text: str) -> None:
    assert read(kind, text, mac) is None
    assert read(kind, TAGS[kind] + text, mac) is None


REGISTERED = [
    "https://app.test/cb",
    "https://app.test:8443/cb?a=b",
    "http://127.0.0.1/cb",
    "http://127.0.0.1:8080/cb",
    "http://[::1]:1/cb?a=b",
    "http://localhost/",
    "com.example.app:/cb",
]
LOOPBACKS = ("http://127.0.0.1", "http://[::1]", "http://localhost")


def split_port(text: str) -> tuple[str, str, str] | None:
    """A loopback URI in three: what is before its port, the port, and what is behind; None if it is none."""
    for head in LOOPBACKS:
        if text.startswith(head):
            rest = text.removeprefix(head)
            port = rest[1:].partition("/")[0] if rest.startswith(":") else ""
            behind = rest.removeprefix(f":{port}") if port else rest
            return head, port, behind
    return None


def is_port(text: str) -> bool:
    return text == "" or (text.isascii() and text.isdigit() and text == str(int(text)) and 0 < int(text) < 65_536)


@given(st.sampled_from(REGISTERED), st.data())
@requirement("rfc9700:redirect-uri-exact", "rfc8252:loopback-port-may-differ")
def test_a_way_back_is_the_registered_string_or_the_same_at_another_loopback_port(
    registered: str, data: st.DataObject
) -> None:
    pieces = split_port(registered)
    candidates = [mutated(registered), TEXT, st.sampled_from(REGISTERED)]
    if pieces:
        ports = st.integers(0, 70_000).map(str) | st.text("0123456789+_-０ :@", max_size=6)
        candidates.append(ports.map(lambda port: f"{pieces[0]}:{port}{pieces[2]}"))
    asked = data.draw(st.one_of(candidates))
    try:
        proven = redirect_uri.prove(asked, [registered], private_schemes=("com.example.app",))
    except Refusal:
        assert asked != registered
        other = split_port(asked)
        assert pieces is None or other is None or not is_port(other[1]) or other[::2] != pieces[::2]
        return
    assert proven == asked
    if asked != registered:
        other = split_port(asked)
        assert pieces is not None
        assert other is not None
        assert (other[0], other[2]) == (pieces[0], pieces[2])
        assert is_port(other[1])


@given(st.sampled_from(REGISTERED), st.integers(1, 65_535))
def test_a_consent_is_found_again_at_every_loopback_port(registered: str, port: int) -> None:
    kept = redirect_uri.without_loopback_port(registered)
    assert redirect_uri.without_loopback_port(kept) == kept
    pieces = split_port(registered)
    if pieces:
        assert kept == f"{pieces[0]}{pieces[2]}"
        assert redirect_uri.without_loopback_port(f"{pieces[0]}:{port}{pieces[2]}") == kept


URIS = st.builds(
    lambda scheme, user, host, port, path, query: f"{scheme}://{user}{host}{port}{path}{query}",
    st.sampled_from(["https", "HTTPS", "http", "Http"]),
    st.sampled_from(["", "", "", "u@"]),
    st.sampled_from(["mcp.test", "MCP.Test", "localhost", "A.LocalHost", "127.0.0.1", "[::1]", ""]),
    st.sampled_from(["", ":1", ":443", ":65535", ":0", ":080", ":"]),
    st.sampled_from(["", "/", "//", "/mcp", "/mcp/", "/%2F", "/a/../b"]),
    st.sampled_from(["", "?", "?a=B", "#", "#x"]),
)


@given(URIS | TEXT)
@requirement("mcp:resource-canonical-form")
def test_the_canonical_form_of_a_resource_is_its_own(text: str) -> None:
    canonical = resource.canonical_form(text)
    if canonical is not None:
        assert resource.canonical_form(canonical) == canonical
        assert resource.same((text,), canonical)
        made = registered(text)
        asked = resource.asked((text, canonical), registered=[made], issuer_uri="https://a.test")
        assert asked == resource.Target(text, made)


@given(URIS | TEXT)
def test_the_parts_of_a_uri_make_the_uri(text: str) -> None:
    parts = uri.parse(text)
    if parts is None:
        return
    authority = "" if parts.authority is None else f"//{parts.authority}"
    query = "" if parts.query is None else f"?{parts.query}"
    fragment = "" if parts.fragment is None else f"#{parts.fragment}"
    assert f"{parts.scheme}:{authority}{parts.path}{query}{fragment}" == text
    user = "" if parts.user is None else f"{parts.user}@"
    port = "" if parts.port is None else f":{parts.port}"
    assert parts.authority is None or parts.authority == f"{user}{parts.host}{port}"


@given(st.text(max_size=300))
@requirement("house:names-are-safe-to-show")
def test_a_name_that_is_shown_is_short_and_holds_nothing_unseen(text: str) -> None:
    shown = display_name(text)
    assert len(shown) <= MAX_NAME
    assert all(unicodedata.category(character)[0] != "C" for character in shown)
    assert all(character == " " or unicodedata.category(character)[0] != "Z" for character in shown)
    assert shown == " ".join(shown.split(" "))
    assert "  " not in shown
    assert shown == shown.strip()
    assert display_name(shown) == shown


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "redirect_uris",
                "client_name",
                "grant_types",
                "response_types",
                "token_endpoint_auth_method",
                "scope",
                "application_type",
                "logo_uri",
                "client_name#ja",
                "contacts",
                "jwks",
                "jwks_uri",
                "software_id",
                "keys",
            ]
        )
        | TEXT,
        JSON | st.lists(st.sampled_from([*REGISTERED, "code", "authorization_code"]), max_size=3),
        max_size=6,
    )
    | JSON
)
@requirement("rfc7591:metadata-is-checked")
def test_client_metadata_is_checked_or_refused_whatever_it_is(said: object) -> None:
    metadata = tried(lambda said: check(said, Policy()), said)
    if isinstance(metadata, Refusal):
        assert metadata.code in ("invalid_client_metadata", "invalid_redirect_uri")
    else:
        assert metadata.redirect_uris


@given(st.text(max_size=60), st.text(max_size=60) | st.none())
def test_a_scope_is_read_or_refused_and_never_more_than_is_offered(text: str, asked: str | None) -> None:
    offered = ("mcp", *(word for word in text.split(" ") if scope.is_scope(word)))
    granted = tried(lambda asked: scope.asked(asked, offered=offered, allowed=None), asked)
    if isinstance(granted, Refusal):
        assert granted.code == "invalid_scope"
    else:
        assert set(granted) <= set(offered)


PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


@given(PLAIN, PLAIN)
@requirement("rfc6749:basic-is-form-encoded")
def test_every_id_and_secret_without_control_characters_survives_a_basic_header(client_id: str, secret: str) -> None:
    text = urlencode([(client_id, secret)]).replace("=", ":", 1)
    shown = client_auth.credentials(parameters.parse(b""), ["Basic " + b64encode(text.encode()).decode()])
    assert (shown.client_id, shown.secret) == (client_id, secret)


@given(st.text(max_size=60) | st.text(max_size=60).map(lambda text: f"Basic {text}"))
def test_an_authorization_header_is_read_or_refused_whatever_it_is(authorization: str) -> None:
    shown = tried(lambda header: client_auth.credentials(parameters.parse(b"client_id=k"), [header]), authorization)
    if isinstance(shown, Refusal):
        assert shown.code in ("invalid_client", "invalid_request")
    else:
        assert shown.client_id == "k"


def signed(algorithm: jwt.SigningAlgorithm) -> tuple[SigningKey, str]:
    private = jwt.new_key(algorithm)
    public = jwt.public_jwk(private, algorithm)
    key = SigningKey(
        id=public["kid"], algorithm=algorithm, state="current", public_jwk=public, sealed_private=b"", created_at=1
    )
    claims = {"iss": "https://a.test", "jti": "tnj_x"}
    return key, jwt.sign(private, kid=key.id, algorithm=algorithm, typ="at+jwt", claims=claims)


SIGNED = [signed(algorithm) for algorithm in jwt.ALGORITHMS]


@given(st.sampled_from(SIGNED), st.data())
@settings(max_examples=400)
@requirement("rfc8725:every-header-member-is-pinned")
def test_a_changed_token_never_verifies(pair: tuple[SigningKey, str], data: st.DataObject) -> None:
    key, token = pair
    assert jwt.verify(token, [key], typ="at+jwt") is not None
    assert jwt.verify(data.draw(mutated(token)), [key], typ="at+jwt") is None


@requirement("rfc8725:every-header-member-is-pinned")
def test_a_token_with_any_one_character_exchanged_never_verifies() -> None:
    for key, token in SIGNED[:2]:  # RSA takes the longest, and its last character is like that of the others
        for place, right in enumerate(token):
            for wrong in {BASE64URL[(BASE64URL.find(right) + step) % 64] for step in (1, 2, 3, 4, 8, 16, 32)} - {right}:
                assert jwt.verify(token[:place] + wrong + token[place + 1 :], [key], typ="at+jwt") is None


@given(st.text(string.ascii_letters + ".-_=", max_size=200) | st.text(max_size=50))
def test_a_made_up_token_never_verifies(token: str) -> None:
    assert jwt.verify(token, [key for key, _ in SIGNED], typ="at+jwt") is None
