"""Every room in a real browser: in both languages, wide and narrow, light and dark; nothing sticks out, and nobody is kept out."""

import pytest

from striate.studio.strings import LANGUAGES
from striate.studio.table import ROOMS

pytestmark = pytest.mark.slow

PATHS = ["" if room.name == "home" else room.name for room in ROOMS]
SIZES = {"wide": (1280, 800), "narrow": (390, 844)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_a_room_is_whole(path, language, size, studio, open_page):
    width, height = SIZES[size]
    with open_page(studio, f"{path}?lang={language}", width=width, height=height) as page:
        assert page.locator("h1").count() == 1
        assert page.locator("html").get_attribute("lang") == language
        page.wait_for_load_state("networkidle")
        sticks_out = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert sticks_out <= 0, f"{sticks_out} pixels wider than the window"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_nobody_is_kept_out(path, dark, studio, open_page, find_barriers):
    with open_page(studio, path, dark=dark) as page:
        page.wait_for_load_state("networkidle")
        assert find_barriers(page) == []


def test_the_brightness_that_was_chosen_stays(empty_studio, open_page):
    with open_page(empty_studio, "") as page:
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.click("#theme")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert dark != light
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
        page.click("#theme")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_the_language_is_kept_from_page_to_page(empty_studio, open_page):
    with open_page(empty_studio, "?lang=ko") as page:
        page.click(".rooms a >> nth=0") if len(PATHS) > 1 else None
        assert page.locator("html").get_attribute("lang") == "ko"
        page.click("#language")
        assert page.locator("html").get_attribute("lang") == "en"


def test_a_reader_skips_to_the_content_with_the_keyboard(empty_studio, open_page):
    with open_page(empty_studio, "") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
