"""Bodies of the client's side: one read, one content type, one meaning."""

from typing import Any

from server.web.request import WebRequest
from tenants.oauth import json_text, parameters
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal


def form(request: WebRequest) -> Parameters:
    """The parameters of an `application/x-www-form-urlencoded` body. Refusal `invalid_request` for anything else.

    None are in an empty one, of whatever type it is: what is missing is told by its name.
    """
    if request.body:
        _expect(request, "application/x-www-form-urlencoded", "invalid_request")
    return parameters.parse(request.body)


def form_or_json(request: WebRequest) -> Parameters:
    """The parameters of such a body, or of an `application/json` one that is an object of texts."""
    if _media(request)[0] == "application/json":
        return parameters.of_members(json(request, "invalid_request"))
    return form(request)


def json(request: WebRequest, code: str) -> Any:
    """The value of an `application/json` body. Refusal `code` for anything else."""
    _expect(request, "application/json", code)
    try:
        return json_text.parse(request.body)
    except json_text.NotJson as error:
        raise Refusal(code, f"the body is not JSON: {error}") from None


def bearer(request: WebRequest) -> str | None:
    """The token that an Authorization header shows, if one does (RFC 6750 §2.1). Refusal for several headers."""
    shown = request.all(b"authorization")
    if len(shown) > 1:
        raise Refusal("invalid_request", "more than one Authorization header")
    scheme, _, token = (shown[0] if shown else "").partition(" ")
    return token.strip(" ") or None if scheme.lower() == "bearer" else None


def _expect(request: WebRequest, wanted: str, code: str) -> None:
    media, parameter = _media(request)
    if media != wanted:
        raise Refusal(code, f"the content type must be {wanted}")
    name, _, charset = parameter.partition("=")
    if name.strip().lower() == "charset" and charset.strip().strip('"').lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Refusal(code, "the body must be UTF-8")


def _media(request: WebRequest) -> tuple[str, str]:
    """The media type, and the parameter behind it."""
    media, _, parameter = (request.one(b"content-type") or "").partition(";")
    return media.strip().lower(), parameter
