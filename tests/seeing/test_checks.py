"""What testing a map found, as it is said beside the map and apart from it."""

import pytest

from striate.report.seeing_contents import Panel
from striate.seeing.checks import with_check
from striate.visualization import ExplanationCheck


@pytest.mark.parametrize(
    ("method", "title", "layer", "name"),
    [
        ("saliency", "Saliency", "", "Saliency"),
        ("grad-cam", "Grad-CAM", "s4", "Grad-CAM of s4"),
        ("deconvnet", "DeconvNet and Guided backpropagation", "head", "DeconvNet of head"),
    ],
)
def test_a_warning_names_the_map_that_it_is_about(method, title, layer, name):
    panel = Panel(method, title, "", [], layer=layer, warnings=["that is all"])
    check = ExplanationCheck(method, (), None, (), None, None, empty=1, pictures=1)
    assert with_check(panel, check).warnings == [
        f"{name}: the map is empty: by this method nothing in the picture speaks for the answer.",
        "that is all",
    ]
