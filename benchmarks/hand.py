"""A hand on the demo's page, and the browser that shows it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.strokes import STROKES, Point

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MISSING = "Chromium is needed: apt-get install chromium"
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Its own sandbox does not work for root, as in a container.
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def draw(page: Page, digit: str) -> None:
    for points in STROKES[digit]:
        stroke(page, points)
    answered(page)


def stroke(page: Page, points: list[Point]) -> None:
    box = page.locator("#pad").bounding_box()
    # As far apart as a quick hand's; the page draws smooth lines through them.
    for at, (x, y) in enumerate([*points[:-1:4], points[-1]]):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if at == 0:
            page.mouse.down()
    page.mouse.up()


def answered(page: Page) -> None:
    page.evaluate(FRAMES)  # a change is asked about in the frame that shows it
    expect(page.locator("#answers")).to_have_attribute("aria-busy", "false")


def watch(page: Page) -> None:
    """From now on the page notes when a point was drawn last, and when its answers changed last."""
    page.evaluate(
        """() => {
          addEventListener("pointermove", (event) => event.buttons && (window.drawn = event.timeStamp));
          new MutationObserver(() => (window.answered = performance.now()))
            .observe(document.querySelector("#answers"), { subtree: true, childList: true, attributes: true });
        }"""
    )


def draw_and_wait(page: Page, digit: str) -> float:
    """Milliseconds from the last point drawn to the answers, which are clear again afterwards."""
    draw(page, digit)
    page.wait_for_timeout(100)  # were another answer to come, it would count
    waited = page.evaluate("window.answered - window.drawn")
    page.get_by_role("button", name="Clear").click()
    answered(page)
    return waited
