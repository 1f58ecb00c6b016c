"""Whatever scopes a resource has and whatever is asked for: nobody gets more than was allowed."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.oauth import scope
from tenants.oauth.hierarchy import goes_round, widest, with_implied
from tenants.oauth.refusal import Refusal
from tenants.records import Policy, Resource, ResourceScope
from tests.support.made import public_client, resource
from tests.support.requirement import requirement

NAMES = [f"s{n}" for n in range(6)]
POLICY = Policy(scopes=("openid", "s0", "offline_access"))
some_names = st.lists(st.sampled_from([*NAMES, "openid", "offline_access", "unknown"]), max_size=5)


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    """With scopes that imply only such as stand behind them."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(0, len(NAMES)))]
    return resource(
        "https://r.test",
        *(
            ResourceScope(name=name, implies=tuple(n for n in names[place + 1 :] if draw(st.booleans())))
            for place, name in enumerate(names)
        ),
    )


def reach(of: Resource, start: str) -> set[str]:
    """All that one scope leads to, found another way: by following single steps until nothing is new."""
    narrower = {each.name: set(each.implies) for each in of.scopes}
    found = {start}
    while more := {n for name in found for n in narrower.get(name, ())} - found:
        found |= more
    return found


@given(resources(), some_names)
@requirement("mcp:a-scope-tells-those-that-it-implies")
def test_what_is_told_is_what_was_allowed_and_all_that_it_leads_to_and_nothing_else(
    of: Resource, names: list[str]
) -> None:
    told = with_implied(names, of)
    assert set(told) == {n for name in names for n in reach(of, name)}
    assert len(set(told)) == len(told)
    assert with_implied(told, of) == told
    assert set(with_implied(widest(names, of), of)) == set(told)


@given(resources())
def test_scopes_that_imply_only_those_behind_them_go_round_nowhere(of: Resource) -> None:
    assert goes_round(of.scopes) is None


@given(resources(), some_names, some_names, some_names | st.none())
def test_from_the_request_to_a_narrowed_token_nothing_is_won(
    of: Resource, asked: list[str], limited: list[str], narrowed: list[str] | None
) -> None:
    """A client that the operator limits asks, and later asks for a part: each step leads to no more than the last."""
    offered, allowed = scope.offered(POLICY, of), scope.limit(public_client(origin="admin", scopes=tuple(limited)), of)
    assert allowed is not None
    try:
        granted = scope.asked(" ".join(asked), offered=offered, allowed=allowed)
        token = scope.narrowed(None if narrowed is None else " ".join(narrowed), granted, of)
    except Refusal:
        return
    told = set(with_implied(token, of))
    assert told <= set(with_implied(granted, of)) <= set(with_implied(limited, of)) & set(offered)
    if asked:
        assert set(granted) <= set(asked)
    left = scope.still_allowed(token, offered=scope.offered(POLICY, None), allowed=allowed)
    assert set(left) <= set(POLICY.scopes) & told
