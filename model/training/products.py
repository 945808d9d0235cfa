"""Matrix products with the signs of latent weights as torch modules: dense, convolutional, and the last layer's.

Their results are integers. In eval mode they are exact, whatever the type of the latent weights and also under
autocast: they are summed in a precision that holds every partial sum.
"""

import contextlib
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear, pad, unfold

from ..numbers import Pair, integer, pair
from .signs import sign_ste

__all__ = ["BinaryConv2d", "BinaryLinear", "Scores"]


class BinaryLinear(nn.Module):
    """Matrix product with the signs of latent weights; no bias, batch normalization brings one.

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

    Raises
    ------
    TypeError, ValueError
        When a number is not an integer, or not positive.
    """

    def __init__(self, mw: int, mh: int) -> None:
        super().__init__()
        self.mw, self.mh = integer("mw", mw), integer("mh", mh)
        if self.mw < 1 or self.mh < 1:
            raise ValueError(f"mw and mh must be positive, not {mw} and {mh}")
        self.weight = nn.Parameter(torch.empty(self.mh, self.mw).uniform_(-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        dtype = _precision(self)
        with _as_it_is(self, x):
            return linear(x.to(dtype), sign_ste(self.weight).to(dtype))

    @torch.no_grad()
    def clip_latent(self) -> None:
        """Clip the latent weights to [-1, 1]; beyond it the gradient is cut and they would never come back."""
        self.weight.clamp_(-1, 1)

    def extra_repr(self) -> str:
        return f"mw={self.mw}, mh={self.mh}"


class BinaryConv2d(nn.Module):
    """Convolution with the signs of latent weights; no bias, batch normalization brings one.

    Takes and gives ``(count, channels, height, width)``.

    Parameters
    ----------
    channels : :class:`int`
        Input channels.
    filters : :class:`int`
        Output channels.
    kernel : :class:`int` or pair of :class:`int`
        Rows and columns of a window; a single number is both, here and below.
    stride : :class:`int` or pair of :class:`int`
        Rows and columns from one window to the next.
    padding : :class:`int` or pair of :class:`int`
        Rows above and below, and columns left and right.
    fill : :class:`int`
        Value of the padding: -1 or +1 where the inputs are ±1, otherwise an integer of their range.

    Members
    -------
    exact : :class:`bool`
        Whether eval mode is exact, at the cost of time; see :func:`xnorflow.model.training.layers.approximate`.
    weight : parameter of shape ``(filters, channels, *kernel)``
        Latent weights, in [-1, 1] when :meth:`clip_latent` is called after each step.

    Raises
    ------
    TypeError, ValueError
        When a number is not an integer, or out of its range.
    """

    def __init__(
        self,
        channels: int,
        filters: int,
        kernel: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        *,
        fill: int = -1,
    ) -> None:
        super().__init__()
        self.channels, self.filters = integer("channels", channels), integer("filters", filters)
        self.kernel, self.stride = pair("kernel", kernel), pair("stride", stride)
        self.padding, self.fill, self.exact = pair("padding", padding), integer("fill", fill), True
        if min(self.channels, self.filters, *self.kernel) < 1:
            raise ValueError(
                f"channels, filters and kernel must be positive, not {channels}, {filters} and {self.kernel}"
            )
        if min(self.stride) < 1:
            raise ValueError(f"stride must be at least 1, not {self.stride}")
        if min(self.padding) < 0:
            raise ValueError(f"padding must be at least 0, not {self.padding}")
        self.weight = nn.Parameter(torch.empty(self.filters, self.channels, *self.kernel).uniform_(-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        (above, left), dtype = self.padding, _precision(self)
        weight = sign_ste(self.weight).to(dtype)
        padded = pad(x.to(dtype), (left, left, above, above), value=self.fill) if above or left else x.to(dtype)
        if self.training or not self.exact:
            return conv2d(padded, weight, stride=self.stride)
        with _as_it_is(self, x):
            # Fast convolutions may go through sums that are no integers; a matrix product does not.
            dots = weight.flatten(1) @ unfold(padded, self.kernel, stride=self.stride)
        windows = ((padded.shape[axis + 2] - self.kernel[axis]) // self.stride[axis] + 1 for axis in (0, 1))
        return dots.reshape(len(x), self.filters, *windows)

    @torch.no_grad()
    def clip_latent(self) -> None:
        """Clip the latent weights to [-1, 1]."""
        self.weight.clamp_(-1, 1)

    def extra_repr(self) -> str:
        names = ("channels", "filters", "kernel", "stride", "padding", "fill")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


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

    Raises
    ------
    TypeError, ValueError
        As of :class:`BinaryLinear`, which calls the classes ``mh``.
    """

    def __init__(self, mw: int, classes: int) -> None:
        super().__init__(mw, classes)
        self.bias = nn.Parameter(torch.zeros(self.mh))
        # Dots of random signs spread by sqrt(mw): divided by that, the loss starts with moderate logits.
        self.log_temperature = nn.Parameter(torch.tensor(0.5 * math.log(self.mw)))

    def forward(self, x: Tensor) -> Tensor:
        # Rounded forward; backward as if it were not.
        bias = self.bias + (self.bias.round() - self.bias).detach()
        scores = super().forward(x).double() + bias.double()
        return self.logits(scores) if self.training else scores

    def logits(self, scores: Tensor) -> Tensor:
        """Scores divided by the temperature, for the loss."""
        return (scores * torch.exp(-self.log_temperature)).to(self.weight.dtype)


def _precision(layer: BinaryLinear | BinaryConv2d) -> torch.dtype:
    """Type that holds a neuron's sums exactly; in training it is the weights', whatever they are."""
    if layer.training:
        return layer.weight.dtype
    # Inputs are 255 at most, so that the sums of few enough are below 2**24.
    few = layer.weight[0].numel() < 1 << 16
    return torch.promote_types(layer.weight.dtype, torch.float32 if few else torch.float64)


def _as_it_is(layer: BinaryLinear | BinaryConv2d, x: Tensor) -> contextlib.AbstractContextManager[None]:
    """In eval mode no autocast, whose lower precision does not hold the sums."""
    if layer.training or not torch.amp.is_autocast_available(x.device.type):
        return contextlib.nullcontext()
    return torch.autocast(x.device.type, enabled=False)
