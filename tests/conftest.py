"""What every test stands on."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.support.requirement import PROOFS, proofs_of

# a busy machine is no failure, and only the long round may meet inputs that nobody has met before
settings.register_profile(
    "tenantry",
    deadline=None,
    derandomize=os.environ.get("STORAGE_TESTS") != "long",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tenantry")


@pytest.hookimpl(tryfirst=True)  # before -k and -m take tests away
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[PROOFS] = proofs_of(items)
