"""Other weights for a build of the same shape: in the bitstream, without synthesis, place or route."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

from .boards.flow import refill
from .build import TOOLS_FOLDER, WEIGHTS_FILE, record_hashes, start
from .build_file import write_build
from .build_record import BuildRecord
from .design import MODEL_FILE, VERILOG_FILE, Design, describe, open_design
from .hw.loader import weights_file
from .hw.verilog import remove_stale, write_core
from .model.ir import Matrix, Network, Step
from .model.progress import Progress
from .model.store import ModelError, save

__all__ = ["reweight"]


def reweight(folder: Path, network: Network, *, on_progress: Progress) -> BuildRecord:
    """Replace weights, thresholds and biases of a reweightable build; give what is in its ``build.json`` then.

    All that was verified is forgotten, for it was of other weights.

    Raises
    ------
    ModelError
        When the build is not reweightable, or the network has another shape.
    ValueError, RuntimeError, OSError
        When a step fails. The folder is as it was then.
    """
    began = time.monotonic()
    design, result = open_design(folder)
    _check_reweightable(folder, design, result)
    _check_shape(design.network, network)
    assert design.board is not None
    wanted = replace(design, network=network)
    accelerator = wanted.accelerator()
    seed = result["timing"]["seed"]
    # Within the folder, so that a file is there by a mere change of its name.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".reweight.") as name:
        made = Path(name)
        on_progress("replace the contents of block RAM", 0, 1)
        refill(accelerator, design.board, folder / TOOLS_FOLDER, seed=seed, output=made / TOOLS_FOLDER)
        on_progress("write Verilog", 0, 1)
        verilog = write_core(accelerator, made)
        save(network, made / MODEL_FILE)
        if accelerator.loads:
            (made / WEIGHTS_FILE).write_bytes(weights_file(accelerator))
        start(folder)
        for path in [path for path in made.rglob("*") if path.is_file()]:
            path.replace(folder / path.relative_to(made))
        remove_stale(folder / VERILOG_FILE, [file.name for file in verilog])
    result.update(describe(wanted))
    result["verify"], result["accuracy"] = [], None
    result["seconds"]["reweight"] = round(time.monotonic() - began, 2)
    record_hashes(result, folder)
    write_build(folder, result)
    return result


def _check_reweightable(folder: Path, design: Design, result: BuildRecord) -> None:
    """Refuse a build whose weights are in logic, and say where the first of them are."""
    if "bitstream" not in result["files"]:
        raise ModelError(f"{folder}: has no bitstream; make it with xnorflow build --board and --reweightable")
    if design.reweightable:
        return
    layers = [(layer["name"], layer["memory"]) for layer in result["network"]["layers"]]
    fixed = [
        f"{name}'s {field} are in {memory[field]}"
        for name, memory in layers
        for field in ("weights", "levels")
        if field in memory and memory[field] != "block RAM"
    ]
    where = (fixed or ["what the link says of the network is in logic"])[0]
    raise ModelError(f"{folder}: {where}, where nothing can replace them; build with --reweightable")


def _check_shape(built: Network, network: Network) -> None:
    """Refuse a network that is not of the built one's shape."""
    if len(network.layers) != len(built.layers):
        raise ModelError(f"{network.name}: has {len(network.layers)} layers, expected {len(built.layers)} as built")
    names = ("input", *built.names)
    mine, expected = _shapes(network), _shapes(built)
    for name, one, other in zip(names, mine, expected, strict=True):
        if one != other:
            raise ModelError(f"{network.name}: {name} is {one}, expected {other} as built")


def _shapes(network: Network) -> list[str]:
    """What of a network decides its hardware: the input's type, and each layer without its numbers."""
    tensor = network.input.output
    size = " x ".join(map(str, tensor.shape))
    return [f"{size} of {tensor.width} bits ({tensor.element.value})", *map(_shape, network.steps())]


def _shape(step: Step) -> str:
    layer, text = step.layer, step.kind
    if step.sources != (step.index - 1,):
        text += f" of {', '.join(map(str, step.sources))}"
    if isinstance(layer, Matrix):
        text += f" {layer.mw} x {layer.mh}"
    for name in ("kernel", "stride", "padding", "pad", "shifts"):
        if hasattr(layer, name):
            text += f", {name} {getattr(layer, name)}"
    for name, usual in (("dilation", (1, 1)), ("groups", 1)):
        if getattr(layer, name, usual) != usual:
            text += f", {name} {getattr(layer, name)}"
    return text
