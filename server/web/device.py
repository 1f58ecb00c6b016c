"""The pages at /device: a user types the code that a device shows, sees who asks, and decides."""

from quart import Response

from server.web.cookies import Cookies
from server.web.page import failed, page, posted
from server.web.words import in_words
from tenants.acts.device_consent import AskUserCode, DeviceDecision, TypedCode, decide, look_up
from tenants.oauth.refusal import Refusal
from tenants.problems import TooMany


async def user_code_page(step: AskUserCode) -> Response:
    status = 400 if step.wrong else 200
    return await page("device.html", status, user_code=step.user_code, user=step.user, wrong=step.wrong)


async def answered() -> Response:
    """What comes after one of the two forms: the one with the code, or the one with the decision."""
    tenant, asked, form = await posted()
    cookies, choice = Cookies.of(tenant), form.one("decision")
    browser, session = asked.cookie(cookies.browser), asked.cookie(cookies.session)
    if choice is not None:
        if choice not in ("allow", "deny"):
            raise Refusal("invalid_request", "choose allow or deny")
        decision = DeviceDecision(ticket=form.one("ticket"), browser=browser, session=session, allow=choice == "allow")
        return await page("device_done.html", allowed=await tenant.run(decide, decision))
    someone = await tenant.caller()
    guessing = f"device codes from {someone.address}", f"device codes in session {hash(session)}"
    try:
        someone.guess(*guessing)
    except TooMany as met:
        return await failed(met, again=f"{tenant.uri}/device")
    typed = TypedCode(browser=browser, session=session, user_code=form.opaque("user_code") or "")
    step = await tenant.run(look_up, typed)
    if isinstance(step, AskUserCode):
        someone.guessed_wrong(*guessing)
        return await user_code_page(step)
    return await page(
        "device_consent.html",
        ticket=step.ticket,
        asks=step.asks,
        scopes=in_words(step.asks.scopes),
        device_code=step.user_code,
        user=step.user,
        offline=step.offline,
    )
