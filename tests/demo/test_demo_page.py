"""The demo's page, in a real browser and against the real server."""

import re
import statistics
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from tests.fixtures.browser import CHROMIUM, answered, chromium, clear, draw, draw_and_wait, stroke, watch
from tests.fixtures.drawn import drawn
from tests.fixtures.strokes import STROKES
from tests.images import encoded

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the PATH")]

PHONE = {"width": 360, "height": 760}
MAX_WAIT, SLACK = 100, 3  # milliseconds; a factor for machines that are busy with other tests


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def console_errors() -> list[str]:
    """Errors and warnings in the browser's console, of which a test must leave none."""
    return []


@pytest.fixture
def page(browser: Browser, demo: str, console_errors: list[str]) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    foreign_requests = []
    page.on(
        "request",
        lambda request: None if request.url.startswith((demo, "blob:")) else foreign_requests.append(request.url),
    )
    page.on(
        "console",
        lambda message: console_errors.append(message.text) if message.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: console_errors.append(str(error)))
    page.goto(demo)
    wait_until_ready(page)
    yield page
    page.close()
    assert not foreign_requests
    assert not console_errors


def wait_until_ready(page: Page) -> None:
    expect(page.locator("#results tbody tr").first).to_be_visible()
    answered(page)


def predictions(page: Page) -> list[str]:
    return page.locator("article").all_inner_texts()


def classes(page: Page) -> list[str]:
    return page.locator("article p.best strong").all_inner_texts()


def png(digit: str) -> bytes:
    image = Image.new("L", (300, 200), "white")
    for points in STROKES[digit]:
        for (x, y), (next_x, next_y) in pairwise(points):
            ImageDraw.Draw(image).line((200 * x, 200 * y, 200 * next_x, 200 * next_y), "black", 14)
    return encoded(image)


def open_file(page: Page, name: str, content: bytes) -> None:
    page.get_by_label("Open an image").set_input_files([{"name": name, "mimeType": "image/png", "buffer": content}])


def drop_or_paste(page: Page, event: str, name: str, content: bytes) -> None:
    page.evaluate(
        """([event, name, bytes]) => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
          const created = event === "drop"
            ? new DragEvent(event, { dataTransfer: files, bubbles: true, cancelable: true })
            : new ClipboardEvent(event, { clipboardData: files, bubbles: true });
          document.querySelector("#pad").dispatchEvent(created);
        }""",
        [event, name, list(content)],
    )


def test_a_stroke_updates_both_predictions(page: Page, demo: str) -> None:
    names = page.request.get(f"{demo}/api/models").json()["classes"]
    assert classes(page) == ["", ""]
    draw(page, "3")
    for model, predicted in zip(page.locator("article").all(), classes(page), strict=True):
        probabilities = [float(text.split()[-2]) for text in model.locator("li").all_inner_texts()]
        assert len(probabilities) == len(names)
        assert sum(probabilities) == pytest.approx(100, abs=0.05 * len(names))
        assert predicted == names[probabilities.index(max(probabilities))]
        expect(model.locator("p.best span")).to_have_text(f"{max(probabilities)}\u00a0%")
    before = predictions(page)
    clear(page)
    draw(page, "7")
    assert predictions(page) != before


def test_the_tuned_model_classifies_every_drawn_digit(page: Page) -> None:
    for digit in STROKES:
        draw(page, digit)
        assert classes(page)[1] == digit
        clear(page)


def test_an_opened_image_gets_the_prediction_of_the_api(page: Page, demo: str) -> None:
    tuned = page.request.get(f"{demo}/api/models").json()["default"][1]
    for index, drawing in enumerate(drawn(10, seed=3)):
        data, headers = encoded(drawing.picture), {"Content-Type": "image/png"}
        response = page.request.post(f"{demo}/api/predict?models={tuned}", data=data, headers=headers).json()
        open_file(page, f"{index}.png", data)
        expect(page.locator("#caption")).to_have_text(f"{index}.png")
        answered(page)
        assert classes(page)[1] == response["answers"][0]["class"] == drawing.digit


def test_the_page_shows_whether_the_models_agree(page: Page) -> None:
    draw(page, "5")
    baseline, tuned = classes(page)
    text = f"Both predict {tuned}." if baseline == tuned else f"They disagree: baseline {baseline}, tuned {tuned}."
    expect(page.locator("#agreement")).to_have_text(text)
    expect(page.locator("#announcement")).to_contain_text(f"baseline {baseline}, ")


def test_predictions_are_shown_100_ms_after_the_last_stroke(page: Page) -> None:
    watch(page)
    waits = [draw_and_wait(page, digit) for digit in "13579"]
    print(f"{statistics.median(waits):.0f} ms from the last stroke to the predictions, {max(waits):.0f} at most")
    assert statistics.median(waits) < MAX_WAIT * SLACK


