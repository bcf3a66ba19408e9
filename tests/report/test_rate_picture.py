import io

import pytest
from PIL import Image

from striate.report.rate_picture import draw_rates


@pytest.mark.filterwarnings("ignore::striate.fonts.MissingFontWarning")
def test_a_title_in_any_script_and_with_dollars_is_drawn_without_a_complaint():
    rates, losses = [1e-4, 1e-3, 1e-2], [2.0, 1.5, 1.8]
    title = "고양이 $5 $\\frac{1}{: loss"
    png = draw_rates(title, rates, losses, losses, suggestion=1e-3, steepest=1e-3, minimum=1e-3, recipe_rate=None)
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.size == (1200, 720)
