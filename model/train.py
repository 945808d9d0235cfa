"""Training: latent weights under Adam, signs with the straight-through gradient, a one-cycle learning rate.

The recipe is that of Courbariaux et al. (arXiv 1602.02830); ``docs/training.md`` has the details and what it reaches.
"""

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from .augment import distort
from .datasets import Dataset
from .layers import Scores, clip_latent, module_for
from .zoo import Definition, Distortion

__all__ = ["Epoch", "Trained", "classes", "train"]

EVALUATION_BATCH = 100

ONE_THREAD = 100_000
"""Networks with fewer weights than this train on one thread. Their products are too small to share, threads that wait
for each other on a busy machine are a hundred times slower, and one thread gives the same sums everywhere."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images gave.

    Parameters
    ----------
    number, epochs : :class:`int`
        Which one, from 1, of how many.
    loss, accuracy : :class:`float`
        Cross entropy and share of right answers on the training images, while they were learnt from.
    validation_loss, validation_accuracy : :class:`float` or None
        The same in eval mode on the images held out; None when there are none.
    seconds : :class:`float`
        Since training began.
    """

    number: int
    epochs: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Parameters
    ----------
    module : :class:`torch.nn.Sequential`
        In eval mode.
    history : tuple of :class:`Epoch`
        One for each epoch.
    provenance : dictionary
        How it was made, for :func:`xnorflow.model.export.export`.
    """

    module: nn.Sequential
    history: tuple[Epoch, ...]
    provenance: dict[str, str]


@dataclass(frozen=True)
class _Settings:
    """The parameters of :func:`train` that shape the result."""

    epochs: int
    batch: int
    rate: float
    seed: int
    stochastic: bool
    validation: float


@dataclass(frozen=True)
class _Images:
    """Raw images and their classes."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)


