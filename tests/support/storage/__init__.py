"""The parts of the storage conformance suite: one file a noun, and two for what holds of every store."""

from pathlib import Path

import pytest

# so that a failure in a shared test tells what it saw
pytest.register_assert_rewrite(*(f"{__name__}.{file.stem}" for file in Path(__file__).parent.glob("[a-z]*.py")))
