"""The browser's side: the pages between an authorization request and its answer, on Quart.

Everything works without a script. A form carries a sealed ticket that opens only in the browser that was given it; the
cookies say which browser and which session that is.
"""

from typing import Any, Protocol, cast

from quart import Quart, Response, render_template, request
from werkzeug.exceptions import MethodNotAllowed

from server.web import request as web
from server.web.cookies import Cookies
from server.web.replies import SECURITY
from server.web.request import WebRequest
from tenants.acts.authorize import Arrival, AskConsent, AskSignIn, Redirect, authorize
from tenants.acts.consent import Decision, decide
from tenants.acts.sign_in import Attempt, SignIn, ask_again, sign_in
from tenants.acts.sign_out import SignOut, ask_sign_out, sign_out
from tenants.acts.who import Profile
from tenants.keyring import Entropy
from tenants.oauth import parameters, uri
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.problems import Broken, Busy, IssuerUnavailable, Problem
from tenants.tenant import Tenant

BROWSER_PATHS = frozenset(
    {b"/authorize", b"/login", b"/consent", b"/logout", b"/assets/style.css", b"/assets/favicon.svg"}
)
PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
"""Without `form-action`: Chromium applies it to the whole chain of redirects, and the way back to a client is one."""

_STATUS = {"access_denied": 403, "temporarily_unavailable": 503}
SCOPES_IN_WORDS = {
    "openid": "Know who you are at this issuer",
    "profile": "See your name",
    "email": "See your e-mail address",
    "offline_access": "Stay connected while you are away",
}


class SignInDesk(Protocol):
    """Where a user can prove who they are: the development identity provider."""

    @property
    def automatic_user(self) -> Profile | None: ...
    @property
    def automatic_consent(self) -> bool: ...
    def check(self, email: str, password: str) -> Profile | None: ...


class NotFromHere(Exception):
    """A form that another site sent."""


