"""Hashes of the Verilog, cells and intervals of six designs: to be run on two commits, which must give the same lines.

python -m bench.verilog

Foldings are given, and only what has kept its name for long is used, so that a copy of it runs on an older commit:

    git worktree add ../before COMMIT
    cp bench/verilog.py ../before/bench && cd ../before && make .venv/ready && .venv/bin/python -m bench.verilog
"""

import hashlib
from dataclasses import dataclass

from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import DEVICES
from xnorflow.hw.estimate import estimate
from xnorflow.hw.folding import Folding
from xnorflow.hw.verilog import to_verilog
from xnorflow.model.trained import load_trained


@dataclass(frozen=True)
class Design:
    """A trained network of the zoo on a device, with ``pe`` and ``simd`` of each layer."""

    title: str
    network: str
    device: str
    foldings: tuple[tuple[int, int], ...]
    scores: bool = False
    reweightable: bool = False


CNV = ((8, 3), (8, 64), (3, 64), (2, 128), (1, 64), (1, 32), (1, 2), (1, 16), (1, 1))

DESIGNS = (
    Design("thermometer input", "digits", "UP5K", ((3, 24), (2, 9), (1, 2))),
    Design("mlp", "tfc", "HX8K", ((13, 32), (4, 8), (4, 8), (1, 6))),
    Design("conv", "mnist-cnn", "UP5K", ((4, 3), (3, 32), (1, 24), (1, 1))),
    Design("integer input", "cnv", "ECP5-85F", CNV),
    Design("scores", "sfc", "ECP5-25F", ((8, 104), (1, 256), (1, 256), (1, 11)), scores=True),
    Design("reweightable", "tfc", "UP5K", ((2, 32), (1, 6), (1, 5), (1, 1)), reweightable=True),
)


def main() -> None:
    """Print a line for each design."""
    for design in DESIGNS:
        network, device = load_trained(design.network), DEVICES[design.device]
        foldings = tuple(Folding(pe, simd) for pe, simd in design.foldings)
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
