"""Automatic folding: the smallest design for an interval, or the fastest for a device."""

import functools
from collections.abc import Iterator

from ..model.ir import Matrix, Network
from .device import Device, Family
from .estimate import Estimate, estimate, layer_price
from .folding import Folding

__all__ = ["DoesNotFitError", "check_fit", "fastest", "smallest"]

ROOM = 0.8
"""Share of a device's logic cells that a core may take: beyond it placement is slow and clocks are low."""

PRICES = (0, 10, 20, 40, 80, 160)
"""Logic cells that a block RAM may be worth, to be tried in turn: what it is worth depends on the design."""


class DoesNotFitError(ValueError):
    """A design that the device has no room for; the message says what would fit."""


def smallest(network: Network, device: Device, *, interval: int) -> tuple[Folding, ...]:
    """Foldings with at most ``interval`` cycles a frame that take the fewest cells and no more blocks than there are.

    Raises
    ------
    ValueError
        When the interval is below 1.
    """
    if interval < 1:
        raise ValueError(f"interval must be at least 1, not {interval!r}")
    designs = {_priced(network, device.family, interval, price) for price in PRICES}
    return min(designs, key=lambda foldings: (_estimate(network, foldings, device).cells, str(foldings)))


def fastest(network: Network, device: Device) -> tuple[Folding, ...]:
    """Foldings of the shortest interval that fits the device.

    Raises
    ------
    DoesNotFitError
        When not even one neuron and one synapse at a time fit.
    """
    slow = max(layer.mw * layer.mh for layer in network.layers)
    low, high = 1, slow
    if not fits(_estimate(network, smallest(network, device, interval=slow), device), device):
        raise DoesNotFitError(f"{network.name}: does not fit {device.name} at any folding; take a larger device")
    while low < high:
        middle = (low + high) // 2
        if fits(_estimate(network, smallest(network, device, interval=middle), device), device):
            high = middle
        else:
            low = middle + 1
    return smallest(network, device, interval=low)


def fits(design: Estimate, device: Device) -> bool:
    """Whether the device has the block RAMs, and the cells with room for placement."""
    return design.cells <= ROOM * device.lut4 and design.brams <= device.brams


def check_fit(network: Network, foldings: tuple[Folding, ...], device: Device, others: tuple[Device, ...]) -> None:
    """Refuse a design that does not fit, and name the nearest folding and the nearest device that do.

    Raises
    ------
    DoesNotFitError
        When the estimate exceeds what the device has.
    """
    design = _estimate(network, foldings, device)
    if fits(design, device):
        return
    roomier = [other for other in others if fits(_estimate(network, foldings, other), other)]
    advice = [f"the same folding fits {min(roomier, key=lambda other: other.lut4).name}"] if roomier else []
    try:
        nearest = _estimate(network, fastest(network, device), device)
        advice.insert(0, f"{device.name} fits an interval of {nearest.interval} cycles")
    except DoesNotFitError:
        advice.insert(0, f"no folding fits {device.name}")
    raise DoesNotFitError(
        f"{network.name} at an interval of {design.interval} cycles needs about {design.cells} logic cells and "
        f"{design.brams} block RAMs; {device.name} has {device.lut4} (of which {int(ROOM * device.lut4)} can be "
        f"placed well) and {device.brams}; {'; '.join(advice)}"
    )


def _estimate(network: Network, foldings: tuple[Folding, ...], device: Device) -> Estimate:
    return estimate(network, foldings, family=device.family, brams=device.brams)


def _priced(network: Network, family: Family, interval: int, price: int) -> tuple[Folding, ...]:
    """The cheapest folding of each layer in turn, with ``price`` cells for a block RAM."""
    foldings: list[Folding] = []
    width_in = 8 * -(-network.tensors[0].bits // (8 * interval))
    for layer in network.layers:
        options = _options(layer, interval, width_in)
        cost = functools.partial(layer_price, layer, family=family, width_in=width_in, price=price)
        foldings.append(min(options, key=cost))
        width_in = foldings[-1].pe
    return tuple(foldings)


def _options(layer: Matrix, interval: int, width_in: int) -> Iterator[Folding]:
    """Foldings within the interval: for each number of neuron groups the fewest elements and synapses that do."""
    for neuron_fold in range(1, min(layer.mh, interval) + 1):
        pe = -(-layer.mh // neuron_fold)
        if -(-layer.mh // pe) != neuron_fold:
            continue
        simd = -(-layer.mw // min(layer.mw, interval // neuron_fold))
        yield Folding(pe, simd)
        rounded = -(-simd // width_in) * width_in
        if rounded <= layer.mw:
            yield Folding(pe, rounded)
