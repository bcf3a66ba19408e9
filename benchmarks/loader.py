"""One way to bring pictures from files to a network that learns: seconds of the first epoch, and of those after it, as JSON.

    python benchmarks/loader.py striate FOLDER --epochs 4

FOLDER has a folder of pictures a class. Every epoch hands out each picture once, in batches of 40: a random part of it as 224 x 224 pixels,
flipped or not, as a normalised float32 batch in the order of memory that the library trains with. The first epoch begins, the library
being imported, before it knows the folder: for Striate the reading, checking and preparing of all pictures is in it. Two workers or
threads.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

BATCH, SIDE = 40, 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WORKERS = 2

Epoch = Callable[[], int]
"""Goes through all pictures once; answers how many there were."""

Opener = Callable[[Path], Epoch]
"""Makes a folder ready; what it needs is imported already."""


def striate_epochs() -> Opener:
    """As `striate.train` reads."""
    import numpy as np
    import torch

    from striate.augmentation import AugmentationPolicy, HorizontalFlip, RandomResizedCrop
    from striate.data import open_store
    from striate.data.examples import SplitExamples
    from striate.data.preparation import prepare_data
    from striate.data.preparing_ahead import PreparingAhead
    from striate.pixels import Preprocessing
    from striate.training import Recipe
    from striate.training.batches import epoch_batches
    from striate.training.inputs import prefetched, prepare_training_inputs
    from striate.training.memory import keep_freed_memory
    from striate.watching import Watcher

    def opened(folder: Path) -> Epoch:
        keep_freed_memory()
        rule = Preprocessing(
            colour="rgb", resize="shorter_side", resize_size=(256, 256), crop=(SIDE, SIDE), mean=MEAN, std=STD
        )
        dataset = prepare_data(folder, seed=0, root=None, watcher=Watcher(), ahead=PreparingAhead(rule))
        rows = np.arange(len(dataset))
        examples = SplitExamples(dataset, open_store(dataset, rule), rule, rows, dataset.labels.astype(np.int64))
        policy = AugmentationPolicy(
            random_resized_crop=RandomResizedCrop(smallest_area=0.08, aspect=4 / 3),
            horizontal_flip=HorizontalFlip(probability=0.5),
        )
        recipe = Recipe.from_dict({"model": "resnet18", "batch_size": BATCH, "augmentation": policy.to_dict()})
        device = torch.device("cpu")
        numbers = iter(range(1_000_000))

        def epoch() -> int:
            number = next(numbers)
            batches = list(epoch_batches(len(examples.labels), batch_size=BATCH, seed=0, epoch=number))

            def prepare(batch):
                return prepare_training_inputs(examples, batch, device=device, recipe=recipe, epoch=number)

            with prefetched(prepare, batches, device) as stream:
                return sum(len(inputs.images) for inputs in stream)

        return epoch

    return opened


def torchvision_epochs() -> Opener:
    """As torchvision's reference scripts read."""
    import torch
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    def opened(folder: Path) -> Epoch:
        transform = v2.Compose(
            [
                v2.PILToTensor(),
                v2.RandomResizedCrop(SIDE, antialias=True),
                v2.RandomHorizontalFlip(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(MEAN, STD),
            ]
        )
        loader = DataLoader(
            ImageFolder(folder, transform), BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True
        )
        return lambda: sum(len(images) for images, _ in loader)

    return opened


def timm_epochs() -> Opener:
    """As timm's training script reads, with its plain augmentation."""
    import torch
    from timm.data import ImageDataset, create_loader

    def opened(folder: Path) -> Epoch:
        loader = create_loader(
            ImageDataset(str(folder)),
            (3, SIDE, SIDE),
            BATCH,
            is_training=True,
            no_aug=False,
            color_jitter=0.0,
            mean=MEAN,
            std=STD,
            num_workers=WORKERS,
            use_prefetcher=False,
            persistent_workers=True,
            device=torch.device("cpu"),
        )
        return lambda: sum(len(images) for images, _ in loader)

    return opened


def fastai_epochs() -> Opener:
    """As fastai's vision tutorial reads."""
    from fastai.vision.all import (
        CategoryBlock,
        DataBlock,
        Flip,
        ImageBlock,
        Normalize,
        RandomResizedCrop,
        get_image_files,
        parent_label,
    )

    def opened(folder: Path) -> Epoch:
        block = DataBlock(
            blocks=(ImageBlock, CategoryBlock),
            get_items=get_image_files,
            get_y=parent_label,
            splitter=lambda items: (range(len(items)), [0]),  # all to learn from; it wants one to validate on
            item_tfms=RandomResizedCrop(SIDE, min_scale=0.08),
            batch_tfms=[Flip(0.5), Normalize.from_stats(MEAN, STD)],
        )
        loaders = block.dataloaders(folder, bs=BATCH, num_workers=WORKERS, device="cpu")
        return lambda: sum(len(images) for images, _ in loaders.train)

    return opened


WAYS = {"striate": striate_epochs, "torchvision": torchvision_epochs, "timm": timm_epochs, "fastai": fastai_epochs}


def main() -> None:
    """Measures one way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("folder", type=Path, help="a folder of pictures a class")
    parser.add_argument("--epochs", type=int, default=4, help="after the first; default 4")
    arguments = parser.parse_args()
    opened = WAYS[arguments.way]()
    begun = time.perf_counter()
    epoch = opened(arguments.folder)
    count = epoch()
    times = [time.perf_counter() - begun]
    for _ in range(arguments.epochs):
        begun = time.perf_counter()
        again = epoch()
        times.append(time.perf_counter() - begun)
        assert again == count, (again, count)
    print(json.dumps({"pictures": count, "first": times[0], "later": times[1:]}))


if __name__ == "__main__":
    main()
