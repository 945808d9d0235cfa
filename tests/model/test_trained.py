"""The trained networks that ship: what their files say is what the golden model finds."""

import csv
import dataclasses
import json

import numpy as np
import pytest

from xnorflow.model import golden
from xnorflow.model.data.datasets import SOURCES, load
from xnorflow.model.recipe import Recipe
from xnorflow.model.store import fingerprint
from xnorflow.model.trained import FOLDER, accuracy, is_trained, load_trained
from xnorflow.model.zoo import ZOO, random_network

TRAINED = [name for name in ZOO if is_trained(name)]


def began(name):
    """Whether a network's only training began with another network that ships."""
    first = ZOO[name].start
    return bool(first) and load_trained(name).provenance["start"] == fingerprint(load_trained(first)).hex()


# The trainings of each: files, network, recipe. One that was trained further has those of its first training too.
RUNS = [(name, name, ZOO[name].further or ZOO[name].recipe) for name in TRAINED]
RUNS += [
    (f"first-{name}", name, ZOO[name].usual_recipe(ZOO[name].start or None))
    for name in TRAINED
    if ZOO[name].further and not began(name)
]

# What each must reach on its whole test set.
FLOOR = {
    "digits": 0.96,
    "tfc": 0.955,
    "sfc": 0.98,
    "lfc": 0.989,
    "mnist-cnn": 0.989,
    "fashion-cnn": 0.90,
    "cnv": 0.801,
    "cnv-w1a2": 0.845,
    "resnet-w1a2": 0.67,
}

QUICK = 5_000_000
"""Multiplications an image, up to which a whole test set goes through the golden model in half a minute."""


def marked(name):
    marks = [pytest.mark.slow] if ZOO[name].multiplications > QUICK else []
    marks += [pytest.mark.data(ZOO[name].dataset)] if ZOO[name].dataset in SOURCES else []
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [marked(name) for name in TRAINED])
def test_the_golden_model_has_the_accuracy_that_is_told(name):
    network, data = load_trained(name), load(ZOO[name].dataset)
    found = accuracy(network)
    assert found.images == len(data.test_images)
    assert found.correct == (golden.predict(network, data.test_images) == data.test_labels).sum()
    assert found.share >= FLOOR[name]


@pytest.mark.parametrize("name", TRAINED)
def test_a_trained_network_is_the_zoos_and_was_made_by_its_recipe(name):
    definition, network = ZOO[name], load_trained(name)
    assert (network.name, network.dataset) == (name, definition.dataset)
    assert network.input.output == definition.input.output
    assert definition.recipe.learn_levels or network.input == definition.input
    shapes = [
        [array.shape for array in vars(layer).values() if isinstance(array, np.ndarray)] for layer in network.layers
    ]
    other = random_network(name).layers
    assert shapes == [
        [array.shape for array in vars(layer).values() if isinstance(array, np.ndarray)] for layer in other
    ]
    assert ("start" in network.provenance) == (definition.further is not None)


@pytest.mark.parametrize(("file", "name", "recipe"), [pytest.param(*run, id=run[0]) for run in RUNS])
def test_a_run_followed_the_recipe(file, name, recipe):
    settings = json.loads((FOLDER / f"{file}.json").read_text())
    expected = json.loads(json.dumps(recipe.settings()))
    # What settings do not have was added to recipes later, and is off until asked for.
    off = {field.name: field.default for field in dataclasses.fields(Recipe)}
    assert {key: settings.get(key, off[key]) for key in expected} == expected
    assert (settings["definition"], settings["network"], settings["seed"]) == (name, ZOO[name].layers_text, 0)
    first = fingerprint(load_trained(ZOO[name].start)).hex() if ZOO[name].start else None
    assert settings.get("start") == (load_trained(name).provenance.get("start") if file == name else first)


@pytest.mark.parametrize(("file", "recipe"), [pytest.param(file, recipe, id=file) for file, _, recipe in RUNS])
def test_the_curve_has_every_epoch(file, recipe):
    rows = list(csv.DictReader((FOLDER / f"{file}.csv").open()))
    assert [int(row["number"]) for row in rows] == [*range(1, recipe.epochs + 1)]
    assert (FOLDER / f"{file}.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_else_lies_there():
    expected = {f"{file}.{suffix}" for file, *_ in RUNS for suffix in ("csv", "json", "png")}
    assert {path.name for path in FOLDER.iterdir()} == expected | {f"{name}.safetensors" for name in TRAINED}


def test_what_does_not_ship_is_refused():
    assert not is_trained("bnn-mnist")
    with pytest.raises(ValueError, match=rf"^name must be one of {', '.join(TRAINED)}, not 'bnn-mnist'$"):
        load_trained("bnn-mnist")
