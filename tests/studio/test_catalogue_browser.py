"""The list of networks in a browser: sorted, searched, compared."""

import pytest

pytestmark = pytest.mark.slow


def test_it_is_sorted_searched_and_two_are_compared(empty_studio, open_page):
    with open_page(empty_studio, "catalogue?lang=en") as page:
        page.wait_for_selector("#networks")
        first = page.locator("#networks tbody tr:visible th").first
        assert first.inner_text() == "lenet5"
        page.click("th[data-by=macs] button")
        assert first.inner_text() == "linear"
        page.click("th[data-by=macs] button")
        assert page.locator("th[data-by=macs]").get_attribute("aria-sort") == "descending"
        page.fill("#find", "howard 2017")
        assert "mobilenet_v1" in page.locator("#networks tbody tr:visible").first.inner_text()
        shown = page.locator("#networks tbody tr:visible").count()
        assert page.locator("#count").inner_text() == f"{shown} shown"
        page.fill("#find", "")
        page.check("input[value=resnet18]")
        assert page.locator("#compare").is_disabled()
        page.check("input[value=resnet34]")
        page.click("#compare")
        assert page.locator("h1").inner_text() == "resnet34 · resnet18"  # as they are sorted


def test_a_dot_leads_to_its_network(empty_studio, open_page):
    with open_page(empty_studio, "catalogue?lang=ko") as page:
        page.wait_for_selector("#networks")
        page.locator("#chart a", has=page.locator("#dot-lenet5")).focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/catalogue/lenet5?lang=ko")
        assert page.locator("h1").inner_text() == "lenet5"


@pytest.mark.parametrize("path", ["catalogue/googlenet", "catalogue/compare?network=vgg16&network=vgg19"])
def test_nobody_is_kept_out(path, empty_studio, open_page, find_barriers):
    with open_page(empty_studio, path, width=390, height=844) as page:
        assert find_barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
