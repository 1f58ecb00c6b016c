"""JWK Sets (RFC 7517) as the admin API has them: JSON in a text, which is empty where there is none."""

from collections.abc import Mapping
from typing import Any

from tenants.oauth import json_text
from tenants.problems import Invalid


def parsed(text: str, field: str) -> Any:
    """Raises Invalid with the field's name."""
    try:
        return json_text.parse(text.encode("utf-8")) if text else None
    except json_text.NotJson as error:
        raise Invalid(field, f"must be JSON: {error}") from None


def written(jwks: Mapping[str, Any] | None) -> str:
    return "" if jwks is None else json_text.write(jwks).decode("utf-8")
