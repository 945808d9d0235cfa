"""One training run: all that changes from step to step, and how it is saved and restored."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ..recipe import Recipe
from .augment import distort
from .layers import Scores, Sign, approximate, clip_latent
from .teacher import distillation_loss

__all__ = ["Epoch", "Images", "Run", "Step"]

EVALUATION_BATCH = 100

RISING = 0.75
"""Share of the epochs in which the slope of a binarization by degrees rises."""

STATISTICS_IMAGES = 10_000
"""Training images by which batch statistics are measured anew."""

SCHEDULERS: dict[str, Callable[[torch.optim.Optimizer, float, int], lr_scheduler.LRScheduler]] = {
    "one-cycle": lambda optimizer, rate, steps: lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps),
    "cosine": lambda optimizer, _, steps: lr_scheduler.CosineAnnealingLR(optimizer, steps),
}
"""What :data:`xnorflow.model.recipe.SCHEDULES` names."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images gave.

    Parameters
    ----------
    number, epochs : :class:`int`
        Which one, from 1, of how many.
    loss, accuracy : :class:`float`
        Loss and share of right answers on the training images, while they were learnt from.
    validation_loss, validation_accuracy : :class:`float` or None
        Cross entropy and share of right answers in eval mode on the images held out, as
        :func:`xnorflow.model.training.layers.approximate` has it; None when there are none.
    seconds : :class:`float`
        Spent in training until then; interruptions do not count.
    """

    number: int
    epochs: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True)
class Step:
    """How far a run is.

    Parameters
    ----------
    number, steps : :class:`int`
        Steps that are done, of how many in the whole run.
    first : :class:`int`
        Step at which this process began; more than 0 when an interrupted run goes on.
    last : :class:`Epoch` or None
        The last whole epoch.
    """

    number: int
    steps: int
    first: int
    last: Epoch | None


@dataclass(frozen=True)
class Images:
    """Raw images and their classes."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device) -> "Images":
        """The same on a device."""
        return Images(self.images.to(device), self.labels.to(device))


