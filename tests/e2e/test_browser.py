"""The pages in a real browser: Debian's Chromium, without a screen."""

# playwright ships without complete types
# pyright: reportUnknownMemberType=false

import re
import shutil
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from protos.admin.v1.identity_provider_service_pb2 import (
    CreateIdentityProviderRequest,
    DeleteIdentityProviderRequest,
    IdentityProvider,
)
from protos.admin.v1.identity_provider_service_pb2_grpc import IdentityProviderServiceStub
from tests.e2e.native_app import NAME, RESOURCE, App, native_app
from tests.e2e.openid_provider import CLIENT_ID, SECRET, openid_provider
from tests.e2e.person import EMAIL, PASSWORD
from tests.e2e.readable import readable
from tests.support.process import RunningTenantry

pytestmark = pytest.mark.e2e

PROVIDERS = ("Corp", "شركة المثال", "W" * 63)
"""What providers are called: shortly, from right to left, and as long as can be."""
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("there is no chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", NOWHERE])
        yield browser
        browser.close()


@pytest.fixture
def app(tenantry: RunningTenantry) -> Generator[App]:
    with native_app(tenantry.demo) as app:
        yield app


@pytest.fixture
def offer(tenantry: RunningTenantry) -> Generator[Callable[..., None]]:
    """Has the issuer offer one more identity provider as long as the test lasts."""
    parent = f"issuers/{tenantry.issuer_ids()[tenantry.demo]}"
    made: list[str] = []

    def add(provider_id: str, name: str, uri: str = "https://corp.test") -> None:
        config = IdentityProvider.OidcConfig(issuer_uri=uri)
        given = IdentityProvider(display_name=name, client_id=CLIENT_ID, client_secret=SECRET, oidc=config)
        request = CreateIdentityProviderRequest(
            parent=parent, identity_provider_id=provider_id, identity_provider=given
        )
        made.append(tenantry.admin(IdentityProviderServiceStub, "CreateIdentityProvider", request).name)

    yield add
    for name in made:
        request = DeleteIdentityProviderRequest(name=name)
        tenantry.admin(IdentityProviderServiceStub, "DeleteIdentityProvider", request)


Offer = Callable[..., None]
Visit = Callable[..., AbstractContextManager[Page]]


@pytest.fixture
def visit(chromium: Browser, app: App) -> Visit:
    """Opens a browser with nothing in it, and sees to it that pages ask for nothing from elsewhere, or `also` there."""

    @contextmanager
    def opened(*also: str, **options: Any) -> Generator[Page]:
        context = chromium.new_context(**options)
        complaints: list[str] = []
        asked: list[str] = []

        def complain(said: Any) -> None:
            text = said if isinstance(said, str) else f"{said.text} {said.location}"
            complaints.append(text)

        def ask(request: Request) -> None:
            asked.append(request.url)

        def fail(request: Request) -> None:
            if request.failure != "net::ERR_ABORTED":  # by the browser, which has gone on to the next page
                complaints.append(f"failed: {request.url}")

        context.on("request", ask)
        context.on("requestfailed", fail)
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(15_000)
        yield page
        context.close()
        ours = {urlsplit(uri).netloc for uri in (app.issuer, app.callback, *also)}
        assert {urlsplit(url).netloc for url in asked} <= ours, asked
        # Chromium itself notes on the console when a page was not sent with a 200
        beside = [line for line in complaints if not re.search(r"status of (?:40[01]|503) ", line)]
        assert beside == []

    return opened


