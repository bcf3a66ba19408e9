"""The walk in a browser: a digit is drawn, units are clicked, and what the page says of them is what the tensors have."""

import re

import pytest

pytestmark = pytest.mark.slow

LENET = "walk?network=lenet5&lang=en"


def number(text):
    return float(text.replace("−", "-").replace(",", ""))


@pytest.fixture(scope="module")
def walks(empty_studio):
    return lambda: list(empty_studio.studio.kept["walk.walks"].kept.values())[-1]


def value_of(page):
    """What the page says that the sum comes to."""
    return number(
        page.locator(".arithmetic tr", has=page.locator("th", has_text=re.compile("^y$")))
        .locator(".value")
        .get_attribute("title")
    )


def test_a_click_on_a_square_tells_its_arithmetic(empty_studio, open_page, walks):
    with open_page(empty_studio, LENET) as page:
        page.wait_for_selector(".arithmetic .check")
        assert page.locator(".lenet .stage").count() == 8
        page.locator("[data-stage=c1]").nth(2).locator("canvas").click(position={"x": 30, "y": 20})
        page.wait_for_selector("text=C1, map 2, row 10, column 15")
        assert value_of(page) == pytest.approx(walks().walk.numbers("c1.convolution")[2, 10, 15], abs=1e-6)
        page.locator(".grid").first.hover(position={"x": 10, "y": 10})
        told = page.locator(".readout").inner_text()
        taken, weight, term = re.fullmatch(r"row 10, column 15: (\S+) × (\S+) = (\S+)", told).groups()
        assert number(taken) == pytest.approx(walks().walk.numbers("input")[0, 10, 15], abs=1e-6)
        assert number(taken) * number(weight) == pytest.approx(number(term), abs=1e-6)


def test_all_of_it_is_on_one_screen(empty_studio, open_page):
    with open_page(empty_studio, LENET) as page:
        page.wait_for_selector(".arithmetic .check")
        assert page.locator("[data-stage=output]").count() == 10
        below = page.evaluate("document.querySelector('.arithmetic').getBoundingClientRect().bottom")
        assert below <= 800


def test_units_are_moved_to_with_the_keyboard(empty_studio, open_page, walks):
    with open_page(empty_studio, LENET) as page:
        page.wait_for_selector(".arithmetic .check")
        page.locator("[data-stage=s4]").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("text=S4, map 0, row 2, column 2")
        page.keyboard.press("ArrowRight")
        page.wait_for_selector("text=S4, map 0, row 2, column 3")
        page.keyboard.press("PageDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=S4, map 1, row 2, column 2")
        assert value_of(page) == pytest.approx(walks().walk.numbers("s4.subsampling")[1, 2, 2], abs=1e-6)


def test_the_distance_to_a_glyph_is_told(empty_studio, open_page, walks):
    with open_page(empty_studio, LENET) as page:
        page.wait_for_selector(".arithmetic .check")
        page.locator("[data-stage=output]").nth(7).click()
        page.wait_for_selector("text=OUTPUT, unit 7")
        assert value_of(page) == pytest.approx(float(walks().walk.numbers("output.rbf")[7]), rel=1e-6)
        assert "7 × 12" in page.locator(".arithmetic").inner_text()


def test_the_network_follows_the_pen(empty_studio, open_page, walks):
    with open_page(empty_studio, LENET) as page:
        page.wait_for_selector(".arithmetic .check")
        before = walks()
        box = page.locator(".pad").bounding_box()
        page.mouse.move(box["x"] + 70, box["y"] + 25)
        page.mouse.down()
        page.mouse.move(box["x"] + 74, box["y"] + 120, steps=6)
        page.mouse.up()
        page.wait_for_timeout(1500)
        assert walks() is not before
        assert walks().pixels.any()


def test_other_networks_come_step_by_step(empty_studio, open_page, walks, find_barriers):
    with open_page(empty_studio, "walk?network=resnet18&lang=en") as page:
        page.wait_for_selector(".arithmetic .check")
        page.locator("button.step", has_text="sum").first.click()
        page.wait_for_selector(".arithmetic h2:has-text('layer1.0.add')")
        map_, row, column = map(
            int, re.findall(r"(?:map|row|column) (\d+)", page.locator(".arithmetic h2").inner_text())
        )
        assert value_of(page) == pytest.approx(walks().walk.numbers("layer1.0.add")[map_, row, column], abs=1e-6)
        page.locator(".arithmetic button.small").click()
        page.wait_for_selector(".arithmetic h2:has-text('layer1.0.relu2')")
        assert find_barriers(page) == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_nobody_is_kept_out_of_lenet(empty_studio, open_page, find_barriers, language):
    with open_page(empty_studio, f"walk?network=lenet5&lang={language}", width=390, height=844, dark=True) as page:
        page.wait_for_selector(".arithmetic .check")
        assert find_barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_it_learns_its_digits_on_a_click(empty_studio, open_page):
    with open_page(empty_studio, "walk?lang=en") as page:
        page.click("text=Let it learn")
        page.wait_for_selector(".lenet", timeout=180_000)
        page.wait_for_selector("output:has-text('Answer: 3')")
        for digit in "0123456789":
            page.click(f".samples button:has-text('{digit}')")
            page.wait_for_selector(f"output:has-text('Answer: {digit}')")
