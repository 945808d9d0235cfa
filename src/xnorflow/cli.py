"""The command line: a group of commands, each of which has a file of its own in ``commands``."""

import click

from . import __version__
from .commands.boards import boards
from .commands.build import build
from .commands.estimate import estimate
from .commands.evaluate import evaluate
from .commands.flash import flash
from .commands.import_qonnx import import_
from .commands.predict import predict
from .commands.reweight import reweight
from .commands.train import train
from .commands.verify import verify
from .commands.verilog import verilog
from .commands.zoo import zoo
from .running import run

__all__ = ["cli", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="xnorflow")
@click.option("--debug", is_flag=True, help="Show the traceback of an error; may stand anywhere.")
def cli(debug: bool) -> None:
    """Binarized neural networks from PyTorch to iCE40 and ECP5 FPGAs, verified bit for bit at each step."""


for command in (boards, build, estimate, evaluate, flash, import_, predict, reweight, train, verify, verilog, zoo):
    cli.add_command(command)


def main() -> None:
    """Run the command line."""
    run(cli)


if __name__ == "__main__":
    main()
