"""fastai: `fine_tune` after its `lr_find`, from the trained weights; or its xresnet18 from nothing, `fit_one_cycle` after `lr_find`.

As its documentation has it: `aug_transforms`, without mirroring for characters; the rate that `lr_find` suggests (valley), of 60
steps that are not counted; `fine_tune` freezes for one epoch, then all layers learn.

Source: https://docs.fast.ai/quick_start.html, "Computer vision classification"; https://docs.fast.ai/tutorial.vision.html.
"""

from __future__ import annotations

import time
import warnings
from functools import partial

import torch
from fastai.vision.all import (
    ImageDataLoaders,
    Learner,
    Normalize,
    Resize,
    accuracy,
    aug_transforms,
    default_split,
    get_image_files,
    model_meta,
    set_seed,
    vision_learner,
    xresnet18,
)
from mobilenet import trained
from peer import Job, choose_size, whole_epochs

SIDES = {"fine-tune": (64, 96, 128, 160, 224), "scratch": (32, 48, 64, 96, 128)}
LEAST_EPOCHS = {"fine-tune": 3, "scratch": 8}
MOST_EPOCHS = {"fine-tune": 20, "scratch": 60}
TRIES = 60
"""Steps of `lr_find`."""
LEAST_RATE = 2e-3
"""The default of `fine_tune`: after so few steps the suggestion is often far below it, to its harm."""


def loaders_of(job: Job, size: int) -> ImageDataLoaders:
    """What its quick start makes of folders."""
    many = len(job.pictures("train")) >= 640
    return ImageDataLoaders.from_folder(
        job.data,
        train="train",
        valid="val",
        bs=64 if many else 16,
        num_workers=2 if many else 0,  # to start them takes longer than to read a few pictures
        seed=job.seed,
        item_tfms=Resize(size),
        batch_tfms=[
            *aug_transforms(do_flip=job.mirrored, size=size),
            Normalize.from_stats([job.mean] * 3, [job.std] * 3),
        ],
    )


def learner_of(job: Job, loaders: ImageDataLoaders) -> Learner:
    """The learner."""
    if job.way == "scratch":
        return Learner(loaders, xresnet18(n_out=len(job.classes)), metrics=accuracy)
    network = partial(build, job.weights)
    model_meta[network] = {"cut": -1, "split": default_split}
    return vision_learner(loaders, network, metrics=accuracy, normalize=False)


def build(weights, pretrained: bool = True) -> torch.nn.Module:
    """The network, as `vision_learner` asks for it."""
    return trained(weights if pretrained else None)


def epoch_seconds(job: Job, size: int) -> float:
    """What an epoch takes at a side, with all layers learning, by a few steps."""
    loaders = loaders_of(job, size)
    learner = learner_of(job, loaders)
    learner.unfreeze()
    taken = []
    network, loss_of = (
        learner.model,
        loaders.train.loss_func if hasattr(loaders.train, "loss_func") else learner.loss_func,
    )
    network.train()
    begun = time.perf_counter()
    for number, (images, labels) in enumerate(loaders.train):
        loss_of(network(images), labels).backward()
        now = time.perf_counter()
        taken.append(now - begun)
        begun = now
        if number == 3:
            break
    step, steps = min(taken), max(1, len(loaders.train))
    return (taken[0] - step) + step * (1.1 * steps + len(loaders.valid) / 3)


def main() -> None:
    """Learns, answers."""
    warnings.filterwarnings("ignore")
    job = Job("fine-tune", "scratch")
    set_seed(job.seed)
    least = LEAST_EPOCHS[job.way]
    with job.uncounted():
        size, seconds = choose_size(
            SIDES[job.way], lambda side: least * epoch_seconds(job, side), lambda: 0.9 * job.left()
        )
    seconds /= least
    loaders = loaders_of(job, size)
    learner = learner_of(job, loaders)
    with learner.no_bar(), learner.no_logging():
        with job.uncounted():
            rate = max(LEAST_RATE, float(learner.lr_find(num_it=TRIES, show_plot=False).valley))
        epochs = whole_epochs(job.left(), seconds, most=MOST_EPOCHS[job.way])
        if job.way == "scratch":
            learner.fit_one_cycle(epochs, rate)
        else:
            learner.fine_tune(max(1, epochs - 1), rate)
        right = float(learner.validate()[1])
    job.note(size=size, epochs=epochs, rate=rate, val_accuracy=right)
    job.ready("fastai", "torch", "torchvision")
    with learner.no_bar(), learner.no_logging():
        files = sorted(get_image_files(job.data / "test"), key=lambda path: path.name)
        chances, _ = learner.get_preds(dl=loaders.test_dl(files))
    job.answer({path.name: loaders.vocab[int(best)] for path, best in zip(files, chances.argmax(1), strict=True)})


if __name__ == "__main__":
    main()
