"""What every row of the catalogue states: its paper, and the pictures and classes that it was made for."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Paper:
    """Where a network was published.

    Example:
        >>> str(Paper("He et al.", 2015, "Deep Residual Learning for Image Recognition", "arXiv:1512.03385"))
        'He et al. 2015, Deep Residual Learning for Image Recognition (arXiv:1512.03385)'
    """

    authors: str
    year: int
    title: str
    reference: str  # journal, or arXiv number

    def __str__(self) -> str:
        """Everything in one line."""
        return f"{self.authors} {self.year}, {self.title} ({self.reference})"


@dataclass(frozen=True)
class Benchmark:
    """The pictures and classes a network was made for: a row's own sizes, and the values its inputs should have."""

    name: str
    num_classes: int
    in_channels: int  # of sentences: how many ids there are
    input_size: tuple[int, int]  # (height, width) in pixels; of sentences (1, words)
    mean: tuple[float, ...]  # of each channel, of the 0..1 range: inputs are (pixel / 255 - mean) / std
    std: tuple[float, ...]

    def normalization(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation for pictures of so many channels: its own, or for another number their averages.

        Example:
            >>> mean, std = IMAGENET.normalization(1)
            >>> round(mean[0], 3), round(std[0], 3)
            (0.449, 0.226)
        """
        if channels == self.in_channels:
            return self.mean, self.std
        mean, std = (sum(values) / len(values) for values in (self.mean, self.std))
        return (mean,) * channels, (std,) * channels


# The 28x28 digits in the middle of 32x32; background (0) becomes -0.1 and ink (255) 1.175: LeCun et al. 1998, section
# II.B.
MNIST = Benchmark("MNIST", 10, 1, (32, 32), mean=(20 / 255,), std=(200 / 255,))
# What the MobileNets' authors' program makes of ImageNet's pictures: values from -1 to 1.
IMAGENET_CENTRED = Benchmark("ImageNet", 1000, 3, (224, 224), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
# Mean and deviation of the training pictures, each channel.
CIFAR10 = Benchmark("CIFAR-10", 10, 3, (32, 32), mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616))
IMAGENET = Benchmark("ImageNet", 1000, 3, (224, 224), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
# The first networks for ImageNet take pixels of 0 to 255 less their mean, undivided. Their initial weights and the
# constants of their response normalisation are made for values of that size.
IMAGENET_PIXELS = replace(IMAGENET, std=(1 / 255, 1 / 255, 1 / 255))
IMAGENET_PIXELS_227 = replace(IMAGENET_PIXELS, input_size=(227, 227))  # with 224, 11x11 filters at stride 4 do not fit


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """What every family's config holds; a family adds its paper's terms and gives these two their usual values."""

    paper: Paper
    benchmark: Benchmark
    photograph_side: int = (
        0  # pixels: the side of photographs for a row made for thumbnails that takes larger ones; 0: its own
    )
    kind: str = "picture"  # what is given, a name of `striate.encodings`
    sequential: bool = False  # whether it answers (N, T, num_classes), at every place of a line, and not once
    auxiliary_weight: float = 0.0  # of each auxiliary head's loss in training, beside the head's 1; 0: there are none
