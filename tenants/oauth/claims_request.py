"""The claims that a client asks for one by one (OpenID Connect Core §5.5). What we do not know is ignored.

A claim about a user is had by the scope that covers it, so that the user sees on the page what is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from tenants.oauth import json_text
from tenants.oauth.refusal import Refusal

MAX_LENGTH = 4_096
MAX_VALUES = 20
_COVERED = {"name": "profile", "email": "email", "email_verified": "email"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    scopes: tuple[str, ...] = ()
    """Those that cover what is asked for."""
    subject: str | None = None
    """The only user that is meant."""
    acr: tuple[str, ...] = ()
    """One of these must be true of the sign-in (§5.5.1.1). Empty: any is good."""
    acr_wished: tuple[str, ...] = ()
    """One of these would be welcome."""


NONE = ClaimsRequest()


def read(text: str | None) -> ClaimsRequest:
    """Refusal `invalid_request` if it is malformed."""
    if text is None:
        return NONE
    if len(text) > MAX_LENGTH:
        raise Refusal("invalid_request", f"claims is longer than {MAX_LENGTH} characters")
    try:
        given = _object(json_text.parse(text.encode("utf-8")))
    except (json_text.NotJson, UnicodeEncodeError):
        raise _malformed() from None
    asked = [(name, _wish(wish)) for place in ("userinfo", "id_token") for name, wish in _members(given, place)]
    in_id_token = {name: _wish(wish) for name, wish in _members(given, "id_token")}
    acr, subject = in_id_token.get("acr", {}), in_id_token.get("sub", {})
    values, essential = _values(acr), acr.get("essential") is True
    named = _values(subject)
    if len(named) > 1:
        raise _malformed()
    return ClaimsRequest(
        scopes=tuple(dict.fromkeys(_COVERED[name] for name, _ in asked if name in _COVERED)),
        subject=named[0] if named else None,
        acr=values if essential else (),
        acr_wished=values,
    )


def _members(given: Mapping[str, Any], place: str) -> list[tuple[str, Any]]:
    value = given.get(place)
    return [] if value is None else list(_object(value).items())


def _wish(value: object) -> Mapping[str, Any]:
    """How one claim is asked for. `null` asks for it and says no more."""
    wish: Mapping[str, Any] = {} if value is None else _object(value)
    if not isinstance(wish.get("essential", False), bool):
        raise _malformed()
    return wish


def _values(wish: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts that `value` or `values` names; no more than a few."""
    listed: object = wish.get("values", [wish["value"]] if "value" in wish else [])
    values = cast("list[object]", listed) if isinstance(listed, list) else None
    if values is None or len(values) > MAX_VALUES:
        raise _malformed()
    texts = tuple(value for value in values if isinstance(value, str) and value.isprintable() and " " not in value)
    if len(texts) != len(values):
        raise _malformed()
    return texts


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _malformed()
    return cast("dict[str, Any]", value)


def _malformed() -> Refusal:
    return Refusal("invalid_request", "claims must be a JSON object of the form that OpenID Connect Core has")
