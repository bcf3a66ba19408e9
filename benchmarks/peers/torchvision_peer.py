"""torchvision: fine-tuning as its reference scripts and PyTorch's tutorial have it, all layers from the trained weights.

RandomResizedCrop and mirroring, SGD with momentum 0.9 at the tutorial's rate (0.001 for 4 pictures, so 0.008 for 32), a cosine
schedule with a warm-up and label smoothing as the reference's newer recipe; the epoch that was best on val is kept, as in the
tutorial. Pictures are decoded once and kept at twice the side, which the scripts do not do: decoding is no part of what is
compared.

Source: https://docs.pytorch.org/tutorials/beginner/transfer_learning_tutorial.html; torchvision's references/classification/train.py.
"""

from __future__ import annotations

import copy

import torch
from decoded import Decoded, measure_epoch, predictions, sides
from mobilenet import trained
from peer import Job, choose_size, whole_epochs
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torchvision.transforms import v2

BATCH = 32
RATE = 0.008
LEAST_EPOCHS = 3


def main() -> None:
    """Learns, answers."""
    job = Job()
    torch.manual_seed(job.seed)
    network = trained(job.weights)
    network.classifier[1] = nn.Linear(network.last_channel, len(job.classes))
    network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)

    def step(images: torch.Tensor, labels: torch.Tensor) -> None:
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
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    scale = (0.35, 1.0) if job.mirrored else (0.7, 1.0)
    change = v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=scale, antialias=True),
            *([v2.RandomHorizontalFlip()] if job.mirrored else []),
        ]
    )
    steps = max(1, -(-data.count("train") // BATCH)) * epochs
    warm = max(1, steps // 10)
    schedule = SequentialLR(
        optimizer,
        [LinearLR(optimizer, 0.1, total_iters=warm), CosineAnnealingLR(optimizer, max(1, steps - warm))],
        [warm],
    )
    best, kept, done = -1.0, untouched, 0
    for epoch in range(epochs):
        if epoch and job.left() < 0.9 * seconds:
            break
        network.train()
        for images, labels in data.batches("train", size, BATCH, change=change, seed=job.seed * 1000 + epoch):
            step(images, labels)
            schedule.step()
        done += 1
        right = float((predictions(network, data, "val", size) == data.labels("val")).float().mean())
        if right >= best:
            best, kept = right, copy.deepcopy(network.state_dict())
    network.load_state_dict(kept)
    job.note(size=size, epochs=done, planned_epochs=epochs, val_accuracy=best, seconds_per_epoch=round(seconds, 2))
    job.ready("torch", "torchvision")
    job.answer(predictions(network, data, "test", size).tolist())


if __name__ == "__main__":
    main()
