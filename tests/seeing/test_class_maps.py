"""Maps of a class."""

import numpy as np

from striate.seeing.class_maps import _label_pixels


def test_labels_have_colours_in_the_order_of_their_places():
    pixels = _label_pixels(np.array([[7, 7], [7, 2]]))
    assert pixels[0, 0].tolist() == [0, 114, 178] and pixels[1, 1].tolist() == [230, 159, 0]
