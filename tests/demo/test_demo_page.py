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
PROMISED, SLACK = 100, 3  # milliseconds; a machine that is busy with other tests takes longer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console was told: at the end of a test, nothing."""
    return []


@pytest.fixture
def page(browser: Browser, demo: str, complaints: list[str]) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    elsewhere = []
    page.on(
        "request", lambda request: None if request.url.startswith((demo, "blob:")) else elsewhere.append(request.url)
    )
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(demo)
    ready(page)
    yield page
    page.close()
    assert not elsewhere
    assert not complaints


def ready(page: Page) -> None:
    expect(page.locator("#results tbody tr").first).to_be_visible()
    answered(page)


def answers(page: Page) -> list[str]:
    return page.locator("article").all_inner_texts()


def best(page: Page) -> list[str]:
    return page.locator("article p.best strong").all_inner_texts()


def png(digit: str) -> bytes:
    image = Image.new("L", (300, 200), "white")
    for points in STROKES[digit]:
        for (x, y), (next_x, next_y) in pairwise(points):
            ImageDraw.Draw(image).line((200 * x, 200 * y, 200 * next_x, 200 * next_y), "black", 14)
    return encoded(image)


def choose(page: Page, name: str, content: bytes) -> None:
    page.get_by_label("Open a picture").set_input_files([{"name": name, "mimeType": "image/png", "buffer": content}])


def bring(page: Page, event: str, name: str, content: bytes) -> None:
    """As by dropping or pasting a file."""
    page.evaluate(
        """([event, name, bytes]) => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
          const made = event === "drop" ? new DragEvent(event, { dataTransfer: files, bubbles: true, cancelable: true })
            : new ClipboardEvent(event, { clipboardData: files, bubbles: true });
          document.querySelector("#pad").dispatchEvent(made);
        }""",
        [event, name, list(content)],
    )


def test_a_stroke_updates_both_answers(page: Page, demo: str) -> None:
    classes = page.request.get(f"{demo}/api/models").json()["classes"]
    assert best(page) == ["", ""]
    draw(page, "3")
    for model, first in zip(page.locator("article").all(), best(page), strict=True):
        shares = [float(text.split()[-2]) for text in model.locator("li").all_inner_texts()]
        assert len(shares) == len(classes)
        assert sum(shares) == pytest.approx(100, abs=0.05 * len(classes))
        assert first == classes[shares.index(max(shares))]
        expect(model.locator("p.best span")).to_have_text(f"{max(shares)}\u00a0%")
    before = answers(page)
    clear(page)
    draw(page, "7")
    assert answers(page) != before


def test_the_tuned_model_classifies_every_drawn_digit(page: Page) -> None:
    for digit in STROKES:
        draw(page, digit)
        assert best(page)[1] == digit
        clear(page)


def test_an_opened_picture_is_classified_as_by_the_api(page: Page, demo: str) -> None:
    tuned = page.request.get(f"{demo}/api/models").json()["default"][1]
    for number, each in enumerate(drawn(10, seed=3)):
        data, headers = encoded(each.picture), {"Content-Type": "image/png"}
        told = page.request.post(f"{demo}/api/predict?models={tuned}", data=data, headers=headers).json()
        choose(page, f"{number}.png", data)
        expect(page.locator("#caption")).to_have_text(f"{number}.png")
        answered(page)
        assert best(page)[1] == told["answers"][0]["class"] == each.digit


def test_the_page_says_whether_the_models_agree(page: Page) -> None:
    draw(page, "5")
    baseline, tuned = best(page)
    said = f"Both say {tuned}." if baseline == tuned else f"They disagree: baseline {baseline}, tuned {tuned}."
    expect(page.locator("#agreement")).to_have_text(said)
    expect(page.locator("#said")).to_contain_text(f"baseline {baseline}, ")


def test_the_answer_is_there_100_ms_after_the_last_stroke(page: Page) -> None:
    watch(page)
    waits = [draw_and_wait(page, digit) for digit in "13579"]
    print(f"{statistics.median(waits):.0f} ms from the last stroke to the answer, {max(waits):.0f} at most")
    assert statistics.median(waits) < PROMISED * SLACK


def test_an_answer_that_comes_too_late_is_not_shown(page: Page) -> None:
    page.route("**/api/predict*", lambda route: (time.sleep(0.3), route.continue_()))
    stroke(page, STROKES["1"][0])
    clear(page)
    assert best(page) == ["", ""]


