"""The command ``xnorflow train``."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from .arguments import Named
from .console import OUTPUT, progress
from .model.zoo import find
from .report import table

__all__ = ["train"]


@click.command()
@click.argument("definition", metavar="NET", type=Named("net", find))
@click.option("--dataset", help="Images to learn from; without it those of the network.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training images.")
@click.option("--batch", type=click.IntRange(min=2), help="Images per step.")
@click.option("--rate", type=float, help="Peak of the learning rate.")
@click.option("--stochastic", is_flag=True, default=None, help="Draw the signs of activations at random in training.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="Threads on the CPU.")
@click.option("--restart", is_flag=True, help="Begin anew, whatever checkpoint there is.")
@click.option("--no-test", is_flag=True, help="Leave the test images alone: to choose among recipes.")
@click.option("-o", "path", metavar="MODEL", type=click.Path(path_type=Path), required=True, help="File to write.")
def train(
    definition: Any,
    dataset: str | None,
    seed: int,
    device: str,
    threads: int | None,
    restart: bool,
    no_test: bool,
    path: Path,
    **changes: Any,
) -> None:
    """Train a network from the zoo; an interrupted training goes on when the same command is given again.

    Curve, history and settings are written beside the result.
    """
    from .training import train_to_file

    given = {name: value for name, value in changes.items() if value is not None}
    recipe = dataclasses.replace(definition.recipe, **given)
    with progress() as report:
        result = train_to_file(
            definition,
            path,
            recipe=recipe,
            dataset=dataset,
            seed=seed,
            device=device,
            threads=threads,
            restart=restart,
            test=not no_test,
            on_progress=report,
            say=lambda text: click.echo(f"{definition.name}: {text}", err=True),
        )
    OUTPUT.print(table(f"{definition.name}: {path}", ("", ""), result.items()))
