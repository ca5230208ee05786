"""Takes the pictures of MLflow's pages and of the demo in docs/pictures, and draws docs/drawings:
`python -m docs.screenshots`.

It needs Chromium on the PATH, and a finished `make repro`.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from mlflow import MlflowClient
from playwright.sync_api import Browser, Page, expect

from tests.fixtures.browser import CHROMIUM, MISSING, chromium, draw
from tests.fixtures.drawn import drawn

PICTURES = Path(__file__).parent / "pictures"
DRAWINGS = Path(__file__).parent / "drawings"
SIZE = {"width": 1500, "height": 640}
TALL = {"width": 1500, "height": 1900}
DEVICES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 780}}
COMPARED = ("cnn baseline, seed 1", "cnn tuned, seed 1")


def main() -> None:
    if CHROMIUM is None:
        sys.exit(MISSING)
    PICTURES.mkdir(exist_ok=True)
    drawings()
    with chromium() as browser:
        with served("digits.tracking.ui") as address:
            mlflow(browser, address)
        with served("demo") as address:
            demo(browser, address)


def drawings() -> None:
    DRAWINGS.mkdir(exist_ok=True)
    for page in drawn(10, seed=4):
        ending = "jpg" if page.manner in ("pencil", "colour") else "png"
        page.picture.save(DRAWINGS / f"{page.digit}-{page.manner}.{ending}")


def mlflow(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport=SIZE)
    # MLflow's assistant opens over a fifth of the page when it is seen for the first time.
    page.add_init_script("localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')")
    runs(page, address)
    comparison(page, address)


def runs(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text("matching runs")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Toggle sidebar").click()
    picture(page, "mlflow-runs")


def comparison(page: Page, address: str) -> None:
    server = address.partition("/#")[0]
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("digits").experiment_id
    found = {run.info.run_name: run.info.run_id for run in client.search_runs([experiment], "tags.kind = 'model'")}
    runs = json.dumps([found[name] for name in COMPARED])
    page.goto(f"{server}/#/compare-runs?runs={quote(runs)}&experiments={quote(json.dumps([experiment]))}")
    expect(page.get_by_text("Comparing 2 Runs").first).to_be_visible(timeout=60_000)
    page.set_viewport_size(TALL)
    page.get_by_text("Visualizations").click()
    page.get_by_role("switch").first.click()  # the parameters that differ
    picture(page, "mlflow-comparison")


def demo(browser: Browser, address: str) -> None:
    for device, size in DEVICES.items():
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=2)
            page.goto(address)
            draw(page, "3")
            picture(page, f"demo-{device}-{scheme}")
            page.close()


def picture(page: Page, name: str) -> None:
    page.wait_for_timeout(2000)  # until all is drawn
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    print(path)


@contextmanager
def served(module: str) -> Iterator[str]:
    server = subprocess.Popen([sys.executable, "-m", module], stdout=subprocess.PIPE, text=True)
    try:
        said = ""
        while not (address := re.search(r"http\S+", said)):
            said = server.stdout.readline() or sys.exit(f"{module} does not start")
        yield address[0]
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