def train(
    definition: Definition,
    dataset: Dataset,
    *,
    epochs: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    seed: int = 0,
    stochastic: bool = False,
    validation: float = 0.1,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train a network from scratch; the test images are not looked at.

    The same arguments on the same machine give the same weights to the last bit; networks of more than
    :data:`ONE_THREAD` weights need the same number of threads too. Torch's global random state is as before afterwards.

    Parameters
    ----------
    definition : :class:`xnorflow.model.zoo.Definition`
        The network; it also has the defaults of ``epochs``, ``batch`` and ``rate``.
    dataset : :class:`xnorflow.model.datasets.Dataset`
        Images of the shape that the network takes.
    epochs, batch : :class:`int`
        Passes over the training images, and images per step.
    rate : :class:`float`
        Peak of the learning rate.
    seed : :class:`int`
        Seed of everything random: first weights, order of the images, distortions, stochastic signs, validation split.
    stochastic : :class:`bool`
        Draw the activations' signs at random while training.
    validation : :class:`float`
        Share of the training images that is held out for the curve, in 0 to 0.5.
    on_epoch : function
        Called after each epoch, for progress; what it raises ends the training.

    Raises
    ------
    ValueError
        When a parameter is out of its range, or the data set is not for this network.
    """
    settings = _Settings(
        epochs=definition.epochs if epochs is None else epochs,
        batch=definition.batch if batch is None else batch,
        rate=definition.rate if rate is None else rate,
        seed=seed,
        stochastic=stochastic,
        validation=validation,
    )
    _check(definition, dataset, settings)
    with _reproducible(seed, threads=1 if definition.weight_bits < ONE_THREAD else torch.get_num_threads()):
        module = module_for(definition, stochastic=stochastic)
        learn, held = _split(dataset, settings)
        history = []
        for epoch in _epochs(module, learn, held, settings, definition.distortion):
            history.append(epoch)
            if on_epoch is not None:
                on_epoch(epoch)
    recipe = {key: str(value) for key, value in dataclasses.asdict(settings).items()}
    provenance = {"weights": "trained", "definition": definition.name, **recipe, "torch": str(torch.__version__)}
    return Trained(module.eval(), tuple(history), provenance)


@torch.no_grad()
def classes(module: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Class of each image, by a module in eval mode; raw images."""
    # A copy, for the array may be read-only, which torch does not know.
    return np.asarray(_scores(module, torch.tensor(images)).argmax(dim=1).numpy())


def _check(definition: Definition, dataset: Dataset, settings: _Settings) -> None:
    """Raise what :func:`train` says it raises."""
    if settings.epochs < 1:
        raise ValueError(f"epochs must be 1 or more, not {settings.epochs!r}")
    if settings.batch < 2:
        raise ValueError(f"batch must be 2 or more, for batch norm needs a variance, not {settings.batch!r}")
    if not (math.isfinite(settings.rate) and settings.rate > 0):
        raise ValueError(f"rate must be above 0, not {settings.rate!r}")
    if not 0 <= settings.seed < 1 << 32:
        raise ValueError(f"seed must be in 0..{(1 << 32) - 1}, not {settings.seed!r}")
    if not 0 <= settings.validation <= 0.5:
        raise ValueError(f"validation must be in 0 to 0.5, not {settings.validation!r}")
    if dataset.train_images.shape[1:] != definition.input.shape:
        takes, has = (_pixels(shape) for shape in (definition.input.shape, dataset.train_images.shape[1:]))
        raise ValueError(f"{definition.name} takes images of {takes}, but {dataset.name} has {has}; choose another")
    if len(dataset.classes) != definition.classes:
        raise ValueError(
            f"{definition.name} has {definition.classes} classes, but {dataset.name} has {len(dataset.classes)}"
        )


def _pixels(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


@contextlib.contextmanager
def _reproducible(seed: int, *, threads: int) -> Iterator[None]:
    """Seeded random numbers and deterministic kernels inside, torch's global state as before afterwards."""
    deterministic, before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
            torch.use_deterministic_algorithms(deterministic)


def _split(dataset: Dataset, settings: _Settings) -> tuple[_Images, _Images]:
    """Images to learn from and images held out; the same ones for every network with the same seed."""
    images, labels = torch.tensor(dataset.train_images), torch.tensor(dataset.train_labels)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(settings.seed))
    held, learn = order.tensor_split([round(settings.validation * len(images))])
    return _Images(images[learn], labels[learn]), _Images(images[held], labels[held])


def _epochs(
    module: nn.Sequential, learn: _Images, held: _Images, settings: _Settings, distortion: Distortion | None
) -> Iterator[Epoch]:
    """Train the module, one epoch at a time."""
    # The order of the images has a generator of its own, so that what the network draws does not change it.
    generator = torch.Generator().manual_seed(settings.seed)
    steps = max(1, len(learn) // settings.batch)
    optimizer = torch.optim.Adam(module.parameters(), lr=settings.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=steps * settings.epochs)
    start = time.perf_counter()
    for number in range(1, settings.epochs + 1):
        module.train()
        loss, right = 0.0, 0
        # Split evenly, so that no batch is so small that its statistics are worthless.
        for indices in torch.randperm(len(learn), generator=generator).tensor_split(steps):
            images, labels = learn.images[indices], learn.labels[indices]
            if distortion is not None:
                images = distort(images, distortion, generator=generator)
            step_loss, step_right = _step(module, images, labels, optimizer)
            schedule.step()
            loss, right = loss + step_loss * len(labels), right + step_right
        learnt = loss / len(learn), right / len(learn)
        yield Epoch(number, settings.epochs, *learnt, *_measure(module, held), time.perf_counter() - start)


def _step(module: nn.Sequential, images: Tensor, labels: Tensor, optimizer: torch.optim.Optimizer) -> tuple[float, int]:
    """One step of training; gives the loss and the number of right answers before it."""
    optimizer.zero_grad()
    logits = module(images)
    loss = cross_entropy(logits, labels)
    loss.backward()  # type: ignore[no-untyped-call]  # torch's own lacks annotations
    optimizer.step()
    clip_latent(module)
    return loss.item(), int((logits.argmax(dim=1) == labels).sum())


@torch.no_grad()
def _measure(module: nn.Sequential, held: _Images) -> tuple[float | None, float | None]:
    """Loss and accuracy in eval mode, None where no images are held out."""
    if not len(held):
        return None, None
    scores = _scores(module.eval(), held.images)
    head = next(layer for layer in module.modules() if isinstance(layer, Scores))
    loss = cross_entropy(head.logits(scores), held.labels)
    return loss.item(), (scores.argmax(dim=1) == held.labels).double().mean().item()


def _scores(module: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([module(part) for part in torch.split(images, EVALUATION_BATCH)])
