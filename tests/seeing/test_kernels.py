"""Kernels as pictures."""

import numpy as np

import striate


def test_filters_are_drawn_on_their_own_scale():
    shown = striate.visualize("lenet5_relu", method="filters", seed=1)
    assert shown.panels[0].facts == {"kernels": 6, "size": [5, 5]}
    assert {0, 255} & set(np.unique(shown.panels[0].rows[0][0].picture))
    assert striate.visualize("resnet20", method="filters", layer="conv1", seed=1).panels[0].layer == "conv1"
