"""The check that docs/resources.md gives to be copied, on real tokens."""

import re
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import KeySet

from tests.flow.town import Town
from tests.support.clients import AZ, ISSUER, RESOURCE, TK, changed

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = Path(__file__).parents[2] / "docs" / "resources.md"
METADATA = "https://mcp.test/.well-known/oauth-protected-resource/mcp"


@pytest.fixture(scope="module")
def refusal() -> Callable[[KeySet, str, str], tuple[int, str] | None]:
    """What is on the page, with the addresses of this town."""
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    text = textwrap.dedent(block).replace("https://auth.example.com", ISSUER)
    text = text.replace("https://files.example.com", "https://mcp.test")
    made: dict[str, Any] = {}
    exec(compile(text, str(PAGE), "exec"), made)
    assert (made["ISSUER"], made["RESOURCE"], made["METADATA"]) == (ISSUER, RESOURCE, METADATA)
    return made["refusal"]


async def test_it_lets_in_whoever_has_the_scope_and_tells_everybody_else_what_to_do(
    fresh: Town, refusal: Callable[[KeySet, str, str], tuple[int, str] | None]
) -> None:
    town = fresh
    town.clock.now = int(time.time())  # that of whoever checks
    keys = KeySet.import_key_set((await town.ask("GET", "/.well-known/jwks.json")).json())
    given = await town.tokens(changed(AZ, scope="mcp openid"))
    assert refusal(keys, f"Bearer {given['access_token']}", "mcp") is None
    assert refusal(keys, f"bearer {given['access_token']}", "openid") is None
    status, challenge = refusal(keys, f"Bearer {given['access_token']}", "admin") or (0, "")
    assert status == 403
    assert challenge == f'Bearer error="insufficient_scope", scope="admin", resource_metadata="{METADATA}"'
    elsewhere = await town.tokens(changed(AZ, resource="https://mcp.test/other"))
    code = await town.user.code(changed(AZ, resource=None))
    own = (await town.token(changed(TK, code=code))).json()
    for shown in (
        "",
        "Bearer",
        "Bearer x",
        "Bearer é",
        given["access_token"],
        f"Basic {given['access_token']}",
        f"Bearer {given['id_token']}",
        f"Bearer {given['access_token'][:-4]}AAAA",
        f"Bearer {elsewhere['access_token']}",
        f"Bearer {own['access_token']}",
    ):
        assert refusal(keys, shown, "mcp") == (401, f'Bearer resource_metadata="{METADATA}", scope="mcp"')
