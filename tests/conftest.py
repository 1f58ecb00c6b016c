"""What every test stands on."""

import pytest

from tests.support.requirement import PROOFS, proofs_of


@pytest.hookimpl(tryfirst=True)  # before -k and -m take tests away
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[PROOFS] = proofs_of(items)
