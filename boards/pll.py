"""Dividers of the PLLs of iCE40 and ECP5.

Limits and the search are those of ``icepll`` (icestorm) and ``ecppll`` (prjtrellis), so that the results are theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Ecp5Pll", "Ice40Pll", "ecp5_pll", "ice40_pll"]

TOLERANCE = 0.01
"""How far the frequency may be from what was asked for: the UART's rate comes from it."""


@dataclass(frozen=True)
class Ice40Pll:
    """Parameters of ``SB_PLL40_*`` with simple feedback: output is reference * (divf + 1) / (divr + 1) / 2**divq."""

    divr: int
    divf: int
    divq: int
    filter_range: int
    mhz: float


@dataclass(frozen=True)
class Ecp5Pll:
    """Parameters of ``EHXPLLL`` with feedback from its output: output is reference * clkfb_div / clki_div."""

    clki_div: int
    clkfb_div: int
    clkop_div: int
    mhz: float


def ice40_pll(*, reference_mhz: float, mhz: float) -> Ice40Pll:
    """The dividers that come closest.

    Raises
    ------
    ValueError
        When not even they come close.
    """
    best = min(_ice40_plls(reference_mhz), key=lambda pll: abs(pll.mhz - mhz), default=None)
    _check("iCE40", reference_mhz, mhz, best.mhz if best else None)
    assert best is not None
    return best


def ecp5_pll(*, reference_mhz: float, mhz: float) -> Ecp5Pll:
    """The dividers that come closest, and of those the oscillator frequency in the middle of its range.

    Raises
    ------
    ValueError
        When not even they come close.
    """
    best = min(_ecp5_plls(reference_mhz), key=lambda pll: (abs(pll.mhz - mhz), _off_middle(pll)), default=None)
    _check("ECP5", reference_mhz, mhz, best.mhz if best else None)
    assert best is not None
    return best


def _ice40_plls(reference: float) -> Iterator[Ice40Pll]:
    for divr in range(16):
        compared = reference / (divr + 1)
        if not 10 <= compared <= 133:
            continue
        filter_range = 1 + sum(compared >= limit for limit in (17, 26, 44, 66, 101))
        for divf in range(128):
            oscillator = compared * (divf + 1)
            if 533 <= oscillator <= 1066:
                yield from (
                    Ice40Pll(divr, divf, divq, filter_range, oscillator / (1 << divq))
                    for divq in range(1, 7)
                    if 16 <= oscillator / (1 << divq) <= 275
                )


def _ecp5_plls(reference: float) -> Iterator[Ecp5Pll]:
    for clki_div in range(1, 129):
        compared = reference / clki_div
        if not 3.125 <= compared <= 400:
            continue
        for clkfb_div in range(1, 81):
            output = compared * clkfb_div
            if not 10 <= output <= 400:
                continue
            yield from (
                Ecp5Pll(clki_div, clkfb_div, clkop_div, output)
                for clkop_div in range(1, 129)
                if 400 <= output * clkop_div <= 800
            )


def _off_middle(pll: Ecp5Pll) -> float:
    return abs(pll.mhz * pll.clkop_div - 600)


def _check(family: str, reference: float, wanted: float, nearest: float | None) -> None:
    if nearest is None:
        raise ValueError(
            f"the reference of an {family} PLL must be of a frequency that it takes, not {reference:g} MHz"
        )
    if abs(nearest - wanted) > TOLERANCE * wanted:
        raise ValueError(
            f"clock must be one that an {family} PLL makes from {reference:g} MHz, not {wanted:g} MHz; "
            f"the nearest is {nearest:.2f}"
        )
