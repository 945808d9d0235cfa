"""What each option of training is worth, on images held out of the training set; writes ``docs/training.md``.

python -m bench.training [--only NAME] [--write]
"""

import argparse
import dataclasses
import itertools
import json
import statistics
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.tables import table, write_table
from xnorflow.model.data.datasets import Dataset, load
from xnorflow.model.recipe import Distortion, Recipe
from xnorflow.model.training.train import train
from xnorflow.model.zoo import CONVOLUTIONAL_TEACHER, find

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "out" / "bench" / "training.json"
PAGE = ROOT / "docs" / "training.md"
SEEDS = (0, 1, 2)

PLAIN = {
    "tfc": Recipe(epochs=20, batch=256, rate=0.01),
    "fashion-cnn": Recipe(epochs=4, batch=128, rate=0.01),
}
"""What each option is compared with: as few epochs as show a difference, for a table of many trainings."""

IMAGES = {"tfc": 60_000, "fashion-cnn": 20_000}
"""Training images of each comparison."""

OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "none": ("tfc", {}),
    "`--epochs 60`": ("tfc", {"epochs": 60}),
    "`--schedule cosine`": ("tfc", {"schedule": "cosine"}),
    "`--batch 1024 --rate 0.02`": ("tfc", {"batch": 1024, "rate": 0.02}),
    "`--stochastic`": ("tfc", {"stochastic": True}),
    "`--gradient quadratic`": ("tfc", {"gradient": "quadratic"}),
    "`--slope 10`": ("tfc", {"slope": 10.0}),
    "`--init 0.1`": ("tfc", {"init": 0.1}),
    "`--average 0.999`": ("tfc", {"average": 0.999}),
    "`--calibrate`": ("tfc", {"calibrate": True}),
    "`--learn-levels`": ("tfc", {"learn_levels": True}),
    "`--teacher`": ("tfc", {"teacher": dataclasses.replace(CONVOLUTIONAL_TEACHER, epochs=2)}),
    "`--shift 1`": ("tfc", {"distortion": Distortion(shift=1)}),
    "`--rotation 10 --scale 0.1`": ("tfc", {"distortion": Distortion(rotation=10, scale=0.1)}),
    "`--elastic 1`": ("tfc", {"distortion": Distortion(elastic=1)}),
    "`--elastic 1 --calibrate`": ("tfc", {"distortion": Distortion(elastic=1), "calibrate": True}),
    "nothing": ("fashion-cnn", {}),
    "`--crop 1`": ("fashion-cnn", {"distortion": Distortion(crop=1)}),
    "`--flip`": ("fashion-cnn", {"distortion": Distortion(flip=True)}),
}
"""Network and changes of its plain recipe, by the option as a user gives it."""


def main() -> None:
    """Measure what was not measured before, print, and with ``--write`` keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--only", default="", help="measure only networks whose name begins so")
    parser.add_argument("--write", action="store_true", help="write the table into docs/training.md")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    # Seeds outermost: an interrupted run has compared all options already.
    for seed, (option, (network, changes)) in itertools.product(SEEDS, OPTIONS.items()):
        key = f"{network} {option} {seed}"
        if network.startswith(options.only) and key not in results:
            results[key] = measure(network, changes, seed)
            Console(stderr=True).print(f"{key}: {results[key]}")
            RESULTS.parent.mkdir(parents=True, exist_ok=True)
            RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    text = markdown(results)
    print(text)
    if options.write:
        write_table(PAGE, text, "options")


def measure(network: str, changes: dict[str, Any], seed: int) -> float:
    """Accuracy on the images held out, in percent."""
    definition = find(network)
    data, recipe = some(load(definition.dataset), IMAGES[network]), dataclasses.replace(PLAIN[network], **changes)
    trained = train(definition, data, recipe=recipe, seed=seed, threads=1)
    assert trained.validation_accuracy is not None
    return round(100 * trained.validation_accuracy, 3)


def some(data: Dataset, count: int) -> Dataset:
    """The first training images of a data set."""
    return dataclasses.replace(data, train_images=data.train_images[:count], train_labels=data.train_labels[:count])


def markdown(results: dict[str, float]) -> str:
    """The table."""
    rows: list[list[str]] = [
        ["network, images, plain recipe", "option", "accuracy held out, %", "by seed, from 0", "without, same seeds"],
        ["---"] * 5,
    ]
    plain: dict[str, list[float]] = {}
    for option, (network, _) in OPTIONS.items():
        accuracies = [results[key] for seed in SEEDS if (key := f"{network} {option} {seed}") in results]
        if not accuracies:
            continue
        # Compared with the same seeds, which are the first ones.
        without = statistics.fmean(plain.setdefault(network, accuracies)[: len(accuracies)])
        mean = statistics.fmean(accuracies)
        recipe = PLAIN[network]
        rows.append(
            [
                f"{network}, {IMAGES[network]:,}, {recipe.epochs} epochs, batch {recipe.batch}, rate {recipe.rate:g}",
                option,
                f"{mean:.2f}",
                ", ".join(f"{accuracy:.2f}" for accuracy in accuracies),
                f"{without:.2f} ({mean - without:+.2f})",
            ]
        )
    return table(rows)


if __name__ == "__main__":
    main()
