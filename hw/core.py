"""The whole network as a chain of components, with AXI4-Stream at both ends."""

from amaranth.hdl import Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..model.ir import Matrix
from .accelerator import Accelerator
from .answer import Answer
from .axi import FrameGuard, axi_stream
from .folding import Folding
from .mvu import MatrixVectorUnit
from .placement import Memories, Place
from .replay import ReplayBuffer
from .replay_memory import ReplayMemory

__all__ = ["AcceleratorCore"]


class AcceleratorCore(wiring.Component):
    """The hardware of an accelerator: a component for each layer, one behind the other.

    Parameters
    ----------
    accelerator : :class:`Accelerator`
        What to build.

    Members
    -------
    s_axis, m_axis : AXI4-Stream, as flat ports with the usual names
        Frames in, answers out.
    error : 1, out
        High for a cycle when ``s_axis_tlast`` was misplaced.
    """

    def __init__(self, accelerator: Accelerator) -> None:
        self.accelerator = accelerator
        super().__init__(
            {
                **_flat("s_axis", axi_stream(8 * accelerator.input_bytes).flip()),
                **_flat("m_axis", axi_stream(8 * accelerator.output_bytes)),
                "error": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, accelerator = Module(), self.accelerator
        m.submodules.guard = guard = FrameGuard(
            width=8 * accelerator.input_bytes, beats=accelerator.input_beats, startup_cycles=accelerator.startup_cycles
        )
        m.d.comb += [
            guard.s.tdata.eq(self.s_axis_tdata),
            guard.s.tvalid.eq(self.s_axis_tvalid),
            guard.s.tlast.eq(self.s_axis_tlast),
            self.s_axis_tready.eq(guard.s.tready),
            self.error.eq(guard.error),
        ]

        source = guard.o
        rows = zip(accelerator.network.layers, accelerator.foldings, accelerator.memories, strict=True)
        for name, (matrix, folding, memories) in zip(accelerator.network.names, rows, strict=True):
            m.submodules[name] = layer = MatrixLayer(
                layer=matrix,
                folding=folding,
                memories=memories,
                port=accelerator.family.bram_width,
                width_in=len(source.payload),
            )
            wiring.connect(m, source, layer.i)
            source = layer.o

        score, classes, lanes = accelerator.score, accelerator.network.classes, accelerator.answer_lanes
        m.submodules.spread = spread = ReplayBuffer(
            element=score, count=classes, width_in=accelerator.foldings[-1].pe, width_out=lanes
        )
        m.submodules.answer = answer = Answer(
            score=score,
            count=classes,
            lanes=lanes,
            scores=accelerator.scores,
            patient=2 * classes <= accelerator.interval,
        )
        wiring.connect(m, source, spread.i)
        wiring.connect(m, spread.o, answer.i)
        m.d.comb += [
            self.m_axis_tdata.eq(answer.o.payload),
            self.m_axis_tvalid.eq(answer.o.valid),
            self.m_axis_tlast.eq(1),
            answer.o.ready.eq(self.m_axis_tready),
        ]
        return m


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


def _flat(prefix: str, signature: wiring.Signature) -> dict[str, wiring.Member]:
    return {f"{prefix}_{name}": member for name, member in signature.members.items()}
