"""Find where a core goes wrong: the first image, layer and beat that are not the golden model's, and a waveform."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..hw.verilog import CORE
from .bench import Bench, Core, Recording, Stalls, build_bench, frames
from .compare import Difference, answer_difference, first_difference
from .simulators import Build

__all__ = ["layer_signals", "locate", "search"]

Images = NDArray[np.uint8]
Signals = list[dict[str, Any]]
Record = Callable[[Images, str, Sequence[str], Path], Recording]

MEMBERS = ("valid", "ready", "payload")

WINDOW = 3
"""Images to run before the one that differs: what they left in the buffers may matter."""

PREFIX = 300
"""Images from the start that can be run with everything recorded, before that takes minutes and gigabytes."""


def locate(bench: Bench, images: Images, *, image: int, stalls: Stalls) -> Difference:
    """Run again, slowly, with the output of every layer recorded.

    First the image and few before it. Where they come out right, it takes the exact timing of all that came before,
    so everything from the start, as long as that is not too much. A core that can be made by its layers runs so first;
    where it is right then, it runs as it is.

    Parameters
    ----------
    bench : :class:`Bench`
        What ran.
    images : array of ``uint8``
        All images.
    image : :class:`int`
        Index of the first whose answer was wrong.
    stalls : :class:`Stalls`
        How it ran.

    Raises
    ------
    SimulationError
        When the simulator fails.
    """
    core = bench.core
    if core.layered:
        layers = replace(core, sources=core.layered(), layered=None)
        found = _locate(layers, bench.build, images, image=image, stalls=stalls)
        if found.layer:
            return found
    return _locate(core, bench.build, images, image=image, stalls=stalls)


def _locate(core: Core, build: Build, images: Images, *, image: int, stalls: Stalls) -> Difference:
    visible = build_bench(core, build.simulator, folder=build.folder.with_name("diagnosis"), visible=True)

    def record(some: Images, testcase: str, plusargs: Sequence[str], waves: Path) -> Recording:
        beats = frames(core.accelerator, some)
        return visible.run(beats, stalls=stalls, testcase=testcase, plusargs=plusargs, waves=waves)

    return search(record, images, image=image, build=visible.build, core=core, signals=layer_signals(core))


def search(
    record: Record, images: Images, *, image: int, build: Build, core: Core, signals: Signals, prefix: int = PREFIX
) -> Difference:
    """Find the first difference in runs of some of the images with everything recorded.

    Parameters
    ----------
    record : callable
        Runs images with a test case of :mod:`.testbench`, given its options and the waveform to write.
    images : array of ``uint8``
        All images.
    image : :class:`int`
        Index of the first whose answer was wrong.
    build : :class:`Build`
        What runs.
    core : :class:`Core`
        What is in it.
    signals : list of dictionaries
        Of the layers, as :func:`layer_signals` gives them.
    prefix : :class:`int`
        Images from the start that may be run.

    Raises
    ------
    SimulationError
        When the simulator fails.
    """
    waves = build.folder.with_name(f"mismatch{build.simulator.waves}")
    near = max(0, image - WINDOW)
    for start in (near, 0) if 0 < near < prefix else (near,):
        found = _rerun(record, images[start : image + 1], build=build, core=core, signals=signals, waves=waves)
        if found:
            return replace(found, image=start + found.image)
    return Difference(image, waves=waves)


def layer_signals(core: Core, *, top: str = CORE, path: Sequence[str] = ("core",)) -> Signals:
    """Names of each layer's output signals in the Verilog; empty where layers are no modules, as in a netlist.

    The Verilog writer may have appended to a name, as in ``o__valid$16``, so the ports of the module are searched.

    Parameters
    ----------
    core : :class:`Core`
        The core.
    top : :class:`str`
        How the names of the layers' modules begin.
    path : sequence of :class:`str`
        Instances that lead to the layers, from the bench on.
    """
    text = "\n".join(source.read_text() for source in core.sources)
    layers: Signals = []
    for name in core.accelerator.network.names:
        header = re.search(rf"^module \\{top}\.{name} \(([^)]*)\);", text, re.MULTILINE)
        if header is None:
            return []
        ports = [port.strip().lstrip("\\") for port in header[1].split(",")]
        members = {port.partition("$")[0]: port for port in ports}
        layers.append({"name": name, "path": [*path, name], **{member: members[f"o__{member}"] for member in MEMBERS}})
    return layers


def _rerun(
    record: Record, images: Images, *, build: Build, core: Core, signals: Signals, waves: Path
) -> Difference | None:
    """First difference in a run of some images with everything recorded."""
    layers, trace = build.folder / "layers.json", build.folder / "trace.txt"
    layers.write_text(json.dumps(signals))
    recording = record(images, "trace_layers", [f"+layers={layers.name}", f"+trace={trace.name}"], waves.absolute())
    beats: dict[str, list[str]] = {}
    for line in trace.read_text().splitlines():
        layer, payload = line.split()
        beats.setdefault(layer, []).append(payload[::-1])
    if beats and (found := first_difference(core.accelerator, images, beats)):
        return replace(found, waves=waves)
    found = answer_difference(core.accelerator, images, recording.answers)
    return found and replace(found, layer="answer" if beats else "", waves=waves)