def test_an_outdated_response_is_not_shown(page: Page) -> None:
    page.route("**/api/predict*", lambda route: (time.sleep(0.3), route.continue_()))
    stroke(page, STROKES["1"][0])
    clear(page)
    assert classes(page) == ["", ""]


def test_undo_reverts_strokes_and_clearing(page: Page) -> None:
    first, second = STROKES["4"]
    stroke(page, first)
    answered(page)
    after_first = predictions(page)
    stroke(page, second)
    answered(page)
    after_second = predictions(page)
    assert after_second != after_first
    clear(page)
    assert classes(page) == ["", ""]
    page.get_by_role("button", name="Undo").click()
    answered(page)
    assert predictions(page) == after_second
    page.keyboard.press("Control+z")
    answered(page)
    assert predictions(page) == after_first
    page.keyboard.press("Control+Z")  # with Caps Lock
    answered(page)
    assert classes(page) == ["", ""]


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_dropped_or_pasted_file_is_classified(page: Page, event: str) -> None:
    drop_or_paste(page, event, "two.png", png("2"))
    expect(page.locator("#caption")).to_have_text("two.png")
    answered(page)
    assert all(classes(page))


def test_a_text_file_named_png_is_rejected(page: Page) -> None:
    open_file(page, "notes.png", b"Buy milk.")
    expect(page.locator("#error")).to_contain_text("notes.png cannot be read as an image")
    draw(page, "0")
    expect(page.locator("#error")).to_be_empty()


def test_the_page_recovers_when_the_server_does(page: Page, console_errors: list[str]) -> None:
    page.route("**/api/**", lambda route: route.abort())
    page.reload()
    expect(page.locator("#error")).to_contain_text("The server does not respond")
    page.unroute("**/api/**")
    draw(page, "1")
    expect(page.locator("#error")).to_be_empty()
    assert all(classes(page))
    wait_until_ready(page)
    console_errors.clear()


def test_a_server_error_is_shown(page: Page, console_errors: list[str]) -> None:
    error = {"status": 422, "json": {"error": "The image is blank."}}
    page.route("**/api/predict*", lambda route: route.fulfill(**error))
    draw(page, "1")
    expect(page.locator("#error")).to_have_text("The image is blank.")
    assert classes(page) == ["", ""]
    console_errors.clear()


def test_the_keyboard_draws(page: Page) -> None:
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.id") != "pad":
        page.keyboard.press("Tab")
    expect(page.locator("#keys")).to_be_visible()
    for key in ["ArrowUp"] * 8 + ["Space"] + ["ArrowDown"] * 16 + ["Space"] + ["ArrowLeft"] * 4:
        page.keyboard.press(key)
    answered(page)
    assert all(classes(page))
    page.keyboard.press("Delete")
    answered(page)
    assert classes(page) == ["", ""]


def test_the_selected_family_predicts(page: Page, demo: str) -> None:
    families = {model["family"] for model in page.request.get(f"{demo}/api/models").json()["models"]}
    draw(page, "6")
    for family in families:
        page.get_by_role("radio", name=family).check()
        answered(page)
        expect(page.locator("article h3 span").first).to_contain_text(f"{family}, seed")
        assert all(classes(page))


def test_a_selected_test_image_is_put_on_the_pad(page: Page, demo: str) -> None:
    response = page.request.get(f"{demo}/api/disagreements").json()
    first, n_right = response["images"][0], response["right"]
    text = f"{sum(n_right.values())} images: baseline is correct on {n_right['baseline']}, tuned on {n_right['tuned']},"
    expect(page.locator("#differences p")).to_contain_text(text)
    page.locator("#differences button").first.press("Enter")
    expect(page.locator("#caption")).to_have_text(f"Test image {first['index']}, label {first['label']}")
    answered(page)
    assert classes(page) == [first["baseline"], first["tuned"]]
    rgba = page.locator("#input canvas").evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
    )
    assert rgba[::4] == [pixel for row in first["pixels"] for pixel in row]  # unlike drawings, not preprocessed


def test_every_control_has_a_name(page: Page) -> None:
    controls = re.findall(r"- (?:button|link|radio|slider|application)\b(.*)", page.locator("body").aria_snapshot())
    assert len(controls) >= 5
    assert all(re.match(' "[^"]+"', control) for control in controls)


def test_a_phone_does_not_scroll_sideways_and_has_large_targets(page: Page) -> None:
    page.set_viewport_size(PHONE)
    draw(page, "8")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.locator("#pad").evaluate("(pad) => getComputedStyle(pad).touchAction") == "none"
    for target in page.locator("button, label").filter(visible=True).all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 44, target


def test_pad_and_predictions_fit_a_desktop_screen(page: Page) -> None:
    draw(page, "9")
    for part in ("#drawing", "#predictions", "#input"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 800


def test_the_page_has_a_light_and_a_dark_scheme(page: Page) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colours.add(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert len(colours) == 2
