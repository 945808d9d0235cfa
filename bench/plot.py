"""Draw the table of area and clock in ``docs/results.md``: frames per second against look-up tables.

python -m bench.plot
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from bench.tables import read_table

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURE = DOCS / "results.md", DOCS / "results.svg"

COLOURS = {"tfc": "tab:blue", "sfc": "tab:green", "lfc": "tab:purple", "cnv": "tab:red"}
MARKERS = {"HX8K": "o", "UP5K": "s", "ECP5-25F": "^", "ECP5-85F": "D"}


@dataclass(frozen=True)
class Peer:
    """A figure of others: look-up tables of six inputs, and frames per second, on a Zynq."""

    network: str
    text: str
    luts: int
    fps: float


PEERS = (
    # Umuroglu et al., FINN, FPGA 2017, arXiv 1612.07119; its look-up tables as NeuraLUT's table III has them.
    Peer("sfc", "FINN SFC-max, ZC706", 91_131, 12_361_000),
    # Xilinx/BNN-PYNQ at d39c1c7: README of the networks, and outputs of the notebooks, one image after the other.
    Peer("lfc", "BNN-PYNQ LFC, Z7020", 28_360, 356_633),
    Peer("cnv", "BNN-PYNQ CNV, Z7020", 26_072, 1_897),
)


def main() -> None:
    """Draw ``docs/results.svg``."""
    argparse.ArgumentParser(prog="python -m bench.plot", description=__doc__).parse_args()
    mpl.rcParams["svg.hashsalt"] = "xnorflow"
    figure, axes = plt.subplots(figsize=(8, 5.5), layout="constrained")
    for network, device, cells, fps, share in _points():
        colour, marker = COLOURS[network], MARKERS[device]
        axes.plot(cells, fps, marker, color=colour, label=f"{network}, {device}")
        axes.plot([cells / 1.15, cells * 1.15], [fps / share] * 2, color=colour, linewidth=1)
    for peer in PEERS:
        axes.plot(peer.luts, peer.fps, "x", color=COLOURS[peer.network])
        axes.annotate(peer.text, (peer.luts, peer.fps), xytext=(0, 7), textcoords="offset points", ha="center", size=8)
    axes.set(xscale="log", yscale="log", xlabel="look-up tables (crosses: of six inputs)", ylabel="frames per second")
    axes.set_title("Points: placed and routed. Bars: what the block RAMs' ports allow at that clock")
    handles = {handle.get_label(): handle for handle in axes.get_lines() if "," in str(handle.get_label())}
    axes.legend(handles=list(handles.values()), fontsize=8)
    axes.grid(visible=True, which="major", alpha=0.3)
    figure.savefig(PICTURE, metadata={"Date": None})


def _points() -> list[tuple[str, str, int, int, float]]:
    """Network, device, look-up tables, frames per second and share of the roofline of each row to be drawn."""
    return [
        (row[0], row[1].split(",")[0], _number(row[5]), _number(row[11]), _number(row[13].rstrip("%")) / 100)
        for row in read_table(PAGE)
        if row[0] in COLOURS
    ]


def _number(cell: str) -> int:
    return int(cell.split(" ")[0].replace(",", ""))


if __name__ == "__main__":
    main()
