"""An accelerator as a description: what it computes, how its streams are made of bytes, how long it takes."""

import numpy as np
from amaranth.hdl import Shape, signed
from numpy.typing import NDArray

from ..model.ir import Matrix, Network
from .answer import AnswerFormat
from .argmax import PAUSE
from .depths import add_queues
from .device import ICE40, Family
from .folding import Folding, check_foldings
from .frames import frame_format
from .mvu import Product
from .placement import place_memories
from .plan import plan_network, slowest_layer
from .replay import Convert
from .stage import Beats, Place

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
        Bytes of an input beat, where they can be chosen; without it the fewest that do not slow the layers down.
    startup_cycles : :class:`int`
        Cycles after configuration in which nothing is taken.
    family : :class:`Family`
        Whose block RAM to use.
    brams : :class:`int` or None
        Block RAMs to use at most; without it there is no limit.
    reweightable : :class:`bool`
        All that depends on weights and levels is in block RAM, however many that takes.
    sprams : :class:`int`
        SPRAMs that weights may be in, where block RAM is too small.

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
        reweightable: bool = False,
        sprams: int = 0,
    ) -> None:
        check_foldings(network, foldings)
        self.network = network
        self.foldings = foldings
        self.scores = scores
        self.startup_cycles = startup_cycles
        self.family = family
        self.brams = brams
        self.reweightable = reweightable
        slowest = slowest_layer(network, foldings)
        self.frame = frame_format(network, interval=slowest, input_bytes=input_bytes)
        plans = plan_network(network, foldings, self.frame, reweightable=reweightable)
        self.layers = add_queues(network, plans, family)
        self.plan = tuple(layer.stages for layer in self.layers)
        self.interval = max(self.input_beats, *(stage.cycles for stages in self.plan for stage in stages))
        self.places = place_memories(self.plan, family=family, brams=brams, sprams=sprams)
        self.loads = any(place in (Place.SPRAM, Place.SPLIT) for places in self.places for place in places.values())
        # The sums of a last layer may have more bits than their results need.
        sums = next((stage for stage in self.layers[-1].body if isinstance(stage, Product) and not stage.raw), None)
        self.score: Shape = sums.result if sums else signed(network.tensors[-1].width)
        self.answer = AnswerFormat(network.classes, self.score.width, scores)

    @property
    def input_bytes(self) -> int:
        """Bytes of an input beat."""
        return self.frame.input_bytes

    @property
    def input_beats(self) -> int:
        """Input beats of a frame."""
        return self.frame.input_beats

    @property
    def output_bytes(self) -> int:
        """Bytes of an answer."""
        return self.answer.output_bytes

    @property
    def answer_lanes(self) -> int:
        """Scores compared per cycle: as few as keep up with the layers, because comparing them is a long path."""
        return -(-self.network.classes // self.interval)

    @property
    def patient(self) -> bool:
        """Whether there is time for two cycles a score, and for the pause between frames."""
        return 2 * self.network.classes + PAUSE <= self.interval

    @property
    def spread(self) -> Convert | None:
        """What is in front of the answer: it makes beats of so many scores, and holds those that come too fast for it.

        Products that take more than a cycle for a score need neither.
        """
        beats, lanes, classes = self.outputs()[-1], self.answer_lanes, self.network.classes
        slow = isinstance(self.network.layers[-1], Matrix) and beats.gap > 1
        if beats.width == lanes and (slow or not self.patient):
            return None
        return Convert(classes, self.score.width, beats.width, lanes, 1)

    def outputs(self) -> tuple[Beats, ...]:
        """Beats of each layer's output stream."""
        return tuple(layer.beats for layer in self.layers)

    def encode(self, values: NDArray[np.generic]) -> bytes:
        """Input stream of quantized images, each ``input_beats * input_bytes`` long, as :class:`FrameFormat` has it."""
        return self.frame.encode(values)

    def decode(self, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Classes, of shape ``(count,)``, and scores, of shape ``(count, classes)`` or None, of an output stream."""
        return self.answer.decode(data)
