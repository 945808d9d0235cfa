"""Torch modules for training binarized networks, each with an exact meaning in the IR.

In eval mode every module computes what ``docs/ir.md`` says, to the last bit; :mod:`xnorflow.model.export` lowers them.
"""

import dataclasses
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear, pad, unfold

from . import ir
from .batchnorm import BatchNorm, BatchNorm2d
from .plans import Filters, Neurons, Plan, place
from .quantizers import Affine, Thermometer
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
    "clip_latent",
    "module_for",
    "sign_ste",
    "stochastic_sign_ste",
]


def sign_ste(x: Tensor) -> Tensor:
    """Sign of each element, +1 for 0; the gradient passes where ``|x| <= 1`` and is cut elsewhere.

    This is the straight-through estimator of Courbariaux et al. (arXiv 1602.02830).
    """
    return _straight_through(_bipolar(x >= 0, x), x.clamp(-1, 1))


def stochastic_sign_ste(x: Tensor) -> Tensor:
    """Sign of each element at random: +1 with probability ``(x + 1) / 2``, cut to 0..1; gradient as in sign_ste."""
    # Uniform in [-1, 1): at x = 1 it is always +1, at any x < -1 always -1.
    return _straight_through(_bipolar(x >= 2 * torch.rand_like(x) - 1, x), x.clamp(-1, 1))


def _bipolar(condition: Tensor, like: Tensor) -> Tensor:
    return condition.to(like.dtype) * 2 - 1


def _straight_through(value: Tensor, carrier: Tensor) -> Tensor:
    """``value`` forward, to the last bit, and the gradient of ``carrier`` backward."""
    return value + (carrier - carrier.detach()) if carrier.requires_grad else value


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
        self.stride, self.padding, self.fill = stride, padding, fill
        self.weight = nn.Parameter(torch.empty(filters, channels, *kernel).uniform_(-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        (above, left), weight = self.padding, sign_ste(self.weight)
        dtype = _precision(self, weight[0].numel())
        padded = pad(x.to(dtype), (left, left, above, above), value=self.fill) if above or left else x.to(dtype)
        if self.training:
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
    """Sign with the cut straight-through gradient; sign(0) = +1.

    Parameters
    ----------
    stochastic : :class:`bool`
        Draw the signs at random in training mode (:func:`stochastic_sign_ste`). Eval mode is always deterministic.
    """

    def __init__(self, *, stochastic: bool = False) -> None:
        super().__init__()
        self.stochastic = stochastic

    def forward(self, x: Tensor) -> Tensor:
        return stochastic_sign_ste(x) if self.stochastic and self.training else sign_ste(x)

    def extra_repr(self) -> str:
        return f"stochastic={self.stochastic}"


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
        bias = _straight_through(self.bias.detach().round(), self.bias)
        scores = super().forward(x).double() + bias.double()
        return self.logits(scores) if self.training else scores

    def logits(self, scores: Tensor) -> Tensor:
        """Scores divided by the temperature, for the loss."""
        return (scores * torch.exp(-self.log_temperature)).to(self.weight.dtype)


def clip_latent(module: nn.Module) -> None:
    """Clip the latent weights of every layer to [-1, 1]."""
    for layer in module.modules():
        if isinstance(layer, BinaryLinear | BinaryConv2d):
            layer.clip_latent()


def module_for(definition: Definition, *, stochastic: bool = False) -> nn.Sequential:
    """A fresh torch network for a definition from the zoo, with random latent weights from torch's generator."""
    rule = definition.input
    quantizer = Thermometer if isinstance(rule, ir.Thermometer) else Affine
    modules: list[nn.Module] = [quantizer(**dataclasses.asdict(rule))]
    for plan, tensor in place(definition.layers, rule.output):
        if not isinstance(plan, Filters | ir.MaxPool) and len(tensor.shape) > 1:
            modules.append(StreamFlatten())
        if plan is None:
            modules.append(Scores(mw=tensor.size, classes=definition.classes))
        else:
            modules += _modules(plan, tensor, stochastic=stochastic)
    return nn.Sequential(*modules)


def _modules(plan: Plan, tensor: ir.Tensor, *, stochastic: bool) -> list[nn.Module]:
    """The modules of one layer, for an input of type ``tensor``."""
    if isinstance(plan, ir.MaxPool):
        return [nn.MaxPool2d(plan.kernel, plan.stride)]
    if isinstance(plan, Neurons):
        return [BinaryLinear(mw=tensor.size, mh=plan.count), BatchNorm(plan.count), Sign(stochastic=stochastic)]
    convolution = BinaryConv2d(
        channels=tensor.shape[2],
        filters=plan.count,
        kernel=plan.kernel,
        stride=plan.stride,
        padding=plan.padding,
        fill=2 * plan.pad - 1 if tensor.element is ir.Element.BIT else plan.pad,
    )
    return [convolution, BatchNorm2d(plan.count), Sign(stochastic=stochastic)]
