"""Matrix products with the signs of latent weights as torch modules: dense, convolutional, and the last layer's.

Their results are integers. In eval mode they are exact, whatever the type of the latent weights and also under
autocast: they are summed in a precision that holds every partial sum.
"""

import contextlib
import math
from fractions import Fraction

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
    exact : :class:`bool`
        Whether eval mode is exact, at the cost of time; see :func:`xnorflow.model.training.layers.approximate`.
    weight : parameter of shape ``(mh, mw)``
        Latent weights, in [-1, 1] when :meth:`clip_latent` is called after each step.

    Raises
    ------
    TypeError, ValueError
        When a number is not an integer, or not positive.
    """

    def __init__(self, mw: int, mh: int) -> None:
        super().__init__()
        self.mw, self.mh, self.exact = integer("mw", mw), integer("mh", mh), True
        if self.mw < 1 or self.mh < 1:
            raise ValueError(f"mw and mh must be positive, not {mw} and {mh}")
        self.weight = nn.Parameter(torch.empty(self.mh, self.mw).uniform_(-1, 1))

    def forward(self, x: Tensor) -> Tensor:
        dtype = _precision(self, x)
        with _as_it_is(self, x):
            return _narrowed(self, linear(x.to(dtype), sign_ste(self.weight).to(dtype)))

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
    dilation : :class:`int` or pair of :class:`int`
        Rows and columns from one value of a window to the next.
    groups : :class:`int`
        Groups that channels and filters are divided into, as in :class:`torch.nn.Conv2d`.
    fill : :class:`int`
        Value of the padding: where the inputs are ±1, one of these or 0, which adds nothing; otherwise an integer of
        their range.
    padding_mode : :class:`str`
        ``"constant"``, or ``"zeros"`` as in :class:`torch.nn.Conv2d`, which is the same as a ``fill`` of 0.

    Members
    -------
    exact : :class:`bool`
        Whether eval mode is exact, at the cost of time; see :func:`xnorflow.model.training.layers.approximate`.
    weight : parameter of shape ``(filters, channels / groups, *kernel)``
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
        dilation: int | Pair = 1,
        groups: int = 1,
        *,
        fill: int = -1,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.channels, self.filters = integer("channels", channels), integer("filters", filters)
        self.kernel, self.stride = pair("kernel", kernel), pair("stride", stride)
        self.padding, self.dilation = pair("padding", padding), pair("dilation", dilation)
        self.groups, self.exact = integer("groups", groups), True
        if padding_mode not in ("constant", "zeros"):
            raise ValueError(f"padding_mode must be constant or zeros, not {padding_mode!r}")
        self.fill = 0 if padding_mode == "zeros" else integer("fill", fill)
        self._check()
        shape = self.filters, self.channels // self.groups, *self.kernel
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-1, 1))

    def _check(self) -> None:
        if min(self.channels, self.filters, *self.kernel) < 1:
            raise ValueError(
                f"channels, filters and kernel must be positive, not {self.channels}, {self.filters} and {self.kernel}"
            )
        for name, value in (("stride", self.stride), ("dilation", self.dilation)):
            if min(value) < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        if min(self.padding) < 0:
            raise ValueError(f"padding must be at least 0, not {self.padding}")
        if self.groups < 1 or self.channels % self.groups or self.filters % self.groups:
            raise ValueError(
                f"groups must divide channels and filters, {self.channels} and {self.filters}, not be {self.groups}"
            )

    def forward(self, x: Tensor) -> Tensor:
        (above, left), dtype = self.padding, _precision(self, x)
        weight = sign_ste(self.weight).to(dtype)
        padded = pad(x.to(dtype), (left, left, above, above), value=self.fill) if above or left else x.to(dtype)
        if self.training or not self.exact:
            return conv2d(padded, weight, stride=self.stride, dilation=self.dilation, groups=self.groups)
        with _as_it_is(self, x):
            # Fast convolutions may go through sums that are no integers; a matrix product does not.
            vectors = unfold(padded, self.kernel, stride=self.stride, dilation=self.dilation)
            matrices = weight.reshape(self.groups, self.filters // self.groups, -1)
            if self.groups > 1:
                dots = matrices @ vectors.reshape(len(x), self.groups, matrices.shape[2], -1)
            else:
                dots = matrices[0] @ vectors
        spans = ((size - 1) * apart + 1 for size, apart in zip(self.kernel, self.dilation, strict=True))
        windows = ((padded.shape[axis] - span) // self.stride[axis - 2] + 1 for axis, span in enumerate(spans, 2))
        return _narrowed(self, dots.reshape(len(x), self.filters, *windows))

    @torch.no_grad()
    def clip_latent(self) -> None:
        """Clip the latent weights to [-1, 1]."""
        self.weight.clamp_(-1, 1)

    def extra_repr(self) -> str:
        names = ("channels", "filters", "kernel", "stride", "padding", "dilation", "groups", "fill")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class Scores(BinaryLinear):
    """Last layer: integer scores, ``dot + round(bias)`` as a rule.

    In eval mode it gives those integers, in the weights' type where that has all of them and else as float64, so that
    their argmax is the class, ties to the lowest index. In training mode it gives :meth:`logits`.

    Parameters
    ----------
    mw : :class:`int`
        Inputs.
    classes : :class:`int`
        Classes.
    rounded : :class:`bool`
        Whether the bias is rounded to an integer. Otherwise it may be any number, and in eval mode scores are integers
        that are in the order of the sums: ``(dot << shift) + bias`` of :meth:`ordered`.

    Members
    -------
    bias : parameter of shape ``(classes,)``
        The bias, before it is rounded in the forward direction.
    log_temperature : parameter, one number
        Logarithm of what divides the scores for the loss. It cannot change an argmax, and no hardware knows it.

    Raises
    ------
    TypeError, ValueError
        As of :class:`BinaryLinear`, which calls the classes ``mh``.
    """

    def __init__(self, mw: int, classes: int, *, rounded: bool = True) -> None:
        super().__init__(mw, classes)
        self.rounded = rounded
        self.bias = nn.Parameter(torch.zeros(self.mh))
        # Dots of random signs spread by sqrt(mw): divided by that, the loss starts with moderate logits.
        self.log_temperature = nn.Parameter(torch.tensor(0.5 * math.log(self.mw)))

    def forward(self, x: Tensor) -> Tensor:
        dots = super().forward(x).double()
        if self.rounded:
            # Rounded forward; backward as if it were not.
            bias = self.bias + (self.bias.round() - self.bias).detach()
        elif self.training:
            bias = self.bias
        else:
            ordered, shift = self.ordered()
            return dots * (1 << shift) + torch.tensor(ordered, dtype=torch.float64, device=dots.device)
        scores = dots + bias.double()
        return self.logits(scores) if self.training else _narrowed(self, scores)

    @torch.no_grad()
    def ordered(self) -> tuple[list[int], int]:
        """Integers and a shift, by which ``(dot << shift) + integer`` has the order of ``dot + bias`` in each pair.

        Whole parts are shifted like dots, and the fractions that are left count by their ranks.
        """
        numbers = [Fraction(number) for number in self.bias.double().tolist()]
        fractions = sorted({number % 1 for number in numbers})
        shift = (len(fractions) - 1).bit_length()
        return [(math.floor(number) << shift) + fractions.index(number % 1) for number in numbers], shift

    def logits(self, scores: Tensor) -> Tensor:
        """Scores divided by the temperature, for the loss."""
        if not (self.training or self.rounded):
            scores = scores.div(1 << self.ordered()[1])
        logits: Tensor = (scores * torch.exp(-self.log_temperature)).to(self.weight.dtype)
        return logits


def _precision(layer: BinaryLinear | BinaryConv2d, x: Tensor) -> torch.dtype:
    """Type that holds a neuron's sums exactly; in training it is the weights', whatever they are."""
    if layer.training or not layer.exact:
        return layer.weight.dtype
    # Activations and pixels are integers of 255 at most, so that the sums of few enough are below 2**24; averages and
    # sums of residuals are not.
    few = layer.weight[0].numel() < 1 << 16 and bool((x.abs() <= 255).all() and (x == x.floor()).all())
    return torch.promote_types(layer.weight.dtype, torch.float32 if few else torch.float64)


def _narrowed(layer: BinaryLinear | BinaryConv2d, dots: Tensor) -> Tensor:
    """The same numbers in the weights' type, at least in single precision, where it has all of them.

    Torch's own batch norms take no other type than that of their parameters.
    """
    dtype = torch.promote_types(layer.weight.dtype, torch.float32)
    if layer.training or dots.dtype != torch.float64 or dtype == torch.float64:
        return dots
    narrow = dots.to(dtype)
    return narrow if torch.equal(narrow.to(dots.dtype), dots) else dots


def _as_it_is(layer: BinaryLinear | BinaryConv2d, x: Tensor) -> contextlib.AbstractContextManager[None]:
    """In eval mode no autocast, whose lower precision does not hold the sums."""
    if layer.training or not torch.amp.is_autocast_available(x.device.type):
        return contextlib.nullcontext()
    return torch.autocast(x.device.type, enabled=False)
