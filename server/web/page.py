"""What every page stands on: how it is read, written, hardened, and how a failure becomes one."""

from typing import Any, cast

from quart import Response, render_template, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from server.web.cookies import Cookies
from server.web.replies import SECURITY
from server.web.request import WebRequest
from server.web.supply import Supplied
from server.web.words import lasting
from tenants import issuer_uri
from tenants.oauth import parameters, uri
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.problems import Broken, Busy, IssuerUnavailable, Problem, TooMany

PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
"""Without `form-action`: Chromium applies it to the whole chain of redirects, and the way back to a client is one."""
_STATUS = {"access_denied": 403, "temporarily_unavailable": 503}


class NotFromHere(Exception):
    """A form that another site sent."""


async def page(template: str, status: int = 200, **context: Any) -> Response:
    listing = tenant_of_request().listing
    base = listing.uri
    named = {"issuer_host": base.partition("://")[2], "issuer_name": listing.display_name}
    text = await render_template(template, base=base, **named, **context)
    return Response(text, status, content_type="text/html; charset=utf-8")


def redirect(uri: str, status: int = 302) -> Response:
    """The answer is in the header; a URI that came from a client is not put into a page."""
    return Response("", status, {"Location": uri})


def given() -> dict[str, Any]:
    """What app.py handed over with the request."""
    return cast("dict[str, Any]", request.scope)


def tenant_of_request() -> Supplied:
    return given()["tenantry.tenant"]


def read() -> WebRequest:
    scope = given()
    return WebRequest(scope["method"], scope["path"], scope["query_string"], scope["headers"])


async def posted() -> tuple[Supplied, WebRequest, Parameters]:
    """A form that one of our own pages sent."""
    tenant, asked = tenant_of_request(), read()
    origin, site = asked.one(b"origin"), asked.one(b"sec-fetch-site")
    # `Origin: null` is what a page with `no-referrer` sends about itself
    if (site not in (None, "same-origin", "none")) or (origin not in (None, "null", issuer_uri.split(tenant.uri)[0])):
        raise NotFromHere
    return tenant, asked, await sent()


async def sent() -> Parameters:
    """A form, whoever sent it."""
    media = (read().one(b"content-type") or "").partition(";")[0].strip().lower()
    body = cast("bytes", await request.get_data())
    if media != "application/x-www-form-urlencoded":
        raise Refusal("invalid_request", "the form was not sent by a page of this issuer")
    return parameters.parse(body)


async def harden(response: Response) -> Response:
    for name, value in SECURITY:
        response.headers[name.decode("ascii")] = value.decode("ascii")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers.setdefault("Cache-Control", "no-store")
    if tenant_of_request().uri.startswith("https:"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if "Set-Cookie" in response.headers:
        cookies = Cookies.of(tenant_of_request())
        for name in cookies.crowd(read().cookie_pairs()):
            cookies.set(response, name, "", 0)
    return response


async def failed(met: Exception, again: str | None = None) -> Response:
    """A page that says what is wrong and what to do. What the reason was in detail is for the log.

    `again` is where to begin anew, if that is known.
    """
    log: dict[str, Any] = given()["tenantry.log"]
    log["error"] = getattr(met, "code", type(met).__name__)
    if isinstance(met, Refusal):
        log |= {name: words for name in ("description", "detail") if (words := getattr(met, name))}
        if met.redirect is not None and met.automatic:
            return redirect(met.redirect, 303 if request.method == "POST" else 302)
        status = _STATUS.get(met.code, 400) if met.redirect is None else 400
        return await _problem_page("This request cannot be completed", _sentence(met), status, again, met.redirect)
    if isinstance(met, NotFromHere):
        return await _problem_page("This form came from elsewhere", "Nothing was done.", 403)
    if isinstance(met, IssuerUnavailable):
        return await _problem_page("This issuer is disabled", "Its operator has switched it off. Try again later.", 403)
    if isinstance(met, TooMany):
        return held_up(met, await _problem_page("Please wait a moment", too_many(met), 429, again))
    if isinstance(met, Busy | Broken):
        log["detail"] = str(met)
        seconds = met.retry_after if isinstance(met, Busy) else 5
        words = f"This issuer cannot answer at the moment. Try again in {lasting(seconds)}."
        answer = await _problem_page("Please try again", words, 503, again)
        answer.headers["Retry-After"] = str(seconds)
        return answer
    status = getattr(met, "code", 500) if not isinstance(met, Problem) else 500
    if not isinstance(status, int) or status >= 500:
        log["detail"] = f"{type(met).__name__}: {met}"
        return await _problem_page("Something went wrong", "It was not your fault, and it has been noted.", 500)
    if isinstance(met, NotFound):
        return await _problem_page("There is nothing here", "This address leads nowhere.", 404)
    answer = await _problem_page(
        "This page cannot be opened directly", "It is one of several that follow one another.", status
    )
    if status in (408, 413):
        answer.headers["Connection"] = "close"  # what is left of the body is not read
    if isinstance(met, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(met.valid_methods or ()))  # RFC 9110 §15.5.6
    return answer


def too_many(met: TooMany) -> str:
    return f"There were too many attempts. Try again in {lasting(met.retry_after)}."


def held_up(met: TooMany, answer: Response) -> Response:
    """The same page, as the answer to somebody who asks too often."""
    log: dict[str, Any] = given()["tenantry.log"]
    log |= {"error": type(met).__name__, "detail": str(met), "limit": met.kind}
    answer.status_code = 429
    answer.headers["Retry-After"] = str(met.retry_after)
    return answer


async def _problem_page(
    title: str, message: str, status: int, again: str | None = None, return_to: str | None = None
) -> Response:
    return await page(
        "problem.html",
        status,
        title=title,
        message=message,
        again=again,
        reference=given()["tenantry.log"]["request_id"],
        **link(return_to),
    )


def link(return_to: str | None) -> dict[str, str | None]:
    """What a page needs to offer the way back, if it is one that a link may lead to."""
    back = uri.parse(return_to) if return_to is not None else None
    if back is None or back.scheme not in ("http", "https"):
        return {"return_to": None, "return_host": None}
    return {"return_to": back.text, "return_host": back.authority}


def _sentence(refusal: Refusal) -> str:
    """The refusal as people write. The name of a parameter, such as redirect_uri or returnTo, stays as it is."""
    words = refusal.description or refusal.code
    first = words.partition(" ")[0]
    return f"{words}." if "_" in first or not first.islower() else f"{words[0].upper()}{words[1:]}."
