"""The command ``xnorflow zoo``."""

from typing import Any

import click

from ..console import say_json, show, table
from ..model.ir import Network
from ..model.store import fingerprint
from ..model.trained import accuracy, is_trained, load_trained
from ..model.zoo import ZOO, Definition

__all__ = ["zoo"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
def zoo(as_json: bool) -> None:
    """List the networks that have a name, with what those that ship reach on their test sets."""
    rows = [_row(definition) for definition in ZOO.values()]
    if as_json:
        say_json(rows)
        return
    columns = ("name", "layers", "data set", "accuracy", "weight bits", "smallest board", "")
    show(table("networks", columns, map(_cells, rows)))


def _row(definition: Definition) -> dict[str, Any]:
    """A network as data."""
    network = load_trained(definition.name) if is_trained(definition.name) else None
    found = network and accuracy(network)
    return {
        "name": definition.name,
        "layers": definition.layers_text,
        "dataset": definition.dataset,
        "accuracy": found and {"correct": found.correct, "images": found.images},
        "command": network and _command(definition, network),
        "weight_bits": definition.weight_bits,
        "board": definition.board,
        "summary": definition.summary,
    }


def _command(definition: Definition, network: Network) -> str:
    """The command that makes a trained network again: its recipe is the definition's."""
    options = (f"--{name} {network.provenance[name]}" for name in ("seed", "validation", "threads"))
    train, file = f"xnorflow train {network.name} {' '.join(options)}", f"{network.name}.safetensors"
    if "start" not in network.provenance:
        return f"{train} -o {file}"
    first = f"{train} --start {definition.start}" if definition.start else train
    if definition.start and network.provenance["start"] == fingerprint(load_trained(definition.start)).hex():
        return f"{first} -o {file}"
    return f"{first} -o first-{file} && {train} --start first-{file} -o {file}"


def _cells(row: dict[str, Any]) -> list[str]:
    """A network for people."""
    found = row["accuracy"]
    return [
        row["name"],
        row["layers"],
        row["dataset"],
        f"{found['correct'] / found['images']:.2%}" if found else "not trained",
        f"{row['weight_bits']:,}",
        row["board"],
        row["summary"],
    ]
