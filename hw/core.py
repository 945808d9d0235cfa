"""The whole network as a graph of components, with AXI4-Stream at both ends."""

from collections.abc import Mapping, Sequence
from typing import Any

from amaranth.hdl import Cat, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..model.ir import IMAGE
from .accelerator import Accelerator
from .answer import Answer
from .axi import FrameGuard, axi_stream
from .depths import readers_of
from .device import Family
from .fork import Fork
from .limits import check_hardware
from .loader import WeightLoader, network_mark
from .spram import connect_loads, load_port
from .stage import LayerPlan, Places, Stage

__all__ = ["AcceleratorCore"]

LOAD_PORTS = {
    "load_tdata": In(8),
    "load_tvalid": In(1),
    "load_tready": Out(1),
    "loaded": Out(1),
    "load_error": Out(1),
}
"""Ports of a core with SPRAM."""


class AcceleratorCore(wiring.Component):
    """The hardware of an accelerator: a component for each layer, behind what it reads.

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
    load_tdata, load_tvalid, load_tready : 8, 1, 1, in, in and out
        Where there is SPRAM: the file of weights, a byte at a time. No frame is taken before it was right.
    loaded, load_error : 1, out
        There, too: high from when the weights were right, and high for a cycle when the check sum was wrong; then the
        file is to come once more.

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
                **(LOAD_PORTS if accelerator.loads else {}),
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
        layers: list[Layer] = []
        scores = self._connect_layers(m, guard.o, layers)
        m.submodules.answer = answer = Answer(
            score=accelerator.score,
            count=accelerator.network.classes,
            lanes=accelerator.answer_lanes,
            scores=accelerator.scores,
            patient=accelerator.patient,
        )
        if accelerator.spread:
            m.submodules.spread = spread = accelerator.spread.component({}, accelerator.family)
            wiring.connect(m, scores, spread.i)
            scores = spread.o
        wiring.connect(m, scores, answer.i)
        m.d.comb += [
            self.m_axis_tdata.eq(answer.o.payload),
            self.m_axis_tvalid.eq(answer.o.valid),
            self.m_axis_tlast.eq(1),
            answer.o.ready.eq(self.m_axis_tready),
        ]
        if accelerator.loads:
            self._connect_loader(m, guard, [layer for layer in layers if layer.sprams])
        return m

    def _connect_loader(self, m: Module, guard: FrameGuard, layers: Sequence["Layer"]) -> None:
        """What fills SPRAM; the guard sees no frame before that is done."""
        sprams = sum(layer.sprams for layer in layers)
        m.submodules.loader = loader = WeightLoader(
            sprams=sprams,
            network=network_mark(self.accelerator),
            replaceable=self.accelerator.reweightable,
            startup_cycles=self.accelerator.startup_cycles,
        )
        connect_loads(m, loader.load, layers)
        m.d.comb += [
            loader.i.payload.eq(self.load_tdata),
            loader.i.valid.eq(self.load_tvalid),
            self.load_tready.eq(loader.i.ready),
            self.loaded.eq(loader.loaded),
            self.load_error.eq(loader.wrong),
            guard.s.tvalid.eq(self.s_axis_tvalid & loader.loaded),
            self.s_axis_tready.eq(guard.s.tready & loader.loaded),
        ]

    def _connect_layers(self, m: Module, frames: stream.Interface, layers: list["Layer"]) -> stream.Interface:
        """Each layer to what it reads, through a fork where others read that, too; gives what the last one gives."""
        accelerator = self.accelerator
        readers = readers_of(accelerator.network)
        streams: dict[tuple[int, int], stream.Interface] = {}

        def offer(source: int, name: str, beats: stream.Interface, count: int, width: int) -> None:
            edges, elements = readers[source], _narrowed(m, beats, count, width)
            outputs = [elements]
            if len(edges) > 1:
                m.submodules[f"{name}_fork"] = fork = Fork(width=len(elements.payload), readers=len(edges))
                wiring.connect(m, elements, fork.i)
                outputs = list(fork.o)
            streams.update(zip(edges, outputs, strict=True))

        frame = accelerator.frame
        offer(IMAGE, "input", frames, frame.source.width, frame.tensor.width)
        rows = zip(accelerator.network.steps(), accelerator.layers, accelerator.places, strict=True)
        for index, (step, plan, places) in enumerate(rows):
            m.submodules[step.name] = layer = Layer(plan=plan, places=places, family=accelerator.family)
            layers.append(layer)
            for slot, port in enumerate(layer.inputs):
                wiring.connect(m, streams[index, slot], port)
            if readers[index]:
                offer(index, step.name, layer.o, plan.beats.width, step.output.width)
        return layer.o


class Layer(wiring.Component):
    """The stages of a layer, one behind the other; those of a second input beside them, up to where they meet.

    Parameters
    ----------
    plan : :class:`LayerPlan`
        The stages.
    places : mapping of :class:`Place`
        Where their memories are.
    family : :class:`Family`
        Whose block RAM to use.

    Members
    -------
    i, o : streams, in and out
        Beats of the first and of the last stage.
    second : stream, in
        Beats of the second input, where there is one.
    load : as :func:`~.spram.load_port` has it, in
        Weights to be, where some are in SPRAM.
    """

    def __init__(self, *, plan: LayerPlan, places: Places, family: Family) -> None:
        first, *rest = plan.arms
        self.components = _components((*first, *plan.body), places, family)
        self.beside = [_components(arm, places, family) for arm in rest]
        self.joint = list(self.components)[len(first)]
        chain = list(self.components.values())
        members = {"i": In(stream.Signature(len(chain[0].i.payload)))}
        for arm in self.beside:
            port = next((component.i for component in arm.values()), self.components[self.joint].second)
            members["second"] = In(stream.Signature(len(port.payload)))
        self.loaded = [component for component in chain if getattr(component, "sprams", 0)]
        self.sprams = sum(component.sprams for component in self.loaded)
        if self.sprams:
            members["load"] = In(load_port(self.sprams))
        super().__init__({**members, "o": Out(stream.Signature(len(chain[-1].o.payload)))})

    @property
    def inputs(self) -> list[stream.Interface]:
        """What it reads."""
        return [self.i, *(self.second for _ in self.beside)]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        wiring.connect(m, _chained(m, wiring.flipped(self.i), self.components), wiring.flipped(self.o))
        for arm in self.beside:
            named = {f"second_{name}": component for name, component in arm.items()}
            source = _chained(m, wiring.flipped(self.second), named)
            wiring.connect(m, source, self.components[self.joint].second)
        if self.sprams:
            connect_loads(m, self.load, self.loaded)
        return m


def _components(stages: tuple[Stage, ...], places: Places, family: Family) -> dict[str, Any]:
    """Components of stages, by the names of their kinds; further ones of a kind are numbered."""
    components: dict[str, Any] = {}
    for stage in stages:
        kind = type(stage).__name__.lower()
        number = sum(name.rstrip("0123456789") == kind for name in components)
        components[f"{kind}{number}" if number else kind] = stage.component(places, family)
    return components


def _chained(m: Module, source: stream.Interface, components: Mapping[str, Any]) -> stream.Interface:
    """What comes of a stream behind components in a row."""
    for name, component in components.items():
        m.submodules[name] = component
        wiring.connect(m, source, component.i)
        source = component.o
    return source


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