def browser_side(desk: SignInDesk | None, entropy: Entropy) -> Quart:
    """The Quart app. `desk` is None where no identity provider is built in."""
    app = Quart("server.web", template_folder="pages", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = web.MAX_BODY
    app.config["PROPAGATE_EXCEPTIONS"] = True  # what even the problem page cannot tell is for app.py
    app.config["BODY_TIMEOUT"] = web.BODY_SECONDS
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # pages are for browsers, not for scripts of other origins

    @app.get("/authorize")
    async def _authorize() -> Response:
        tenant, asked = _tenant(), _read()
        cookies = Cookies.of(tenant)
        known = asked.cookie(cookies.browser)
        browser = known or entropy(16).hex()
        arrival = Arrival(
            query=asked.query,
            browser=browser,
            session=asked.cookie(cookies.session),
            automatic_user=desk.automatic_user if desk else None,
            automatic_consent=desk.automatic_consent if desk else False,
        )
        step = await tenant.run(authorize, arrival)
        if isinstance(step, Redirect):
            return _redirect(step.uri)
        if isinstance(step, AskSignIn):
            page = await _sign_in_page(desk, step)
        else:
            page = await _consent_page(tenant, step)
            if step.new_session is not None:
                lives = (await tenant.published()).policy.session_ttl
                cookies.set(page, cookies.session, step.new_session, lives)
        if known is None:
            cookies.set(page, cookies.browser, browser)
        return page

    @app.post("/login")
    async def _login() -> Response:
        tenant, asked, form = await _posted()
        cookies = Cookies.of(tenant)
        browser, email = asked.cookie(cookies.browser), form.one("email") or ""
        step = await tenant.run(ask_again, Attempt(form.one("ticket"), browser))
        profile = desk.check(email, form.opaque("password") or "") if desk else None
        if profile is None:
            page = await _sign_in_page(desk, step, email, "That e-mail address and password do not match.")
            page.status_code = 401
            return page
        former = asked.cookie(cookies.session)
        done = await tenant.run(
            sign_in, SignIn(ticket=step.ticket, browser=browser, profile=profile, former_session=former)
        )
        response = _redirect(f"{tenant.uri}/authorize?{done.query.decode('ascii')}", 303)
        cookies.set(response, cookies.session, done.session, (await tenant.published()).policy.session_ttl)
        return response

    @app.post("/consent")
    async def _consent() -> Response:
        tenant, asked, form = await _posted()
        cookies = Cookies.of(tenant)
        choice = form.one("decision")
        if choice not in ("allow", "deny"):
            raise Refusal("invalid_request", "choose allow or deny")
        decision = Decision(
            ticket=form.one("ticket"),
            browser=asked.cookie(cookies.browser),
            session=asked.cookie(cookies.session),
            allow=choice == "allow",
        )
        return _redirect((await tenant.run(decide, decision)).uri, 303)

    @app.get("/logout")
    async def _ask_logout() -> Response:
        tenant, asked = _tenant(), _read()
        cookies = Cookies.of(tenant)
        known = asked.cookie(cookies.browser)
        browser = known or entropy(16).hex()
        step = await tenant.run(ask_sign_out, SignOut(browser=browser, session=asked.cookie(cookies.session)))
        page = await _page("sign_out.html", ticket=step.ticket, user=step.user)
        if known is None:
            cookies.set(page, cookies.browser, browser)
        return page

    @app.post("/logout")
    async def _logout() -> Response:
        tenant, asked, form = await _posted()
        cookies = Cookies.of(tenant)
        leaving = SignOut(
            browser=asked.cookie(cookies.browser), session=asked.cookie(cookies.session), ticket=form.one("ticket")
        )
        await tenant.run(sign_out, leaving)
        page = await _page("signed_out.html")
        cookies.set(page, cookies.session, "", 0)
        return page

    @app.get("/assets/<any('style.css', 'favicon.svg'):name>")
    async def _asset(name: str) -> Response:
        response = await app.send_static_file(name)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    app.static_folder = "pages"
    app.after_request(_harden)
    app.register_error_handler(Exception, _failed)
    return app


async def _sign_in_page(
    desk: SignInDesk | None, step: AskSignIn, email: str = "", problem: str | None = None
) -> Response:
    if desk is None:
        raise Refusal("temporarily_unavailable", "this issuer has no identity provider to sign in with yet")
    return await _page(
        "sign_in.html",
        ticket=step.ticket,
        client=step.client,
        redirect_host=step.redirect_host,
        email=email,
        problem=problem,
    )


async def _consent_page(tenant: Tenant, step: AskConsent) -> Response:
    return await _page(
        "consent.html",
        ticket=step.ticket,
        client=step.client,
        verified=step.verified,
        redirect_host=step.redirect_host,
        loopback=step.loopback,
        resource=step.resource,
        scopes=[(scope, SCOPES_IN_WORDS.get(scope, "")) for scope in step.scopes],
        user=step.user,
        offline=step.offline,
    )


async def _page(template: str, status: int = 200, **context: Any) -> Response:
    base = _tenant().uri
    page = await render_template(template, base=base, issuer_host=base.partition("://")[2], **context)
    return Response(page, status, content_type="text/html; charset=utf-8")


def _redirect(uri: str, status: int = 302) -> Response:
    """The answer is in the header; a URI that came from a client is not put into a page."""
    return Response("", status, {"Location": uri})


def _given() -> dict[str, Any]:
    """What app.py handed over with the request."""
    return cast("dict[str, Any]", request.scope)


def _tenant() -> Tenant:
    return _given()["tenantry.tenant"]


def _read() -> WebRequest:
    scope = _given()
    return WebRequest(scope["method"], scope["path"], scope["query_string"], scope["headers"])


async def _posted() -> tuple[Tenant, WebRequest, Parameters]:
    """A form that one of our own pages sent."""
    tenant, asked = _tenant(), _read()
    origin, site = asked.one(b"origin"), asked.one(b"sec-fetch-site")
    # `Origin: null` is what a page with `no-referrer` sends about itself
    if (site not in (None, "same-origin", "none")) or (origin not in (None, "null", tenant.uri)):
        raise NotFromHere
    media = (asked.one(b"content-type") or "").partition(";")[0].strip().lower()
    body = cast("bytes", await request.get_data())
    if media != "application/x-www-form-urlencoded":
        raise Refusal("invalid_request", "the form was not sent by a page of this issuer")
    return tenant, asked, parameters.parse(body)


async def _harden(response: Response) -> Response:
    for name, value in SECURITY:
        response.headers[name.decode("ascii")] = value.decode("ascii")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers.setdefault("Cache-Control", "no-store")
    if _tenant().uri.startswith("https:"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


async def _failed(met: Exception) -> Response:
    """A page that says what is wrong and what to do. What the reason was in detail is for the log."""
    log: dict[str, Any] = _given()["tenantry.log"]
    log["error"] = getattr(met, "code", type(met).__name__)
    if isinstance(met, Refusal):
        log["detail"] = met.detail or met.description
        if met.redirect is not None and met.automatic:
            return _redirect(met.redirect, 303 if request.method == "POST" else 302)
        status = _STATUS.get(met.code, 400) if met.redirect is None else 400
        return await _problem_page("This request cannot be completed", _sentence(met), status, met.redirect)
    if isinstance(met, NotFromHere):
        return await _problem_page("This form came from elsewhere", "Go back to the application and start again.", 403)
    if isinstance(met, IssuerUnavailable):
        return await _problem_page("This issuer is disabled", "Its operator has switched it off. Try again later.", 403)
    if isinstance(met, Busy | Broken):
        log["detail"] = str(met)
        page = await _problem_page("Please try again", "This issuer cannot answer at the moment.", 503)
        page.headers["Retry-After"] = str(met.retry_after if isinstance(met, Busy) else 5)
        return page
    status = getattr(met, "code", 500) if not isinstance(met, Problem) else 500
    if not isinstance(status, int) or status >= 500:
        log["detail"] = f"{type(met).__name__}: {met}"
        return await _problem_page("Something went wrong", "It was not your fault, and it has been noted.", 500)
    page = await _problem_page(
        "This request cannot be completed", "The address or the method is not one of ours.", status
    )
    if status in (408, 413):
        page.headers["Connection"] = "close"  # what is left of the body is not read
    if isinstance(met, MethodNotAllowed):
        page.headers["Allow"] = ", ".join(sorted(met.valid_methods or ()))  # RFC 9110 §15.5.6
    return page


async def _problem_page(title: str, message: str, status: int, return_to: str | None = None) -> Response:
    back = uri.parse(return_to) if return_to is not None else None
    if back is not None and back.scheme not in ("http", "https"):
        back = None
    return await _page(
        "problem.html",
        status,
        title=title,
        message=message,
        reference=_given()["tenantry.log"]["request_id"],
        return_to=back.text if back is not None else None,
        return_host=back.authority if back is not None else None,
    )


def _sentence(refusal: Refusal) -> str:
    words = refusal.description or refusal.code
    return f"{words[0].upper()}{words[1:]}."
