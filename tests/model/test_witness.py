"""Witnesses: a file holds the network that was in memory, or it is refused in one line."""

import dataclasses
import json
import re
import time

import numpy as np
import pytest
from safetensors.numpy import load as parse
from safetensors.numpy import save as serialize

from tests.networks import random_conv_network, random_network
from xnorflow.model import golden, store
from xnorflow.model.ir import Affine, MaxPool, Thermometer
from xnorflow.model.outlines import Filters
from xnorflow.model.store import ModelError, fingerprint, load, save
from xnorflow.model.trained import FOLDER, is_trained
from xnorflow.model.witness import random_images
from xnorflow.model.zoo import ZOO
from xnorflow.model.zoo import random_network as zoo_network

CONV = random_conv_network(Affine((5, 4, 3)), (Filters(4, (2, 2)), MaxPool((2, 2), (1, 1))))
SCORES = {"seed": 0, "images": 4, "scores": [[0, 0, 0]] * 4}


def description_of(path):
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"]["xnorflow"])


def rewrite(path, *, arrays=(), **changes):
    """Put other arrays or another description into a file; a key that is None is left out."""
    contents = {**parse(path.read_bytes()), **dict(arrays)}
    description = {key: value for key, value in {**description_of(path), **changes}.items() if value is not None}
    path.write_bytes(serialize(contents, {"xnorflow": json.dumps(description)}))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    save(random_network((9, 5, 3), extreme=True), path)
    return path


@pytest.mark.parametrize(
    ("network", "images"),
    [(random_network((9, 5, 3)), 4), (CONV, 4), (zoo_network("sfc"), 4), (zoo_network("mnist-cnn"), 1)],
)
def test_the_witness_is_what_the_golden_model_gives(network, images, tmp_path):
    save(network, tmp_path / "model")
    witness = description_of(tmp_path / "model")["witness"]
    assert (witness["seed"], witness["images"]) == (0, images)
    # As docs/ir.md says how a foreign reader makes them.
    pixels = np.random.default_rng(0).integers(0, 256, (images, *network.input.shape), np.uint8)
    assert witness["scores"] == golden.forward(network, pixels).tolist()


@pytest.mark.parametrize(("shape", "count"), [((9,), 1), ((8, 8), 4), ((5, 3, 3), 3), ((1,), 1)])
def test_random_images_are_numpys(shape, count):
    for seed in (0, 7, (1 << 32) - 1):
        expected = np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)
        assert np.array_equal(random_images(shape, count, seed=seed), expected)


def test_a_file_without_a_witness_loads(path):
    network = load(path)
    rewrite(path, witness=None)
    assert "witness" not in description_of(path)
    assert fingerprint(load(path)) == fingerprint(network)


def test_the_fingerprint_does_not_know_of_witnesses():
    # As of format version 2 without any.
    network = zoo_network("digits")
    assert fingerprint(network).hex() == "2c7ad88819675a562db214082d0395f6dbf6ffac63bfd149694bb590755e8ebc"


@pytest.mark.parametrize("name", [name for name in ZOO if is_trained(name)])
def test_the_networks_that_ship_have_one(name):
    assert set(description_of(FOLDER / f"{name}.safetensors")["witness"]) == {"seed", "images", "scores"}


@pytest.mark.parametrize("bit", range(0, 45, 4))
def test_every_other_bit_of_a_weight_is_refused(path, bit):
    weights = parse(path.read_bytes())["0.weights"]
    neuron, place = divmod(bit, 9)
    weights[neuron, place // 8] ^= 1 << place % 8
    rewrite(path, arrays={"0.weights": weights}, witness=None)
    with pytest.raises(ModelError, match="sha256: the file holds another network than was saved"):
        load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"skip": [0]}, "must not have 'skip'"),
        ({"arrays": {"0.scale": np.ones(3, np.float32)}}, "must not have the array '0.scale', which no layer has"),
        ({"arrays": {"2.weights": np.ones((3, 1), np.uint8)}}, "must not have the array '2.weights'"),
        ({"version": 1}, "a layer of version 1 must not have an ending"),
        ({"sha256": "0" * 64}, "sha256: the file holds another network"),
        ({"sha256": 5}, "sha256: the file holds another network"),
    ],
)
def test_nothing_in_a_file_is_passed_over(path, changes, message):
    rewrite(path, **changes)
    with pytest.raises(ModelError, match=re.escape(message)):
        load(path)


def test_a_key_of_no_layer_is_refused(path):
    layers = description_of(path)["layers"]
    rewrite(path, layers=[{**layers[0], "dilation": 2}, *layers[1:]])
    with pytest.raises(ModelError, match="layers must have what its kind has and nothing else"):
        load(path)


def test_another_network_in_the_file_is_refused(path):
    packed = parse(path.read_bytes())["1.weights"]
    rewrite(path, arrays={"1.weights": packed ^ np.uint8([[0], [0], [31]])})
    message = (
        rf"^{path}: witness: random image 0 must get a score of -?\d for class 2, not -?\d; "
        r"the file holds another network than the one that was saved: save or download it again$"
    )
    with pytest.raises(ModelError, match=message):
        load(path)


