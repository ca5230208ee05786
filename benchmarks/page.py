"""The demo's page in a real browser: how soon it answers a drawing, and whether the tuned model reads it

Chromium, driven by Playwright, draws all ten digits with the mouse on the page that `make demo` serves. What is timed
is from the last point drawn to both answers on the page, with server and browser on the same cores.
"""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGTERM
from subprocess import PIPE, Popen
from sys import executable

from playwright.sync_api import Page

from benchmarks import entry
from benchmarks.hand import CHROMIUM, MISSING, answered, chromium, draw, draw_and_wait, watch
from benchmarks.report import Row
from benchmarks.strokes import STROKES
from digits.common.errors import UserError


def drawings(pairs: int, images: int | None) -> list[Row]:
    digits = list(STROKES)[:images]
    with page() as shown:
        read = [digit for digit in digits if tuned_answer(shown, digit) == digit]
        watch(shown)
        waits = [statistics.median(draw_and_wait(shown, digit) for digit in digits) for _ in range(pairs)]
    note = f"the tuned model read {len(read)} of {len(digits)} digits rightly"
    return [
        Row("time from the last point drawn to both answers", waits, 100, smaller_is_better=True, unit="ms", note=note)
    ]


def tuned_answer(page: Page, digit: str) -> str:
    draw(page, digit)
    answer = page.locator("article.tuned p.best strong").inner_text()
    page.get_by_role("button", name="Clear").click()
    answered(page)
    return answer


@contextmanager
def page() -> Iterator[Page]:
    if CHROMIUM is None:
        raise UserError(MISSING)
    with Popen([executable, "-m", "demo"], stdout=PIPE, text=True) as server, chromium() as browser:
        try:
            address = next((word for line in server.stdout for word in line.split() if word.startswith("http")), None)
            if address is None:
                raise UserError("the demo does not start; what it says stands above")
            shown = browser.new_page(viewport={"width": 1280, "height": 800})
            shown.goto(address)
            answered(shown)
            yield shown
        finally:
            server.send_signal(SIGTERM)


if __name__ == "__main__":
    entry.run(drawings, pairs=5)
