"""What binarization saves: memory for weights, and the energy of the arithmetic alone.

Energy per operation in 45 nm at 0.9 V: M. Horowitz, "Computing's energy problem (and what we can do about it)",
ISSCC 2014, figure 1.1.9. It has no XNOR; one XNOR with its share of the popcount is taken as two bits of a 32-bit
integer addition. Moving data is not counted, so that these are estimates of arithmetic, not of a chip.
"""

from dataclasses import dataclass

from .model.ir import Network

__all__ = ["Savings", "savings"]

PJ_FLOAT32_MAC = 3.7 + 0.9
"""Multiplication and addition."""
PJ_INT8_MAC = 0.2 + 0.1
"""8-bit multiplication, 32-bit addition."""
PJ_BINARY_MAC = 2 * 0.1 / 32
"""Two bits of a 32-bit addition."""


@dataclass(frozen=True)
class Savings:
    """A network against itself with wider weights.

    Parameters
    ----------
    weight_bytes, int8_bytes, float32_bytes : :class:`int`
        Weight memory with 1, 8 and 32 bits each.
    operations : :class:`int`
        Multiplications for an image, each of which became an XNOR.
    binary_nj, int8_nj, float32_nj : :class:`float`
        Energy of an image's multiplications and additions in nanojoules: an estimate of arithmetic alone.
    """

    weight_bytes: int
    int8_bytes: int
    float32_bytes: int
    operations: int
    binary_nj: float
    int8_nj: float
    float32_nj: float


def savings(network: Network) -> Savings:
    """What binarization saves for a network."""
    weights, count = network.weight_bits, network.multiplications
    return Savings(
        weight_bytes=-(-weights // 8),
        int8_bytes=weights,
        float32_bytes=4 * weights,
        operations=count,
        binary_nj=count * PJ_BINARY_MAC / 1000,
        int8_nj=count * PJ_INT8_MAC / 1000,
        float32_nj=count * PJ_FLOAT32_MAC / 1000,
    )
