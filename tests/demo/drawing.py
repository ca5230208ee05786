"""A hand on the demo's page."""

from playwright.sync_api import Page, expect

from benchmarks.strokes import STROKES, Point

FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


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
