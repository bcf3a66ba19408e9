"""The room in a browser: a picture comes in on every way, sliders change the answer at once, and the curve says where it breaks."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from tests.studio.conftest import RunningStudio

pytestmark = pytest.mark.slow

MOVE = """([name, value]) => {
  const slider = document.getElementById(`dial-${name}`);
  slider.focus();
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""
WAIT = """async () => {
  const name = document.getElementById("label"), began = performance.now(), image = document.getElementById("shown"), was = image.src;
  while (image.src === was && performance.now() - began < 10000) await new Promise((next) => requestAnimationFrame(next));
  return performance.now() - began;
}"""


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def ready(page):
    page.wait_for_selector("#sure:not(:empty)")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)], ids=["wide", "narrow"])
def test_a_slider_changes_the_answer_and_its_curve_says_where_it_breaks(width, height, studio, open_page):
    with open_page(studio, "try?lang=en", width=width, height=height) as page:
        ready(page)
        label = page.locator("#label").inner_text()
        before = page.locator("#shown").get_attribute("src")
        page.evaluate(MOVE, ["exposure", -3.5])
        page.evaluate(WAIT)
        assert page.locator("output[for=dial-exposure]").inner_text() == "−3.5 stops"
        assert page.locator("#shown").get_attribute("src") != before
        sentence = page.locator(".dial", has=page.locator("#dial-rotation")).locator(".sentence")
        page.evaluate(MOVE, ["rotation", 40])
        sentence.filter(has_text=re.compile(".")).wait_for()
        assert re.search("it says|It holds|have changed the answer already", sentence.inner_text())
        assert page.locator(".dial:has(#dial-rotation) .curve .first").get_attribute("d").count("L") >= 14
        page.click("#neutral")
        page.wait_for_function("before => document.getElementById('shown').src === before", arg=before)
        assert page.locator("#label").inner_text() == label


def test_sliders_are_moved_by_the_keyboard(studio, open_page):
    with open_page(studio, "try?lang=en") as page:
        ready(page)
        page.focus("#dial-rotation")
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        assert page.locator("output[for=dial-rotation]").inner_text() == "5°"
        assert page.locator("#dial-rotation").get_attribute("aria-valuetext") == "5°"


def test_pictures_are_chosen_dropped_and_pasted(studio, open_page, tmp_path):
    with open_page(studio, "try?lang=en") as page:
        ready(page)
        shown = {page.locator("#shown").get_attribute("src")}

        def arrives():
            page.wait_for_function("seen => !seen.includes(document.getElementById('shown').src)", arg=list(shown))
            shown.add(page.locator("#shown").get_attribute("src"))

        pictures = [np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8) for seed in range(3)]
        (tmp_path / "one.png").write_bytes(png(pictures[0]))
        page.set_input_files("#file", tmp_path / "one.png")
        arrives()
        give = """([data, kind]) => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          const given = new DataTransfer();
          given.items.add(new File([bytes], "picture.png", { type: "image/png" }));
          const event = kind === "drop" ? new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: given, bubbles: true });
          document.body.dispatchEvent(event);
        }"""
        for kind, pixels in zip(("drop", "paste"), pictures[1:], strict=True):
            page.evaluate(give, [base64.b64encode(png(pixels)).decode(), kind])
            arrives()


def test_the_camera_is_answered_frame_after_frame_until_it_is_held(studio, open_page):
    with open_page(studio, "try?lang=en") as page:
        ready(page)
        page.click("#camera")
        page.wait_for_selector("#camera[aria-pressed=true]")
        assert page.locator("#camera").inner_text() == "Hold this picture"
        for _ in range(2):
            assert page.evaluate(WAIT) < 10_000
        page.click("#camera")
        page.wait_for_selector("#camera[aria-pressed=false]")


def test_a_file_that_is_no_picture_is_refused_and_the_old_one_stays(studio, open_page, tmp_path):
    (tmp_path / "notes.png").write_bytes(b"no picture")
    told = []
    refusal = pytest.raises(AssertionError, match="status of 422")  # the browser puts it in its console
    with refusal, open_page(studio, "try?lang=en") as page:
        ready(page)
        before = page.locator("#shown").get_attribute("src")
        page.set_input_files("#file", tmp_path / "notes.png")
        page.wait_for_selector("#status.problem")
        told += [page.locator("#status").inner_text(), page.locator("#shown").get_attribute("src") == before]
    assert "the picture" in told[0] and told[1]


def test_the_map_is_laid_over_the_picture_and_its_test_is_told(studio, open_page, find_barriers):
    with open_page(studio, "try?lang=en") as page:
        ready(page)
        page.click("#explain")
        page.wait_for_selector("#overlay:not([hidden])")
        page.locator("#check").filter(has_text=re.compile("passed its test|failed its test")).wait_for(timeout=60_000)
        page.fill("#opacity", "0.4")
        assert page.evaluate("getComputedStyle(document.getElementById('overlay')).opacity") == "0.4"
        assert find_barriers(page) == []
        page.click("#explain")
        assert page.locator("#overlay").is_hidden() and page.locator("#check").inner_text() == ""


def test_the_cover_is_dragged_on_the_picture(studio, open_page):
    with open_page(studio, "try?lang=en") as page:
        ready(page)
        page.evaluate(MOVE, ["covered", 10])
        page.wait_for_selector("#grip", state="attached")
        page.wait_for_function("() => document.getElementById('caption').textContent.includes('drag')")
        page.locator("#frame").scroll_into_view_if_needed()
        box = page.locator("#frame").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 4, box["y"] + 4, steps=4)
        page.mouse.up()
        assert page.locator("output[for=place-across]").inner_text() == "100 %"
        assert page.locator("output[for=place-down]").inner_text() == "0 %"


def test_the_nearest_training_pictures_are_shown(studio, open_page):
    with open_page(studio, "try?lang=ko") as page:
        ready(page)
        page.click("#nearest")
        page.wait_for_selector("#neighbours li >> nth=7")
        assert page.evaluate(
            "() => [...document.querySelectorAll('#neighbours img')].every((one) => one.naturalWidth > 0)"
        )


@pytest.fixture(scope="module")
def several(label_run, film_run, sigmoid_run):
    running = RunningStudio(
        [f"labels={label_run.folder}", f"films={film_run.folder}", f"one={sigmoid_run.folder}"],
        runs=label_run.folder.parent,
    )
    yield running
    running.close()


def test_several_labels_have_thresholds_and_sentences_a_field(several, open_page, find_barriers):
    with open_page(several, "try?lang=en") as page:
        ready(page)
        assert page.locator("#bars .track em").count() == page.locator("#bars li").count() == 2
        page.select_option("#model", "films")
        page.fill("#words", "a wonderful great film")
        page.wait_for_selector("#sentence-answer .bars li")
        assert page.locator("#room").is_hidden()
        assert page.locator("#sentence-answer b").inner_text() in ("pos", "neg")
        assert find_barriers(page) == []
        page.select_option("#model", "one")
        page.wait_for_function("() => document.querySelectorAll('#bars li .name')[0].textContent.match('across|bands')")
        shares = [float(one.rstrip(" %")) for one in page.locator("#bars .share").all_inner_texts()]
        assert sum(shares) == pytest.approx(100, abs=0.2)
        assert page.locator("#bars .track em").count() == 0


def test_the_first_page_is_light(studio, open_page):
    with open_page(studio, "try?lang=en") as page:
        ready(page)
        sizes = page.evaluate(
            "() => [...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
            ".map((one) => [one.name, one.encodedBodySize])"
        )
        assert sum(size for _, size in sizes) <= 300_000, sizes
