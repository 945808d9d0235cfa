"""Torch modules for training binarized networks, each with an exact meaning in the IR.

In eval mode every module computes what ``docs/ir.md`` says, to the last bit; :mod:`xnorflow.model.export` lowers them.
"""

import contextlib
import dataclasses
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear, pad, unfold

from . import ir
from .batchnorm import BatchNorm, BatchNorm2d
from .plans import Filters, Neurons, Plan, place
from .quantizers import Affine, Thermometer
from .recipe import Recipe
from .signs import SIGNS, sign_ste, stochastic_sign_ste
from .zoo import Definition

__all__ = [
    "Affine",
    "BatchNorm",
    "BatchNorm2d",
    "BinaryConv2d",
    "BinaryLinear",
    "Scores",
    "Sign",
    "StreamFlatten",
    "Thermometer",
    "approximate",
    "clip_latent",
    "module_for",
]


class BinaryLinear(nn.Module):
    """Matrix product with the signs of latent weights; no bias, batch normalization brings one.

    The results are integers, and exact in eval mode: every partial sum is below 2**24, or else they are in float64.

    Parameters
    ----------
    mw : :class:`int`
        Inputs.
    mh : :class:`int`
        Neurons.

    Members
    -------
    weight : parameter of shape ``(mh, mw)``
        Latent weights, in [-1, 1] when :meth:`clip_latent` is called after each step.
    """

    def __init__(self, *, mw: int, mh: int) -> None:
        super().__init__()
        if mw < 1 or mh < 1:
            raise ValueError(f"mw and mh must be positive, not {mw!r} and {mh!r}")
        self.mw, self.mh = mw, mh
        self.weight = nn.Parameter(torch.empty(mh, mw).uniform_(-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        dtype = _precision(self, self.mw)
        return linear(x.to(dtype), sign_ste(self.weight).to(dtype))

    @torch.no_grad()
    def clip_latent(self) -> None:
        """Clip the latent weights to [-1, 1]; beyond it the gradient is cut and they would never come back."""
        self.weight.clamp_(-1, 1)

    def extra_repr(self) -> str:
        return f"mw={self.mw}, mh={self.mh}"


def _precision(layer: "BinaryLinear | BinaryConv2d", mw: int) -> torch.dtype:
    """Type that holds sums of ``mw`` inputs exactly; in training it is the weights', whatever they are."""
    # Inputs are 255 at most, so that the sums of few enough are below 2**24.
    return layer.weight.dtype if layer.training or mw < 1 << 16 else torch.float64


class BinaryConv2d(nn.Module):
    """Convolution with the signs of latent weights; no bias, batch normalization brings one.

    Takes and gives ``(count, channels, height, width)``.

    Parameters
    ----------
    channels : :class:`int`
        Input channels.
    filters : :class:`int`
        Output channels.
    kernel : pair of :class:`int`
        Rows and columns of a window.
    stride : pair of :class:`int`
        Rows and columns from one window to the next.
    padding : pair of :class:`int`
        Rows above and below, and columns left and right.
    fill : :class:`int`
        Value of the padding: -1 or +1 where the inputs are ±1, otherwise an integer of their range.

    Members
    -------
    exact : :class:`bool`
        Whether eval mode is exact, at the cost of time; see :func:`approximate`.
    weight : parameter of shape ``(filters, channels, *kernel)``
        Latent weights, in [-1, 1] when :meth:`clip_latent` is called after each step.
    """

    def __init__(
        self,
        *,
        channels: int,
        filters: int,
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        fill: int = -1,
    ) -> None:
        super().__init__()
        if min(channels, filters, *kernel) < 1:
            raise ValueError(f"channels, filters and kernel must be positive, not {channels}, {filters} and {kernel}")
        self.channels, self.filters, self.kernel = channels, filters, kernel
        self.stride, self.padding, self.fill, self.exact = stride, padding, fill, True
        self.weight = nn.Parameter(torch.empty(filters, channels, *kernel).uniform_(-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        (above, left), weight = self.padding, sign_ste(self.weight)
        dtype = _precision(self, weight[0].numel())
        padded = pad(x.to(dtype), (left, left, above, above), value=self.fill) if above or left else x.to(dtype)
        if self.training or not self.exact:
            return conv2d(padded, weight, stride=self.stride)
        # Fast convolutions may go through sums that are no integers; a matrix product does not.
        dots = weight.to(dtype).flatten(1) @ unfold(padded, self.kernel, stride=self.stride)
        windows = ((padded.shape[axis + 2] - self.kernel[axis]) // self.stride[axis] + 1 for axis in (0, 1))
        return dots.reshape(len(x), self.filters, *windows)

    @torch.no_grad()
    def clip_latent(self) -> None:
        """Clip the latent weights to [-1, 1]."""
        self.weight.clamp_(-1, 1)

    def extra_repr(self) -> str:
        names = ("channels", "filters", "kernel", "stride", "padding", "fill")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class StreamFlatten(nn.Module):
    """Images to vectors in the order in which hardware streams them: row by row, channels innermost.

    Takes ``(count, channels, height, width)`` and gives ``(count, height * width * channels)``; vectors stay as they
    are. :class:`torch.nn.Flatten` gives the channels outermost; exporting it reorders the next layer's weights.
    """

    def forward(self, x: Tensor) -> Tensor:
        return (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).flatten(1)


class Sign(nn.Module):
    """Sign with a gradient that passes; sign(0) = +1. Eval mode is always the deterministic sign.

    Parameters
    ----------
    stochastic : :class:`bool`
        Draw the signs at random in training mode (:func:`xnorflow.model.signs.stochastic_sign_ste`).
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

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.slope is not None:
            return torch.tanh(self.slope * x)
        return stochastic_sign_ste(x) if self.stochastic and self.training else SIGNS[self.gradient](x)

    def extra_repr(self) -> str:
        return f"stochastic={self.stochastic}, gradient={self.gradient!r}"


class Scores(BinaryLinear):
    """Last layer: integer scores, ``dot + round(bias)``.

    In eval mode it gives those integers as float64, so that their argmax is the class, ties to the lowest index. In
    training mode it gives :meth:`logits`.

    Parameters
    ----------
    mw : :class:`int`
        Inputs.
    classes : :class:`int`
        Classes.

    Members
    -------
    bias : parameter of shape ``(classes,)``
        Latent bias, rounded in the forward direction.
    log_temperature : parameter, one number
        Logarithm of what divides the scores for the loss. It cannot change an argmax, and no hardware knows it.
    """

    def __init__(self, *, mw: int, classes: int) -> None:
        super().__init__(mw=mw, mh=classes)
        self.bias = nn.Parameter(torch.zeros(classes))
        # Dots of random signs spread by sqrt(mw): divided by that, the loss starts with moderate logits.
        self.log_temperature = nn.Parameter(torch.tensor(0.5 * math.log(mw)))

    def forward(self, x: Tensor) -> Tensor:
        # Rounded forward; backward as if it were not.
        bias = self.bias + (self.bias.round() - self.bias).detach()
        scores = super().forward(x).double() + bias.double()
        return self.logits(scores) if self.training else scores

    def logits(self, scores: Tensor) -> Tensor:
        """Scores divided by the temperature, for the loss."""
        return (scores * torch.exp(-self.log_temperature)).to(self.weight.dtype)


def clip_latent(module: nn.Module) -> None:
    """Clip the latent weights of every layer to [-1, 1], and learnt levels to their range."""
    for layer in module.modules():
        if isinstance(layer, BinaryLinear | BinaryConv2d | Thermometer):
            layer.clip_latent()


@contextlib.contextmanager
def approximate(module: nn.Module) -> Iterator[None]:
    """Eval mode with torch's own kernels inside, which are faster and may round a tie to the wrong sign."""
    layers = [layer for layer in module.modules() if isinstance(layer, BinaryConv2d | BatchNorm | BatchNorm2d)]
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
    for plan, tensor in place(definition.layers, rule.output):
        if not isinstance(plan, Filters | ir.MaxPool) and len(tensor.shape) > 1:
            modules.append(StreamFlatten())
        if plan is None:
            modules.append(Scores(mw=tensor.size, classes=definition.classes))
        else:
            modules += _modules(plan, tensor, recipe)
    for module in modules:
        if isinstance(module, BinaryLinear | BinaryConv2d):
            module.weight.data *= recipe.init
    return nn.Sequential(*modules)


def _modules(plan: Plan, tensor: ir.Tensor, recipe: Recipe) -> list[nn.Module]:
    """The modules of one layer, for an input of type ``tensor``."""
    if isinstance(plan, ir.MaxPool):
        return [nn.MaxPool2d(plan.kernel, plan.stride)]
    sign = Sign(stochastic=recipe.stochastic, gradient=recipe.gradient)
    if isinstance(plan, Neurons):
        return [BinaryLinear(mw=tensor.size, mh=plan.count), BatchNorm(plan.count), sign]
    convolution = BinaryConv2d(
        channels=tensor.shape[2],
        filters=plan.count,
        kernel=plan.kernel,
        stride=plan.stride,
        padding=plan.padding,
        fill=2 * plan.pad - 1 if tensor.element is ir.Element.BIT else plan.pad,
    )
    return [convolution, BatchNorm2d(plan.count), sign]
