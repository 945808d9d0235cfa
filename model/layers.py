"""Torch modules for training binarized networks, each with an exact meaning in the IR.

In eval mode every module computes what ``docs/ir.md`` says, to the last bit; :mod:`xnorflow.model.export` lowers them.
"""

import math
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from . import ir
from .zoo import Definition

__all__ = [
    "BatchNorm",
    "BinaryLinear",
    "Scores",
    "Sign",
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


class Thermometer(nn.Module):
    """Raw images to ±1: the same as :class:`xnorflow.model.ir.Thermometer`.

    Takes ``uint8`` of shape ``(count, *shape)``, gives float of shape ``(count, *rule.output.shape)``.

    Parameters
    ----------
    shape : tuple of :class:`int`
        Shape of one image.
    levels : tuple of :class:`int`
        Value ``j`` of a pixel is +1 when ``pixel >= levels[j]``.

    Raises
    ------
    ValueError
        As :class:`xnorflow.model.ir.Thermometer`; from ``forward``, when images have another shape.
    TypeError
        From ``forward``, when images are not ``uint8``.
    """

    levels: Tensor

    def __init__(self, *, shape: tuple[int, ...], levels: tuple[int, ...]) -> None:
        super().__init__()
        self.rule = ir.Thermometer(shape, levels)
        self.register_buffer("levels", torch.tensor(levels, dtype=torch.uint8), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        if images.dtype != torch.uint8:
            raise TypeError(f"images must be uint8, not {images.dtype}".replace("torch.", ""))
        if tuple(images.shape[1:]) != self.rule.shape:
            expected = ", ".join(map(str, self.rule.shape))
            raise ValueError(f"images must have shape (count, {expected}), not {tuple(images.shape)}")
        bits = images.unsqueeze(-1) >= self.levels
        return _bipolar(bits, torch.empty(0)).reshape(len(images), *self.rule.output.shape)


class BinaryLinear(nn.Module):
    """Matrix product with the signs of latent weights; no bias, batch normalization brings one.

    With inputs of ±1 the results are integers, and exact: every partial sum is below 2**24.

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
        return linear(x.to(self.weight.dtype), sign_ste(self.weight))

    @torch.no_grad()
    def clip_latent(self) -> None:
        """Clip the latent weights to [-1, 1]; beyond it the gradient is cut and they would never come back."""
        self.weight.clamp_(-1, 1)

    def extra_repr(self) -> str:
        return f"mw={self.mw}, mh={self.mh}"


class BatchNorm(nn.BatchNorm1d):
    """Batch normalization whose results in eval mode have exactly the right sign.

    Torch's own eval path computes ``x * a + b`` with ``a`` and ``b`` rounded to float32 beforehand. Where the exact
    result is 0, a tie that the sign turns into +1, that formula can give a tiny negative number, and the network
    would differ from its thresholds. Here ``(x - mean) * gamma / sqrt(var + eps) + beta`` is computed in float64.
    The four rounded steps before the sum err by less than ``5 * 2**-53`` of their result, so the sum's sign is right
    wherever the sum is larger than that; in the rare rest it is decided in rational arithmetic.

    In training mode it is :class:`torch.nn.BatchNorm1d`.

    Parameters
    ----------
    features : :class:`int`
        Neurons.
    eps, momentum : :class:`float`
        As in torch.

    Raises
    ------
    ValueError
        From ``forward``, when the input is not of shape ``(count, features)``.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, features: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(features, eps=eps, momentum=momentum)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 2 or x.shape[1] != self.num_features:
            raise ValueError(f"input must have shape (count, {self.num_features}), not {tuple(x.shape)}")
        if self.training:
            return super().forward(x)
        gamma, beta, mean, var = self._parameters64()
        scaled = (x.double() - mean) * gamma / torch.sqrt(var + self.eps)
        result = scaled + beta
        doubtful = (result.abs() <= 2**-50 * scaled.abs()) & (scaled != 0)
        if doubtful.any():
            result = torch.where(doubtful, self._exact_sign(x, doubtful) * 2**-50 * scaled.abs(), result)
        return result

    def _parameters64(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Scale, shift, mean and variance."""
        return self.weight.double(), self.bias.double(), self.running_mean.double(), self.running_var.double()

    @torch.no_grad()
    def _exact_sign(self, x: Tensor, where: Tensor) -> Tensor:
        """Sign of the exact result, -1, 0 or 1, at the places that ``where`` names; 0 at the others."""
        signs = torch.zeros(x.shape, dtype=torch.float64)
        columns = [values.tolist() for values in self._parameters64()]
        for row, neuron in where.nonzero().tolist():
            gamma, beta, mean, var = (Fraction(column[neuron]) for column in columns)
            scaled = gamma * (Fraction(float(x[row, neuron])) - mean)
            # sqrt(var + eps) is irrational as a rule, its square is not, and x * |x| rises with x.
            difference = scaled * abs(scaled) + beta * abs(beta) * (var + Fraction(self.eps))
            signs[row, neuron] = (difference > 0) - (difference < 0)
        return torch.as_tensor(signs, device=x.device)


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
        if isinstance(layer, BinaryLinear):
            layer.clip_latent()


def module_for(definition: Definition, *, stochastic: bool = False) -> nn.Sequential:
    """A fresh torch network for a definition from the zoo, with random latent weights from torch's generator."""
    rule = definition.input
    modules: list[nn.Module] = [Thermometer(shape=rule.shape, levels=rule.levels), nn.Flatten()]
    mw = rule.output.size
    for mh in definition.hidden:
        modules += [BinaryLinear(mw=mw, mh=mh), BatchNorm(mh), Sign(stochastic=stochastic)]
        mw = mh
    return nn.Sequential(*modules, Scores(mw=mw, classes=definition.classes))