def test_undo_takes_back_strokes_and_clearing(page: Page) -> None:
    first, second = STROKES["4"]
    stroke(page, first)
    answered(page)
    one = answers(page)
    stroke(page, second)
    answered(page)
    both = answers(page)
    assert both != one
    clear(page)
    assert best(page) == ["", ""]
    page.get_by_role("button", name="Undo").click()
    answered(page)
    assert answers(page) == both
    page.keyboard.press("Control+z")
    answered(page)
    assert answers(page) == one
    page.keyboard.press("Control+Z")  # with Caps Lock
    answered(page)
    assert best(page) == ["", ""]


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_file_dropped_or_pasted_is_answered(page: Page, way: str) -> None:
    bring(page, way, "two.png", png("2"))
    expect(page.locator("#caption")).to_have_text("two.png")
    answered(page)
    assert all(best(page))


def test_a_text_file_named_png_is_refused(page: Page) -> None:
    choose(page, "notes.png", b"Buy milk.")
    expect(page.locator("#error")).to_contain_text("notes.png is not a picture")
    draw(page, "0")
    expect(page.locator("#error")).to_be_empty()


def test_the_page_recovers_when_the_server_does(page: Page, complaints: list[str]) -> None:
    page.route("**/api/**", lambda route: route.abort())
    page.reload()
    expect(page.locator("#error")).to_have_text("The server does not answer; is `make demo` still running?")
    page.unroute("**/api/**")
    draw(page, "1")
    expect(page.locator("#error")).to_be_empty()
    assert all(best(page))
    ready(page)
    complaints.clear()


def test_an_error_of_the_server_is_shown(page: Page, complaints: list[str]) -> None:
    objection = {"status": 422, "json": {"error": "The picture is blank."}}
    page.route("**/api/predict*", lambda route: route.fulfill(**objection))
    draw(page, "1")
    expect(page.locator("#error")).to_have_text("The picture is blank.")
    assert best(page) == ["", ""]
    complaints.clear()


def test_the_keyboard_draws(page: Page) -> None:
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.id") != "pad":
        page.keyboard.press("Tab")
    expect(page.locator("#keys")).to_be_visible()
    for key in ["ArrowUp"] * 8 + ["Space"] + ["ArrowDown"] * 16 + ["Space"] + ["ArrowLeft"] * 4:
        page.keyboard.press(key)
    answered(page)
    assert all(best(page))
    page.keyboard.press("Delete")
    answered(page)
    assert best(page) == ["", ""]


def test_the_chosen_family_answers(page: Page, demo: str) -> None:
    families = {model["family"] for model in page.request.get(f"{demo}/api/models").json()["models"]}
    draw(page, "6")
    for family in families:
        page.get_by_role("radio", name=family).check()
        answered(page)
        expect(page.locator("article h3 span").first).to_contain_text(f"{family}, seed")
        assert all(best(page))


def test_a_chosen_test_image_is_put_on_the_pad(page: Page, demo: str) -> None:
    told = page.request.get(f"{demo}/api/disagreements").json()
    first, right = told["images"][0], told["right"]
    said = f"{sum(right.values())} images: baseline is right on {right['baseline']}, tuned on {right['tuned']}, neither"
    expect(page.locator("#differences p")).to_contain_text(said)
    page.locator("#differences button").first.press("Enter")
    expect(page.locator("#caption")).to_have_text(f"Test image {first['index']}, labelled {first['label']}")
    answered(page)
    assert best(page) == [first["baseline"], first["tuned"]]
    seen = page.locator("#seen canvas").evaluate(
        "(it) => [...it.getContext('2d').getImageData(0, 0, it.width, it.height).data]"
    )
    assert seen[::4] == [pixel for row in first["pixels"] for pixel in row]  # not preprocessed, as a drawing is


def test_every_control_has_a_name(page: Page) -> None:
    controls = re.findall(r"- (?:button|link|radio|slider|application)\b(.*)", page.locator("body").aria_snapshot())
    assert len(controls) >= 5
    assert all(re.match(' "[^"]+"', rest) for rest in controls)


def test_a_phone_does_not_scroll_sideways_and_has_room_for_fingers(page: Page) -> None:
    page.set_viewport_size(PHONE)
    draw(page, "8")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.locator("#pad").evaluate("(pad) => getComputedStyle(pad).touchAction") == "none"
    for target in page.locator("button, label").filter(visible=True).all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 44, target


def test_pad_and_answers_fit_on_a_desktop_screen_in_light_and_dark(page: Page) -> None:
    draw(page, "9")
    for part in ("#drawing", "#answers", "#seen"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 800
    colours = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colours.add(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert len(colours) == 2
