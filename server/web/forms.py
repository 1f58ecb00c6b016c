"""Bodies of the client's side: one read, one content type, one meaning."""

from typing import Any

from server.web.request import WebRequest
from tenants.oauth import json_text, parameters
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal


def form(request: WebRequest) -> Parameters:
    """The parameters of an `application/x-www-form-urlencoded` body. Refusal `invalid_request` for anything else."""
    _expect(request, "application/x-www-form-urlencoded", "invalid_request")
    return parameters.parse(request.body)


def json(request: WebRequest, code: str) -> Any:
    """The value of an `application/json` body. Refusal `code` for anything else."""
    _expect(request, "application/json", code)
    try:
        return json_text.parse(request.body)
    except json_text.NotJson as error:
        raise Refusal(code, f"the body is not JSON: {error}") from None


def _expect(request: WebRequest, wanted: str, code: str) -> None:
    media, _, parameter = (request.one(b"content-type") or "").partition(";")
    if media.strip().lower() != wanted:
        raise Refusal(code, f"the content type must be {wanted}")
    name, _, charset = parameter.partition("=")
    if name.strip().lower() == "charset" and charset.strip().strip('"').lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Refusal(code, "the body must be UTF-8")
