"""Beginning a training with the weights and thresholds of a network: to train it further, or on other images."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .. import ir
from .batchnorm import BatchNorm, BatchNorm2d
from .layers import BinaryConv2d, BinaryLinear, Scores
from .quantizers import Thermometer

__all__ = ["start_from"]


@torch.no_grad()
def start_from(module: nn.Sequential, network: ir.Network, images: Tensor, *, latent: float) -> None:
    """Give a module the weights of a network, so that in eval mode it computes what the network does.

    Batch statistics are measured on some images; each batch norm then shifts by what makes it equal to the thresholds.

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
    values, layer = images, None
    for part in module:
        if isinstance(part, Thermometer) and isinstance(network.input, ir.Thermometer):
            part.set_levels(network.input.levels)
        if isinstance(part, BinaryLinear | BinaryConv2d):
            layer, tensor = next(weighted)
            part.weight.copy_(_like(part.weight, latent * (2.0 * _torch_order(layer) - 1)))
        if isinstance(part, Scores) and layer is not None and isinstance(layer.ending, ir.Bias):
            part.bias.copy_(_like(part.bias, layer.ending.bias))
        if isinstance(part, BatchNorm | BatchNorm2d) and layer is not None:
            _set(part, values, _thresholds(layer, tensor))
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


def _thresholds(layer: ir.Matrix, tensor: ir.Tensor) -> NDArray[np.float64]:
    """Dot products half-way between those that give 0 and those that give 1."""
    assert isinstance(layer.ending, ir.Thresholds)
    thresholds = layer.ending.thresholds.astype(np.float64)
    return 2 * thresholds - layer.mw - 1 if tensor.element is ir.Element.BIT else thresholds - 0.5


def _set(norm: BatchNorm | BatchNorm2d, dots: Tensor, thresholds: NDArray[np.float64]) -> None:
    """Statistics of the dots, and the shift that makes the sign change at the thresholds."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    var, mean = torch.var_mean(dots.double().transpose(0, 1).flatten(1), dim=1)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(var)
    # With what was rounded to the buffers' type, so that only this shift itself is rounded.
    mean, var = norm.running_mean.double(), norm.running_var.double()
    norm.weight.fill_(1)
    norm.bias.copy_((mean - _like(mean, thresholds)) / torch.sqrt(var + norm.eps))


def _like(tensor: Tensor, values: NDArray[np.generic]) -> Tensor:
    return torch.tensor(values).to(tensor)