class Run:
    """A module in training.

    Parameters
    ----------
    module : :class:`torch.nn.Sequential`
        Network, on the device to train on.
    recipe : :class:`xnorflow.model.recipe.Recipe`
        How.
    learn, held : :class:`Images`
        Images to learn from and images held out, on the same device.
    seed : :class:`int`
        Seed of the order of the images and of their distortions.
    teacher : :class:`torch.nn.Module`
        Whose answers are learnt too, where the recipe has a teacher; on the same device.

    Members
    -------
    history : list of :class:`Epoch`
        The epochs so far.
    """

    def __init__(
        self,
        module: nn.Sequential,
        recipe: Recipe,
        *,
        learn: Images,
        held: Images,
        seed: int,
        teacher: nn.Module | None = None,
    ) -> None:
        self.module, self.recipe, self.learn, self.held = module, recipe, learn, held
        self.history: list[Epoch] = []
        self._teacher = teacher
        # The order of the images has a generator of its own, so that what the network draws does not change it.
        self._generator = torch.Generator().manual_seed(seed)
        self._steps = max(1, len(learn) // recipe.batch)
        self._optimizer = torch.optim.Adam(module.parameters(), lr=recipe.rate, fused=True)
        self._schedule = SCHEDULERS[recipe.schedule](self._optimizer, recipe.rate, self._steps * recipe.epochs)
        self._average = _average(module, recipe.average) if recipe.average else None

    def epochs(self, on_step: Callable[[Step], None]) -> Iterator[Epoch]:
        """Train, one epoch at a time, from where the run is to its end."""
        first, before = len(self.history), self.history[-1].seconds if self.history else 0.0
        start = time.perf_counter()
        for number in range(first + 1, self.recipe.epochs + 1):
            done = (number - 1) * self._steps

            def tell(step: int, done: int = done) -> None:
                last = self.history[-1] if self.history else None
                on_step(Step(done + step, self._steps * self.recipe.epochs, first * self._steps, last))

            self._set_slope((number - 1) / self.recipe.epochs)
            learnt = self._learn(tell)
            seconds = before + time.perf_counter() - start
            epoch = Epoch(number, self.recipe.epochs, *learnt, *_measure(self.module, self.held), seconds)
            self.history.append(epoch)
            yield epoch

    def _learn(self, tell: Callable[[int], None]) -> tuple[float, float]:
        """One pass over the training images; gives loss and accuracy."""
        self.module.train()
        loss, right = (torch.zeros((), dtype=torch.float64, device=self.learn.labels.device) for _ in range(2))
        # Split evenly, so that no batch is so small that its statistics are worthless.
        batches = torch.randperm(len(self.learn), generator=self._generator).tensor_split(self._steps)
        for step, indices in enumerate(batches, start=1):
            indices = indices.to(self.learn.labels.device)
            step_loss, step_right = self._step(self._distorted(indices), self.learn.labels[indices])
            # Summed on the device, which need not wait then.
            loss += step_loss * len(indices)
            right += step_right
            tell(step)
        return loss.item() / len(self.learn), right.item() / len(self.learn)

    def _distorted(self, indices: Tensor) -> Tensor:
        """Training images, each distorted anew."""
        images = self.learn.images[indices]
        if self.recipe.distortion is None:
            return images
        return distort(images, self.recipe.distortion, generator=self._generator)

    def _step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One step of training; gives the loss and the number of right answers before it."""
        self._optimizer.zero_grad()
        # Half precision is faster on a GPU only.
        with torch.autocast(images.device.type, enabled=images.device.type == "cuda"):
            logits = self.module(images).float()
            loss = self._loss(logits, images, labels)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own lacks annotations
        self._optimizer.step()
        self._schedule.step()
        clip_latent(self.module)
        if self._average is not None:
            self._average.update_parameters(self.module)
        return loss.detach(), (logits.argmax(dim=1) == labels).sum()

    def _loss(self, logits: Tensor, images: Tensor, labels: Tensor) -> Tensor:
        if self._teacher is None or self.recipe.teacher is None:
            return cross_entropy(logits, labels)
        with torch.no_grad():
            answers = self._teacher(images).float()
        return distillation_loss(logits, labels, answers, self.recipe.teacher)

    def _set_slope(self, done: float) -> None:
        """Have the signs as steep as they are when that share of the epochs is done."""
        slope = self.recipe.slope ** (done / RISING) if self.recipe.slope and done < RISING else None
        for layer in self.module.modules():
            if isinstance(layer, Sign):
                layer.slope = slope

    @torch.no_grad()
    def settle(self) -> tuple[float | None, float | None]:
        """Make the module what is exported; gives loss and accuracy on the images held out, as of an :class:`Epoch`.

        Averaged weights take the place of the last ones, and batch statistics are measured anew, if the recipe says so.
        """
        if self._average is not None:
            self.module.load_state_dict(self._average.module.state_dict())
        if self._average is not None or self.recipe.calibrate:
            indices = torch.randperm(len(self.learn), generator=self._generator)[:STATISTICS_IMAGES]
            _calibrate(self.module, self.learn.images[indices.to(self.learn.labels.device)])
        return _measure(self.module, self.held)

    def state(self) -> dict[str, Any]:
        """All that the next epochs depend on, as a checkpoint takes it."""
        device = self.learn.labels.device
        return {
            "module": self.module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "average": self._average.state_dict() if self._average is not None else None,
            "order": self._generator.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what :meth:`state` gave."""
        self.module.load_state_dict(state["module"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self._generator.set_state(state["order"])
        torch.set_rng_state(state["torch"])
        if state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"], self.learn.labels.device)
        self.history = [Epoch(**epoch) for epoch in state["history"]]


def _average(module: nn.Module, decay: float) -> AveragedModel:
    """What follows the weights, and the batch statistics, which are measured anew at the end."""
    average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch's own lacks annotations
    return AveragedModel(module, multi_avg_fn=average, use_buffers=True)


@torch.no_grad()
def _calibrate(module: nn.Module, images: Tensor) -> None:
    """Measure batch statistics on these images, all else as in eval mode."""
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    module.eval()
    for norm in norms:
        norm.train().reset_running_stats()
        # A plain mean over all batches.
        norm.momentum = None
    with approximate(module):
        for part in torch.split(images, EVALUATION_BATCH):
            module(part)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    module.eval()


@torch.no_grad()
def _measure(module: nn.Sequential, held: Images) -> tuple[float | None, float | None]:
    """Loss and accuracy in eval mode, None where no images are held out."""
    if not len(held):
        return None, None
    with approximate(module):
        scores = scores_of(module.eval(), held.images)
    heads = [layer for layer in module.modules() if isinstance(layer, Scores)]
    logits = heads[0].logits(scores) if heads else scores
    return cross_entropy(logits, held.labels).item(), (scores.argmax(dim=1) == held.labels).double().mean().item()


def scores_of(module: nn.Module, images: Tensor) -> Tensor:
    """What a module in eval mode gives for many images."""
    return torch.cat([module(part) for part in torch.split(images, EVALUATION_BATCH)])
