"""timm: a logistic regression on its features, or fine-tuning with its transforms, optimizer and schedule.

`head`: `num_classes=0` as its documentation has it for features, at the largest side that fits the time; the strength of the
regression is chosen on val, and it is fitted to train and val together then. `fine-tune`: `create_transform` with RandAugment for
photographs, AdamW with layer decay 0.75, a cosine schedule after a warm-up, label smoothing, averaged weights, as its training
script does these. Pictures are decoded once.

Source: https://huggingface.co/docs/timm/feature_extraction, https://huggingface.co/docs/timm/training_script.
"""

from __future__ import annotations

import copy
import time

import numpy as np
import timm
import torch
from decoded import Decoded, measure_epoch, predictions, sides
from mobilenet import trained
from peer import Job, choose_size, whole_epochs
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler
from timm.utils import ModelEmaV2
from torch import Tensor, nn
from torchvision.transforms import v2

BATCH = 32
RATE = 1e-3
LEAST_EPOCHS = 3
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


def network_of(job: Job, classes: int) -> nn.Module:
    """The network mobilenetv2_100, padded and normalised as its weights were trained; its tensors stand in torchvision's order."""
    network = timm.create_model("mobilenetv2_100", num_classes=classes, pad_type="same", bn_eps=1e-3)
    if job.weights is not None:
        values = trained(job.weights).state_dict()
        own = {key: value for key, value in network.state_dict().items() if not key.startswith("classifier")}
        given = [value for key, value in values.items() if not key.startswith("classifier")]
        for (key, value), new in zip(own.items(), given, strict=True):
            if value.shape != new.shape:
                raise ValueError(f"{key} is {tuple(value.shape)} here and {tuple(new.shape)} in the file")
            value.copy_(new)
    return network.to(memory_format=torch.channels_last)


def head(job: Job) -> None:
    """Features, and a regression on them."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = network_of(job, 0).eval()
    data = Decoded(job)
    pictures = data.count("train") + data.count("val")

    @torch.inference_mode()
    def features(part: str, size: int) -> np.ndarray:
        return torch.cat([network(images) for images, _ in data.batches(part, size, 64)]).numpy()

    def seconds(size: int) -> float:
        images, _ = next(data.batches("train", size, 64))
        begun = time.perf_counter()
        with torch.inference_mode():
            network(images)
            network(images)
        return 1.15 * (time.perf_counter() - begun) / 2 / len(images) * pictures

    # A third of the time is the regression's.
    with job.uncounted():
        size, _ = choose_size(sides(data), seconds, lambda: 0.65 * job.left())
    inputs = {part: features(part, size) for part in ("train", "val")}
    best, chosen = -1.0, STRENGTHS[0]
    for strength in STRENGTHS:
        begun = time.perf_counter()
        head = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300))
        right = head.fit(inputs["train"], data.labels("train").numpy()).score(inputs["val"], data.labels("val").numpy())
        if right > best:
            best, chosen = right, strength
        if job.left() < 3 * (time.perf_counter() - begun):
            break
    head = make_pipeline(StandardScaler(), LogisticRegression(C=chosen, max_iter=300))
    head.fit(np.concatenate(list(inputs.values())), torch.cat([data.labels("train"), data.labels("val")]).numpy())
    job.note(size=size, strength=chosen, val_accuracy=best)
    job.ready("timm", "torch", "scikit-learn")
    job.answer(head.predict(features("test", size)).tolist())


def fine_tune(job: Job) -> None:
    """All layers, the first ones slowly."""
    network = network_of(job, len(job.classes))
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)

    def new_optimizer() -> torch.optim.Optimizer:
        return create_optimizer_v2(network, opt="adamw", lr=RATE, weight_decay=0.05, layer_decay=0.75)

    optimizer = new_optimizer()

    def step(images: Tensor, labels: Tensor) -> None:
        optimizer.zero_grad()
        loss_of(network(images), labels).backward()
        optimizer.step()

    untouched = copy.deepcopy(network.state_dict())
    data = Decoded(job)
    data.pictures("train"), data.pictures("val")
    with job.uncounted():
        size, seconds = choose_size(
            sides(data), lambda side: LEAST_EPOCHS * measure_epoch(data, side, BATCH, step, network), job.left
        )
    seconds /= LEAST_EPOCHS
    epochs = whole_epochs(job.left(), seconds)
    network.load_state_dict(untouched)
    optimizer = new_optimizer()
    steps = -(-data.count("train") // BATCH)
    schedule = CosineLRScheduler(
        optimizer,
        t_initial=steps * epochs,
        warmup_t=max(1, steps * epochs // 10),
        warmup_lr_init=RATE / 20,
        t_in_epochs=False,
    )
    average = ModelEmaV2(network, decay=0.99)
    scale = (0.35, 1.0) if job.mirrored else (0.7, 1.0)
    changes: list[nn.Module] = [v2.RandomResizedCrop(size, scale=scale, antialias=True)]
    if job.mirrored:
        # timm's `rand-m6`: its own works on PIL pictures; this is torchvision's of the same strength, on tensors.
        changes += [v2.RandomHorizontalFlip(), v2.RandAugment(2, magnitude=6)]
    change = v2.Compose(changes)
    done = updates = 0
    for epoch in range(epochs):
        if epoch and job.left() < 0.9 * seconds:
            break
        network.train()
        for images, labels in data.batches("train", size, BATCH, change=change, seed=job.seed * 1000 + epoch):
            step(images, labels)
            updates += 1
            schedule.step_update(updates)
            average.update(network)
        done += 1
    # With few steps the average still holds the beginning: val says which is better.
    truths = data.labels("val")
    scores = {
        name: float((predictions(one, data, "val", size) == truths).float().mean())
        for name, one in (("average", average.module), ("last", network))
    }
    chosen = max(scores, key=scores.__getitem__)
    job.note(size=size, epochs=done, planned_epochs=epochs, weights=chosen, val_accuracy=scores[chosen])
    job.ready("timm", "torch", "torchvision")
    job.answer(predictions(average.module if chosen == "average" else network, data, "test", size).tolist())


def main() -> None:
    """Learns, answers."""
    job = Job("head", "fine-tune")
    torch.manual_seed(job.seed)
    head(job) if job.way == "head" else fine_tune(job)


if __name__ == "__main__":
    main()
