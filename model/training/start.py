"""Beginning a training with the weights and thresholds of a network: to train it further, or on other images."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .. import ir
from ..numbers import pair
from .batchnorm import BatchNorm, BatchNorm2d
from .layers import BinaryConv2d, BinaryLinear, Levels, Residual, Scores, Sign
from .quantizers import Thermometer

__all__ = ["start_from"]


@dataclass(frozen=True)
class Line:
    """What an activation of the module is for one of the network: ``scale * value + offset``."""

    scale: float
    offset: float


SAME = Line(1, 0)


@dataclass(frozen=True)
class _Chooser:
    """What stands behind a residual, and by how much what is added is shifted."""

    activation: Sign | Levels
    shift: int


@torch.no_grad()
def start_from(module: nn.Sequential, network: ir.Network, images: Tensor, *, latent: float) -> None:
    """Give a module the weights of a network, so that in eval mode it computes what the network does.

    Batch statistics are measured on some images; each batch norm then shifts by what makes it equal to the thresholds.
    A module whose activations have several bits computes nearly what the network does: its levels are at one distance
    in each neuron, and around the middle of the network's.

    Parameters
    ----------
    module : :class:`torch.nn.Sequential`
        As :func:`xnorflow.model.training.layers.module_for` makes it.
    network : :class:`xnorflow.model.ir.Network`
        Of the same layers.
    images : ``uint8`` tensor
        Raw images, on the module's device.
    latent : :class:`float`
        Magnitude of the latent weights, whose signs are the network's.

    Raises
    ------
    ValueError
        When the network has another input or other layers.
    """
    training = module.training
    module.eval()
    _check(module, network)
    start = _Start(iter(tuple(network.steps())), latent)
    if isinstance(module[0], Thermometer) and isinstance(network.input, ir.Thermometer):
        module[0].set_levels(network.input.levels)
    start.through(list(module), images)
    module.train(training)


@dataclass(frozen=True)
class _Borders:
    """Dot products between two levels, and what batch normalization should make of them.

    Parameters
    ----------
    dots : array of shape ``(mh, k)``
        Half-way between those that do not reach a level and those that do.
    crossed : array of :class:`bool` of the same shape
        Whether there are dot products on both sides.
    targets : list of :class:`float`
        Of each column; of other levels than the network's when there are more or fewer.
    """

    dots: NDArray[np.float64]
    crossed: NDArray[np.bool_]
    targets: list[float]

    def outermost(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The first and the last border of each neuron that is crossed, and their targets."""
        count, columns = self.dots.shape
        if columns != len(self.targets):
            ends = np.array([self.targets[0], self.targets[-1]])
            return self.dots[:, [0, -1]].T, ends.repeat(count).reshape(2, count)
        last = columns - 1 - self.crossed[:, ::-1].argmax(axis=1)
        places = np.stack([np.where(self.crossed.any(axis=1), self.crossed.argmax(axis=1), 0), last])
        return np.take_along_axis(self.dots, places.T, axis=1).T, np.array(self.targets)[places]


