"""Automatic folding: the smallest design for an interval, or the fastest for a device."""

from collections.abc import Iterator

from ..model.ir import Conv2d, Matrix, Network
from .accelerator import Accelerator
from .device import Device, Family
from .estimate import Estimate, estimate, layer_price
from .folding import Folding
from .frames import frame_format
from .placement import layer_candidates
from .plan import output, plan_layer, reweightable_stages, slowest_layer

__all__ = ["DoesNotFitError", "check_fit", "fastest", "smallest"]

ROOM = 0.8
"""Share of a device's logic cells that a core may take: beyond it placement is slow and clocks are low."""

PRICES = (0, 10, 20, 40, 80, 160)
"""Logic cells that a block RAM may be worth, to be tried in turn: what it is worth depends on the design."""


BANKS = 9
"""Parts of a memory's depth among which look-up tables may choose: each doubling is a level of them more behind the
memory. Deeper memories are only taken where nothing else is fast enough."""


class DoesNotFitError(ValueError):
    """A design that the device has no room for; the message says what would fit."""


def smallest(network: Network, device: Device, *, interval: int, reweightable: bool = False) -> tuple[Folding, ...]:
    """Foldings with at most ``interval`` cycles a frame that take the fewest cells and no more blocks than there are.

    Raises
    ------
    ValueError
        When the interval is below 1.
    """
    if interval < 1:
        raise ValueError(f"interval must be at least 1, not {interval!r}")
    designs = {_priced(network, device.family, interval, price, reweightable=reweightable) for price in PRICES}
    return min(designs, key=lambda foldings: (_estimate(network, foldings, device, reweightable).cells, str(foldings)))


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

    one = (Folding(1, 1),) * len(network.matrices)
    slow = slowest_layer(network, one)
    low, high = 1, slow
    if not fit(slow):
        raise DoesNotFitError(f"{network.name}: does not fit {device.name} at any folding; take a larger device")
    while low < high:
        middle = (low + high) // 2
        if fit(middle):
            high = middle
        else:
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
) -> None:
    """Refuse a design that does not fit beside ``reserved`` cells, and name the nearest folding and device that do.

    Raises
    ------
    DoesNotFitError
        When the estimate exceeds what the device has.
    """
    design = _estimate(network, foldings, device, reweightable)
    if fits(design, device, reserved=reserved):
        return
    roomier = [
        other for other in others if fits(_estimate(network, foldings, other, reweightable), other, reserved=reserved)
    ]
    advice = [f"the same folding fits {min(roomier, key=lambda other: other.lut4).name}"] if roomier else []
    try:
        best = fastest(network, device, reserved=reserved, reweightable=reweightable)
        nearest = _estimate(network, best, device, reweightable)
        advice.insert(0, f"{device.name} fits an interval of {nearest.interval} cycles")
    except DoesNotFitError:
        advice.insert(0, f"no folding fits {device.name}")
    cells = design.cells + reserved
    raise DoesNotFitError(
        f"{network.name} at an interval of {design.interval} cycles needs about {cells} logic cells and "
        f"{design.brams} block RAMs; {device.name} has {device.lut4} (of which {int(ROOM * device.lut4)} can be "
        f"placed well) and {device.brams}; {'; '.join(advice)}"
    )


def _estimate(network: Network, foldings: tuple[Folding, ...], device: Device, reweightable: bool) -> Estimate:
    return estimate(Accelerator(network, foldings, family=device.family, brams=device.brams, reweightable=reweightable))


def _priced(network: Network, family: Family, interval: int, price: int, *, reweightable: bool) -> tuple[Folding, ...]:
    """The cheapest folding of each layer in turn, with ``price`` cells for a block RAM."""
    foldings: list[Folding] = []
    source = frame_format(network, interval=interval).source
    for step in network.steps():
        layer, before, after = step.layer, step.input, step.output
        if not isinstance(layer, Matrix):
            source = output(layer, before, None, source)
            continue
        options = set(_options(layer, max(1, interval * layer.mh // after.size), source.width))
        plans = {option: plan_layer(layer, before, option, source) for option in options}
        if reweightable:
            plans = {option: reweightable_stages(plan) for option, plan in plans.items()}
        # What takes more cycles than it may comes last: nothing may be fast enough.
        cost = {
            option: (
                max(interval, *(stage.cycles for stage in plan)),
                any(wish.banks > BANKS for wish in layer_candidates(plan, family)),
                layer_price(plan, family, price),
                option.pe,
            )
            for option, plan in plans.items()
        }
        foldings.append(min(options, key=cost.__getitem__))
        source = output(layer, before, foldings[-1], source)
    return tuple(foldings)


def _options(layer: Matrix, interval: int, width_in: int) -> Iterator[Folding]:
    """Foldings within the interval of a vector: for each number of neuron groups the fewest elements and synapses.

    More synapses may be cheaper when they are whole beats of the input; in a convolution, when they divide a pixel.
    """
    for neuron_fold in range(1, min(layer.mh, interval) + 1):
        pe = -(-layer.mh // neuron_fold)
        if -(-layer.mh // pe) != neuron_fold:
            continue
        simd = -(-layer.mw // min(layer.mw, interval // neuron_fold))
        rounded = -(-simd // width_in) * width_in
        wider = [rounded] if rounded <= layer.mw else []
        if isinstance(layer, Conv2d):
            channels = layer.channels
            wider += [width for width in range(simd, channels + 1) if channels % width == 0][:2]
            wider += [width for width in range(channels, layer.mw + 1, channels) if width >= simd][:1]
        if pe == 1:
            # A wide memory is less deep.
            wider += [simd << shift for shift in range(1, (layer.mw // simd).bit_length())]
        yield from (Folding(pe, width) for width in (simd, *wider))