def test_transposed_memory_is_refused(tmp_path):
    # What safetensors makes of an array that is not in C's order.
    network, path = random_network((16, 16, 3)), tmp_path / "model"
    save(network, path)
    packed = parse(path.read_bytes())["0.weights"]
    rewrite(path, arrays={"0.weights": np.frombuffer(packed.tobytes("F"), np.uint8).reshape(packed.shape)})
    with pytest.raises(ModelError, match=r": witness: random image \d must get a score of "):
        load(path)


@pytest.mark.parametrize(
    ("witness", "message"),
    [
        ([], "witness must be an object of seed, images and scores, not []"),
        ({"seed": 0}, "witness must be an object of seed, images and scores, not {'seed': 0}"),
        ({**SCORES, "seed": -1}, "witness: seed must be an integer in 0..4294967295, not -1"),
        ({**SCORES, "seed": 1 << 32}, "witness: seed must be an integer in 0..4294967295, not 4294967296"),
        ({**SCORES, "seed": True}, "witness: seed must be an integer in 0..4294967295, not True"),
        ({**SCORES, "images": 0}, "witness: images must be an integer in 1..16, not 0"),
        ({**SCORES, "images": 10**15}, "witness: images must be an integer in 1..16, not 1000000000000000"),
        ({**SCORES, "images": 1.0}, "witness: images must be an integer in 1..16, not 1.0"),
        (
            {**SCORES, "images": 3},
            "witness: scores must be 3 lists of 3 integers, not [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]",
        ),
        ({**SCORES, "scores": 7}, "witness: scores must be 4 lists of 3 integers, not 7"),
        ({**SCORES, "images": 1, "scores": [[0, 0]]}, "witness: scores must be 1 lists of 3 integers, not [[0, 0]]"),
        (
            {**SCORES, "images": 1, "scores": [[0, 0.0, 0]]},
            "witness: scores must be 1 lists of 3 integers, not [[0, 0.0, 0]]",
        ),
    ],
)
def test_a_hostile_witness_is_refused(path, witness, message):
    rewrite(path, witness=witness)
    with pytest.raises(ModelError, match=f"^{re.escape(f'{path}: {message}')}$"):
        load(path)


def test_a_network_that_takes_long_has_no_witness(tmp_path):
    # A few hundred bytes of weights, and more than a billion multiplications for an image.
    shape = (1 << 10, 1 << 10, 1)
    network = random_conv_network(
        Thermometer(shape, (128,)), (Filters(1, (7, 7)), MaxPool((1 << 9, 1 << 9), (1 << 9, 1 << 9)))
    )
    path = tmp_path / "model"
    start = time.perf_counter()
    save(network, path)
    assert "witness" not in description_of(path)
    rewrite(path, witness={"seed": 0, "images": 1, "scores": [[0, 0, 0]]})
    with pytest.raises(ModelError, match=r": witness must take at most 1073741824 multiplications, not \d+$"):
        load(path)
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("spoil", ["arrays", "description", "nothing whole"])
def test_what_was_written_is_read_again_before_the_old_file_goes(path, spoil, monkeypatch):
    old, other = path.read_bytes(), random_network((9, 5, 3), seed=1, extreme=True)

    def faulty(arrays, metadata):
        if spoil == "description":
            metadata = {key: text.replace('"levels": [128]', '"levels": [127]') for key, text in metadata.items()}
        if spoil == "arrays":
            arrays = {**arrays, "0.thresholds": arrays["0.thresholds"][::-1].copy()}
        data = serialize(arrays, metadata)
        return data[:-1] if spoil == "nothing whole" else data

    monkeypatch.setattr(store, "serialize", faulty)
    # Without a witness, which would see some of it first.
    monkeypatch.setattr(store, "witness_of", lambda _: None)
    expected = {
        "arrays": "sha256: the file holds another network than was saved; save or download it again",
        "description": "input: other levels",
        "nothing whole": "not a whole model file .*",
    }
    message = rf"^{path}: not saved, for what was written is not the network \({expected[spoil]}\)$"
    with pytest.raises(ModelError, match=message):
        save(other, path)
    assert path.read_bytes() == old
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_arrays_leave_in_cs_order(tmp_path):
    network = random_network((16, 12, 3))
    layer = network.layers[0]
    # Behind the records' backs, as a fault in them would.
    object.__setattr__(layer, "weights", np.asfortranarray(layer.weights))
    object.__setattr__(layer.ending, "thresholds", np.repeat(layer.ending.thresholds, 2)[::2])
    assert not layer.weights.flags.c_contiguous
    save(network, tmp_path / "model")
    assert np.array_equal(load(tmp_path / "model").layers[0].weights, layer.weights)


def test_names_and_provenance_are_compared_too(path, monkeypatch):
    network = dataclasses.replace(load(path), name="a", dataset="b", provenance={"c": "d"})
    for name, change in (("name", {"name": "x"}), ("dataset", {"dataset": "x"}), ("provenance", {"provenance": {}})):
        monkeypatch.setattr(
            store, "_serialize", lambda *_, change=change: serialized(dataclasses.replace(network, **change))
        )
        with pytest.raises(ModelError, match=rf"^{path}: not saved, .* \(another {name}\)$"):
            save(network, path)


serialized = store._serialize