class _Start:
    """A walk through a module and the steps of the network.

    Parameters
    ----------
    steps : iterator of :class:`xnorflow.model.ir.Step`
        The network's.
    latent : :class:`float`
        Magnitude of the latent weights.
    """

    def __init__(self, steps: Iterator[ir.Step], latent: float) -> None:
        self._steps, self._latent = steps, latent
        self._step: ir.Step | None = None
        self._line, self._area = SAME, 1

    def through(self, parts: Sequence[nn.Module], values: Tensor, chooser: _Chooser | None = None) -> Tensor:
        """Give modules their numbers, and what comes in to them; where they are an arm, what is added behind it."""
        for part, behind in zip(parts, [*parts[1:], None], strict=True):
            if (
                isinstance(part, Residual)
                and isinstance(behind, Sign | Levels)
                and isinstance(part.main, nn.Sequential)
            ):
                values = self.through(list(part.main), values, _Chooser(behind, part.shifts[1])) + values
                continue
            if isinstance(part, BinaryLinear | BinaryConv2d):
                self._step = next(step for step in self._steps if step.matrix is not None)
                layer = self._step.matrix
                assert layer is not None
                part.weight.copy_(_like(part.weight, self._latent * (2.0 * _torch_order(layer) - 1)))
                if isinstance(part, Scores) and isinstance(layer.ending, ir.Bias):
                    part.bias.copy_(_like(part.bias, layer.ending.bias / self._area))
            if isinstance(part, nn.AvgPool2d):
                area = math.prod(pair("kernel_size", part.kernel_size))
                self._line, self._area = Line(self._line.scale / area, self._line.offset), self._area * area
            if isinstance(part, BatchNorm | BatchNorm2d) and self._step is not None:
                _set(part, values, self._chosen(chooser) if chooser and behind is None else self._own(behind))
            if isinstance(part, Sign | Levels) and self._step is not None:
                self._line, self._area = _line(self._step.output, part), 1
            values = part(values)
        return values

    def _own(self, activation: nn.Module | None) -> _Borders:
        """Borders of the dot products of a product."""
        assert self._step is not None
        layer, line = self._step.matrix, self._line
        assert layer is not None
        if not isinstance(layer.ending, ir.Thresholds):
            raise ValueError(f"the network to start from must have no {self._step.name} that is added to something")
        levels, sums = layer.ending.levels.astype(np.float64), layer.sums(self._step.input)
        dots = 2 * levels - layer.mw - 1 if sums.matches else levels - 0.5
        # Inputs of the module are scale * value + offset for the network's.
        weights = 2 * layer.matrix.sum(axis=1, dtype=np.float64) - layer.mw
        borders = np.asarray(line.scale * dots + line.offset * weights[:, np.newaxis])
        targets = activation.borders() if isinstance(activation, Levels) else [0.0]
        return _Borders(borders, (levels > sums.span[0]) & (levels <= sums.span[1]), targets)

    def _chosen(self, chooser: _Chooser) -> _Borders:
        """The same at the end of an arm, behind which a value chooses among levels."""
        step = next(self._steps, None)
        activation = chooser.activation
        targets = activation.borders() if isinstance(activation, Levels) else [0.0]
        if step is None or not isinstance(step.layer, ir.Threshold) or len(step.inputs) != 2 or self._line != SAME:
            raise ValueError("the network to start from must have the same residuals")
        low, high = step.inputs[1].span
        added = [value << chooser.shift for value in range(low, high + 1, step.inputs[1].step)]
        wanted = [target - number for number in added for target in targets]
        levels: NDArray[np.int64] = step.layer.levels.reshape(step.layer.channels, -1)
        if levels.shape[1] != len(wanted):
            raise ValueError("the network to start from must have activations of as many bits around residuals")
        self._step = step
        order = np.argsort(wanted, kind="stable")
        levels, (low, high) = levels[:, order], step.inputs[0].span
        return _Borders(
            levels.astype(np.float64) - 0.5, (levels > low) & (levels <= high), [wanted[place] for place in order]
        )


def _check(module: nn.Sequential, network: ir.Network) -> None:
    """Refuse a network that is not of the module's layers."""
    ours = [part.weight.shape for part in module.modules() if isinstance(part, BinaryLinear | BinaryConv2d)]
    theirs = [torch.Size(_torch_order(layer).shape) for layer in network.matrices.values()]
    if ours != theirs:
        names = [" ".join("x".join(map(str, shape)) for shape in shapes) for shapes in (ours, theirs)]
        raise ValueError(f"the network to start from must have weights of {names[0]}, not {names[1]}")
    if (shape := getattr(module[0], "shape", None) or module[0].rule.shape) != network.input.shape:
        raise ValueError(f"the network to start from must take images of {shape}, not {network.input.shape}")


def _torch_order(layer: ir.Matrix) -> NDArray[np.uint8]:
    """Weights with the channels where torch has them."""
    return layer.weights.transpose(0, 3, 1, 2) if isinstance(layer, ir.Conv2d) else layer.weights


def _line(given: ir.Tensor, activation: Sign | Levels) -> Line:
    """What an activation of a module gives, as a line of what the same neuron of the network gives."""
    # The lowest and the highest value of each.
    theirs = given.span
    ours = (-1, 1) if isinstance(activation, Sign) else (0, activation.highest)
    scale = (ours[1] - ours[0]) / (theirs[1] - theirs[0])
    return Line(scale, ours[0] - scale * theirs[0])


def _set(norm: BatchNorm | BatchNorm2d, dots: Tensor, borders: _Borders) -> None:
    """Statistics of the dots, and the scale and shift that put the middle of the levels where the borders' is."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    var, mean = torch.var_mean(dots.double().transpose(0, 1).flatten(1), dim=1)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(var)
    # With what was rounded to the buffers' type, so that only this shift itself is rounded.
    mean, deviation = norm.running_mean.double(), torch.sqrt(norm.running_var.double() + norm.eps)
    outer, ends = borders.outermost()
    norm.weight.fill_(1)
    if borders.dots.shape[1] == len(borders.targets):
        distance = _like(mean, outer[1] - outer[0])
        # Neurons without a distance are constant, or nearly.
        stretched = _like(mean, ends[1] - ends[0]) * deviation / distance
        norm.weight.copy_(torch.where(distance > 0, stretched, 1))
    middle = (_like(mean, outer[0] + outer[1]) / 2 - mean) * norm.weight.double() / deviation
    norm.bias.copy_(_like(mean, ends[0] + ends[1]) / 2 - middle)


def _like(tensor: Tensor, values: NDArray[np.generic]) -> Tensor:
    return torch.tensor(values).to(tensor)
