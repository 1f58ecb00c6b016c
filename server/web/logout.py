"""The pages at /logout: whether to sign out, and what is left to say afterwards, unless a client waits for the user."""

from quart import Response

from server.web.cookies import Cookies
from server.web.page import link, page, posted, read, redirect, sent, tenant_of_request
from tenants.acts.sign_out import AskSignOut, Leaving, SignedOut, SignOut, leave, sign_out
from tenants.keyring import Entropy
from tenants.oauth import logout, parameters


async def asked(entropy: Entropy) -> Response:
    """A user, or a client that sends one (OpenID Connect RP-Initiated Logout 1.0 §2)."""
    tenant, request = tenant_of_request(), read()
    cookies = Cookies.of(tenant)
    known = request.cookie(cookies.browser)
    browser = known or entropy(16).hex()
    leaving = Leaving(
        request=logout.read(parameters.parse(request.query)), browser=browser, session=request.cookie(cookies.session)
    )
    step = await tenant.run(leave, leaving)
    if isinstance(step, SignedOut):
        return await _signed_out(cookies, step)
    assert isinstance(step, AskSignOut)
    answer = await page("sign_out.html", ticket=step.ticket, user=step.user)
    if known is None:
        cookies.set(answer, cookies.browser, browser)
    return answer


async def answered() -> Response:
    """The user's yes; or the request of a client that posts, to be asked again by GET: its form brings no cookies."""
    given = await sent()
    if "ticket" not in given.values and (query := logout.as_query(given)):
        return redirect(f"{tenant_of_request().uri}/logout?{query}", 303)
    tenant, request, form = await posted()
    cookies = Cookies.of(tenant)
    leaving = SignOut(
        browser=request.cookie(cookies.browser), session=request.cookie(cookies.session), ticket=form.one("ticket")
    )
    return await _signed_out(cookies, await tenant.run(sign_out, leaving))


async def _signed_out(cookies: Cookies, done: SignedOut) -> Response:
    if done.way_back is not None and done.automatic:
        answer = redirect(done.way_back, 303)
    else:
        answer = await page("signed_out.html", 200, **link(done.way_back))
    cookies.set(answer, cookies.session, "", 0)
    return answer
