"""Lowering: from a trained torch module to the IR, exactly.

A new kind of layer is one more entry of :data:`LOWER`.
"""

from collections import deque
from collections.abc import Mapping

import torch
from torch import nn

from .. import ir
from .agreement import check_agreement
from .export_checks import check_code
from .export_norm import NORMS
from .export_products import lower_product, lower_scores, lower_threshold
from .export_residual import lower_residual
from .export_shapes import lower_average, lower_flatten, lower_largest
from .layers import Affine, BinaryConv2d, BinaryLinear, Levels, Scores, Sign, StreamFlatten, Thermometer
from .lowering import Lowering, Value, Walk, significant, take
from .residual import Residual

__all__ = ["LOWER", "export"]

LOWER: dict[type[nn.Module], Lowering] = {
    BinaryLinear: lower_product,
    BinaryConv2d: lower_product,
    nn.MaxPool2d: lower_largest,
    nn.AvgPool2d: lower_average,
    nn.AdaptiveAvgPool2d: lower_average,
    Residual: lower_residual,
    **dict.fromkeys((*NORMS, Sign, Levels), lower_threshold),
    nn.Flatten: lower_flatten,
    StreamFlatten: lower_flatten,
    Scores: lower_scores,
}
"""How each module that begins a layer becomes one."""

NAMED = (BinaryLinear, BinaryConv2d, Residual, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, Scores)
"""What a message names, which need not have all."""


@torch.no_grad()
def export(
    module: nn.Sequential, *, name: str, dataset: str = "", provenance: Mapping[str, str] | None = None
) -> ir.Network:
    """The network that a torch module computes in eval mode.

    At last both run on a few random images, and must give the same scores.

    Parameters
    ----------
    module : :class:`torch.nn.Sequential`
        ``Thermometer`` or ``Affine``; then any number of ``BinaryLinear, BatchNorm, Sign`` on vectors, and on images
        of ``BinaryConv2d, BatchNorm2d, Sign``, :class:`torch.nn.MaxPool2d`, :class:`torch.nn.AvgPool2d` and
        :class:`torch.nn.AdaptiveAvgPool2d`, with ``StreamFlatten`` in between; ``Levels`` in place of any ``Sign``, and
        ``Residual`` around any of them; then ``Scores``, with a ``BatchNorm`` of the classes or without. Torch's own
        batch norms and ``Flatten`` are taken too; ``Dropout`` and ``Identity`` may stand anywhere, and one Sequential
        inside another. It is not changed and may be in either mode.
    name, dataset, provenance
        As of :class:`xnorflow.model.ir.Network`.

    Raises
    ------
    TypeError
        When the module is not a Sequential, or a number that must be an integer is none.
    ValueError
        When a module has no meaning in the IR or stands in the wrong position, layers do not chain, a number is not
        finite, or a plain batch norm rounds so badly that torch would answer otherwise than the exact arithmetic; when
        there is code that export does not read (a ``forward`` of one's own, a hook, a parametrization); when torch and
        the exported network differ on an image.
    """
    if not isinstance(module, nn.Sequential):
        raise TypeError(f"module must be a torch.nn.Sequential, not {type(module).__name__}")
    check_code(module)
    places = {part: place for place, part in module.named_modules()}
    walk = Walk(deque(significant(module)), _follow, places=places)
    rule = take(walk, (Thermometer, Affine), "the network must begin with Affine or").rule
    scores = _follow(walk, Value(ir.IMAGE, rule.output))
    network = ir.Network(
        name=name,
        input=rule,
        layers=tuple(walk.layers),
        dataset=dataset,
        provenance=dict(provenance or {}),
        sources=tuple(walk.sources),
    )
    check_agreement(module, network, divisor=scores.divisor)
    return network


def _follow(walk: Walk, value: Value) -> Value:
    """Lower what is left of a walk, for a value that comes in; gives what comes out."""
    while walk.modules:
        kind = type(walk.modules[0])
        if kind not in LOWER:
            known = ", ".join(each.__name__ for each in NAMED)
            raise ValueError(f"layer {len(walk.layers)}: must be one of {known}, not {kind.__name__}")
        value = LOWER[kind](walk, value)
    return value
