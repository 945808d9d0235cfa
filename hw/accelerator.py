"""An accelerator as a description: what it computes, how its streams are made of bytes, how long it takes."""

import numpy as np
from amaranth.hdl import Shape
from numpy.typing import NDArray

from ..model.bits import BitArray, pack_bytes
from ..model.ir import Network
from .answer import AnswerFormat
from .device import ICE40, Family
from .folding import Folding, check_foldings, interval
from .levels import accumulator
from .placement import place_memories

__all__ = ["Accelerator"]


class Accelerator:
    """A network as a dataflow accelerator: each layer has hardware of its own, all work at once on successive frames.

    Gives an answer every ``interval`` cycles when frames come as fast. :class:`AcceleratorCore` is the hardware; all
    that others need to know to talk to it is here.

    Parameters
    ----------
    network : :class:`Network`
        What to compute.
    foldings : tuple of :class:`Folding`
        Parallelism of each layer.
    scores : :class:`bool`
        Answer with all scores behind the class.
    input_bytes : :class:`int` or None
        Bytes of an input beat; without it the fewest that do not slow the layers down.
    startup_cycles : :class:`int`
        Cycles after configuration in which nothing is taken.
    family : :class:`Family`
        Whose block RAM to use.
    brams : :class:`int` or None
        Block RAMs to use at most; without it there is no limit.

    Raises
    ------
    ValueError
        When a folding or another parameter is out of its range.
    """

    def __init__(
        self,
        network: Network,
        foldings: tuple[Folding, ...],
        *,
        scores: bool = False,
        input_bytes: int | None = None,
        startup_cycles: int = 0,
        family: Family = ICE40,
        brams: int | None = None,
    ) -> None:
        check_foldings(network, foldings)
        self.network = network
        self.foldings = foldings
        self.scores = scores
        self.startup_cycles = startup_cycles
        self.family = family
        self.brams = brams
        frame_bits = network.tensors[0].bits
        slowest = interval(network, foldings)
        self.input_bytes = -(-frame_bits // (8 * slowest)) if input_bytes is None else input_bytes
        if not 1 <= self.input_bytes <= -(-frame_bits // 8):
            raise ValueError(f"input_bytes must be in 1..{-(-frame_bits // 8)}, not {input_bytes!r}")
        self.input_beats = -(-frame_bits // (8 * self.input_bytes))
        self.interval = max(slowest, self.input_beats)
        self.memories = place_memories(network, foldings, family=family, brams=brams, frame_width=8 * self.input_bytes)
        self.score: Shape = accumulator(network.layers[-1])
        self.answer = AnswerFormat(network.classes, self.score.width, scores)

    @property
    def output_bytes(self) -> int:
        """Bytes of an answer."""
        return self.answer.output_bytes

    @property
    def answer_lanes(self) -> int:
        """Scores compared per cycle: as few as keep up with the layers, because comparing them is a long path."""
        return -(-self.network.classes // self.interval)

    def encode(self, bits: BitArray) -> bytes:
        """Input stream of quantized images: each as ``input_beats * input_bytes`` bytes, bit 0 of byte 0 first."""
        packed = pack_bytes(bits.reshape(len(bits), -1))
        frames = np.zeros((len(bits), self.input_beats * self.input_bytes), np.uint8)
        frames[:, : packed.shape[1]] = packed
        return frames.tobytes()

    def decode(self, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Classes, of shape ``(count,)``, and scores, of shape ``(count, classes)`` or None, of an output stream."""
        return self.answer.decode(data)
