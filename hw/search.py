"""Automatic folding: the smallest design for an interval, or the fastest for a device."""

import contextlib

from ..model.ir import Network
from .accelerator import Accelerator
from .bottleneck import find_bottleneck, longest_interval
from .device import Device
from .estimate import Estimate, estimate
from .folding import Folding
from .limits import TooLargeError, check_hardware
from .pricing import Pricing

__all__ = ["DoesNotFitError", "check_fit", "fastest", "smallest"]

ROOM = 0.8
"""Share of a device's logic cells that a core may take: beyond it placement is slow and clocks are low."""


class DoesNotFitError(ValueError):
    """A design that the device has no room for; the message says what would fit."""


def smallest(network: Network, device: Device, *, interval: int, reweightable: bool = False) -> tuple[Folding, ...]:
    """Foldings with at most ``interval`` cycles a frame that take the fewest cells and no more blocks than there are.

    Raises
    ------
    ValueError
        When the interval is below 1, or a stage takes longer at any folding.
    TooLargeError
        When what would be fast enough exceeds a limit of hardware.
    """
    if interval < 1:
        raise ValueError(f"interval must be at least 1, not {interval!r}")
    slowest = find_bottleneck(network)
    if interval < slowest.cycles:
        raise ValueError(f"interval must be at least {slowest.cycles} for {network.name}, not {interval!r}: {slowest}")
    designs = Pricing(network, device.family, interval, reweightable).all_foldings()
    estimates = {foldings: _estimate_or_none(network, foldings, device, reweightable) for foldings in designs}
    found = {foldings: design for foldings, design in estimates.items() if design and design.interval <= interval}
    if not found:
        # Says which limit it is. Nothing else can be the matter, as long as the bottleneck is what it says.
        _estimate(network, min(designs, key=str), device, reweightable)
        raise AssertionError(f"no folding of {network.name} takes {interval} cycles, but {slowest}")
    return min(found, key=lambda foldings: (found[foldings].cells, str(foldings)))


def fastest(network: Network, device: Device, *, reserved: int = 0, reweightable: bool = False) -> tuple[Folding, ...]:
    """Foldings of the shortest interval that fits the device beside ``reserved`` cells that others take.

    Raises
    ------
    DoesNotFitError
        When not even one neuron and one synapse at a time fit.
    """

    def fit(interval: int) -> bool:
        foldings = smallest(network, device, interval=interval, reweightable=reweightable)
        return fits(_estimate(network, foldings, device, reweightable), device, reserved=reserved)

    low, high, advice = find_bottleneck(network).cycles, longest_interval(network), "take a larger device"
    try:
        fit_at_all = fit(high)
    except TooLargeError as error:
        fit_at_all, advice = False, str(error)
    if not fit_at_all:
        raise DoesNotFitError(f"{network.name}: does not fit {device.name} at any folding; {advice}")
    while low < high:
        middle = (low + high) // 2
        with contextlib.suppress(TooLargeError):
            if fit(middle):
                high = middle
                continue
        low = middle + 1
    return smallest(network, device, interval=low, reweightable=reweightable)


def fits(design: Estimate, device: Device, *, reserved: int = 0) -> bool:
    """Whether the device has the block RAMs, and the cells with room for placement, beside those that others take."""
    return design.cells + reserved <= ROOM * device.lut4 and design.brams <= device.brams


def check_fit(
    network: Network,
    foldings: tuple[Folding, ...],
    device: Device,
    others: tuple[Device, ...],
    *,
    reserved: int = 0,
    reweightable: bool = False,
    clock_mhz: float | None = None,
) -> None:
    """Refuse a design that does not fit beside ``reserved`` cells, and name the nearest folding and device that do.

    With a clock, the message says what that folding's rate is.

    Raises
    ------
    DoesNotFitError
        When the estimate exceeds what the device has.
    """
    design = _estimate(network, foldings, device, reweightable)
    if fits(design, device, reserved=reserved):
        return
    designs = {other: _estimate_or_none(network, foldings, other, reweightable) for other in others}
    roomier = [other for other, design in designs.items() if design and fits(design, other, reserved=reserved)]
    advice = [f"the same folding fits {min(roomier, key=lambda other: other.lut4).name}"] if roomier else []
    try:
        best = fastest(network, device, reserved=reserved, reweightable=reweightable)
        nearest = _estimate(network, best, device, reweightable)
        rate = f", {int(clock_mhz * 1e6 / nearest.interval)} frames/s at {clock_mhz:g} MHz" if clock_mhz else ""
        advice.insert(0, f"{device.name} fits an interval of {nearest.interval} cycles{rate}")
    except DoesNotFitError:
        advice.insert(0, f"no folding fits {device.name}")
    cells = design.cells + reserved
    raise DoesNotFitError(
        f"{network.name} at an interval of {design.interval} cycles needs about {cells} logic cells and "
        f"{design.brams} block RAMs; {device.name} has {device.lut4} (of which {int(ROOM * device.lut4)} can be "
        f"placed well) and {device.brams}; {'; '.join(advice)}"
    )


def _estimate(network: Network, foldings: tuple[Folding, ...], device: Device, reweightable: bool) -> Estimate:
    design = Accelerator(network, foldings, family=device.family, brams=device.brams, reweightable=reweightable)
    check_hardware(design)
    return estimate(design)


def _estimate_or_none(
    network: Network, foldings: tuple[Folding, ...], device: Device, reweightable: bool
) -> Estimate | None:
    """None where no hardware can be made."""
    try:
        return _estimate(network, foldings, device, reweightable)
    except TooLargeError:
        return None
