"""The browser's side: the pages between a request of a client or an app and its answer, on Quart.

Everything works without a script. A form carries a sealed ticket that opens only in the browser that was given it; the
cookies say which browser and which session that is.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from quart import Quart, Response, request
from werkzeug.exceptions import MethodNotAllowed

from server.web import device, logout
from server.web import request as web
from server.web.cookies import Cookies
from server.web.home import home
from server.web.page import (
    failed,
    given,
    harden,
    held_up,
    page,
    posted,
    read,
    redirect,
    tenant_of_request,
    too_many,
)
from server.web.supply import Supplied
from server.web.words import in_words
from tenants.acts.asked import ADevice, OwnApp, WhoAsks
from tenants.acts.authorize import Arrival, AskConsent, Redirect, authorize
from tenants.acts.consent import Decision, decide
from tenants.acts.device_consent import AskUserCode
from tenants.acts.device_consent import enter as enter_code
from tenants.acts.first_party import enter
from tenants.acts.provider_proof import key_set
from tenants.acts.sign_in import AskSignIn, Attempt, SignedIn, SignIn, ask_again, not_known, sign_in
from tenants.acts.ticket import LIFETIME
from tenants.acts.upstream import (
    Arrived,
    Failure,
    Going,
    Introduction,
    NoAnswer,
    Redemption,
    Return,
    Trip,
    arrive,
    began_with,
    come_back,
    fail,
    go,
)
from tenants.keyring import Entropy
from tenants.oauth import parameters
from tenants.oauth.claims import Profile
from tenants.oauth.refusal import Refusal
from tenants.problems import Problem, TooMany
from tenants.records import IdentityProvider
from tenants.turn import Turn

BROWSER_PATHS = frozenset(
    {b"/authorize", b"/login", b"/consent", b"/device", b"/logout", b"/assets/style.css", b"/assets/favicon.svg"}
)
NOWHERE = "/nowhere"
"""Where there is no page, for whoever asks for something that is not there."""


class SignInDesk(Protocol):
    """Where a user can prove who they are: the development identity provider."""

    @property
    def automatic_user(self) -> Profile | None: ...
    @property
    def automatic_consent(self) -> bool: ...
    def check(self, email: str, password: str) -> Profile | None: ...


class Providers(Protocol):
    """Identity providers out in the world. Both raise NoAnswer."""

    async def departure(self, tenant: str, trip: Trip) -> str:
        """The URI to send the browser to."""
        ...

    async def introduction(self, tenant: str, redemption: Redemption) -> Introduction:
        """Who came back."""
        ...


def browser_side(desk: SignInDesk | None, providers: Providers, entropy: Entropy) -> Quart:
    """The Quart app. `desk` is None where no identity provider is built in."""
    app = Quart("server.web", template_folder="pages", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = web.MAX_BODY
    app.config["PROPAGATE_EXCEPTIONS"] = True  # what even the problem page cannot tell is for app.py
    app.config["BODY_TIMEOUT"] = web.BODY_SECONDS
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # pages are for browsers, not for scripts of other origins
    app.url_map.merge_slashes = False  # a path has one spelling, and no redirect is made from a Host header

    async def _begin(act: Callable[[Turn, Arrival], Redirect | AskSignIn | AskConsent | AskUserCode]) -> Response:
        tenant, asked = tenant_of_request(), read()
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
        step = await tenant.run(act, arrival)
        if isinstance(step, Redirect):
            return redirect(step.uri)
        if isinstance(step, AskSignIn):
            answer = await _sign_in_page(desk, step)
        else:
            code_asked = isinstance(step, AskUserCode)
            answer = await (device.user_code_page(step) if code_asked else _consent_page(tenant, step))
            if step.new_session is not None:
                lives = (await tenant.published()).policy.session_ttl
                cookies.set(answer, cookies.session, step.new_session, lives)
        if known is None:
            cookies.set(answer, cookies.browser, browser)
        return answer

    @app.get("/")
    async def _home() -> Response:
        return await home()

    @app.get("/authorize")
    async def _authorize() -> Response:
        return await _begin(authorize)

    @app.get("/login")
    async def _sign_in_to_app() -> Response:
        return await _begin(enter)

    @app.post("/login")
    async def _login() -> Response:
        tenant, asked, form = await posted()
        cookies = Cookies.of(tenant)
        browser, email = asked.cookie(cookies.browser), form.one("email") or ""
        chosen = form.one("provider")
        if chosen is not None:
            return await _depart(tenant, cookies, Going(ticket=form.one("ticket"), browser=browser, provider_id=chosen))
        step = await tenant.run(ask_again, Attempt(form.one("ticket"), browser))
        someone, account = await tenant.caller(), email.lower()
        try:
            someone.guess(account)  # from here to what it counts nobody else can guess
            profile = desk.check(email, form.opaque("password") or "") if desk else None
            if profile is None:
                someone.guessed_wrong(account)
                await tenant.run(not_known, None)
                answer = await _sign_in_page(desk, step, email, "That e-mail address and password do not match.")
                answer.status_code = 401
                return answer
            someone.sign_in(profile)
        except TooMany as met:
            return held_up(met, await _sign_in_page(desk, step, email, too_many(met)))
        former = asked.cookie(cookies.session)
        done = await tenant.run(
            sign_in, SignIn(ticket=step.ticket, browser=browser, profile=profile, former_session=former)
        )
        return await _signed_in(tenant, cookies, done)

    async def _depart(tenant: Supplied, cookies: Cookies, going: Going) -> Response:
        trip = await tenant.run(go, going)
        try:
            answer = redirect(await providers.departure(tenant.listing.uid, trip), 303)
        except NoAnswer as error:
            given()["tenantry.log"] |= {"error": "temporarily_unavailable", "detail": str(error)}
            step = await tenant.run(ask_again, Attempt(going.ticket, going.browser))
            answer = await _sign_in_page(desk, step, problem=_away(trip.provider, step))
            answer.status_code = 503
            return answer
        name = cookies.luggage(trip.state)
        for former in cookies.former_trips(read().cookie_pairs(), name, trip.luggage):
            cookies.set(answer, former, "", 0)
        cookies.set(answer, name, trip.luggage, LIFETIME)
        return answer

    @app.get("/callback/<provider_id>")
    async def _callback(provider_id: str) -> Response:
        tenant, asked = tenant_of_request(), read()
        cookies, told = Cookies.of(tenant), parameters.parse(asked.query)
        state = told.one("state") or ""
        back = Return(
            provider_id=provider_id,
            state=state,
            luggage=asked.sealed_cookie(cookies.luggage(state)),
            browser=asked.cookie(cookies.browser),
            code=told.raw("code"),
            error=told.raw("error"),
            issuer=told.raw("iss"),
        )
        try:
            answer = await _arrive(tenant, cookies, back, asked.cookie(cookies.session))
        except Exception as met:
            answer = await failed(met, await _where_it_began(tenant, back))
        cookies.set(answer, cookies.luggage(state), "", 0)  # however it ended, this trip is over
        return answer

    @app.get("/callback/<provider_id>/jwks.json")
    async def _keys_for(provider_id: str) -> Response:
        """What that provider is to check our assertions with."""
        return Response(await tenant_of_request().run(key_set, provider_id), content_type="application/json")

    async def _arrive(tenant: Supplied, cookies: Cookies, back: Return, former_session: str | None) -> Response:
        someone = await tenant.caller()
        someone.ask(None)  # anybody can come with a code that they made up, and the provider is asked for each
        redemption = await tenant.run(come_back, back)
        provider, target = redemption.provider, redemption.target
        try:
            introduction = await providers.introduction(tenant.listing.uid, redemption)
        except NoAnswer as error:
            someone.fail()
            raise await tenant.run(fail, Failure(provider.id, target, str(error))) from None
        someone.sign_in(introduction.profile)
        arrived = Arrived(provider=provider, target=target, introduction=introduction, former_session=former_session)
        return await _signed_in(tenant, cookies, await tenant.run(arrive, arrived))

    @app.post("/consent")
    async def _consent() -> Response:
        tenant, asked, form = await posted()
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
        return redirect((await tenant.run(decide, decision)).uri, 303)

    @app.get("/device")
    async def _enter_code() -> Response:
        return await _begin(enter_code)

    @app.post("/device")
    async def _connect_device() -> Response:
        return await device.answered()

    @app.get("/logout")
    async def _leave() -> Response:
        return await logout.asked(entropy)

    @app.post("/logout")
    async def _logout() -> Response:
        return await logout.answered()

    @app.get("/assets/<any('style.css', 'favicon.svg'):name>")
    async def _asset(name: str) -> Response:
        response = await app.send_static_file(name)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    @app.before_request
    async def _refuse_head() -> None:
        """Quart would do for HEAD all that GET does, and throw the answer away."""
        if request.method == "HEAD":
            raise MethodNotAllowed(["GET"])

    app.static_folder = "pages"
    app.after_request(harden)
    app.register_error_handler(Exception, failed)
    return app


async def _sign_in_page(
    desk: SignInDesk | None, step: AskSignIn, email: str = "", problem: str | None = None
) -> Response:
    if desk is None and not step.providers:
        raise Refusal("temporarily_unavailable", "this issuer has no identity provider to sign in with yet")
    return await page(
        "sign_in.html",
        ticket=step.ticket,
        **_said_of(step.asks),
        providers=step.providers,
        development=desk is not None,
        email=email,
        problem=problem,
    )


def _said_of(asks: WhoAsks | OwnApp | ADevice) -> dict[str, Any]:
    if isinstance(asks, OwnApp):
        return {"own_app": asks.host}
    if isinstance(asks, ADevice):
        return {"a_device": True}
    return {"asks": asks, "scopes": in_words(asks.scopes)}


def _away(provider: IdentityProvider, step: AskSignIn) -> str:
    others = ", or choose another way to sign in" if step.providers[1:] else ""
    return f"{provider.display_name} cannot be reached. Try again in a moment{others}."


async def _where_it_began(tenant: Supplied, back: Return) -> str | None:
    """At which address this browser may begin once more, if it is the one that began."""
    with suppress(Refusal, Problem):
        return tenant.uri + (await tenant.run(began_with, back)).decode("ascii")


async def _consent_page(tenant: Supplied, step: AskConsent) -> Response:
    return await page(
        "consent.html",
        ticket=step.ticket,
        asks=step.asks,
        scopes=in_words(step.asks.scopes),
        allowed_before=in_words(step.allowed_before),
        user=step.user,
        offline=step.offline,
        until_sign_out=step.until_sign_out,
    )


async def _signed_in(tenant: Supplied, cookies: Cookies, done: SignedIn) -> Response:
    answer = redirect(tenant.uri + done.target.decode("ascii"), 303)
    cookies.set(answer, cookies.session, done.session, (await tenant.published()).policy.session_ttl)
    return answer
