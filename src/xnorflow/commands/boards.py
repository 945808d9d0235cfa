"""The command ``xnorflow boards``."""

import click

from ..boards.catalogue import BOARDS
from ..console import say_json, show, table
from .options import JSON

__all__ = ["boards"]


@click.command()
@JSON
def boards(as_json: bool) -> None:
    """List the boards."""
    rows = [
        {
            "name": board.name,
            "title": board.title,
            "device": board.device.name,
            "lut4": board.device.lut4,
            "bram_kbit": board.device.bram_kbit,
            "clock_mhz": board.clock_mhz,
            "link": board.link,
            "programmer": board.programmer,
        }
        for board in BOARDS.values()
    ]
    if as_json:
        say_json(rows)
    else:
        columns = ("name", "", "device", "LUT4", "block RAM kbit", "clock MHz", "link", "programmer")
        show(table("boards", columns, (row.values() for row in rows)))
