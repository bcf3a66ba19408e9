"""Occlusion beside a loop that hides pixels one place at a time, and beside captum's."""

import json

import pytest
import torch
from torch import Tensor, nn

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import layer_output, occlusion


def by_a_loop(network, image, target, layer, patch, stride, fill):
    """The definition: three lists of rows, one number for each place."""
    channels, height, width = image.shape
    with torch.no_grad():
        number = layer_output(network, image[None], layer)[0].amax(dim=(1, 2)).argmax()
        rows, top = ([], [], []), 0
        while True:
            across, left = ([], [], []), 0
            while True:
                hidden = image.clone()
                for channel in range(channels):
                    for row in range(top, min(top + patch[0], height)):
                        for column in range(left, min(left + patch[1], width)):
                            hidden[channel, row, column] = fill[channel]
                logits = network(hidden[None])[0]
                across[0].append(logits.softmax(dim=0)[target].item())
                across[1].append(layer_output(network, hidden[None], layer)[0, number].sum().item())
                across[2].append(logits.argmax().item())
                if left + patch[1] >= width:
                    break
                left += stride[1]
            for all_rows, row in zip(rows, across, strict=True):
                all_rows.append(row)
            if top + patch[0] >= height:
                return tuple(torch.tensor(values) for values in rows)
            top += stride[0]


IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network():
    """A network whose answers are close together, so that patches change them."""
    network = create_model("resnet20", seed=0).eval()
    with torch.no_grad():
        network.fc.bias -= network(IMAGES).mean(dim=0)
    return network


def test_the_three_maps_are_those_of_a_loop(network):
    layer, patch, stride, fill = network.stages[1], (13, 9), (8, 7), (0.5, -1.0, 0.25)
    seen = occlusion(network, IMAGES, target=[7, 2], layer=layer, patch=patch, stride=stride, fill=fill)
    for place, target in enumerate((7, 2)):
        probability, map_sum, labels = by_a_loop(network, IMAGES[place], target, layer, patch, stride, fill)
        torch.testing.assert_close(seen.probability[place], probability)
        torch.testing.assert_close(seen.map_sum[place], map_sum, rtol=1e-4, atol=1e-3)
        assert seen.labels[place].tolist() == labels.tolist()
    assert seen.rows == (0, 8, 16, 24)
    assert seen.columns == (0, 7, 14, 21, 28)
    assert len(set(seen.labels.flatten().tolist())) > 1  # so that the labels say something


def test_the_heat_is_captums(network):
    from captum.attr import Occlusion

    def probability(images):
        return network(images).softmax(dim=1)

    theirs = Occlusion(probability).attribute(
        IMAGES, target=torch.tensor([7, 2]), sliding_window_shapes=(3, 11, 9), strides=(3, 6, 5)
    )
    ours = occlusion(network, IMAGES, target=[7, 2], patch=(11, 9), stride=(6, 5)).heat()
    torch.testing.assert_close(ours, theirs[:, 0].float(), atol=1e-6, rtol=1e-4)
    assert ours.abs().max() > 0.01


