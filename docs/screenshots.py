"""Take the screenshots of MLflow and of the demo in docs/pictures, and draw docs/drawings.

Run with `python -m docs.screenshots`; needs Chromium on the PATH and a finished `make repro`.
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
RUNS_SIZE = {"width": 1500, "height": 640}
COMPARISON_SIZE = {"width": 1500, "height": 1900}
DEVICE_SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 780}}
COMPARED_RUNS = ("cnn baseline, seed 1", "cnn tuned, seed 1")


def main() -> None:
    if CHROMIUM is None:
        sys.exit(MISSING)
    PICTURES.mkdir(exist_ok=True)
    write_drawings()
    with chromium() as browser:
        with start_server("digits.tracking.ui") as address:
            capture_mlflow(browser, address)
        with start_server("demo") as address:
            capture_demo(browser, address)


def write_drawings() -> None:
    DRAWINGS.mkdir(exist_ok=True)
    for page in drawn(10, seed=4):
        extension = "jpg" if page.manner in ("pencil", "colour") else "png"
        page.picture.save(DRAWINGS / f"{page.digit}-{page.manner}.{extension}")


def capture_mlflow(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport=RUNS_SIZE)
    # On the first visit, MLflow's assistant opens over a fifth of the page.
    page.add_init_script("localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')")
    capture_runs(page, address)
    capture_comparison(page, address)


def capture_runs(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text("matching runs")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Toggle sidebar").click()
    save_screenshot(page, "mlflow-runs")


def capture_comparison(page: Page, address: str) -> None:
    server = address.partition("/#")[0]
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("digits").experiment_id
    run_ids = {run.info.run_name: run.info.run_id for run in client.search_runs([experiment], "tags.kind = 'model'")}
    runs = json.dumps([run_ids[name] for name in COMPARED_RUNS])
    page.goto(f"{server}/#/compare-runs?runs={quote(runs)}&experiments={quote(json.dumps([experiment]))}")
    expect(page.get_by_text("Comparing 2 Runs").first).to_be_visible(timeout=60_000)
    page.set_viewport_size(COMPARISON_SIZE)
    page.get_by_text("Visualizations").click()
    page.get_by_role("switch").first.click()  # show only the parameters that differ
    save_screenshot(page, "mlflow-comparison")


def capture_demo(browser: Browser, address: str) -> None:
    for device, size in DEVICE_SIZES.items():
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=2)
            page.goto(address)
            draw(page, "3")
            save_screenshot(page, f"demo-{device}-{scheme}")
            page.close()


def save_screenshot(page: Page, name: str) -> None:
    page.wait_for_timeout(2000)  # until everything is rendered
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    print(path)


@contextmanager
def start_server(module: str) -> Iterator[str]:
    server = subprocess.Popen([sys.executable, "-m", module], stdout=subprocess.PIPE, text=True)
    try:
        line = ""
        while not (address := re.search(r"http\S+", line)):
            line = server.stdout.readline() or sys.exit(f"{module} does not start")
        yield address[0]
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
