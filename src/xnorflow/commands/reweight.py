"""The command ``xnorflow reweight``."""

from pathlib import Path

import click

from ..console import note, progress, say
from ..model.zoo import ZOO
from ..models import is_untrained, open_model
from ..reweight import reweight as replace_weights
from ..workplace import working_in
from .arguments import ModelName

__all__ = ["reweight"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("model", type=ModelName(ZOO))
def reweight(folder: Path, model: str) -> None:
    """Replace the weights of a build folder by those of a network of the same shape.

    Nothing is synthesized, placed or routed: only contents of block RAM change in the bitstream. The folder must have
    been built with --reweightable.
    """
    network = open_model(model)
    with working_in(folder), progress() as report:
        result = replace_weights(folder, network, on_progress=report)
    if is_untrained(network):
        note(f"{network.name}: {network.provenance['weights']}; the classes mean nothing")
    say(f"{folder / result['files']['bitstream']}: {network.name}, in {result['seconds']['reweight']} s")