class Corner(nn.Module):
    """Two classes: the pixel in the upper left corner speaks for the first, the next one against it."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1, bias=False)
        self.maps.weight.data = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.maps(images)
        return torch.stack([maps[:, 0, 0, 0] - maps[:, 0, 0, 1], maps[:, 0, 0, 0] * 0], dim=1)


def test_by_hand():
    seen = occlusion(Corner(), torch.tensor([[[[3.0, 1.0, 5.0]]]]), patch=1, stride=1)
    sure = torch.sigmoid(torch.tensor(3.0)).item()
    clear = torch.sigmoid(torch.tensor(2.0)).item()
    minus = torch.sigmoid(torch.tensor(-1.0)).item()
    torch.testing.assert_close(seen.probability, torch.tensor([[[minus, sure, clear]]]))
    torch.testing.assert_close(seen.heat(), torch.tensor([[[clear - minus, clear - sure, 0.0]]]))
    assert seen.map_sum.tolist() == [[[6.0, 8.0, 4.0]]]
    assert (seen.labels.tolist(), seen.targets, seen.layer, seen.maps) == ([[[1, 0, 0]]], (0,), "maps", (0,))
    assert seen.unhidden_map_sum.tolist() == [9.0]
    assert seen.unhidden_labels.tolist() == [0]


def test_a_pixel_has_the_mean_of_the_patches_on_it():
    seen = occlusion(Corner(), torch.tensor([[[[3.0, 1.0, 5.0, 0.0]]]]), patch=(1, 3), stride=(1, 1))
    assert seen.columns == (0, 1)
    assert seen.at_pixels(torch.tensor([[[2.0, 6.0]]])).tolist() == [[[2.0, 4.0, 4.0, 6.0]]]


def test_sizes_that_nobody_gave():
    seen = occlusion(Corner(), torch.zeros(1, 1, 20, 30))
    assert (seen.patch, seen.rows) == ((4, 6), (0, 2, 4, 6, 8, 10, 12, 14, 16))
    assert seen.columns == (0, 3, 6, 9, 12, 15, 18, 21, 24)
    assert occlusion(Corner(), torch.zeros(1, 1, 1, 2)).probability.shape == (1, 1, 1)
    wide = occlusion(Corner(), torch.zeros(1, 1, 25, 224))
    assert (wide.patch, wide.rows[1], wide.columns[1]) == ((4, 44), 2, 22)
    assert occlusion(Corner(), torch.zeros(1, 1, 3, 3), patch=3).probability.shape == (1, 1, 1)


class InPlace(nn.Module):
    """What follows the layer changes its maps in place."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.constant_(self.maps.weight, 1.0)

    def forward(self, images: Tensor) -> Tensor:
        return self.maps(images).mul_(100).flatten(1)


def test_maps_that_are_changed_in_place_after():
    assert occlusion(InPlace(), torch.ones(1, 1, 1, 3), patch=1).map_sum.tolist() == [[[2.0, 2.0, 2.0]]]


def test_a_network_without_maps_tells_of_its_logits():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    seen = occlusion(network, torch.ones(1, 1, 2, 2), patch=1)
    assert (seen.layer, seen.map_sum.shape) == ("head", (1, 2, 2))


def test_progress_is_told():
    heard = []
    occlusion(InPlace(), torch.ones(2, 1, 3, 3), patch=1, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(4, 18), (8, 18), (9, 18), (13, 18), (17, 18), (18, 18)]


def test_it_goes_as_json():
    answer = json.loads(json.dumps(occlusion(Corner(), torch.tensor([[[[3.0, 1.0]]]]), patch=1).to_dict()))
    assert (answer["rows"], answer["columns"], answer["size"], answer["patch"]) == ([0], [0, 1], [1, 2], [1, 1])
    assert answer["labels"] == [[[1, 0]]]
    assert answer["unhidden"]["map_sum"] == [4.0]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"patch": 9}, "patch must be pixels, one number or (height, width), each from 1 to the picture's (8 x 8); got 9"),
        ({"patch": (2, 0)}, "patch must be pixels, one number or (height, width), each from 1 to the picture's (8 x 8); got (2, 0)"),
        (
            {"patch": 4, "stride": 5},
            "stride must be pixels, one number or (height, width), each from 1 to the patch's, so that no pixel is left out "
            "(4 x 4); got 5",
        ),
        ({"fill": (0.0, 1.0)}, "fill must be a number, or one for each of the 1 channels, got (0.0, 1.0)"),
        ({"target": 64}, "a target is a class of the network, 0 to 63; got 64"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(asked, message):
    with pytest.raises(UsageError) as caught:
        occlusion(InPlace(), torch.ones(1, 1, 8, 8), **asked)
    assert str(caught.value) == message


def test_a_wrong_layer_has_the_close_match():
    with pytest.raises(UnknownNameError, match="unknown layer 'map'; did you mean 'maps'"):
        occlusion(InPlace(), torch.ones(1, 1, 8, 8), layer="map")


def test_where_each_class_is_a_question_of_its_own_its_probability_is_a_sigmoid():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    network[1].weight.data = torch.tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 6.0]])
    seen = occlusion(
        network, torch.ones(1, 1, 2, 2), target=0, layer="1", patch=1, stride=1, temperature=2.0, classifier="sigmoid"
    )
    told = float(torch.tensor(1.0).sigmoid())  # 2 over the temperature
    assert seen.unhidden_probability.tolist() == pytest.approx([told])
    assert seen.probability.flatten().tolist() == pytest.approx([0.5, told, told, told])
