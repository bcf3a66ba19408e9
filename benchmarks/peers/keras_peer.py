"""Keras 3 on torch: transfer learning in two phases as its guide has it, from the trained weights in its own MobileNetV2.

The base is frozen and in inference mode, and a new head learns with Adam at 0.001, for half of the time that is left; then all
layers but batch norm's statistics learn at 0.00001. Pictures are mirrored and turned a little (characters only turned). The epoch
that was best on val is kept. Keras pads as the weights were trained.

Source: https://keras.io/guides/transfer_learning/.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from peer import Job, choose_size, median_seconds, whole_epochs
from PIL import Image

SIDES = (96, 128, 160, 224)
LEAST_EPOCHS = 3
BATCH = 32


def pixels(job: Job, part: str, side: int) -> np.ndarray:
    """(n, side, side, 3) uint8: the middle of each picture, resized."""
    found = []
    for path, _ in job.pictures(part):
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        edge = min(picture.size)
        left, top = (picture.width - edge) // 2, (picture.height - edge) // 2
        box = (left, top, left + edge, top + edge)
        found.append(np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, box=box)))
    return np.stack(found)


def labels(job: Job, part: str) -> np.ndarray:
    """(n,) class numbers."""
    return np.array([label for _, label in job.pictures(part)])


def build(job: Job, side: int) -> tuple[keras.Model, keras.Model]:
    """The base, and the whole."""
    base = keras.applications.MobileNetV2(input_shape=(side, side, 3), include_top=False, weights=None, pooling="avg")
    if job.weights is not None:
        fill(base, torch.load(job.weights, map_location="cpu", weights_only=True))
    inputs = keras.Input((side, side, 3))
    mirrored = [keras.layers.RandomFlip("horizontal")] if job.mirrored else []
    changed = keras.Sequential([*mirrored, keras.layers.RandomRotation(0.1)])(inputs)
    scaled = keras.layers.Rescaling(1 / (255 * job.std), offset=-job.mean / job.std)(changed)
    pooled = keras.layers.Dropout(0.2)(base(scaled, training=False))
    return base, keras.Model(inputs, keras.layers.Dense(len(job.classes))(pooled))


def fill(base: keras.Model, values: dict[str, torch.Tensor]) -> None:
    """Gives the base the tensors of torchvision's network, which stand in the same order."""
    kept = [
        value.numpy()
        for key, value in values.items()
        if not key.startswith("classifier") and not key.endswith("num_batches_tracked")
    ]
    for layer in base.layers:
        own = layer.get_weights()
        if not own:
            continue
        given = [kept.pop(0) for _ in own]
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            given = [given[0].transpose(2, 3, 0, 1)]
        elif isinstance(layer, keras.layers.Conv2D):
            given = [given[0].transpose(2, 3, 1, 0)]
        layer.set_weights(given)
    if kept:
        raise ValueError(f"{len(kept)} tensors of the file have no place")


def compiled(model: keras.Model, rate: float) -> keras.Model:
    """Ready to learn at a rate."""
    model.compile(
        keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    return model


def main() -> None:
    """Learns, answers."""
    job = Job()
    keras.utils.set_random_seed(job.seed)
    count, checked = len(job.pictures("train")), len(job.pictures("val"))
    with Image.open(job.pictures("train")[count // 2][0]) as opened:
        typical = min(opened.size)
    largest = 224 if typical >= 96 else max(96, min(128, 4 * typical))

    def epoch_seconds(side: int, *, frozen: bool) -> float:
        base, model = build(job, side)
        base.trainable = not frozen
        compiled(model, 1e-3)
        images = np.zeros((BATCH, side, side, 3), np.float32)
        step = median_seconds(lambda: model.train_on_batch(images, np.zeros(BATCH, np.int64)), times=2)
        return step / BATCH * (count + checked / (2 if frozen else 3))

    # Learning the whole takes about three times as long as the head alone: one epoch of it is wanted, and a few of the head.
    with job.uncounted():
        side, frozen_seconds = choose_size(
            [side for side in SIDES if side <= largest],
            lambda side: (LEAST_EPOCHS + 3) * epoch_seconds(side, frozen=True),
            lambda: 0.9 * job.left(),
        )
    frozen_seconds /= LEAST_EPOCHS + 3
    train, val = pixels(job, "train", side), pixels(job, "val", side)
    known = labels(job, "train"), labels(job, "val")
    base, model = build(job, side)
    base.trainable = False
    best = keras.callbacks.ModelCheckpoint(
        job.output / "best.weights.h5", monitor="val_accuracy", save_best_only=True, save_weights_only=True
    )
    head_epochs = whole_epochs(0.5 * job.left(), frozen_seconds, most=20)
    fitted = {"validation_data": (val, known[1]), "batch_size": BATCH, "verbose": 2, "callbacks": [best]}
    history = compiled(model, 1e-3).fit(train, known[0], epochs=head_epochs, **fitted).history["val_accuracy"]
    base.trainable = True
    compiled(model, 1e-5)
    images = train[:BATCH].astype(np.float32)
    with job.uncounted():
        step = median_seconds(lambda: model.test_on_batch(images, known[0][: len(images)]), times=1)
    seconds = 4 * step / len(images) * count
    epochs = min(20, int(job.left() / seconds))
    if epochs:
        history += model.fit(train, known[0], epochs=epochs, **fitted).history["val_accuracy"]
    model.load_weights(job.output / "best.weights.h5")
    job.note(size=side, epochs=head_epochs + epochs, head_epochs=head_epochs, val_accuracy=max(history))
    job.ready("keras", "torch")
    job.answer(model.predict(pixels(job, "test", side), batch_size=64, verbose=0).argmax(1).tolist())


if __name__ == "__main__":
    main()
