import io

import numpy as np
import pytest
from PIL import Image

from striate.pixels import Preprocessing, decode, measure
from striate.pixels.canary_pictures import CANARY_FILES, drawn_pictures, fault_of_pixels, sample_pixels

GREY = Preprocessing(colour="grey", resize="exact", resize_size=(28, 28), crop=(32, 32), mean=(0.1,), std=(0.3,))
COLOUR = Preprocessing(
    colour="rgb", resize="shorter_side", resize_size=(256, 256), crop=(224, 224), mean=(0.5,) * 3, std=(0.5,) * 3
)


def test_canaries_go_through_every_step():
    generator = np.random.default_rng(0)
    pictures = [generator.integers(0, 256, (90, 300, 3)).astype(np.uint8) for _ in range(7)]
    canaries = COLOUR.canaries(pictures)
    assert tuple(canaries) == CANARY_FILES
    facts = [measure(canary) for canary in canaries.values()]
    assert [fact.format for fact in facts] == ["PNG", "PNG", "JPEG", "PNG", "JPEG", "PNG"]
    assert [fact.exif_orientation for fact in facts] == [1, 6, 1, 1, 1, 1]
    assert {(fact.width, fact.height) for fact in facts[:4]} == {(160, 48)}
    assert Image.open(io.BytesIO(canaries["3.png"])).mode == "RGBA"
    # Turned upright by its tag, the second one shows what was put in.
    small = Image.fromarray(pictures[1])
    small.thumbnail((160, 160), Image.Resampling.BICUBIC)
    assert np.array_equal(decode(canaries["1.png"]), np.asarray(small))


@pytest.mark.parametrize(("rule", "larger", "smaller"), [(GREY, (45, 38), (15, 20)), (COLOUR, (415, 351), (126, 160))])
def test_two_canaries_are_resized_whatever_the_size_of_the_pictures(rule, larger, smaller):
    canaries = rule.canaries([np.zeros((*rule.resize_size, 3), np.uint8)])
    sizes = [(fact.height, fact.width) for fact in map(measure, canaries.values())]
    assert sizes[4:] == [larger, smaller]


@pytest.mark.parametrize("shape", [(8, 8), (1, 1), (3, 200)])
def test_tiny_pictures_make_canaries_too(shape):
    canaries = GREY.canaries([np.zeros(shape, np.uint8)])
    assert len(canaries) == 6
    assert all(decode(canary).shape[2] == 3 for canary in canaries.values())


@pytest.mark.parametrize("rule", [GREY, COLOUR])
@pytest.mark.parametrize("change", ["nearest", "box", "hamming", "bicubic", "lanczos", "no antialias"])
def test_each_other_way_of_resizing_shows_in_the_pixels_even_of_black_pictures(rule, change):
    import torch

    def resized(picture):
        image = Image.fromarray(picture[:, :, 0] if rule.channels == 1 else picture)
        width, height = rule._resized_size(*image.size)
        if change == "no antialias":
            tensor = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
            tensor = torch.nn.functional.interpolate(tensor, (height, width), mode="bilinear").round().byte()
            return rule._centred(tensor[0].permute(1, 2, 0).numpy(), rule.crop)
        found = np.asarray(image.resize((width, height), Image.Resampling[change.upper()]))
        return rule._centred(found.reshape(height, width, -1), rule.crop)

    off = []
    for canary in rule.canaries([np.zeros((28, 28), np.uint8)]).values():
        sealed, found = (
            np.frombuffer(bytes.fromhex(sample_pixels(pixels)), np.uint8).astype(int)
            for pixels in (rule.pixels(canary), resized(decode(canary, channels=rule.channels)))
        )
        off.append(np.abs(sealed - found).mean())
    assert max(off) > 2  # four times what is allowed


def test_pixels_that_are_off():
    pixels = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    sample = sample_pixels(pixels)
    rounded = pixels.copy()
    rounded[0] += 1  # a third of them by one level
    assert fault_of_pixels(sample, pixels) == fault_of_pixels(sample, rounded) == ""
    assert fault_of_pixels(sample, pixels + np.uint8(2)) == (
        "its pixels differ by 2 of 255 levels on average, allowed is 0.5; decoding, resizing or cropping is not what was sealed"
    )
    assert "differ by 2.6e" in fault_of_pixels(sample, pixels[:2])


def test_the_drawn_pictures_stay_the_same():
    first, second = drawn_pictures(), drawn_pictures()
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    assert all(picture.std() > 30 for picture in first)


SETTINGS = {
    "colour": "rgb",
    "resize": "exact",
    "resize_size": (4, 5),
    "mean": (0.5, 0.25, 0.5),
    "std": (0.25, 0.5, 0.25),
}


@pytest.mark.parametrize(
    ("changed", "off"),
    [
        ({"mean": (0.5, 0.26, 0.5)}, "0.01"),
        ({"std": (0.25, 0.5, 0.26)}, "0.019"),
        ({"channel_order": "bgr"}, "0.75"),
        ({"range": "0..255"}, "2.5e+02"),
    ],
)
def test_normalisation_that_is_off(changed, off):
    rule, other = Preprocessing(**SETTINGS), Preprocessing(**(SETTINGS | changed))
    pixels = rule.pixels(np.full((4, 5, 3), 7, np.uint8))
    sample = rule.sample(pixels)
    # What black, white and (224, 96, 32) become: (value / 255 - mean) / std.
    expected = [-2, -0.5, -2, 2, 1.5, 2, (224 / 255 - 0.5) * 4, (96 / 255 - 0.25) * 2, (32 / 255 - 0.5) * 4]
    assert np.frombuffer(bytes.fromhex(sample)[-36:], "<f4").tolist() == pytest.approx(expected, rel=1e-6)
    assert rule.fault(sample, pixels) == ""
    assert other.fault(sample, pixels) == (
        f"its normalised colours differ by {off} of the range from black to white, allowed is 0.0001; "
        "mean, deviation, range or order of channels is not what was sealed"
    )
    # A bundle that was sealed before colours were sampled has pixels alone.
    assert other.fault(sample_pixels(pixels), pixels) == ""
    assert rule.fault(sample, pixels[:2]).startswith("its pixels differ by 2.6e+02 of 255 levels")
