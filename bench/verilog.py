"""Hashes of the Verilog, cells and intervals of six designs: to be run on two commits, which must give the same lines.

python -m bench.verilog

It uses what has kept its name for long, so that a copy of it runs on an older commit too.
"""

import hashlib
from dataclasses import dataclass

from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import DEVICES
from xnorflow.hw.estimate import estimate
from xnorflow.hw.search import smallest
from xnorflow.hw.verilog import to_verilog
from xnorflow.model.trained import load_trained


@dataclass(frozen=True)
class Design:
    """A trained network of the zoo on a device; its folding is chosen for an interval."""

    title: str
    network: str
    device: str
    interval: int
    scores: bool = False
    reweightable: bool = False


DESIGNS = (
    Design("thermometer input", "digits", "UP5K", 352),
    Design("mlp", "tfc", "HX8K", 128),
    Design("conv", "mnist-cnn", "UP5K", 20_000),
    Design("integer input", "cnv", "ECP5-85F", 65_536),
    Design("scores", "sfc", "ECP5-25F", 256, scores=True),
    Design("reweightable", "tfc", "UP5K", 1_000, reweightable=True),
)


def main() -> None:
    """Print a line for each design."""
    for design in DESIGNS:
        network, device = load_trained(design.network), DEVICES[design.device]
        foldings = smallest(network, device, interval=design.interval)
        accelerator = Accelerator(
            network,
            foldings,
            scores=design.scores,
            family=device.family,
            brams=device.brams,
            reweightable=design.reweightable,
        )
        found = estimate(accelerator)
        digest = hashlib.sha256(to_verilog(accelerator).encode()).hexdigest()
        print(
            f"{design.title}: {design.network} on {design.device}, interval {accelerator.interval}, "
            f"{found.cells} cells, {found.brams} block RAMs, {digest}"
        )


if __name__ == "__main__":
    main()
