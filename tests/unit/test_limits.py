"""Token buckets: how many at once, how soon again, and how many buckets there are."""

import pytest

from server.web.peer import counted
from tenants.limits import ROOM, TOKEN, Buckets, Limits, held, seconds_until_one
from tenants.problems import TooMany
from tenants.records import RateLimit
from tests.support.tenant import START, FakeClock

NOW = 1_000
SLOW = RateLimit(per_minute=6, burst=3)


def taken(buckets: Buckets, who: str, times: int, limit: RateLimit = SLOW, now: int = NOW) -> Buckets:
    for _ in range(times):
        buckets.take(who, limit, now)
    return buckets


def test_a_burst_is_there_at_once_and_then_one_has_to_wait() -> None:
    buckets = Buckets()
    for _ in range(3):
        assert buckets.wait("a", SLOW, NOW) == 0
        buckets.take("a", SLOW, NOW)
    assert buckets.wait("a", SLOW, NOW) == 10
    assert buckets.wait("b", SLOW, NOW) == 0


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [
        (RateLimit(1, 1), 60),
        (RateLimit(7, 1), 9),
        (RateLimit(60, 1), 1),
        (RateLimit(61, 1), 1),
        (RateLimit(1_000_000, 1), 1),
    ],
)
def test_the_wait_is_told_in_whole_seconds_and_is_enough(limit: RateLimit, seconds: int) -> None:
    buckets = taken(Buckets(), "a", 1, limit)
    assert buckets.wait("a", limit, NOW) == seconds
    assert buckets.wait("a", limit, NOW + seconds - 1) == 1
    assert buckets.wait("a", limit, NOW + seconds) == 0


def test_what_was_taken_without_a_token_is_waited_for_up_to_a_burst() -> None:
    assert taken(Buckets(), "a", 4).wait("a", SLOW, NOW) == 20
    assert taken(Buckets(), "a", 6).wait("a", SLOW, NOW) == 40
    assert taken(Buckets(), "a", 600).wait("a", SLOW, NOW) == 40


def test_a_bucket_never_holds_more_than_a_burst() -> None:
    buckets = taken(Buckets(), "a", 3)
    later = NOW + 10**9
    for _ in range(3):
        assert buckets.wait("a", SLOW, later) == 0
        buckets.take("a", SLOW, later)
    assert buckets.wait("a", SLOW, later) == 10


def test_a_clock_that_goes_back_neither_fills_nor_freezes_a_bucket() -> None:
    buckets = taken(Buckets(), "a", 3)
    assert buckets.wait("a", SLOW, NOW - 500) == 10
    buckets.take("a", SLOW, NOW - 500)
    assert buckets.wait("a", SLOW, NOW - 500) == 20
    assert buckets.wait("a", SLOW, NOW - 480) == 0


def test_a_limit_that_was_made_smaller_counts_at_once() -> None:
    buckets = taken(Buckets(), "a", 1, RateLimit(60, 1_000))
    for _ in range(2):
        buckets.take("a", RateLimit(60, 2), NOW)
    assert buckets.wait("a", RateLimit(60, 2), NOW) == 1


def test_without_a_limit_nothing_is_counted() -> None:
    buckets = taken(Buckets(), "a", 100, RateLimit())
    assert (buckets.wait("a", RateLimit(), NOW), len(buckets)) == (0, 0)
    assert taken(Buckets(), "a", 100).wait("a", RateLimit(), NOW) == 0


def test_the_bucket_that_was_not_used_for_longest_is_the_one_that_is_forgotten() -> None:
    buckets = taken(taken(Buckets(), "first", 3), "second", 3)
    for number in range(ROOM - 2):
        buckets.take(str(number), SLOW, NOW)
    buckets.take("first", SLOW, NOW)
    buckets.take("one too many", SLOW, NOW)
    assert len(buckets) == ROOM
    assert buckets.wait("first", SLOW, NOW) == 20
    assert buckets.wait("second", SLOW, NOW) == 0


def test_a_bucket_that_is_only_looked_at_takes_no_room() -> None:
    buckets = Buckets()
    assert buckets.wait("a", SLOW, NOW) == 0
    assert len(buckets) == 0


def test_the_arithmetic_is_in_whole_numbers() -> None:
    assert held(None, SLOW, NOW) == 3 * TOKEN
    assert held((0, NOW), SLOW, NOW + 7) == 42
    assert seconds_until_one(42, SLOW) == 3
    assert seconds_until_one(TOKEN, SLOW) == 0


def test_kinds_do_not_pay_for_one_another_and_whoever_waits_is_told_which_it_was() -> None:
    clock = FakeClock()
    limits = Limits(clock)
    for _ in range(3):
        limits.admit("failure", "a", SLOW)
        limits.count("failure", "a", SLOW)
    with pytest.raises(TooMany) as caught:
        limits.admit("failure", "a", SLOW)
    assert (caught.value.kind, caught.value.retry_after) == ("failure", 10)
    limits.admit("registration", "a", SLOW)
    clock.forward(10)
    assert clock.now == START + 10
    limits.admit("failure", "a", SLOW)


def test_who_is_known_is_known_until_they_are_forgotten_or_many_others_came() -> None:
    limits = Limits(FakeClock())
    limits.meet("a")
    limits.meet("b")
    limits.forget("b")
    limits.forget("never met")
    assert (limits.knows("a"), limits.knows("b")) == (True, False)
    for number in range(ROOM - 1):
        limits.meet(number)
    limits.meet("a")
    limits.meet("one too many")
    assert (limits.knows("a"), limits.knows(0), limits.knows(1)) == (True, False, True)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:DB8:1:2:0:0:0:9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::1", "127.0.0.1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("not:an:address", "not:another", False),
    ],
)
def test_an_ipv6_address_is_counted_with_all_of_its_64(one: str, other: str, same: bool) -> None:
    assert (counted(one) == counted(other)) is same
