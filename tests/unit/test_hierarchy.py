"""Scopes that imply narrower ones."""

import pytest

from tenants.oauth import scope
from tenants.oauth.hierarchy import goes_round, widest, with_implied
from tenants.records import Policy, ResourceScope
from tests.support.made import public_client, resource
from tests.support.refused import refused
from tests.support.requirement import requirement


def scopes(**implies: str) -> tuple[ResourceScope, ...]:
    return tuple(ResourceScope(name=name, implies=tuple(narrower.split())) for name, narrower in implies.items())


FILES = resource("https://files.test", *scopes(admin="write share", write="read", share="read", read="", list=""))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", ""),
        ("read", "read"),
        ("write", "write read"),
        ("admin", "admin write share read"),
        ("read write", "read write"),
        ("openid share", "openid share read"),
        ("gone", "gone"),
    ],
)
@requirement("mcp:a-scope-tells-those-that-it-implies")
def test_a_scope_tells_all_that_it_implies_behind_what_was_allowed(given: str, told: str) -> None:
    assert with_implied(given.split(), FILES) == tuple(told.split())


def test_what_has_no_registered_resource_implies_nothing() -> None:
    assert with_implied(("write", "write"), None) == ("write",)
    assert widest(("write", "read"), None) == ("write", "read")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("read write", "write"),
        ("read share write", "share write"),
        ("read write admin list openid", "admin list openid"),
        ("read list", "read list"),
        ("", ""),
    ],
)
def test_people_are_shown_the_widest(given: str, shown: str) -> None:
    assert widest(given.split(), FILES) == tuple(shown.split())


def test_scopes_that_imply_one_another_in_a_circle_are_found() -> None:
    assert goes_round(FILES.scopes) is None
    assert goes_round(()) is None
    assert goes_round(scopes(a="a")) == "a"
    assert goes_round(scopes(x="y", y="z", z="x", w="")) == "x"
    assert goes_round(scopes(w="a", a="b", b="a")) == "a"
    assert goes_round(scopes(a="elsewhere")) is None


def test_a_circle_ends_nevertheless() -> None:
    turning = resource("https://x.test", *scopes(a="b", b="a"))
    assert with_implied(("a",), turning) == ("a", "b")


# --- what is offered, allowed and narrowed


def test_a_resource_offers_its_own_scopes_and_then_those_of_the_issuer() -> None:
    policy = Policy(scopes=("openid", "read", "offline_access"))
    assert scope.offered(policy, None) == policy.scopes
    own = ("admin", "write", "share", "read", "list")
    assert scope.offered(policy, FILES) == (*own, "openid", "offline_access")


def test_what_an_operator_lets_a_client_ask_for_includes_what_it_implies_and_a_clients_own_word_is_no_limit() -> None:
    assert scope.limit(public_client(origin="admin", scopes=("write",)), FILES) == ("write", "read")
    assert scope.limit(public_client(origin="admin"), FILES) is None
    for origin in ("registration", "document"):
        assert scope.limit(public_client(origin=origin, scopes=("write",)), FILES) is None


@requirement("rfc6749:refresh-never-widens-scope")
def test_a_token_may_be_narrowed_to_what_a_granted_scope_implies_and_to_nothing_wider() -> None:
    assert scope.narrowed("read", ("write",), FILES) == ("read",)
    assert scope.narrowed("read write", ("write",), FILES) == ("read", "write")
    for wider in ("admin", "write share", "list"):
        with refused("invalid_scope"):
            scope.narrowed(wider, ("write",), FILES)
    with refused("invalid_scope"):
        scope.narrowed("read", ("write",), None)