def picture(page: Page, tmp_path: Path, name: str) -> None:
    page.screenshot(path=tmp_path / f"{name}.png", full_page=True)


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def arrives(page: Page, app: App) -> dict[str, str]:
    """What the app is told once the browser is back."""
    expect(page).to_have_title("Back in the app")
    assert len(app.told) == 1
    told = app.told[0]
    assert told["state"] == "the state"
    assert told["iss"] == app.issuer
    return told


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("light", {"color_scheme": "light"}),
        ("dark", {"color_scheme": "dark"}),
        ("no-javascript", {"java_script_enabled": False}),
        ("telephone", {"viewport": {"width": 320, "height": 640}, "has_touch": True}),
    ],
)
def test_a_user_signs_in_and_allows_and_the_app_gets_a_code(
    visit: Visit, app: App, tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    with visit(**options) as page:
        page.goto(app.authorize_url())
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        picture(page, tmp_path, f"{kind}-sign-in")
        sign_in(page)

        expect(page.get_by_role("heading", level=1)).to_have_text(f"“{NAME}” asks for access")
        for fact in (urlsplit(app.callback).netloc, RESOURCE, "offline_access", "Not verified", EMAIL):
            expect(page.get_by_role("main")).to_contain_text(fact)
        picture(page, tmp_path, f"{kind}-consent")
        page.get_by_role("button", name="Allow").click()

        told = arrives(page, app)
    assert set(told) == {"code", "state", "iss"}
    tokens = app.redeem(told["code"])
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["refresh_token"]


def test_a_wrong_password_is_told_and_can_be_put_right(visit: Visit, app: App, tmp_path: Path) -> None:
    with visit() as page:
        page.goto(app.authorize_url())
        sign_in(page, "wrong")
        expect(page.get_by_role("alert")).to_contain_text("do not match")
        expect(page.get_by_label("E-mail")).to_have_value(EMAIL)
        expect(page.get_by_label("Password")).to_have_value("")
        expect(page.get_by_label("Password")).to_be_focused()
        expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
        picture(page, tmp_path, "wrong-password")
        sign_in(page)
        expect(page.get_by_role("button", name="Allow")).to_be_visible()


def test_a_user_who_denies_sends_the_app_away(visit: Visit, app: App) -> None:
    with visit() as page:
        page.goto(app.authorize_url())
        sign_in(page)
        page.get_by_role("button", name="Deny").click()
        told = arrives(page, app)
    assert told["error"] == "access_denied"
    assert "code" not in told


def test_the_keyboard_is_enough(visit: Visit, app: App) -> None:
    with visit() as page:
        page.goto(app.authorize_url())
        expect(page.get_by_label("E-mail")).to_be_focused()
        page.keyboard.type(EMAIL)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        allow = page.get_by_role("button", name="Allow")
        expect(allow).to_be_visible()
        for _ in range(10):
            page.keyboard.press("Tab")
            if allow.evaluate("button => button === document.activeElement"):
                break
        expect(allow).to_be_focused()
        assert allow.evaluate("button => getComputedStyle(button).outlineStyle") == "solid", "focus can be seen"
        page.keyboard.press("Enter")
        assert "code" in arrives(page, app)


def test_enter_alone_allows_nothing(visit: Visit, app: App) -> None:
    """Whoever presses Enter once more than was needed to sign in has not agreed to anything."""
    with visit() as page:
        page.goto(app.authorize_url())
        sign_in(page)
        expect(page.get_by_role("button", name="Allow")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("asks for access")
    assert app.told == []


def test_who_has_signed_in_is_asked_for_no_password_until_signing_out(visit: Visit, app: App, tmp_path: Path) -> None:
    with visit() as page:
        page.goto(app.authorize_url())
        sign_in(page)
        page.get_by_role("button", name="Allow").click()
        arrives(page, app)
        app.told.clear()

        page.goto(app.authorize_url())  # the app is public and listens on loopback: anyone could be it, so it must ask
        page.get_by_role("button", name="Allow").click()
        assert "code" in arrives(page, app)

        page.goto(f"{app.issuer}/logout")
        expect(page.get_by_role("main")).to_contain_text(EMAIL)
        picture(page, tmp_path, "sign-out")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("status")).to_contain_text("has ended")
        picture(page, tmp_path, "signed-out")

        page.goto(app.authorize_url())
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_request_that_cannot_go_on_is_told_on_a_page(visit: Visit, app: App, tmp_path: Path) -> None:
    with visit() as page:
        answer = page.goto(app.authorize_url(client_id="nobody"))
        assert answer is not None
        assert answer.status == 400
        expect(page.get_by_role("alert")).to_be_visible()
        picture(page, tmp_path, "problem")
    assert app.told == []


@pytest.mark.parametrize("kind", ["javascript", "no-javascript"])
def test_a_user_signs_in_at_a_provider(visit: Visit, offer: Offer, app: App, kind: str) -> None:
    options = {"java_script_enabled": kind == "javascript"}
    with openid_provider(f"{app.issuer}/callback/{kind}") as uri, visit(uri, **options) as page:
        offer(kind, "Corp", uri)
        page.goto(app.authorize_url())
        for fact in (NAME, urlsplit(app.callback).netloc, RESOURCE, "Not verified"):
            expect(page.get_by_role("main")).to_contain_text(fact)
        page.get_by_role("button", name="Continue with Corp").click()
        expect(page).to_have_title("The provider")
        page.get_by_label("Name").fill("ada")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("main")).to_contain_text("ada@corp.test")
        page.get_by_role("button", name="Allow").click()
        told = arrives(page, app)
    assert app.redeem(told["code"]).status_code == 200


