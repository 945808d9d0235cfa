"""What export does not read, refused: hooks, parametrizations, and code other than the known modules' own.

Export reads the modules' parameters, never their code. So the code that runs must be the one that it knows.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.nn.utils import parametrize

from .batchnorm import BatchNorm, BatchNorm2d
from .layers import Affine, BinaryConv2d, BinaryLinear, Levels, Residual, Scores, Sign, StreamFlatten, Thermometer
from .lowering import IDLE
from .signs import SIGNS

__all__ = ["check_code"]

KNOWN: tuple[type[nn.Module], ...] = (
    *(Thermometer, Affine, BinaryLinear, BinaryConv2d, BatchNorm, BatchNorm2d, Sign, Levels, StreamFlatten, Scores),
    *(Residual, nn.Sequential, nn.BatchNorm1d, nn.BatchNorm2d, nn.Flatten, *IDLE),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d),
)

CODE = (
    *("forward", "__call__", "_wrapped_call_impl", "_call_impl", "__getattr__", "__getattribute__"),
    *("__iter__", "train", "eval"),
)
"""Methods that take part when a module is called, or that a Sequential walks through its modules by."""


def _code(kind: type[nn.Module]) -> dict[str, Any]:
    return {name: getattr(kind, name, None) for name in CODE}


OWN = {kind: _code(kind) for kind in KNOWN}
"""The known modules' own methods, as they were when this was imported: classes can be changed, too."""


GRADIENTS = dict(SIGNS)
"""The signs that there are, as they were when this was imported."""


def check_code(module: nn.Sequential) -> None:
    """Raise ValueError when a module, or one in it, computes by anything but the known modules' own code."""
    if float(torch.tensor([1e-45]).double()[0]) == 0:
        raise ValueError("torch takes denormal numbers for 0, signs of weights among them; set_flush_denormal(False)")
    for kind in KNOWN:
        changed = [name for name, method in _code(kind).items() if method is not OWN[kind][name]]
        if changed:
            raise ValueError(
                f"{kind.__name__}.{changed[0]} was replaced, which export does not read; leave it as it is"
            )
    for hook, registered in (
        ("hook", hooks._global_forward_hooks),
        ("pre-hook", hooks._global_forward_pre_hooks),
    ):
        if registered:
            raise ValueError(f"torch has a global forward {hook}, which export does not read; remove it")
    for place, part in _walk(module, "module"):
        _check_hooks(place, part)
        _check_methods(place, part)
        if isinstance(part, Sign) and (
            part.gradient not in GRADIENTS or SIGNS[part.gradient] is not GRADIENTS[part.gradient]
        ):
            known = ", ".join(GRADIENTS)
            raise ValueError(f"{place}: gradient must be one of {known}, as they are, not {part.gradient!r}")
        if isinstance(part, BinaryLinear | BinaryConv2d | BatchNorm | BatchNorm2d | Residual) and not part.exact:
            raise ValueError(f"{place}: exact must be True, not {part.exact!r}; export outside of approximate()")
        if isinstance(part, Affine) and not torch.equal(part.table.cpu().double(), part.values().double()):
            raise ValueError(f"{place}: table must be what the rule gives; make another Affine for another rule")


def _walk(module: nn.Module, place: str) -> Iterator[tuple[str, nn.Module]]:
    """Each module and where it stands, the outer ones first: they are checked before anybody walks through them."""
    yield f"{place} ({type(module).__name__})", module
    if isinstance(module, nn.Sequential | Residual):
        for name, child in module._modules.items():
            if child is not None:
                yield from _walk(child, f"{place} {name}" if place == "module" else f"{place}.{name}")


def _check_hooks(place: str, module: nn.Module) -> None:
    if parametrize.is_parametrized(module):
        raise ValueError(
            f"{place} has a parametrization, which export does not read; "
            "make it permanent with torch.nn.utils.parametrize.remove_parametrizations"
        )
    for kind, registered in (("hook", module._forward_hooks), ("pre-hook", module._forward_pre_hooks)):
        for hook in registered.values():
            # Weight norm, spectral norm and pruning are hooks too: objects, whose class says what they are.
            name = getattr(hook, "__name__", type(hook).__name__)
            raise ValueError(f"{place} has a forward {kind}, {name}, which export does not read; remove it")


def _check_methods(place: str, module: nn.Module) -> None:
    # A Sequential with an __init__ of its own is one still; of all else lowering says what should stand there.
    kind = nn.Sequential if isinstance(module, nn.Sequential) else type(module)
    if kind not in OWN:
        return
    changed = [name for name, method in _code(type(module)).items() if method is not OWN[kind][name]]
    # What an instance has of its own hides what its class has.
    changed += [name for name in vars(module) if callable(getattr(type(module), name, None))]
    if changed:
        raise ValueError(
            f"{place} has a {changed[0]} of its own, which export does not read; leave {kind.__name__}'s as it is"
        )
    if getattr(module, "_compiled_call_impl", None) is not None:
        raise ValueError(f"{place} was compiled, which may round otherwise; export the module as it was before")
