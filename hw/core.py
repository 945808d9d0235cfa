"""The whole network as a chain of components, with AXI4-Stream at both ends."""

from amaranth.hdl import Cat, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .accelerator import Accelerator
from .answer import Answer
from .axi import FrameGuard, axi_stream
from .device import Family
from .limits import check_hardware
from .replay import ReplayBuffer
from .stage import Places, Stage

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

        source = _narrowed(m, guard.o, accelerator.frame.source.width, accelerator.frame.tensor.width)
        steps = accelerator.network.steps()
        rows = zip(steps, accelerator.plan, accelerator.places, accelerator.outputs(), strict=True)
        for step, stages, places, beats in rows:
            m.submodules[step.name] = layer = Layer(stages=stages, places=places, family=accelerator.family)
            wiring.connect(m, source, layer.i)
            source = _narrowed(m, layer.o, beats.width, step.output.width)
        source = layer.o

        score, classes, lanes = accelerator.score, accelerator.network.classes, accelerator.answer_lanes
        m.submodules.spread = spread = ReplayBuffer(
            element=score, count=classes, width_in=accelerator.outputs()[-1].width, width_out=lanes
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
    places : mapping of :class:`Place`
        Where their memories are.
    family : :class:`Family`
        Whose block RAM to use.

    Members
    -------
    i, o : streams, in and out
        Beats of the first and of the last stage.
    """

    def __init__(self, *, stages: tuple[Stage, ...], places: Places, family: Family) -> None:
        self.components = {type(stage).__name__.lower(): stage.component(places, family) for stage in stages}
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


def _narrowed(m: Module, beats: stream.Interface, count: int, width: int) -> stream.Interface:
    """The ``count`` elements of a stream in ``width`` bits each, where they come in more: in a byte, or as sums are."""
    element = len(beats.payload) // count
    if element == width:
        return beats
    elements = stream.Signature(count * width).create()
    m.d.comb += [
        elements.payload.eq(Cat(beats.payload.word_select(n, element)[:width] for n in range(count))),
        elements.valid.eq(beats.valid),
        beats.ready.eq(elements.ready),
    ]
    return elements


def _flat(prefix: str, signature: wiring.Signature) -> dict[str, wiring.Member]:
    return {f"{prefix}_{name}": member for name, member in signature.members.items()}
