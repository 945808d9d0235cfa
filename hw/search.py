"""Automatic folding: the smallest design for an interval, or the fastest for a device."""

import contextlib

from ..model.ir import Network
from .bottleneck import find_bottleneck, longest_interval
from .budget import ROOM, Budget
from .device import Device
from .estimate import Estimate, estimate
from .folding import Folding
from .limits import TooLargeError, check_hardware
from .pricing import Pricing

__all__ = ["DoesNotFitError", "check_fit", "fastest", "smallest"]


class DoesNotFitError(ValueError):
    """A design that the device has no room for; the message says what would fit."""


def smallest(network: Network, budget: Budget, *, interval: int) -> tuple[Folding, ...]:
    """Foldings with at most ``interval`` cycles a frame that take the fewest cells and no more blocks than there are.

    Raises
    ------
    ValueError
        When the interval is below 1, or a stage takes longer at any folding.
    TooLargeError
        When what would be fast enough exceeds a limit of hardware.
    """
    if not isinstance(interval, int) or interval < 1:
        raise ValueError(f"interval must be at least 1, not {interval!r}")
    slowest = find_bottleneck(network)
    if interval < slowest.cycles:
        raise ValueError(f"interval must be at least {slowest.cycles} for {network.name}, not {interval!r}: {slowest}")
    family, sprams = budget.device.family, budget.sprams
    designs = Pricing(network, family, interval, budget.reweightable, sprams).all_foldings()
    estimates = {foldings: _estimate_or_none(network, foldings, budget) for foldings in designs}
    found = {foldings: design for foldings, design in estimates.items() if design and design.interval <= interval}
    if not found:
        # Says which limit it is. Nothing else can be the matter, as long as the bottleneck is what it says.
        _estimate(network, min(designs, key=str), budget)
        raise AssertionError(f"no folding of {network.name} takes {interval} cycles, but {slowest}")
    return min(found, key=lambda foldings: (found[foldings].cells, str(foldings)))


def fastest(network: Network, budget: Budget) -> tuple[Folding, ...]:
    """Foldings of the shortest interval that fits the budget.

    Raises
    ------
    DoesNotFitError
        When not even one neuron and one synapse at a time fit.
    """

    def fit(interval: int) -> bool:
        return budget.fits(_estimate(network, smallest(network, budget, interval=interval), budget))

    low, high, advice = find_bottleneck(network).cycles, longest_interval(network), "take a larger device"
    try:
        fit_at_all = fit(high)
    except TooLargeError as error:
        fit_at_all, advice = False, str(error)
    if not fit_at_all:
        raise DoesNotFitError(f"{network.name}: does not fit {budget.device.name} at any folding; {advice}")
    while low < high:
        middle = (low + high) // 2
        with contextlib.suppress(TooLargeError):
            if fit(middle):
                high = middle
                continue
        low = middle + 1
    return smallest(network, budget, interval=low)


def check_fit(
    network: Network,
    foldings: tuple[Folding, ...],
    budget: Budget,
    others: tuple[Device, ...],
    *,
    clock_mhz: float | None = None,
) -> None:
    """Refuse a design that does not fit the budget, and name the nearest folding and device that do.

    With a clock, the message says what that folding's rate is.

    Raises
    ------
    DoesNotFitError
        When the estimate exceeds what the device has.
    """
    device, design = budget.device, _estimate(network, foldings, budget)
    if budget.fits(design):
        return
    designs = {other: _estimate_or_none(network, foldings, budget.on(other)) for other in others}
    roomier = [other for other, design in designs.items() if design and budget.on(other).fits(design)]
    advice = [f"the same folding fits {min(roomier, key=lambda other: other.lut4).name}"] if roomier else []
    try:
        nearest = _estimate(network, fastest(network, budget), budget)
        rate = f", {int(clock_mhz * 1e6 / nearest.interval)} frames/s at {clock_mhz:g} MHz" if clock_mhz else ""
        advice.insert(0, f"{device.name} fits an interval of {nearest.interval} cycles{rate}")
    except DoesNotFitError:
        advice.insert(0, f"no folding fits {device.name}")
    cells = design.cells + budget.reserved
    raise DoesNotFitError(
        f"{network.name} at an interval of {design.interval} cycles needs about {cells} logic cells and "
        f"{design.brams} block RAMs; {device.name} has {device.lut4} (of which {int(ROOM * device.lut4)} can be "
        f"placed well) and {device.brams}; {'; '.join(advice)}"
    )


def _estimate(network: Network, foldings: tuple[Folding, ...], budget: Budget) -> Estimate:
    design = budget.accelerator(network, foldings)
    check_hardware(design)
    return estimate(design)


def _estimate_or_none(network: Network, foldings: tuple[Folding, ...], budget: Budget) -> Estimate | None:
    """None where no hardware can be made."""
    try:
        return _estimate(network, foldings, budget)
    except TooLargeError:
        return None
