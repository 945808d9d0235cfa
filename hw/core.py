"""The whole network as a chain of components, with AXI4-Stream at both ends."""

from typing import Any

from amaranth.hdl import Cat, Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .accelerator import Accelerator
from .answer import Answer
from .axi import FrameGuard, axi_stream
from .device import Family
from .frames import FrameFormat
from .limits import check_hardware
from .mvu import MatrixVectorUnit
from .placement import Memories, Place
from .plan import Convert, Pool, Product, Replay, Stage, Window
from .pool import BitPool
from .replay import ReplayBuffer
from .replay_memory import ReplayMemory
from .swu import SlidingWindow

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

    Raises
    ------
    TooLargeError
        When it exceeds a limit of hardware.
    """

    def __init__(self, accelerator: Accelerator) -> None:
        check_hardware(accelerator)
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

        source = _narrowed(m, guard.o, accelerator.frame)
        rows = zip(accelerator.network.names, accelerator.plan, accelerator.memories, strict=True)
        for name, stages, memories in rows:
            m.submodules[name] = layer = Layer(stages=stages, memories=memories, family=accelerator.family)
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


class Layer(wiring.Component):
    """The stages of a layer, one behind the other.

    Parameters
    ----------
    stages : tuple of stages
        As :func:`plan_layer` gives them.
    memories : :class:`Memories`
        Where their memories are.
    family : :class:`Family`
        Whose block RAM to use.

    Members
    -------
    i, o : streams, in and out
        Beats of the first and of the last stage.
    """

    def __init__(self, *, stages: tuple[Stage, ...], memories: Memories, family: Family) -> None:
        self.components = {
            type(stage).__name__.lower(): LOWER[type(stage)](stage, memories, family) for stage in stages
        }
        first, *_, last = *self.components.values(), *self.components.values()
        super().__init__(
            {
                "i": In(stream.Signature(len(first.i.payload))),
                "o": Out(stream.Signature(len(last.o.payload))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        source = wiring.flipped(self.i)
        for name, component in self.components.items():
            m.submodules[name] = component
            wiring.connect(m, source, component.i)
            source = component.o
        wiring.connect(m, source, wiring.flipped(self.o))
        return m


def _convert(stage: Convert, _memories: Memories, _family: Family) -> ReplayBuffer:
    return ReplayBuffer(
        element=unsigned(stage.bits), count=stage.count, width_in=stage.width_in, width_out=stage.width_out
    )


def _replay(stage: Replay, memories: Memories, _family: Family) -> ReplayBuffer | ReplayMemory:
    if memories.replay is Place.REGISTERS:
        return ReplayBuffer(
            element=unsigned(stage.bits),
            count=stage.count,
            width_in=stage.width_in,
            width_out=stage.width_out,
            passes=stage.passes,
        )
    return ReplayMemory(
        count=stage.count * stage.bits,
        width_in=stage.width_in * stage.bits,
        width_out=stage.width_out * stage.bits,
        passes=stage.passes,
        block=memories.replay is Place.BLOCK,
    )


def _window(stage: Window, memories: Memories, _family: Family) -> SlidingWindow:
    return SlidingWindow(window=stage, place=memories.rows)


def _product(stage: Product, memories: Memories, family: Family) -> MatrixVectorUnit:
    return MatrixVectorUnit(
        layer=stage.layer,
        tensor=stage.tensor,
        folding=stage.folding,
        memories=memories,
        port=family.bram_width,
        any_levels=stage.reweightable,
    )


def _pool(stage: Pool, _memories: Memories, _family: Family) -> BitPool:
    return BitPool(width=stage.width, beats=stage.beats)


LOWER: dict[type[Stage], Any] = {
    Convert: _convert,
    Replay: _replay,
    Window: _window,
    Product: _product,
    Pool: _pool,
}


def _narrowed(m: Module, beats: stream.Interface, frame: FrameFormat) -> stream.Interface:
    """The elements of a stream whose integers come in a byte each."""
    element, width = frame.element_bits, frame.tensor.width
    if element == width:
        return beats
    elements = stream.Signature(frame.source.width * width).create()
    m.d.comb += [
        elements.payload.eq(Cat(beats.payload.word_select(n, element)[:width] for n in range(frame.source.width))),
        elements.valid.eq(beats.valid),
        beats.ready.eq(elements.ready),
    ]
    return elements


def _flat(prefix: str, signature: wiring.Signature) -> dict[str, wiring.Member]:
    return {f"{prefix}_{name}": member for name, member in signature.members.items()}
