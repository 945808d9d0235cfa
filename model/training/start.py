"""Beginning a training with the weights and thresholds of a network: to train it further, or on other images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .. import ir
from .batchnorm import BatchNorm, BatchNorm2d
from .layers import BinaryConv2d, BinaryLinear, Levels, Scores, Sign
from .quantizers import Thermometer

__all__ = ["start_from"]


@dataclass(frozen=True)
class Line:
    """What an activation of the module is for one of the network: ``scale * value + offset``."""

    scale: float
    offset: float


SAME = Line(1, 0)


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
    weighted, tensor = _weighted(network), network.input.output
    values, layer, line = images, None, SAME
    parts = list(module)
    for part, behind in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(part, Thermometer) and isinstance(network.input, ir.Thermometer):
            part.set_levels(network.input.levels)
        if isinstance(part, BinaryLinear | BinaryConv2d):
            layer, tensor = next(weighted)
            part.weight.copy_(_like(part.weight, latent * (2.0 * _torch_order(layer) - 1)))
        if isinstance(part, Scores) and layer is not None and isinstance(layer.ending, ir.Bias):
            part.bias.copy_(_like(part.bias, layer.ending.bias))
        if isinstance(part, BatchNorm | BatchNorm2d) and layer is not None:
            _set(part, values, _borders(layer, tensor, line), behind)
        if isinstance(part, Sign | Levels) and layer is not None:
            line = _line(layer, part)
        values = part(values)
    module.train(training)


def _check(module: nn.Sequential, network: ir.Network) -> None:
    """Refuse a network that is not of the module's layers."""
    ours = [part.weight.shape for part in module if isinstance(part, BinaryLinear | BinaryConv2d)]
    theirs = [torch.Size(_torch_order(layer).shape) for layer, _ in _weighted(network)]
    if ours != theirs:
        names = [" ".join("x".join(map(str, shape)) for shape in shapes) for shapes in (ours, theirs)]
        raise ValueError(f"the network to start from must have weights of {names[0]}, not {names[1]}")
    if (shape := getattr(module[0], "shape", None) or module[0].rule.shape) != network.input.shape:
        raise ValueError(f"the network to start from must take images of {shape}, not {network.input.shape}")


def _weighted(network: ir.Network) -> Iterator[tuple[ir.Matrix, ir.Tensor]]:
    """Each layer with weights, and the type of its input."""
    return ((step.matrix, step.input) for step in network.steps() if step.matrix is not None)


def _torch_order(layer: ir.Matrix) -> NDArray[np.uint8]:
    """Weights with the channels where torch has them."""
    return layer.weights.transpose(0, 3, 1, 2) if isinstance(layer, ir.Conv2d) else layer.weights


def _borders(layer: ir.Matrix, tensor: ir.Tensor, line: Line) -> NDArray[np.float64]:
    """Dot products half-way between those that do not reach a level and those that do, of shape ``(mh, k)``.

    They are those of the module, whose inputs are ``line.scale * value + line.offset`` for the network's.
    """
    assert isinstance(layer.ending, ir.Thresholds)
    levels = layer.ending.levels.astype(np.float64)
    dots = 2 * levels - layer.mw - 1 if tensor.element is ir.Element.BIT else levels - 0.5
    weights = 2 * layer.matrix.sum(axis=1, dtype=np.float64) - layer.mw
    return np.asarray(line.scale * dots + line.offset * weights[:, np.newaxis])


def _line(layer: ir.Matrix, activation: Sign | Levels) -> Line:
    """What an activation of a module gives, as a line of what the same neuron of the network gives."""
    assert isinstance(layer.ending, ir.Thresholds)
    count = layer.ending.levels.shape[1]
    # The lowest and the highest value of each.
    theirs = (-1, 1) if count == 1 else (0, count)
    ours = (-1, 1) if isinstance(activation, Sign) else (0, activation.highest)
    scale = (ours[1] - ours[0]) / (theirs[1] - theirs[0])
    return Line(scale, ours[0] - scale * theirs[0])


def _set(
    norm: BatchNorm | BatchNorm2d, dots: Tensor, borders: NDArray[np.float64], activation: nn.Module | None
) -> None:
    """Statistics of the dots, and the scale and shift that put the middle of the levels where the borders' is."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    var, mean = torch.var_mean(dots.double().transpose(0, 1).flatten(1), dim=1)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(var)
    # With what was rounded to the buffers' type, so that only this shift itself is rounded.
    mean, deviation = norm.running_mean.double(), torch.sqrt(norm.running_var.double() + norm.eps)
    norm.weight.fill_(1)
    targets = activation.borders() if isinstance(activation, Levels) else [0.0]
    if borders.shape[1] == len(targets) > 1:
        distance = _like(mean, borders[:, -1] - borders[:, 0])
        # Neurons without a distance are constant, or nearly.
        stretched = (targets[-1] - targets[0]) * deviation / distance
        norm.weight.copy_(torch.where(distance > 0, stretched, 1))
    middle = (_like(mean, borders[:, 0] + borders[:, -1]) / 2 - mean) * norm.weight.double() / deviation
    norm.bias.copy_((targets[0] + targets[-1]) / 2 - middle)


def _like(tensor: Tensor, values: NDArray[np.generic]) -> Tensor:
    return torch.tensor(values).to(tensor)
