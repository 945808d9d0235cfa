"""From a definition in the zoo to a model file: train, lower, and check on every test image that nothing changed."""

import csv
import dataclasses
import io
import json
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from .model import golden
from .model.data.datasets import Dataset
from .model.ir import Network
from .model.progress import Progress
from .model.recipe import Recipe
from .model.store import save, write_atomically
from .model.training.curves import plot_history
from .model.training.export import export
from .model.training.train import TEACHER_SUFFIX, Epoch, Step, Trained, classes, train
from .model.zoo import Definition
from .own import Own
from .training_data import training_data

__all__ = ["train_to_file"]

MEASURED_STEPS = 10
"""Steps after which the time of the whole training is estimated; the first one warms up and does not count."""

LONG = 60.0
"""Seconds from which on the expected time is told."""


def train_to_file(
    definition: Definition,
    path: Path,
    *,
    recipe: Recipe,
    dataset: str | None,
    own: Own | None = None,
    size: tuple[int, int] | None = None,
    seed: int,
    validation: float,
    device: str,
    threads: int | None,
    start: Network | None,
    restart: bool,
    test: bool,
    on_progress: Progress,
    say: Callable[[str], None],
) -> dict[str, str]:
    """Train a network, write it to ``path`` with curve, history and settings beside it, and give what there is to tell.

    Parameters
    ----------
    own : :class:`.own.Own` or None
        Images of one's own in place of a data set, whose shape and classes the network then follows.
    size : pair of :class:`int` or None
        Rows and columns that pictures get.
    restart : :class:`bool`
        Begin anew even where a checkpoint of an interrupted run lies beside ``path``.
    test : :class:`bool`
        Measure the accuracy on the test images. Without it training images stand in for them in the comparison of
        torch with the golden model, and nobody learns anything about the test images.
    on_progress, say : function
        Progress, and lines that stay.

    The other parameters are those of :func:`xnorflow.model.training.train.train`.

    Raises
    ------
    RuntimeError
        When torch and the golden model disagree on an image.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    on_progress("read the data set", 0, 1)
    definition, data, told = training_data(definition, dataset=dataset, own=own, size=size, on_progress=on_progress)
    checkpoint = path.with_suffix(".checkpoint")
    if restart:
        _forget(checkpoint)
    trained = train(
        definition,
        data,
        recipe=recipe,
        seed=seed,
        validation=validation,
        device=device,
        threads=threads,
        start=start,
        checkpoint=checkpoint,
        on_step=_reporter(definition.name, on_progress, say),
    )
    result = _export(definition, data, trained, path, test=test, told=told)
    _write_history(trained.history, path.with_suffix(".csv"))
    write_atomically(path.with_suffix(".json"), json.dumps(trained.settings, indent=2).encode() + b"\n")
    curve = path.with_suffix(".png")
    plot_history(trained.history, curve, title=f"{definition.name} on {data.name}, seed {seed}")
    _forget(checkpoint)
    return {**result, "curve": str(curve)}


def _forget(checkpoint: Path) -> None:
    """Remove the checkpoints of a network and of its teacher."""
    for path in (checkpoint, checkpoint.with_suffix(TEACHER_SUFFIX)):
        path.unlink(missing_ok=True)


def _reporter(name: str, on_progress: Progress, say: Callable[[str], None]) -> Callable[[Step], None]:
    """What is told after a step: progress, once whether an interrupted run goes on, once how long it will take."""
    start = 0.0

    def on_step(step: Step) -> None:
        nonlocal start
        done = step.number - step.first
        if done == 1:
            start = time.perf_counter()
            if step.first and step.last is not None:
                say(f"goes on after epoch {step.last.number} of {step.last.epochs}")
        if done == MEASURED_STEPS:
            seconds = (time.perf_counter() - start) / (done - 1) * (step.steps - step.first)
            if seconds > LONG:
                say(f"about {timedelta(seconds=round(seconds))} expected, by the first {done} steps")
        text = "first epoch" if step.last is None else _brief(step.last)
        on_progress(f"train {name}: {text}", step.number, step.steps)

    return on_step


def _brief(epoch: Epoch) -> str:
    held = "" if epoch.validation_accuracy is None else f", validation accuracy {epoch.validation_accuracy:.2%}"
    return f"epoch {epoch.number}/{epoch.epochs}, loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.2%}{held}"


def _export(
    definition: Definition, data: Dataset, trained: Trained, path: Path, *, test: bool, told: dict[str, str]
) -> dict[str, str]:
    """Write the model file once torch and the golden model agree; give what there is to tell."""
    images = data.test_images if test else data.train_images[: len(data.test_images)]
    by_torch = classes(trained.module, images)
    provenance, shown = {**trained.provenance, **told}, {}
    if test:
        correct = int((by_torch == data.test_labels).sum())
        provenance |= {"test_images": str(len(by_torch)), "test_correct": str(correct)}
        share = f"{correct / len(by_torch):.2%} ({correct} of {len(by_torch)} test images, torch = golden on each)"
        shown["accuracy"] = share
    if trained.validation_accuracy is not None:
        provenance["validation_accuracy"] = f"{trained.validation_accuracy:.4f}"
        shown["validation accuracy"] = f"{trained.validation_accuracy:.2%}"
    network = export(trained.module, name=definition.name, dataset=data.name, provenance=provenance)
    network = dataclasses.replace(network, labels=data.classes)
    check_equal(network, images, by_torch)
    save(network, path)
    return {**shown, "weight bits": f"{network.weight_bits:,}"}


def check_equal(network: Network, images: np.ndarray, by_torch: np.ndarray) -> None:
    """Raise RuntimeError when the golden model puts an image into another class than torch did."""
    differing = np.flatnonzero(golden.predict(network, images) != by_torch)
    if differing.size:
        raise RuntimeError(
            f"torch and the golden model differ on {differing.size} images, first on image {differing[0]}"
        )


def _write_history(history: Sequence[Epoch], path: Path) -> None:
    """The epochs as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in dataclasses.fields(Epoch)])
    writer.writeheader()
    writer.writerows(dataclasses.asdict(epoch) for epoch in history)
    write_atomically(path, text.getvalue().encode())
