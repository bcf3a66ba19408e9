"""The operations room in a browser: its arithmetic against torch's and the product's own, and what a visitor does."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.inspection import inspect_network
from striate.nn import output_size

pytestmark = pytest.mark.slow

MODULE = "/studio/static/operations/arithmetic.js"


def worked(page, call, **given):
    """What the stations' arithmetic answers."""
    return page.evaluate(
        f"async (given) => {{ const a = await import('{MODULE}'); const {{ {', '.join(given)} }} = given; return {call}; }}",
        given,
    )


def test_its_arithmetic_is_torchs(empty_studio, open_page):
    generator = np.random.default_rng(0)
    with open_page(empty_studio, "operations") as page:
        for _ in range(12):
            kernel, stride, padding, dilation = (
                int(generator.integers(low, high)) for low, high in ((1, 5), (1, 4), (0, 3), (1, 3))
            )
            size = int(generator.integers(9, 15))
            grid, weights = generator.normal(size=(size, size + 2)), generator.normal(size=(kernel, kernel))
            options = {"stride": stride, "padding": padding, "dilation": dilation}
            found = worked(
                page,
                "a.correlate(grid, weights, options)",
                grid=grid.tolist(),
                weights=weights.tolist(),
                options=options,
            )
            expected = functional.conv2d(torch.tensor(grid)[None, None], torch.tensor(weights)[None, None], **options)[
                0, 0
            ]
            np.testing.assert_allclose(found, expected.numpy(), rtol=1e-12, atol=1e-12)
            count = worked(page, "a.places(size, kernel, options).count", size=size, kernel=kernel, options=options)
            assert count == output_size(size, kernel, padding=padding, stride=stride, dilation=dilation)
        grid = generator.normal(size=(9, 9))
        tensor = torch.tensor(grid)[None, None]
        expected = {
            "max": functional.max_pool2d(tensor, 2),
            "average": functional.avg_pool2d(tensor, 2),
            "min": -functional.max_pool2d(-tensor, 2),
            "l2": functional.lp_pool2d(tensor, 2.0, 2),
        }
        for kind, answer in expected.items():
            found = worked(page, "a.pool(grid, kind, 2)", grid=grid.tolist(), kind=kind)
            np.testing.assert_allclose(found, answer[0, 0].numpy(), rtol=1e-12)


def test_its_fields_and_costs_are_those_of_inspect(empty_studio, open_page):
    stack = [(5, 1, 1), (2, 2, 1), (3, 1, 2), (3, 2, 1)]
    network = nn.Sequential(*(nn.Conv2d(1, 1, kernel, stride, dilation=dilation) for kernel, stride, dilation in stack))
    layers = [{"kernel": kernel, "stride": stride, "dilation": dilation} for kernel, stride, dilation in stack]
    inspected = inspect_network(network, (1, 64, 64)).layers
    with open_page(empty_studio, "operations") as page:
        found = worked(page, "a.fields(layers)", layers=layers)
        assert [one["size"] for one in found] == [layer.receptive_field.size[0] for layer in inspected]
        assert [one["jump"] for one in found] == [layer.receptive_field.jump[0] for layer in inspected]
        separable = nn.Sequential(
            nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False), nn.Conv2d(32, 64, 1, bias=False)
        )
        costs = json.loads(page.locator("[data-compared=separable]").get_attribute("data-costs"))
        record = inspect_network(separable, (32, 56, 56))
        assert costs[1] == {"parameters": record.parameters, "macs": record.macs}
        one = nn.Conv2d(64, 64, 7, padding=3, bias=False)
        three = nn.Sequential(*(nn.Conv2d(64, 64, 3, padding=1, bias=False) for _ in range(3)))
        narrow = nn.Sequential(nn.Conv2d(256, 64, 1, bias=False), nn.Conv2d(64, 256, 5, padding=2, bias=False))
        for name, place, network, shape in (
            ("seven", 0, one, (64, 56, 56)),
            ("seven", 1, three, (64, 56, 56)),
            ("bottleneck", 1, narrow, (256, 28, 28)),
        ):
            costs = json.loads(page.locator(f"[data-compared={name}]").get_attribute("data-costs"))
            record = inspect_network(network, shape)
            assert costs[place] == {"parameters": record.parameters, "macs": record.macs}
        dense = json.loads(page.locator("[data-compared=dense]").get_attribute("data-costs"))
        assert dense[0]["parameters"] == sum(p.numel() for p in nn.Linear(28 * 28, 28 * 28 * 6).parameters())
        assert dense[1] == {"parameters": 156, "macs": 28 * 28 * 150}


