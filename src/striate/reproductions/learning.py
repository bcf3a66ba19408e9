"""The method `learn`: a network learns from pictures by a recipe, and is asked test pictures, as they are and changed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from striate.augmentation import AugmentationPolicy, augment
from striate.errors import TrainingError
from striate.inspection import gradient_norms, inspect_network
from striate.models import Network
from striate.reproductions.networks import build_network
from striate.reproductions.sources import HeldPictures
from striate.reproductions.work import Measured, Work
from striate.table_reading import read_dataclass
from striate.training import KeptMaps, Recipe, TrainingState, fit
from striate.training.batches import batch_sizes, pictures_at_once
from striate.training.first_pictures import fit_to_pictures
from striate.training.inputs import Examples, ReadyExamples, load_pixels, normalise, prepare_inputs
from striate.training.recipe import merge

BASE: Mapping[str, Any] = {
    "batch_size": 64,
    "optimizer": {"learning_rate": 0.05, "weight_decay": 5e-4},
    "loss": {"label_smoothing": 0.0},
    "averaging": {"span": 0.0},
}
"""How arms learn where experiment and arm say nothing else: SGD with momentum, the paper's loss, the last weights themselves."""

PROBED = 64
"""Training pictures that gradients are measured on."""
MOST_TRAINING_PICTURES = 2000
"""Of so many training pictures it is asked, at most, how many are learnt."""
CHANGE_SEED = 0
"""Test pictures are changed by draws of this seed, the same for all arms."""


