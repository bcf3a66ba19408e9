import io

import pytest
from PIL import Image

from striate.report.depth_picture import NetworkCurve, draw_depth


@pytest.mark.filterwarnings("ignore::striate.fonts.MissingFontWarning")
def test_a_title_in_any_script_and_with_dollars_is_drawn_without_a_complaint():
    curve = NetworkCurve("plain20", False, [0.5, 0.4], [0.6, None], [(0, [1.0, 0.5]), (2, [0.9, 0.8])])
    with Image.open(io.BytesIO(draw_depth("고양이 $5 $\\frac{1}{", {"plain": [curve]}))) as picture:
        assert picture.size == (1500, 1140)
