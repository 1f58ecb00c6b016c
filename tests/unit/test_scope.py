"""Scopes: what may be asked for, and what is given."""

import pytest

from tenants.oauth import scope
from tenants.oauth.scope import MAX_SCOPES
from tests.support.refused import refused
from tests.support.requirement import requirement

OFFERED = ("openid", "mcp", "admin", "offline_access")


def test_scopes_are_read_in_order_and_each_once() -> None:
    assert scope.parse("b a b  a !#[]~ ") == ("b", "a", "!#[]~")
    assert scope.parse("") == ()
    assert scope.parse(" ") == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('a"b', id="AZ-10 quote"),
        pytest.param("a\\b", id="AZ-10 backslash"),
        pytest.param("admin\nroot", id="AZ-10 newline"),
        pytest.param("mcp\n", id="AZ-10 newline behind"),
        pytest.param("a\tb", id="AZ-10 tab"),
        pytest.param("a\0", id="AZ-10 NUL"),
        pytest.param("a\x7f", id="AZ-10 DEL"),
        pytest.param("é", id="AZ-10 not ASCII"),
        pytest.param("a\u00a0b", id="AZ-10 no-break space"),
        pytest.param(" ".join(str(n) for n in range(10_000)), id="AZ-10 10,000"),
        pytest.param(" ".join(str(n) for n in range(MAX_SCOPES + 1)), id="AZ-10 one too many"),
    ],
)
@requirement("rfc6749:scope-syntax")
def test_a_malformed_scope_is_refused(text: str) -> None:
    with refused("invalid_scope"):
        scope.parse(text)
    with refused("invalid_scope"):
        scope.asked(text, offered=OFFERED, allowed=None)
    with refused("invalid_scope"):
        scope.narrowed(text, OFFERED, None)


def test_as_many_scopes_as_are_allowed_are_read() -> None:
    assert len(scope.parse(" ".join(str(n) for n in range(MAX_SCOPES)))) == MAX_SCOPES


@pytest.mark.parametrize("word", ["mcp", "mcp:tools", "https://a.test/x", "!", "~"])
def test_printable_ascii_is_a_scope(word: str) -> None:
    assert scope.is_scope(word)


@pytest.mark.parametrize("word", ["", " ", "a b", "a\n", '"', "\\", "é"])
def test_anything_else_is_none(word: str) -> None:
    assert not scope.is_scope(word)


@pytest.mark.parametrize(
    ("text", "allowed", "given"),
    [
        (None, None, ("openid", "mcp", "admin")),
        (" ", None, ("openid", "mcp", "admin")),
        (None, ("mcp", "offline_access"), ("mcp",)),
        ("mcp", None, ("mcp",)),
        ("admin mcp", None, ("admin", "mcp")),
        ("mcp offline_access", None, ("mcp", "offline_access")),
        ("mcp admin", ("mcp",), ("mcp",)),
        ("offline_access", ("mcp",), ()),
        ("offline_access mcp", ("mcp",), ("mcp",)),
    ],
)
@requirement("rfc6749:granted-scope-is-the-intersection")
def test_what_is_given_is_what_was_asked_offered_and_allowed(
    text: str | None, allowed: tuple[str, ...] | None, given: tuple[str, ...]
) -> None:  # AZ-11
    assert scope.asked(text, offered=OFFERED, allowed=allowed) == given


@pytest.mark.parametrize(
    ("usual", "allowed", "given"),
    [
        (("mcp",), None, ("mcp",)),
        (("mcp", "offline_access", "elsewhere"), None, ("mcp",)),
        (("elsewhere",), None, ("openid", "mcp", "admin")),
        (("admin",), ("mcp",), ("mcp",)),
        ((), None, ("openid", "mcp", "admin")),
    ],
)
def test_who_asks_for_nothing_gets_what_it_registered_for(
    usual: tuple[str, ...], allowed: tuple[str, ...] | None, given: tuple[str, ...]
) -> None:
    assert scope.asked(None, offered=OFFERED, allowed=allowed, usual=usual) == given
    assert scope.asked("openid", offered=OFFERED, allowed=None, usual=usual) == ("openid",)


@requirement("mcp:offline-access-is-tolerated")
def test_offline_access_is_tolerated_where_it_is_not_offered() -> None:
    assert scope.asked("mcp offline_access", offered=("mcp",), allowed=None) == ("mcp",)
    assert scope.asked("offline_access", offered=("mcp",), allowed=None) == ()


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("root", None, id="AZ-10 unknown"),
        pytest.param("mcp root", None, id="AZ-10 one of two unknown"),
        pytest.param("MCP", None, id="AZ-10 capitals"),
        pytest.param("mcp,admin", None, id="AZ-10 comma"),
        pytest.param("admin", ("mcp",), id="AZ-11 nothing left"),
        pytest.param("admin offline_access", ("mcp",), id="AZ-11 nothing but offline_access left"),
        pytest.param("root", ("root",), id="allowed but not offered"),
    ],
)
@requirement("rfc6749:unknown-scope-is-refused")
def test_a_scope_that_cannot_be_given_is_refused(text: str, allowed: tuple[str, ...] | None) -> None:
    with refused("invalid_scope"):
        scope.asked(text, offered=OFFERED, allowed=allowed)


@requirement("rfc6749:refresh-never-widens-scope")
def test_a_part_of_what_was_granted_may_be_asked_for_and_nothing_more() -> None:  # RT-09
    assert scope.narrowed(None, ("a", "b"), None) == ("a", "b")
    assert scope.narrowed(" ", ("a", "b"), None) == ("a", "b")
    assert scope.narrowed("b", ("a", "b"), None) == ("b",)
    assert scope.narrowed("b a", ("a", "b"), None) == ("b", "a")
    for text in ("a c", "c", "A"):
        with refused("invalid_scope"):
            scope.narrowed(text, ("a", "b"), None)
