"""What holds of a token bucket whatever happens at whichever instants."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.limits import Buckets
from tenants.records import RateLimit

limits = st.builds(RateLimit, st.integers(1, 1_000), st.integers(1, 20))
steps = st.lists(st.integers(0, 40), min_size=1, max_size=120)
"""Seconds between one that asks and the next."""


@given(limits, steps)
def test_nobody_who_waits_as_told_gets_more_than_a_burst_and_the_rate(limit: RateLimit, steps: list[int]) -> None:
    buckets, now, admitted = Buckets(), 0, list[int]()
    for seconds in steps:
        now += seconds
        if buckets.wait("a", limit, now) == 0:
            buckets.take("a", limit, now)
            admitted.append(now)
    for first, since in enumerate(admitted):
        for last, until in enumerate(admitted[first:], first):
            assert last - first + 1 <= limit.burst + (until - since) * limit.per_minute / 60


@given(limits, steps)
def test_also_who_does_not_wait_gets_no_more_than_that_in_the_long_run(limit: RateLimit, steps: list[int]) -> None:
    """Those that went by before the first of them was counted are waited for later."""
    buckets, now, taken = Buckets(), 0, 0
    for seconds in steps:
        now += seconds
        for _ in range(limit.burst if buckets.wait("a", limit, now) == 0 else 0):
            buckets.take("a", limit, now)
            taken += 1
    assert taken <= 2 * limit.burst + now * limit.per_minute / 60


@given(limits, steps)
def test_the_wait_that_is_told_is_the_shortest_that_is_enough(limit: RateLimit, steps: list[int]) -> None:
    buckets, now = Buckets(), 0
    for seconds in steps:
        now += seconds
        wait = buckets.wait("a", limit, now)
        assert buckets.wait("a", limit, now + wait) == 0
        assert wait == 0 or buckets.wait("a", limit, now + wait - 1) > 0
        buckets.take("a", limit, now)


@given(limits, st.lists(st.integers(-40, 40), max_size=60))
def test_a_clock_that_jumps_locks_nobody_out(limit: RateLimit, steps: list[int]) -> None:
    buckets, now = Buckets(), 10_000
    for seconds in steps:
        now += seconds
        buckets.take("a", limit, now)
    longest = -(-(limit.burst + 1) * 60 // limit.per_minute)
    assert buckets.wait("a", limit, now) <= longest
    assert buckets.wait("a", limit, now + longest) == 0
