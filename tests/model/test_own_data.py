"""Own data in arrays: what is tested on is never trained on, and what cannot be used is told in one line."""

import hashlib
import re

import numpy as np
import pytest

from tests.networks import random_network
from xnorflow.model.data.datasets import DataError
from xnorflow.model.data.expected import adapt, background, background_of, class_names, label_for, white_of
from xnorflow.model.data.own_data import dataset_of, read_own_npz
from xnorflow.model.ir import Network, Thermometer
from xnorflow.model.zoo import ZOO


def images(count, *, seed=0, shape=(4, 5), top=256):
    return np.random.default_rng(seed).integers(0, top, (count, *shape), np.uint8)


@pytest.fixture
def write(tmp_path):
    def write(**arrays):
        path = tmp_path / "own.npz"
        np.savez(path, **arrays)
        return path

    return write


def rows(own, part):
    return {int(own.keys[index]) for index in own.part(part)}


def test_a_fifth_of_each_class_is_for_tests(write):
    labels = np.repeat([0, 1, 2], [50, 20, 3])
    own = read_own_npz(write(images=images(73), labels=labels, classes=["a", "b", "c"]))
    data = dataset_of(own)
    assert (data.name, data.classes) == ("own.npz", ("a", "b", "c"))
    assert np.bincount(data.test_labels).tolist() == [10, 4, 1]
    assert np.bincount(data.train_labels).tolist() == [40, 16, 2]
    assert rows(own, "train") | rows(own, "test") == rows(own, "all") == set(range(73))
    assert not rows(own, "train") & rows(own, "test")


def test_the_parts_follow_from_the_images_alone(write):
    pixels, labels = images(60), np.arange(60) % 3
    own = read_own_npz(write(images=pixels, labels=labels))
    order = np.random.default_rng(1).permutation(60)
    other = read_own_npz(write(images=pixels[order], labels=labels[order]))
    assert {int(order[row]) for row in rows(other, "test")} == rows(own, "test")
    # The first few of a part are of several classes.
    assert len(set(own.labels[own.part("test")[:6]])) > 1
    # Neither does it change what is for tests when dark and bright are exchanged.
    assert own.inverted().part("test").tolist() == own.part("test").tolist()
    assert (own.inverted().read(np.arange(60)) == 255 - pixels).all()


def test_images_that_are_the_same_stay_together(write):
    pixels = np.concatenate([images(10), images(10), images(10, seed=1)])
    own = read_own_npz(write(images=pixels, labels=np.repeat([0, 1, 1], 10)))
    test = {pixels[row].tobytes() for row in rows(own, "test")}
    train = {pixels[row].tobytes() for row in rows(own, "train")}
    assert test
    assert not test & train


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.zeros((2, 3, 3))}, "images must be uint8 from 0 to 255, not float64"),
        ({"images": np.zeros(6, np.uint8)}, "images must be of shape (n, height, width) or (n, height, width, c), not (6,)"),
        ({"images": np.zeros((0, 3, 3), np.uint8)}, "images must be of shape (n, height, width) or (n, height, width, c), not (0, 3, 3)"),
        ({"labels": np.zeros(3, int)}, "labels must be 2 integers, one for each image, not int64 of shape (3,)"),
        ({"labels": np.zeros(2)}, "labels must be 2 integers, one for each image, not float64 of shape (2,)"),
        ({"labels": np.array([0, -1])}, "labels must be in 0..1, not -1"),
        ({"labels": np.array([0, 2])}, "labels must be in 0..1, not 2"),
        ({"labels": np.array([0, 2**63], np.uint64)}, f"labels must be in 0..1, not {2**63}"),
        ({"labels": np.array([0, 1]), "classes": np.array(["a"])}, "labels must be in 0..0, not 1"),
        ({"classes": np.array([1, 2])}, "classes must be a list of names as text, not int64 of shape (2,)"),
        ({"classes": np.array(["a", "a"])}, "labels must differ, but 'a' is there twice"),
        ({"classes": np.array(["a", "\x1b[2J"])}, "a label must be 1 to 100 characters that can be printed, not '\\x1b[2J'"),
        ({"classes": np.array(["a", "x" * 101])}, f"a label must be 1 to 100 characters that can be printed, not '{'x' * 100}'"),
    ],
)  # fmt: skip
def test_arrays_of_another_kind_are_told(arrays, message, write):
    path = write(**{"images": images(2), "labels": np.array([0, 1]), **arrays})
    with pytest.raises(DataError, match=f"^{re.escape(f'{path}: {message}')}$"):
        read_own_npz(path)