def measures(tests: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """What `learn` measures."""
    plain = {"error", "train_error", "gap", "first_gradient", "gradient_ratio", "parameters", "macs"}
    times = {"seconds", "elapsed", "epoch_elapsed"}
    return frozenset(plain | times | {f"{condition}.error" for condition in tests})


def read_recipe(work: Work) -> Recipe:
    """The recipe of a cell: what all have in common, the experiment's, the arm's, and the seed."""
    return recipe_of(work.experiment.recipe, work.arm.recipe, epochs=work.scale.epochs, seed=work.seed)


def recipe_of(shared: Mapping[str, Any], own: Mapping[str, Any], *, epochs: int, seed: int) -> Recipe:
    """The recipe from its tables, the later over the earlier.

    Raises:
        UsageError: A key is unknown, or a value makes no sense.

    Example:
        >>> recipe_of({"optimizer": {"learning_rate": 0.1}}, {}, epochs=3, seed=1).schedule.epochs
        3
    """
    return Recipe.from_dict(merge(BASE, {"schedule": {"epochs": epochs}}, shared, own, {"seed": seed}))


def read_tests(tests: Mapping[str, Mapping[str, Any]]) -> dict[str, AugmentationPolicy]:
    """The changes of test pictures, by the condition's name.

    Raises:
        UsageError: A table is no augmentation policy.
    """
    return {name: read_dataclass(AugmentationPolicy, table, f"tests.{name}.") for name, table in tests.items()}


def learn(work: Work) -> Measured:
    """Trains the arm's network and measures it.

    A loss that is not finite ends learning: then the network is asked as it is, which answers no better than chance.

    Raises:
        StoppedError: A signal came.
    """
    pictures = dataclasses.replace(work.experiment.pictures, **work.arm.options)
    training, testing = work.session.pictures(work, pictures)
    recipe, device = read_recipe(work), work.session.device
    channels = training.array.shape[-1]
    network = build_network(
        work.arm, num_classes=work.classes, in_channels=channels, size=training.size, seed=work.seed
    )
    network = network.to(device).to(memory_format=torch.channels_last)
    values = counted(network, channels, training.size) | gradients_before_learning(network, training, device)
    learnt, times = train(network, recipe, training, work)
    values |= times
    wrong = {"error": answered_wrong(learnt, testing, device)}
    for condition, policy in read_tests(work.experiment.tests).items():
        wrong[f"{condition}.error"] = answered_wrong(learnt, testing, device, policy=policy)
    values |= {name: float(answers.mean()) for name, answers in wrong.items()}
    values["train_error"] = float(answered_wrong(learnt, training.part(MOST_TRAINING_PICTURES), device).mean())
    values["gap"] = values["error"] - values["train_error"]
    return Measured(values, wrong)


def train(network: Network, recipe: Recipe, training: HeldPictures, work: Work) -> tuple[Network, dict[str, float]]:
    """The network that has learnt, its weights averaged if the recipe says so, and the times that it took."""
    session, elapsed, begun = work.session, time.perf_counter(), time.process_time()
    fit_to_pictures(network, training, recipe, session.device)
    state = TrainingState.begin(network, recipe, total_steps=steps_of(recipe, len(training.labels)))
    take_steps(state, recipe, training, work)
    seconds, elapsed = time.process_time() - begun, time.perf_counter() - elapsed
    whole = len(session.dataset(work.data).indices("train"))
    epoch = elapsed / recipe.schedule.epochs * whole / len(training.labels)
    return state.averaged, {"seconds": seconds, "elapsed": elapsed, "epoch_elapsed": epoch}


def steps_of(recipe: Recipe, count: int) -> int:
    """Of all epochs, with so many to learn from."""
    return len(batch_sizes(count, recipe.batch_size)) * recipe.schedule.epochs


def take_steps(
    state: TrainingState, recipe: Recipe, training: Examples | ReadyExamples, work: Work
) -> tuple[float, ...]:
    """Takes all steps of a state, and answers the processor time of each epoch that was ended.

    A loss that is not finite ends it before its time, and is told.

    Raises:
        StoppedError: A signal came.
    """
    session, what = work.session, f"{work.name}, seed {work.seed}"
    spent, begun = [], time.process_time()
    none = KeptMaps(training.labels[:0], training.samples[:0], (), str)
    try:
        for _ in fit(
            state,
            recipe,
            training,
            none,
            device=session.device,
            stop=session.stop,
            watch=lambda report: session.watcher.task(what, report.step, report.total_steps),
        ):
            spent.append(time.process_time() - begun)
            begun = time.process_time()
    except TrainingError as error:
        session.watcher.note(f"{what}: {error}; its answers count as they are")
    return tuple(spent)


def counted(network: Network, channels: int, size: tuple[int, int]) -> dict[str, float]:
    """Parameters and multiply-adds of a picture, without auxiliary heads."""
    was_training = network.training
    inspection = inspect_network(network, (channels, *size))
    network.train(was_training)
    return {"parameters": float(inspection.parameters), "macs": float(inspection.macs)}


def gradients_before_learning(network: Network, training: HeldPictures, device: torch.device) -> dict[str, float]:
    """The gradient's norm in the first convolution or dense layer, and over that in the last one but auxiliary heads'."""
    count = min(PROBED, len(training.labels))
    inputs = prepare_inputs(training, np.arange(count), device=device)
    auxiliary = Summed(network)
    norms = gradient_norms(auxiliary, inputs.images, inputs.targets.labels, loss=auxiliary.loss)
    names = [name for name, module in auxiliary.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    weighty = [norms[name] for name in names if name in norms and "aux" not in name]
    last = weighty[-1]
    return {"first_gradient": weighty[0], "gradient_ratio": weighty[0] / last if last else float("nan")}


class Summed(nn.Module):
    """A network whose answer is its logits and those of its auxiliary heads, one after the other, as training asks them."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """(heads, N, classes)."""
        logits, others = self.network.forward_with_auxiliary(images)
        return torch.stack([logits, *others])

    def loss(self, answers: Tensor, labels: Tensor) -> Tensor:
        """The head's mean cross-entropy, and each auxiliary head's times its weight."""
        weights = [1.0, *[self.network.auxiliary_weight] * (len(answers) - 1)]
        losses = [nn.functional.cross_entropy(logits, labels) for logits in answers]
        return torch.stack([weight * loss for weight, loss in zip(weights, losses, strict=True)]).sum()


def answered_wrong(
    network: Network, pictures: HeldPictures, device: torch.device, *, policy: AugmentationPolicy | None = None
) -> npt.NDArray[np.bool_]:
    """(n,) which pictures the network answers wrong, in evaluation mode; changed by a policy first, if one is given."""
    network.eval()
    count, step = len(pictures.labels), pictures_at_once(pictures.size)
    wrong = np.empty(count, bool)
    with torch.inference_mode():
        for start in range(0, count, step):
            positions = np.arange(start, min(start + step, count))
            if policy is None:
                images = prepare_inputs(pictures, positions, device=device).images
            else:
                pixels = load_pixels(pictures, positions, device)
                drawn = pictures.samples[positions]
                changed = augment(pixels, policy, seed=CHANGE_SEED, epoch=0, indices=drawn)
                images = normalise(changed.contiguous(memory_format=torch.channels_last), pictures, levels=1)
            wrong[positions] = network(images).argmax(1).cpu().numpy() != pictures.labels[positions]
    return wrong
