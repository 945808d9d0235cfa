"""Training: latent weights under Adam, signs with the straight-through gradient, a one-cycle learning rate.

The recipe is that of Courbariaux et al. (arXiv 1602.02830); ``docs/training.md`` has the details and what it reaches.
"""

import contextlib
import dataclasses
import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..data.datasets import Dataset
from ..ir import Network
from ..paths import StrPath
from ..recipe import Recipe
from ..store import fingerprint
from ..zoo import Definition
from .checkpoint import load_checkpoint, save_checkpoint
from .layers import module_for
from .run import Epoch, Images, Run, Step, scores_of
from .start import start_from
from .teacher import teacher_module

__all__ = ["TEACHER_SUFFIX", "Epoch", "Step", "Trained", "classes", "train"]

ONE_THREAD = 100_000
"""Networks with fewer weights than this train on one thread. Their products are too small to share, threads that wait
for each other on a busy machine are a hundred times slower, and one thread gives the same sums everywhere."""

DEVICES = ("auto", "cpu", "cuda")

STATISTICS_IMAGES = 1000
"""Training images by which the batch statistics of a network to train further are measured."""

TEACHER_SUFFIX = ".teacher"
"""Of the checkpoint of a teacher, which lies beside that of its student."""


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Parameters
    ----------
    module : :class:`torch.nn.Sequential`
        In eval mode, on the CPU.
    history : tuple of :class:`Epoch`
        One for each epoch.
    validation_accuracy : :class:`float` or None
        Share of right answers of the module on the images held out, as of an :class:`Epoch`.
    provenance : dictionary
        How it was made, for :func:`xnorflow.model.training.export.export`.
    settings : dictionary
        All that shaped the result, as JSON has it.
    """

    module: nn.Sequential
    history: tuple[Epoch, ...]
    validation_accuracy: float | None
    provenance: dict[str, str]
    settings: dict[str, Any]


def train(
    definition: Definition,
    dataset: Dataset,
    *,
    recipe: Recipe | None = None,
    seed: int = 0,
    validation: float = 0.1,
    device: str = "auto",
    threads: int | None = None,
    start: Network | None = None,
    checkpoint: StrPath | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> Trained:
    """Train a network; the test images are not looked at.

    The same arguments on the same machine give the same weights to the last bit, with or without interruptions.
    Torch's global random state is as before afterwards.

    Parameters
    ----------
    definition : :class:`xnorflow.model.zoo.Definition`
        The network.
    dataset : :class:`xnorflow.model.data.datasets.Dataset`
        Images of the shape that the network takes.
    recipe : :class:`xnorflow.model.recipe.Recipe`
        How it is trained; else as the definition says.
    seed : :class:`int`
        Seed of everything random: first weights, order of the images, distortions, stochastic signs, validation split.
    validation : :class:`float`
        Share of the training images that is held out for the curve, in 0 to 0.5.
    device : :class:`str`
        One of :data:`DEVICES`; auto takes a GPU where torch finds one.
    threads : :class:`int`
        Threads on the CPU; else 1 for networks of fewer than :data:`ONE_THREAD` weights and what torch has for others.
    start : :class:`xnorflow.model.ir.Network`
        Network to train further; else from random weights. Its latent weights begin at plus or minus ``recipe.init``.
    checkpoint : path
        File that is written after each epoch, and gone on from when it is there. It stays at the end. A teacher's has
        the same name with :data:`TEACHER_SUFFIX`.
    on_epoch, on_step : function
        Called after each epoch and each step, for progress; what it raises ends the training.

    Raises
    ------
    ValueError
        When a parameter is out of its range, the data set is not for this network, or the checkpoint is of other
        settings.
    """
    checkpoint = None if checkpoint is None else Path(checkpoint)
    recipe = recipe or definition.usual_recipe(start.name if start else None)
    _check(definition, dataset, seed, validation)
    place = _device(device)
    threads = threads or (1 if definition.weight_bits < ONE_THREAD else torch.get_num_threads())
    settings = {
        "definition": definition.name,
        "network": definition.layers_text,
        "input": dataclasses.asdict(definition.input),
        "dataset": dataset.name,
        "images": _digest(dataset),
        **recipe.settings(),
        "seed": seed,
        "validation": validation,
        "device": place.type,
        "threads": threads,
        "torch": str(torch.__version__),
    }
    if start is not None:
        settings["start"] = fingerprint(start).hex()
    with _reproducible(seed, threads=threads, device=place):
        learn, held = (part.to(place) for part in _split(dataset, seed, validation))
        begin = functools.partial(Run, learn=learn, held=held, seed=seed)
        teacher = None
        if recipe.teacher is not None:
            run = begin(teacher_module(definition, recipe.teacher).to(place), _teachers(recipe))
            _finish(run, checkpoint and checkpoint.with_suffix(TEACHER_SUFFIX), settings, on_step=on_step)
            teacher = run.module.eval()
        # Seeded anew, so that a network begins with the same weights with and without a teacher.
        torch.manual_seed(seed)
        module = module_for(definition, recipe).to(place)
        if start is not None:
            start_from(module, start, learn.images[:STATISTICS_IMAGES], latent=recipe.init)
        run = begin(module, recipe, teacher=teacher)
        _finish(run, checkpoint, settings, on_step=on_step, on_epoch=on_epoch)
        _, accuracy = run.settle()
    return Trained(module.cpu().eval(), tuple(run.history), accuracy, _provenance(settings), settings)


def _teachers(recipe: Recipe) -> Recipe:
    """The recipe of a recipe's teacher."""
    assert recipe.teacher is not None
    return Recipe(recipe.teacher.epochs, recipe.batch, recipe.teacher.rate, distortion=recipe.distortion)


