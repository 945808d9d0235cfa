"""Signs of tensors, and the gradients that stand in for theirs, which is zero almost everywhere."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["SIGNS", "levels_ste", "quadratic_sign", "sign_ste", "stochastic_sign_ste"]

# Torch's kernel cuts at its bounds themselves, where clipped latent weights lie; the next float lets those pass.
_EDGE = float(np.nextafter(np.float32(1), np.float32(2)))


def _sign(x: Tensor, threshold: Tensor | float = 0) -> Tensor:
    """+1 where ``x >= threshold``, else -1, in the type of ``x``."""
    # Written straight to the type of x: several times faster than torch.where.
    return torch.ge(x, threshold, out=torch.empty_like(x)).mul_(2).sub_(1)


class _StraightThrough(torch.autograd.Function):
    """Sign forward; backward the gradient where ``|x| <= 1``. One pass each, for training spends its time here."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, threshold: Tensor | float) -> Tensor:
        ctx.save_for_backward(x)
        return _sign(x, threshold)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (x,), (gradient,) = ctx.saved_tensors, gradients
        return torch.ops.aten.hardtanh_backward(gradient, x, -_EDGE, _EDGE), None


class _Quadratic(torch.autograd.Function):
    """Sign forward; backward the gradient times ``2 - 2 |x|``, cut at 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return _sign(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,), (gradient,) = ctx.saved_tensors, gradients
        result: Tensor = gradient * x.abs().mul_(-2).add_(2).clamp_(min=0)
        return result


class _Levels(torch.autograd.Function):
    """Nearest integer in ``0..highest`` forward, halves upwards; backward the gradient where x is in that range."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, highest: int) -> Tensor:
        ctx.save_for_backward(x)
        ctx.highest = highest
        return x.add(0.5).floor_().clamp_(0, highest)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (x,), (gradient,) = ctx.saved_tensors, gradients
        return torch.ops.aten.hardtanh_backward(gradient, x, 0.0, float(ctx.highest)), None


def sign_ste(x: Tensor) -> Tensor:
    """Sign of each element, +1 for 0; the gradient passes where ``|x| <= 1`` and is cut elsewhere.

    This is the straight-through estimator of Courbariaux et al. (arXiv 1602.02830).
    """
    result: Tensor = _StraightThrough.apply(x, 0.0)  # type: ignore[no-untyped-call]  # torch's own lacks annotations
    return result


def stochastic_sign_ste(x: Tensor) -> Tensor:
    """Sign of each element at random: +1 with probability ``(x + 1) / 2``, cut to 0..1; gradient as in sign_ste."""
    # Uniform in [-1, 1): at x = 1 it is always +1, at any x < -1 always -1.
    result: Tensor = _StraightThrough.apply(x, 2 * torch.rand_like(x) - 1)  # type: ignore[no-untyped-call]  # as above
    return result


def quadratic_sign(x: Tensor) -> Tensor:
    """Sign of each element, +1 for 0, with the gradient of a piecewise quadratic that resembles it more closely.

    This is ApproxSign of Bi-Real Net (Liu et al., arXiv 1808.00278).
    """
    result: Tensor = _Quadratic.apply(x)  # type: ignore[no-untyped-call]  # as above
    return result


def levels_ste(x: Tensor, highest: int) -> Tensor:
    """Nearest integer in ``0..highest`` to each element, halves upwards; the gradient passes in that range only."""
    result: Tensor = _Levels.apply(x, highest)  # type: ignore[no-untyped-call]  # as above
    return result


SIGNS = {"clip": sign_ste, "quadratic": quadratic_sign}
"""What :data:`xnorflow.model.recipe.GRADIENTS` names."""
