"""The commands of the documentation can be typed as they stand there, one after the other."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.serving import serving

DOCS = Path(__file__).parents[2] / "docs"
BEFORE = (
    "issuer create acme --uri https://auth.example.com",
    "provider create acme corp --kind oidc --issuer-uri https://id.example --client-id x --auth-method private_key_jwt",
)
"""What readers of a page have done by then."""
KEYS = '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "one"}]}'


def commands(page: str) -> Iterator[list[str]]:
    text = (DOCS / page).read_text("utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            word, *words = shlex.split(line, comments=True) or [""]
            if word == "tenantry":
                yield words


@pytest.mark.parametrize("page", ["grants.md", "resources.md"])
def test_each_command_of_a_page_does_what_it_says(tmp_path: Path, page: str) -> None:
    with serving(tmp_path / "data") as server:
        (server.data_dir / "keys.json").write_text(KEYS)
        for words in (*map(shlex.split, BEFORE), *commands(page)):
            ran = server.operator(*words)
            assert ran.code == 0, (words, ran.err)