def _finish(
    run: Run,
    checkpoint: Path | None,
    settings: dict[str, Any],
    *,
    on_step: Callable[[Step], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> None:
    """Train to the end, from the checkpoint where there is one."""
    if checkpoint is not None and (state := load_checkpoint(checkpoint, settings)) is not None:
        run.restore(state)
    for epoch in run.epochs(on_step or (lambda _: None)):
        if checkpoint is not None:
            save_checkpoint(checkpoint, settings, run.state())
        if on_epoch is not None:
            on_epoch(epoch)


@torch.no_grad()
def classes(module: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Class of each image, by a module in eval mode on the CPU; raw images."""
    # A copy, for the array may be read-only, which torch does not know.
    return np.asarray(scores_of(module, torch.tensor(images)).argmax(dim=1).numpy())


def _provenance(settings: dict[str, Any]) -> dict[str, str]:
    """How a network was made, for its file: what the file itself does not tell."""
    told = {key: value for key, value in settings.items() if key not in ("network", "input", "dataset", "images")}
    return {"weights": "trained", **{key: str(value) for key, value in told.items() if value is not None}}


def _digest(dataset: Dataset) -> str:
    """SHA-256 of the training images and their classes."""
    digest = hashlib.sha256(dataset.train_images.tobytes())
    digest.update(dataset.train_labels.tobytes())
    return digest.hexdigest()


def _check(definition: Definition, dataset: Dataset, seed: int, validation: float) -> None:
    """Raise what :func:`train` says it raises."""
    if not 0 <= seed < 1 << 32:
        raise ValueError(f"seed must be in 0..{(1 << 32) - 1}, not {seed!r}")
    if not 0 <= validation <= 0.5:
        raise ValueError(f"validation must be in 0 to 0.5, not {validation!r}")
    if dataset.train_images.shape[1:] != definition.input.shape:
        takes, has = (_pixels(shape) for shape in (definition.input.shape, dataset.train_images.shape[1:]))
        raise ValueError(f"{definition.name} takes images of {takes}, but {dataset.name} has {has}; choose another")
    if len(dataset.classes) != definition.classes:
        raise ValueError(
            f"{definition.name} has {definition.classes} classes, but {dataset.name} has {len(dataset.classes)}"
        )


def _pixels(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _device(name: str) -> torch.device:
    if name not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}, not {name!r}")
    present = torch.cuda.is_available()
    if name == "cuda" and not present:
        raise ValueError("device must be cpu or auto where torch finds no GPU, not 'cuda'")
    return torch.device("cuda" if present and name != "cpu" else "cpu")


@contextlib.contextmanager
def _reproducible(seed: int, *, threads: int, device: torch.device) -> Iterator[None]:
    """Seeded random numbers and deterministic kernels inside, torch's global state as before afterwards."""
    deterministic, before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    # The GPU's matrix products repeat only with a workspace of fixed size.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        # No kernel in use reads memory that it did not write, so that filling it all first only takes time.
        filling = torch.utils.deterministic
        filling.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # made when torch is imported
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
            filling.fill_uninitialized_memory = True  # type: ignore[attr-defined]  # as above
            torch.use_deterministic_algorithms(deterministic)


def _split(dataset: Dataset, seed: int, validation: float) -> tuple[Images, Images]:
    """Images to learn from and images held out; the same ones for every network with the same seed."""
    images, labels = torch.tensor(dataset.train_images), torch.tensor(dataset.train_labels)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    held, learn = order.tensor_split([round(validation * len(images))])
    return Images(images[learn], labels[learn]), Images(images[held], labels[held])
