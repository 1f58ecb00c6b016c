"""Times, as people read them."""

import pytest

from server.cli.moment import distance

NOON = 1_769_860_800.0
"""2026-01-31T12:00:00Z."""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-03-02T11:59:59Z", "in 30 days"),
        ("2026-01-31T13:00:00Z", "in 1 hour"),
        ("2026-01-31T12:00:01Z", "in 1 second"),
        ("2026-01-31T12:00:00Z", "0 seconds ago"),
        ("2026-01-31T10:20:00Z", "2 hours ago"),
        ("2026-01-29T11:00:00Z", "2 days ago"),
    ],
)
def test_how_far_a_time_is_is_said_to_the_nearest_unit(text: str, said: str) -> None:
    assert distance(text, NOON) == said
