"""A network that learned a mark instead of what pictures show is caught: the maps lie on the mark.

Pictures of two classes are the same clouds of colour, but each of the second class has a mark of 6 x 6 pixels somewhere.
"""

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.visualization import check_explanation, grad_cam, occlusion

SIDE, MARK, PICTURES = 48, 6, 40


def clouds(count, generator):
    coarse = torch.randn(count, 3, 7, 7, generator=generator)
    fine = torch.randn(count, 3, SIDE, SIDE, generator=generator)
    return functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic") * 0.8 + fine * 0.2


def marked(images, generator):
    """The pictures with a chequered mark each, and its corner: (row, column)."""
    images, corners = images.clone(), torch.randint(0, SIDE - MARK + 1, (len(images), 2), generator=generator).tolist()
    squares = (torch.arange(MARK) // 2 % 2)[:, None] ^ (torch.arange(MARK) // 2 % 2)
    for image, (row, column) in zip(images, corners, strict=True):
        image[:, row : row + MARK, column : column + MARK] = squares * 4.0 - 2
    return images, corners


@pytest.fixture(scope="module")
def learned():
    """A network that was taught with marked pictures."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(32, 2),
        )
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(80):
        images = clouds(32, generator)
        images[16:], _ = marked(images[16:], generator)
        loss = functional.cross_entropy(network(images), torch.arange(32) // 16)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(2)
    plain = clouds(PICTURES, generator)
    return plain, *marked(plain, generator)


def caught(heat, corners, blur):
    """In which share of the pictures more than half of the heat lies on the mark, give or take the method's grain.

    The box is at most a sixth of the picture's area.
    """
    found = 0
    for own, (row, column) in zip(heat.clamp(min=0), corners, strict=True):
        box = own[max(0, row - blur) : row + MARK + blur, max(0, column - blur) : column + MARK + blur]
        found += bool(box.sum() > own.sum() / 2)
    return found / len(heat)


def test_the_network_looks_at_nothing_else(learned, pictures):
    plain, images, _ = pictures
    with torch.no_grad():
        assert (learned(images).argmax(dim=1) == 1).float().mean() >= 0.95
        assert (learned(plain).argmax(dim=1) == 0).float().mean() >= 0.95


def test_grad_cam_lies_on_the_mark(learned, pictures):
    _, images, corners = pictures
    assert caught(grad_cam(learned, images, target=1), corners, blur=4) >= 0.95  # a place of the maps is 4 pixels


def test_occlusion_lies_on_the_mark(learned, pictures):
    _, images, corners = pictures
    seen = occlusion(learned, images[:20], target=1, patch=MARK, stride=5)
    assert caught(seen.heat(), corners[:20], blur=MARK) >= 0.95
    # One of the larger patches hides all of the mark, and then the answer is the other class.
    wider = occlusion(learned, images[:5], target=1, patch=9, stride=3)
    assert all((labels == 0).any() for labels in wider.labels)


def test_the_measure_would_find_a_map_that_lies_elsewhere(learned, pictures):
    _, images, corners = pictures
    assert caught(torch.ones(PICTURES, SIDE, SIDE), corners, blur=MARK) == 0
    assert caught(grad_cam(learned, images, target=1).roll(SIDE // 2, dims=2), corners, blur=4) <= 0.05


def test_the_maps_pass_their_checks(learned, pictures):
    _, images, _ = pictures
    check = check_explanation(learned, images[:8], "grad_cam", target=1)
    assert check.passed, str(check)
    assert check.curves.gain > check.moved_gain + 0.2