def test_missing_arrays_are_told(write):
    path = write(images=images(2))
    message = f"{path}: not a .npz file that can be used: must hold the arrays images and labels, but has no labels"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read_own_npz(path)


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (images(3), [0, 0, 0], "must have 2 classes or more to learn from, not only '0'"),
        (images(3), [0, 0, 1], "the class '1' has 1 image, none of them to learn from; it must have 2 different ones or more"),
        (images(4), [0, 0, 2, 2], "the class '1' has 0 images, none of them to learn from; it must have 2 different ones or more"),
        (np.zeros((4, 3, 3), np.uint8), [0, 0, 1, 1], "the class '0' has 2 images, none of them to learn from; it must have 2 different ones or more"),
    ],
)  # fmt: skip
def test_too_little_to_learn_from_is_told(pixels, labels, message, write):
    own = read_own_npz(write(images=pixels, labels=np.array(labels)))
    with pytest.raises(DataError, match=f"^{re.escape(f'own.npz: {message}')}$"):
        dataset_of(own)


def test_what_is_for_tests_is_the_lowest_by_digest(write):
    pixels = images(10)
    own = read_own_npz(write(images=pixels, labels=np.zeros(10, int)))
    order = sorted(range(10), key=lambda row: hashlib.sha256(pixels[row].tobytes()).digest())
    assert own.part("test").tolist() == order[:2]
    assert own.part("train").tolist() == order[2:]


@pytest.mark.parametrize(
    ("name", "shape", "white", "levels"),
    [
        ("digits", (8, 8), 255, (64, 128, 191)),
        ("digits", (8, 8), 16, (4, 8, 12)),
        ("digits", (9, 7, 3), 1, (1,)),
        ("tfc", (28, 28), 255, (128,)),
        ("tfc", (28, 28), 16, (8,)),
    ],
)
def test_a_definition_follows_the_data(name, shape, white, levels):
    found = adapt(ZOO[name], shape=shape, classes=3, white=white)
    assert (found.input.shape, found.input.levels, found.classes) == (shape, levels, 3)
    assert (found.layers, found.recipe) == (ZOO[name].layers, ZOO[name].recipe)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((5, 5), "mnist-cnn cannot take images of 5x5 (kernel must fit the padded image, 1x1, not be 3x3); its own are of 28x28"),
        ((784,), "mnist-cnn cannot take images of 784 (images must have rows and columns); its own are of 28x28"),
    ],
)  # fmt: skip
def test_a_definition_says_what_it_cannot_take(shape, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        adapt(ZOO["mnist-cnn"], shape=shape, classes=3)


def network(*, labels=(), dataset="", provenance=(), classes=3):
    flat = random_network((12, classes))
    return Network("own", Thermometer((3, 4), (128,)), flat.layers, dataset, dict(provenance), labels)


@pytest.mark.parametrize(
    ("labels", "dataset", "classes", "expected"),
    [
        (("a", "b", "c"), "", ("c", "a"), [2, 0]),
        ((), "", ("x", "y", "z"), [0, 1, 2]),
        ((), "", ("2", "0"), [2, 0]),
        ((), "", ("x", "y"), "data: has 2 classes, but own has 3"),
        ((), "", ("3",), "data: has the class '3', which own has not: 0, 1, 2"),
        (("a", "b", "c"), "", ("d",), "data: has the class 'd', which own has not: a, b, c"),
    ],
)
def test_classes_are_matched_by_name(labels, dataset, classes, expected):
    one = network(labels=labels, dataset=dataset)
    if isinstance(expected, list):
        assert label_for(one, classes, "data").tolist() == expected
    else:
        with pytest.raises(DataError, match=f"^{re.escape(expected)}$"):
            label_for(one, classes, "data")


def test_names_are_those_of_the_data_set_where_a_file_has_none():
    assert class_names(network(dataset="fashion-mnist", classes=10))[9] == "ankle boot"
    assert class_names(network(dataset="fashion-mnist")) == ()
    assert class_names(network(dataset="mnist", labels=("x", "y", "z"))) == ("x", "y", "z")


@pytest.mark.parametrize(
    ("dataset", "provenance", "white", "ground"),
    [
        ("mnist", {}, 255, "dark"),
        ("digits", {}, 16, "dark"),
        ("cifar-10", {}, 255, ""),
        ("own/", {"background": "bright", "white": "99"}, 99, "bright"),
        ("own/", {"background": "nix", "white": "-5"}, 255, ""),
    ],
)
def test_what_a_network_expects_of_pixels(dataset, provenance, white, ground):
    one = network(dataset=dataset, provenance=provenance)
    assert (white_of(one), background_of(one)) == (white, ground)


@pytest.mark.parametrize(
    ("border", "inside", "white", "expected"),
    [
        (0, 200, 255, "dark"),
        (255, 50, 255, "bright"),
        (100, 50, 255, ""),
        (200, 255, 255, ""),
        (7, 7, 16, ""),
        (12, 3, 16, "bright"),
    ],
)
def test_background_is_told_by_the_border(border, inside, white, expected):
    pixels = np.full((2, 6, 5), border, np.uint8)
    pixels[:, 1:-1, 1:-1] = inside
    assert background(pixels, white) == expected
    assert background(pixels[..., np.newaxis], white) == expected
    assert background(np.stack(3 * [pixels], axis=-1), white) == ""
