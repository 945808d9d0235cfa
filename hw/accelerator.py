"""The whole network as a chain of components with AXI4-Stream at both ends."""

import numpy as np
from amaranth.hdl import Module, Shape, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from ..model.bits import BitArray, pack_bytes
from ..model.ir import Matrix, Network
from .answer import Answer
from .axi import FrameGuard, axi_stream
from .device import ICE40, Family
from .folding import Folding, check_foldings, interval
from .mvu import MatrixVectorUnit
from .placement import Memories, Place, place_memories
from .replay import ReplayBuffer
from .replay_memory import ReplayMemory

__all__ = ["Accelerator"]


class MatrixLayer(wiring.Component):
    """A matrix-vector unit behind the buffer that replays its input.

    Parameters
    ----------
    layer, folding, memories, port
        As for :class:`MatrixVectorUnit`.
    width_in : :class:`int`
        Bits of a beat at the input.

    Members
    -------
    i : stream of ``width_in`` bits, in
        Vectors.
    o : stream of ``pe`` results, out
        Results, neuron 0 first; the last beat may hold padded neurons, whose results are without meaning.
    """

    def __init__(self, *, layer: Matrix, folding: Folding, memories: Memories, port: int, width_in: int) -> None:
        self.replay = _replay(layer, folding, memories.replay, width_in)
        self.mvu = MatrixVectorUnit(layer=layer, folding=folding, memories=memories, port=port)
        super().__init__({"i": In(stream.Signature(width_in)), "o": Out(stream.Signature(len(self.mvu.o.payload)))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.replay = self.replay
        m.submodules.mvu = self.mvu
        wiring.connect(m, wiring.flipped(self.i), self.replay.i)
        wiring.connect(m, self.replay.o, self.mvu.i)
        wiring.connect(m, self.mvu.o, wiring.flipped(self.o))
        return m


def _replay(layer: Matrix, folding: Folding, place: Place, width_in: int) -> ReplayBuffer | ReplayMemory:
    widths = {"width_in": width_in, "width_out": folding.simd, "passes": folding.neuron_fold(layer)}
    if place is Place.REGISTERS:
        return ReplayBuffer(element=unsigned(1), count=layer.mw, **widths)
    return ReplayMemory(count=layer.mw, block=place is Place.BLOCK, **widths)


class Accelerator(wiring.Component):
    """A network as a dataflow accelerator: each layer has hardware of its own, all work at once on successive frames.

    Gives an answer every ``interval`` cycles when frames come as fast.

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

    Members
    -------
    s_axis, m_axis : AXI4-Stream, as flat ports with the usual names
        Frames in (:meth:`encode`), answers out (:meth:`decode`).
    error : 1, out
        High for a cycle when ``s_axis_tlast`` was misplaced.

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
        self.layers = self._layers()
        self.score: Shape = self.layers[-1].mvu.result
        # As few scores per cycle as keep up with the layers: comparing them is the long path.
        lanes = -(-network.classes // self.interval)
        patient = 2 * network.classes <= self.interval
        self.spread = ReplayBuffer(element=self.score, count=network.classes, width_in=foldings[-1].pe, width_out=lanes)
        self.answer = Answer(score=self.score, count=network.classes, lanes=lanes, scores=scores, patient=patient)
        self.output_bytes = self.answer.output_bytes
        super().__init__(
            {
                **_flat("s_axis", axi_stream(8 * self.input_bytes).flip()),
                **_flat("m_axis", axi_stream(8 * self.output_bytes)),
                "error": Out(1),
            }
        )

    def encode(self, bits: BitArray) -> bytes:
        """Input stream of quantized images: each as ``input_beats * input_bytes`` bytes, bit 0 of byte 0 first."""
        packed = pack_bytes(bits.reshape(len(bits), -1))
        frames = np.zeros((len(bits), self.input_beats * self.input_bytes), np.uint8)
        frames[:, : packed.shape[1]] = packed
        return frames.tobytes()

    def decode(self, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Classes, of shape ``(count,)``, and scores, of shape ``(count, classes)`` or None, of an output stream."""
        answers = np.frombuffer(data, np.uint8).reshape(-1, self.output_bytes).astype(np.int64)
        head, tail = answers[:, : self.answer.class_bytes], answers[:, self.answer.class_bytes :]
        classes = head @ (256 ** np.arange(self.answer.class_bytes))
        if not self.scores:
            return classes, None
        size = self.answer.score_bytes
        values = tail.reshape(len(tail), -1, size) @ (256 ** np.arange(size))
        return classes, values - ((values >> 8 * size - 1) << 8 * size)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.guard = guard = FrameGuard(
            width=8 * self.input_bytes, beats=self.input_beats, startup_cycles=self.startup_cycles
        )
        m.d.comb += [
            guard.s.tdata.eq(self.s_axis_tdata),
            guard.s.tvalid.eq(self.s_axis_tvalid),
            guard.s.tlast.eq(self.s_axis_tlast),
            self.s_axis_tready.eq(guard.s.tready),
            self.error.eq(guard.error),
        ]

        source = guard.o
        for name, layer in zip(self.network.names, self.layers, strict=True):
            m.submodules[name] = layer
            wiring.connect(m, source, layer.i)
            source = layer.o

        m.submodules.spread = self.spread
        m.submodules.answer = answer = self.answer
        wiring.connect(m, source, self.spread.i)
        wiring.connect(m, self.spread.o, answer.i)
        m.d.comb += [
            self.m_axis_tdata.eq(answer.o.payload),
            self.m_axis_tvalid.eq(answer.o.valid),
            self.m_axis_tlast.eq(1),
            answer.o.ready.eq(self.m_axis_tready),
        ]
        return m

    def _layers(self) -> list[MatrixLayer]:
        layers, width = [], 8 * self.input_bytes
        for layer, folding, memories in zip(self.network.layers, self.foldings, self.memories, strict=True):
            port = self.family.bram_width
            layers.append(MatrixLayer(layer=layer, folding=folding, memories=memories, port=port, width_in=width))
            width = len(layers[-1].o.payload)
        return layers


def _flat(prefix: str, signature: wiring.Signature) -> dict[str, wiring.Member]:
    return {f"{prefix}_{name}": member for name, member in signature.members.items()}
