"""What the server will not have is told by the option that it was given with."""

import pytest

from server.cli.output import Format
from server.cli.server import Server

OPTIONS = {
    "redirect_uris": "--redirect-uri",
    "failure_limit": "--failure-limit",
    "overlap": "--overlap",
    "client": "--client",
    "issuer": "ISSUER",
    "provider": "PROVIDER",
    "host": "HOST",
}


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("overlap", "--overlap"),
        ("client.redirect_uris", "--redirect-uri"),
        ("client.redirect_uris[3]", "--redirect-uri"),
        ("issuer.policy.failure_limit", "--failure-limit"),
        ("issuer.policy.failure_limit.per_minute", "--failure-limit"),
        ("client.jwks", "client.jwks"),
        ("client", "--client"),
        ("domain.host", "HOST"),
        ("identity_provider_id", "PROVIDER"),
        ("workload_issuer.rules[0].claims[a.b]", "workload_issuer.rules[0].claims[a.b]"),
    ],
)
def test_a_field_is_told_as_its_option(field: str, told: str) -> None:
    server = Server(address="", token=None, tls=None, output=Format.TABLE, options=OPTIONS)
    assert server.typed(field) == told
