"""Torch modules for training binarized networks, each with an exact meaning in the IR.

In eval mode every module computes what ``docs/ir.md`` says, to the last bit; :mod:`.export` lowers them.
"""

import contextlib
import dataclasses
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from .. import ir
from ..outlines import Block, Filters, Neurons, Outline, chain
from ..recipe import Recipe
from ..zoo import Definition
from .batchnorm import BatchNorm, BatchNorm2d
from .levels import Levels
from .products import BinaryConv2d, BinaryLinear, Scores
from .quantizers import Affine, Thermometer
from .residual import Residual
from .signs import SIGNS, stochastic_sign_ste

__all__ = [
    "Affine",
    "BatchNorm",
    "BatchNorm2d",
    "BinaryConv2d",
    "BinaryLinear",
    "Levels",
    "Residual",
    "Scores",
    "Sign",
    "StreamFlatten",
    "Thermometer",
    "approximate",
    "clip_latent",
    "max_pool",
    "module_for",
]


class StreamFlatten(nn.Module):
    """Images to vectors in the order in which hardware streams them: row by row, channels innermost.

    Takes ``(count, channels, height, width)`` and gives ``(count, height * width * channels)``; vectors stay as they
    are. :class:`torch.nn.Flatten` gives the channels outermost; exporting it reorders the next layer's weights.
    """

    def forward(self, x: Tensor) -> Tensor:
        return (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).flatten(1)


class Sign(nn.Module):
    """Sign with a gradient that passes; sign(0) = +1. Eval mode is always the deterministic sign.

    There it gives numbers of the module's own type, float32 or float64, whatever a batch norm before it gives.

    Parameters
    ----------
    stochastic : :class:`bool`
        Draw the signs at random in training mode (:func:`xnorflow.model.training.signs.stochastic_sign_ste`).
    gradient : :class:`str`
        Gradient of the deterministic sign, one of :data:`xnorflow.model.recipe.GRADIENTS`.

    Members
    -------
    slope : :class:`float` or None
        In training mode ``tanh(slope * x)`` stands in for the sign while this is not None: binarization by degrees
        (Yang et al., Quantization Networks, arXiv 1911.09464).
    """

    def __init__(self, *, stochastic: bool = False, gradient: str = "clip") -> None:
        super().__init__()
        self.stochastic, self.gradient = stochastic, gradient
        self.slope: float | None = None
        self.one: Tensor
        # Has the type that the module was converted to, and is no part of what is saved.
        self.register_buffer("one", torch.ones(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.slope is not None:
            return torch.tanh(self.slope * x)
        if self.training:
            return stochastic_sign_ste(x) if self.stochastic else SIGNS[self.gradient](x)
        return SIGNS[self.gradient](x).to(torch.promote_types(self.one.dtype, torch.float32))

    def extra_repr(self) -> str:
        return f"stochastic={self.stochastic}, gradient={self.gradient!r}"


def clip_latent(module: nn.Module) -> None:
    """Clip the latent weights of every layer to [-1, 1], and learnt levels and scales to their range."""
    for layer in module.modules():
        if isinstance(layer, BinaryLinear | BinaryConv2d | Levels | Thermometer):
            layer.clip_latent()


@contextlib.contextmanager
def approximate(module: nn.Module) -> Iterator[None]:
    """Eval mode with torch's own kernels inside, which are faster and may round a tie to the wrong sign."""
    kinds = BinaryLinear | BinaryConv2d | BatchNorm | BatchNorm2d | Residual
    layers = [layer for layer in module.modules() if isinstance(layer, kinds)]
    for layer in layers:
        layer.exact = False
    try:
        yield
    finally:
        for layer in layers:
            layer.exact = True


def module_for(definition: Definition, recipe: Recipe | None = None) -> nn.Sequential:
    """A fresh torch network for a definition from the zoo, with random latent weights from torch's generator.

    Parameters
    ----------
    definition : :class:`xnorflow.model.zoo.Definition`
        The network.
    recipe : :class:`xnorflow.model.recipe.Recipe`
        How it will be trained; else as the definition says.
    """
    rule, recipe = definition.input, recipe or definition.recipe
    parameters = dataclasses.asdict(rule)
    modules: list[nn.Module] = [
        Thermometer(**parameters, learn=recipe.learn_levels)
        if isinstance(rule, ir.Thermometer)
        else Affine(**parameters)
    ]
    for outline, tensor in chain(definition.layers, rule.output):
        if (outline is None or isinstance(outline, Neurons)) and len(tensor.shape) > 1:
            modules.append(StreamFlatten())
        if outline is None:
            modules.append(Scores(tensor.size, definition.classes))
        else:
            modules += _modules(outline, tensor, recipe)
    network = nn.Sequential(*modules)
    for module in network.modules():
        if isinstance(module, BinaryLinear | BinaryConv2d):
            module.weight.data *= recipe.init
    return network


def _modules(outline: Outline, tensor: ir.Tensor, recipe: Recipe) -> list[nn.Module]:
    """The modules of one layer, for an input of type ``tensor``."""
    if isinstance(outline, ir.MaxPool):
        return [max_pool(outline)]
    if isinstance(outline, ir.SumPool):
        return [nn.AvgPool2d(outline.kernel, outline.stride)]
    if isinstance(outline, Block):
        parts = [
            module
            for part, incoming in chain(outline.main, tensor)
            if part is not None
            for module in _modules(part, incoming, recipe)
        ]
        return [Residual(nn.Sequential(*parts[:-1])), parts[-1]]
    activation = (
        Levels(outline.bits) if outline.bits > 1 else Sign(stochastic=recipe.stochastic, gradient=recipe.gradient)
    )
    if isinstance(outline, Neurons):
        return [BinaryLinear(tensor.size, outline.count), BatchNorm(outline.count), activation]
    convolution = BinaryConv2d(
        channels=tensor.shape[2],
        filters=outline.count,
        kernel=outline.kernel,
        stride=outline.stride,
        padding=outline.padding,
        fill=_fill(outline, tensor),
    )
    return [convolution, BatchNorm2d(outline.count), activation]


def max_pool(outline: ir.MaxPool) -> nn.MaxPool2d:
    """Torch's module for a pool; ValueError when there is none with such a padding."""
    padding, most = outline.padding, (outline.kernel[0] // 2, outline.kernel[1] // 2)
    if len(padding) == 4 or padding[0] > most[0] or padding[1] > most[1]:
        raise ValueError(
            f"padding of a pool must be at most {most}, the same on opposite sides, where torch trains, not {padding}"
        )
    return nn.MaxPool2d(outline.kernel, outline.stride, padding)


def _fill(outline: Filters, tensor: ir.Tensor) -> int:
    """Torch's value of the padding: a bit stands for -1 or +1, and between them for nothing."""
    if outline.pad == ir.ZERO:
        return 0
    return 2 * outline.pad - 1 if tensor.element is ir.Element.BIT else outline.pad