def test_providers_are_below_who_asks_one_below_the_other_as_tab_finds_them(
    visit: Visit, offer: Offer, app: App
) -> None:
    for number, name in enumerate(PROVIDERS):
        offer(f"p{number}", name)
    with visit(viewport={"width": 1280, "height": 300}) as page:
        page.goto(app.authorize_url())
        expect(page.get_by_text("Who asks")).to_be_in_viewport()
        top, width = 0.0, page.get_by_label("E-mail").evaluate("input => input.offsetWidth")
        for name in PROVIDERS:
            page.keyboard.press("Tab")
            button = page.get_by_role("button", name=f"Continue with {name}")
            expect(button).to_be_focused()
            assert button.evaluate("button => button.offsetWidth") == width
            below = button.evaluate("button => button.offsetTop")
            assert below > top
            top = below
        page.keyboard.press("Tab")
        expect(page.get_by_label("E-mail")).to_be_focused()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("names", [PROVIDERS[:1], PROVIDERS], ids=len)
def test_the_choice_of_providers_can_be_read_by_everyone(
    visit: Visit, offer: Offer, app: App, tmp_path: Path, color_scheme: str, width: int, names: tuple[str, ...]
) -> None:
    for number, name in enumerate(names):
        offer(f"p{number}", name)
    with visit(color_scheme=color_scheme, viewport={"width": width, "height": 700}) as page:
        page.goto(app.authorize_url())
        expect(page.get_by_role("button", name="Continue with")).to_have_count(len(names))
        readable(page)
        picture(page, tmp_path, "providers")
        sign_in(page, "wrong")
        expect(page.get_by_label("Password")).to_be_focused()
        readable(page)


def test_on_a_low_screen_a_device_page_begins_with_what_it_is(visit: Visit, app: App) -> None:
    with visit(viewport={"width": 640, "height": 240}) as page:
        page.goto(f"{app.issuer}/device")
        expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
        sign_in(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Connect a device")
        expect(page.get_by_role("heading", level=1)).to_be_in_viewport()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_a_provider_that_is_away_is_told_above_the_others(
    visit: Visit, offer: Offer, app: App, tmp_path: Path, color_scheme: str, width: int
) -> None:
    for number, name in enumerate(PROVIDERS):
        offer(f"p{number}", name)
    with visit(color_scheme=color_scheme, viewport={"width": width, "height": 700}) as page:
        page.goto(app.authorize_url())
        page.get_by_role("button", name=f"Continue with {PROVIDERS[0]}").click()
        expect(page.get_by_role("alert")).to_contain_text(f"{PROVIDERS[0]} cannot be reached")
        expect(page.get_by_role("alert")).to_be_in_viewport()
        expect(page.get_by_role("button", name="Continue with")).to_have_count(len(PROVIDERS))
        readable(page)
        picture(page, tmp_path, "away")
        sign_in(page)
        expect(page.get_by_role("button", name="Allow")).to_be_visible()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_can_be_read_by_everyone(visit: Visit, app: App, color_scheme: str, width: int) -> None:
    with visit(color_scheme=color_scheme, viewport={"width": width, "height": 700}) as page:
        page.goto(app.issuer)
        readable(page)
        page.goto(app.authorize_url())
        readable(page)
        sign_in(page, "wrong")
        expect(page.get_by_role("alert")).to_be_visible()
        readable(page)
        sign_in(page)
        expect(page.get_by_role("button", name="Allow")).to_be_visible()
        readable(page)
        page.goto(app.issuer)
        expect(page.get_by_role("main")).to_contain_text(EMAIL)
        readable(page)
        page.get_by_role("link", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
