"""To say that something is refused, and with which OAuth error code."""

import re
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from tenants.oauth.refusal import Refusal

_DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")


@contextmanager
def refused(code: str) -> Generator[None]:
    """The body must raise a Refusal with `code`, in words that may be shown to anyone (RFC 6749 §5.2)."""
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code, f"{caught.value.code}: {caught.value.description}"
    assert _DESCRIPTION.fullmatch(caught.value.description)
