"""Looking into maps in a browser: with the keyboard, in both languages, and what is said where it cannot be."""

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("language", "verdict"), [("en", "its check"), ("ko", "검사를 통과")])
def test_a_map_is_looked_into_with_the_keyboard(language, verdict, studio, open_page, find_barriers):
    with open_page(studio, f"walk?network=striped&lang={language}") as page:
        button = page.locator(".ways [data-way=deconvnet]")
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".seen-pictures img")
        assert button.get_attribute("aria-pressed") == "true"
        assert page.locator(".seen-pictures img").count() == 2
        widths = page.locator(".seen-pictures img").evaluate_all("images => images.map((image) => image.naturalWidth)")
        assert min(widths) > 0
        assert verdict in page.locator(".seen-words").inner_text()
        assert find_barriers(page) == []


def test_what_needs_pictures_that_nobody_has_says_so(empty_studio, open_page):
    with open_page(empty_studio, "walk?network=lenet5&lang=en", width=390, height=844) as page:
        page.click(".ways [data-way=top]")
        page.wait_for_selector(".seen .warning")
        assert "only a run whose data is still where it was" in page.locator(".seen .warning").inner_text()
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
