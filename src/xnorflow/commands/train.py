"""The command ``xnorflow train``."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from ..console import note, progress, show, table
from ..disk import watching_disk
from ..model.data.datasets import DATASETS
from ..model.recipe import GRADIENTS, SCHEDULES, Distortion, Recipe
from ..model.zoo import CONVOLUTIONAL_TEACHER, ZOO, find
from ..models import open_model
from ..own import Own
from .arguments import Choice, ModelName, Named, OneOf
from .destination import OutputFile
from .own_options import Size, own_training

__all__ = ["train"]

BESIDE = (".csv", ".json", ".png", ".checkpoint", ".teacher")
"""Suffixes of what a training writes beside the model, for good or for a while."""


@click.command()
@click.argument("definition", metavar="NET", type=Named("net", find, ZOO))
@click.option(
    "--dataset", type=OneOf("dataset", DATASETS), help="Images to learn from; without it those of the network."
)
@own_training
@click.option("--size", metavar="HxW", type=Size(), help="Resize pictures of your own to so many rows and columns.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training images.")
@click.option("--batch", type=click.IntRange(min=2), help="Images per step.")
@click.option("--rate", type=float, help="Peak of the learning rate.")
@click.option("--schedule", type=Choice(SCHEDULES), help="Course of the learning rate.")
@click.option("--stochastic", is_flag=True, default=None, help="Draw the signs of activations at random in training.")
@click.option("--gradient", type=Choice(GRADIENTS), help="Gradient of the signs of activations.")
@click.option("--slope", type=float, help="Binarize activations by degrees, up to this slope; 0 from the start.")
@click.option("--init", type=float, help="Limit of the first latent weights.")
@click.option("--average", type=float, help="Decay of the average of the latent weights over steps; 0 for none.")
@click.option("--calibrate/--no-calibrate", default=None, help="Measure batch statistics anew at the end.")
@click.option("--learn-levels/--fixed-levels", default=None, help="Learn the levels at which pixels become bits.")
@click.option("--teacher/--no-teacher", default=None, help="Learn from a full-precision network, trained first.")
@click.option("--shift", type=float, help="Shift training images by up to so many pixels.")
@click.option("--rotation", type=float, help="Rotate them by up to so many degrees.")
@click.option("--scale", type=float, help="Scale them by up to this share.")
@click.option("--elastic", type=float, help="Bend them by up to so many pixels.")
@click.option("--crop", type=click.IntRange(min=0), help="Shift them by up to so many whole pixels.")
@click.option("--flip/--no-flip", default=None, help="Mirror half of them.")
@click.option("--validation", type=float, default=0.1, show_default=True, help="Share of images held out.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all that is random.")
@click.option(
    "--device",
    type=Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to train; auto takes a GPU where there is one.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads on the CPU.")
@click.option("--start", metavar="MODEL", type=ModelName(ZOO), help="Train this network of the same layers further.")
@click.option("--restart", is_flag=True, help="Begin anew, whatever checkpoint there is.")
@click.option("--no-test", is_flag=True, help="Leave the test images alone: to choose among recipes.")
@click.option("-o", "path", metavar="MODEL", type=OutputFile(*BESIDE), required=True, help="File to write.")
def train(
    definition: Any,
    dataset: str | None,
    own: Own | None,
    size: tuple[int, int] | None,
    seed: int,
    validation: float,
    device: str,
    threads: int | None,
    start: str | None,
    restart: bool,
    no_test: bool,
    path: Path,
    **changes: Any,
) -> None:
    """Train a network from the zoo; an interrupted training goes on when the same command is given again.

    Curve, history and settings are written beside the result.
    """
    from ..training import train_to_file

    if size is not None and own is None:
        raise click.UsageError("--size is for images of your own; name them with --data")
    begun = open_model(start) if start else None
    usual = definition.usual_recipe(begun.name if begun else None)
    recipe = _changed(usual, {name: value for name, value in changes.items() if value is not None})
    with watching_disk(path.parent), progress() as report:
        result = train_to_file(
            definition,
            path,
            recipe=recipe,
            dataset=dataset,
            own=own,
            size=size,
            seed=seed,
            validation=validation,
            device=device,
            threads=threads,
            start=begun,
            restart=restart,
            test=not no_test,
            on_progress=report,
            say=lambda text: note(f"{definition.name}: {text}"),
        )
    show(table(f"{definition.name}: {path}", ("", ""), result.items()))


def _changed(recipe: Recipe, changes: dict[str, Any]) -> Recipe:
    """A recipe with what the command line asks for."""
    names = {field.name for field in dataclasses.fields(Distortion)}
    distortion = {name: changes.pop(name) for name in names & changes.keys()}
    if distortion:
        changes["distortion"] = dataclasses.replace(recipe.distortion or Distortion(), **distortion)
    if "teacher" in changes:
        changes["teacher"] = (recipe.teacher or CONVOLUTIONAL_TEACHER) if changes["teacher"] else None
    return dataclasses.replace(recipe, **changes)
