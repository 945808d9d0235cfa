"""Find where a core goes wrong: the first image, layer and beat that are not the golden model's, and a waveform."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..hw.verilog import CORE
from .bench import Bench, Core, Stalls, build_bench, frames
from .compare import Difference, first_difference, wrong_answers

__all__ = ["layer_signals", "locate"]

MEMBERS = ("valid", "ready", "payload")

WINDOW = 3
"""Images to run before the one that differs: what they left in the buffers may matter."""

PREFIX = 300
"""Images from the start that can be run with everything recorded, before that takes minutes and gigabytes."""


def locate(bench: Bench, images: NDArray[np.uint8], *, image: int, stalls: Stalls) -> Difference:
    """Run again, slowly, with the output of every layer recorded.

    First the image and few before it. Where they come out right, it takes the exact timing of all that came before,
    so everything from the start, as long as that is not too much.

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
    simulator = bench.build.simulator
    visible = build_bench(bench.core, simulator, folder=bench.build.folder.with_name("diagnosis"), visible=True)
    waves = bench.build.folder.with_name(f"mismatch{simulator.waves}")
    near = max(0, image - WINDOW)
    for start in (near, 0) if 0 < near < PREFIX else (near,):
        found = _rerun(visible, images[start : image + 1], stalls=stalls, waves=waves)
        if found:
            return replace(found, image=start + found.image)
    return Difference(image, waves=waves)


def layer_signals(core: Core) -> list[dict[str, str]]:
    """Names of each layer's output signals in the Verilog; empty where layers are no modules, as in a netlist.

    The Verilog writer may have appended to a name, as in ``o__valid$16``, so the ports of the module are searched.
    """
    text = "\n".join(source.read_text() for source in core.sources)
    layers = []
    for name in core.accelerator.network.names:
        header = re.search(rf"^module \\{CORE}\.{name} \(([^)]*)\);", text, re.MULTILINE)
        if header is None:
            return []
        ports = [port.strip().lstrip("\\") for port in header[1].split(",")]
        members = {port.partition("$")[0]: port for port in ports}
        layers.append({"name": name, **{member: members[f"o__{member}"] for member in MEMBERS}})
    return layers


def _rerun(bench: Bench, images: NDArray[np.uint8], *, stalls: Stalls, waves: Path) -> Difference | None:
    """First difference in a run of some images with everything recorded."""
    accelerator, folder = bench.core.accelerator, bench.build.folder
    layers, trace = folder / "layers.json", folder / "trace.txt"
    layers.write_text(json.dumps(layer_signals(bench.core)))
    recording = bench.run(
        frames(accelerator, images),
        stalls=stalls,
        testcase="trace_layers",
        plusargs=[f"+layers={layers}", f"+trace={trace}"],
        waves=waves,
    )
    beats: dict[str, list[str]] = {}
    for line in trace.read_text().splitlines():
        layer, payload = line.split()
        beats.setdefault(layer, []).append(payload[::-1])
    if beats and (found := first_difference(accelerator, images, beats)):
        return replace(found, waves=waves)
    wrong = wrong_answers(accelerator, images, recording.answers)
    return Difference(int(wrong[0]), "answer" if beats else "", waves=waves) if wrong.size else None
