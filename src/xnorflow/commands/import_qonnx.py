"""The command ``xnorflow import``."""

from pathlib import Path

import click

from ..console import show, table
from .destination import OutputFile

__all__ = ["import_"]


@click.command(name="import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--input-scale", metavar="NUMBER", help="What the graph takes for a pixel of 1, as 1/255; else from the file."
)
@click.option(
    "--input-shape", metavar="N,...", help="Shape of the graph's input, as 1,3,32,32, where the file leaves it open."
)
@click.option(
    "--layout",
    type=click.Choice(["nchw", "nhwc"]),
    help="Where the channels of the graph's input are; else by what the graph does with them.",
)
@click.option("-o", "path", metavar="MODEL", type=OutputFile(), required=True, help="File to write.")
def import_(file: Path, input_scale: str | None, input_shape: str | None, layout: str | None, path: Path) -> None:
    """Import a network that another tool trained, from an ONNX file."""
    # onnx is in an extra, which nobody else needs.
    from ..importing import import_to_file

    result = import_to_file(file, path, input_scale=input_scale, input_shape=input_shape, layout=layout)
    show(table(f"{file.stem}: {path}", ("", ""), result.items()))
