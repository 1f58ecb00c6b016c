"""Whether everyone can read a page, as far as a program can tell (WCAG 2.2)."""

# playwright ships without complete types
# pyright: reportUnknownMemberType=false

from playwright.sync_api import Page

CONTRAST = """element => {
  const parse = text => text.match(/[\\d.]+/g).map(Number)
  const linear = value => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4
  const light = color => [.2126, .7152, .0722].reduce((sum, part, i) => sum + part * linear(color[i] / 255), 0)
  let behind = element
  while (parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(parse(getComputedStyle(behind).backgroundColor))]
  return (Math.max(a, b) + .05) / (Math.min(a, b) + .05)
}"""
WITH_TEXT = "h1, p, dt, dd, li, label, input, button, a, code, strong, bdi, .badge"


def readable(page: Page) -> None:
    """Language and title, one heading, named controls, text with contrast, nothing wider than the screen."""
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title()
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1
    assert page.locator("script").count() == 0
    for control in page.locator("input:not([type=hidden]), button").all():
        assert control.evaluate("it => it.labels?.length || it.textContent.trim().length") > 0
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    pale = page.locator(WITH_TEXT).evaluate_all(
        f"all => {{ const contrast = {CONTRAST}; return all.filter(it => contrast(it) < 4.5).map(it => it.outerHTML) }}"
    )
    assert pale == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
