"""The samples that come with the tests, and what each network that ships must get right on them."""

import json
import re
import sys

import numpy as np
import pytest

from tests.samples import COUNTS, HERE, sample
from xnorflow.cli import main
from xnorflow.model import golden
from xnorflow.model.data.datasets import load
from xnorflow.model.trained import is_trained, load_trained
from xnorflow.model.zoo import ZOO

RIGHT = {
    "tfc": 963,
    "sfc": 985,
    "lfc": 991,
    "mnist-cnn": 991,
    "fashion-cnn": 279,
    "cnv": 243,
    "cnv-w1a2": 257,
    "resnet-w1a2": 235,
}
"""Right answers of the golden model, of 1,000 images of MNIST and of 300 of the others."""


@pytest.mark.parametrize(("name", "right"), RIGHT.items())
def test_a_network_that_ships_gets_exactly_these_right(name, right):
    images, labels = sample(ZOO[name].dataset)
    assert (golden.predict(load_trained(name), images) == labels).sum() == right


@pytest.mark.usefixtures("sampled")
@pytest.mark.parametrize(("name", "right"), RIGHT.items())
def test_eval_tells_the_same_of_files_in_the_official_layout(name, right, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["xnorflow", "eval", name, "--json"])
    with pytest.raises(SystemExit):
        main()
    result = json.loads(capsys.readouterr().out)
    assert (result["correct"], result["images"]) == (right, COUNTS[ZOO[name].dataset])


def test_every_network_that_ships_has_its_count():
    assert [name for name in ZOO if is_trained(name) and name != "digits"] == list(RIGHT)


@pytest.mark.parametrize(
    ("name", "shape"), [("mnist", (28, 28)), ("fashion-mnist", (28, 28)), ("cifar-10", (32, 32, 3))]
)
def test_a_sample_has_images_and_classes(name, shape):
    images, labels = sample(name)
    assert (images.shape, images.dtype) == ((COUNTS[name], *shape), np.uint8)
    assert (labels.shape, labels.dtype, set(labels)) == ((COUNTS[name],), np.int64, set(range(10)))


def test_all_together_are_small_and_each_says_whose_it_is():
    assert sum(path.stat().st_size for path in HERE.glob("*.*")) < 1_000_000
    assert re.findall(r"^\| `(.*)\.png` ", (HERE / "README.md").read_text(), re.MULTILINE) == list(COUNTS)
    assert {path.stem for path in HERE.glob("*.png")} == set(COUNTS)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.data(name)) for name in COUNTS])
def test_a_sample_is_the_beginning_of_the_test_set(name):
    (images, labels), whole = sample(name), load(name)
    assert np.array_equal(images, whole.test_images[: len(images)])
    assert np.array_equal(labels, whole.test_labels[: len(labels)])