def test_signals_are_scipys(empty_studio, open_page):
    signal = pytest.importorskip("scipy.signal")
    still, moving = [1, 3, 2, 0, 1], [2, 1, 0]
    with open_page(empty_studio, "operations") as page:
        sums = [worked(page, "a.products(s, m, at, true).sum", s=still, m=moving, at=at) for at in range(7)]
        assert sums == signal.convolve(still, moving).tolist()
        sums = [worked(page, "a.products(s, m, at, false).sum", s=still, m=moving, at=at) for at in range(-2, 5)]
        assert sums == signal.correlate(still, moving).tolist()
        # Two boxes of width 1, a quarter apart, share three quarters.
        area = worked(page, "a.overlap(a.sampled('box', 2001), a.sampled('box', 2001), 0.25, true).area")
        assert area == pytest.approx(0.75, abs=3e-3)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_visitor_edits_a_kernel_and_reads_one_place(empty_studio, open_page, language):
    with open_page(empty_studio, f"operations?lang={language}") as page:
        page.wait_for_selector("#kernel select[data-ready]")
        page.locator("#kernel select").first.select_option("sobel_x")
        page.locator("#kernel .framed-picture canvas").first.focus()
        before = page.locator("#kernel [data-value]").get_attribute("data-value")
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        after = page.locator("#kernel [data-value]").get_attribute("data-value")
        assert before != after
        shown = page.locator("#kernel .arithmetic td").all_inner_texts()
        total = sum(
            float(pixel) * float(weight.replace("−", "-")) for pixel, weight in (text.split("×") for text in shown)
        )
        assert total == pytest.approx(float(after))
        assert float(page.locator("#kernel [data-largest]").get_attribute("data-largest")) > 0
        page.locator("#kernel select").first.select_option("gaussian_blur")
        page.wait_for_selector("#kernel [data-largest='0']")
        page.locator("#kernel .cells input").first.fill("5")
        assert page.locator("#kernel select").first.input_value() == ""
        page.locator("#kernel button", has_text="A digit" if language == "en" else "숫자").click()
        page.wait_for_function("() => document.querySelector('#kernel canvas').width === 32")


def test_a_signal_is_drawn_by_the_keyboard(empty_studio, open_page):
    with open_page(empty_studio, "operations?lang=en") as page:
        before = float(page.locator("#signals svg").get_attribute("data-area"))
        page.locator("#signals .pad").focus()
        for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "ArrowUp", "ArrowUp"):
            page.keyboard.press(key)
        assert page.locator("#signals select").nth(1).input_value() == "drawn"
        assert float(page.locator("#signals svg").get_attribute("data-area")) != before


def test_a_stride_that_does_not_fit_is_refused_as_the_product_does(empty_studio, open_page):
    with open_page(empty_studio, "operations?lang=en") as page:
        page.locator("#sizes input[type=range]").nth(3).fill("3")
        page.wait_for_selector("#sizes .refusal.warning")
        assert (
            "stride 3 does not fit: (7 + 2*0 - 3) / 3 = 4/3 is not whole"
            in page.locator("#sizes .refusal").inner_text()
        )
        assert page.locator("#sizes .formula").get_attribute("data-count") == "2"
        assert page.locator("#sizes .unused").count() > 0


def test_noise_and_layers_change_what_is_shown(empty_studio, open_page):
    with open_page(empty_studio, "operations?lang=en", width=390, height=844) as page:
        page.locator("#pooling input[type=range]").fill("0.2")
        shown = page.locator("#pooling [data-error]")
        errors = [float(shown.nth(place).get_attribute("data-error")) for place in (0, 1)]
        assert errors[0] > errors[1] > 0  # the maximum keeps more of the noise
        page.locator("#field button", has_text="LeNet").click()
        assert page.locator("#field .formula").get_attribute("data-side") == "16"
        page.locator("#field button", has_text="Add a layer").click()
        assert page.locator("#field .formula").get_attribute("data-side") == "24"
