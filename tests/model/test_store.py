"""Model files: whole and right, or refused in one line."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load as parse
from safetensors.numpy import save as serialize

from tests.networks import random_conv_network, random_images, random_network
from xnorflow.model import golden, records, store
from xnorflow.model.ir import Affine, Bias, Dense, MaxPool, Thermometer, Thresholds
from xnorflow.model.outlines import Filters, Neurons
from xnorflow.model.records import describe
from xnorflow.model.store import ModelError, fingerprint, load, save, write_atomically
from xnorflow.model.zoo import random_network as zoo_network

AFFINE = {
    "kind": "Affine",
    "shape": [9],
    "multiplier": 1,
    "offset": 0,
    "divisor": 1,
    "width": 8,
    "signed": False,
}
CONV2D = {
    "kind": "Conv2d",
    "shape": [5, 3, 3, 1],
    "stride": [1, 1],
    "padding": [0, 0],
    "pad": 0,
    "ending": {"kind": "Thresholds"},
}

LAST = "the last layer must give scores, integers of one axis; end it in Bias"

FILES = Path(__file__).parent / "files"
"""A file of each version of the format, of the same network."""

IMAGES = random_conv_network(
    Thermometer((7, 5), (1, 200)),
    (Filters(3, (3, 2), stride=(2, 1), padding=(2, 1), pad=1), MaxPool((2, 1), (1, 2)), Neurons(4)),
    extreme=True,
)
SIGNED = random_conv_network(
    Affine((4, 3, 2), 256, -128 * 255, 255, 8, True), (Filters(2, (2, 3), pad=-5),), extreme=True
)
UNSIGNED = random_conv_network(Affine((6,), width=3), (Neurons(3),), extreme=True)


def changed(path, **changes):
    """Rewrite a model file with another description, or with other arrays where a change is an array."""
    arrays = parse(path.read_bytes())
    header = json.loads(path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")])
    description = json.loads(header["__metadata__"]["xnorflow"])
    for name, value in changes.items():
        (arrays if isinstance(value, np.ndarray) else description)[name.replace("_", ".")] = value
    path.write_bytes(serialize(arrays, {"xnorflow": json.dumps(description)}))


@pytest.fixture
def path(tmp_path):
    """A good file."""
    path = tmp_path / "a" / "model.safetensors"
    save(random_network((9, 5, 3), extreme=True), path)
    return path


@pytest.mark.parametrize(
    "network",
    [random_network((9, 5, 3), extreme=True), random_network((1, 1)), zoo_network("digits"), IMAGES, SIGNED, UNSIGNED],
)
def test_what_is_saved_is_loaded(network, tmp_path):
    save(network, tmp_path / "model")
    loaded = load(tmp_path / "model")
    for name in ("name", "input", "dataset", "provenance", "names"):
        assert getattr(loaded, name) == getattr(network, name)
    assert describe(loaded, {}) == describe(network, {})
    for old, new in zip(network.layers, loaded.layers, strict=True):
        assert type(old) is type(new)
        for (name, values), (_, found) in zip(numbers(old), numbers(new), strict=True):
            assert np.array_equal(found, values), name
            assert type(found) is type(values)
            assert np.asarray(found).dtype == np.asarray(values).dtype


def numbers(layer):
    """The fields of a layer, and of its ending."""
    fields = vars(layer)
    ending = vars(fields["ending"]) if "ending" in fields else {}
    return [(name, value) for name, value in {**fields, **ending}.items() if name != "ending"]


def test_a_file_of_version_1_is_the_same_network():
    """As xnorflow wrote files before layers had endings; a witness there would say the same."""
    old, new = load(FILES / "version1.safetensors"), load(FILES / "version2.safetensors")
    assert fingerprint(old) == fingerprint(new)
    assert describe(old, {}) == describe(new, {})
    assert [len(golden.trace(network, random_images(network, 5))) for network in (old, new)] == [5, 5]
    versions = [(FILES / f"version{number}.safetensors").read_bytes().count(b'"ending') for number in (1, 2)]
    assert (versions[0], versions[1] > 0) == (0, True)


def test_a_file_of_this_version_has_the_same_bytes_again(tmp_path):
    save(load(FILES / "version2.safetensors"), tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == (FILES / "version2.safetensors").read_bytes()


def test_the_same_network_gives_the_same_bytes(path, tmp_path):
    save(load(path), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 3}, "format version 3, expected 1..2; use the xnorflow that made it"),
        ({"version": None}, "format version None, expected 1..2; use the xnorflow that made it"),
        ({"name": 7}, "name must be a string, not 7"),
        ({"provenance": {"seed": 1}}, "provenance must be a string, not 1"),
        ({"input": {"kind": "Sobel"}}, "input: kind must be one of Thermometer, Affine, not 'Sobel'"),
        ({"input": [9]}, "input: kind must be one of Thermometer, Affine, not [9]"),
        ({"input": {"kind": "Thermometer", "shape": [9]}}, "input: lacks 'levels'"),
        (
            {"input": {"kind": "Thermometer", "shape": [9], "levels": [1.5]}},
            "input: levels must be integers, not [1.5]",
        ),
        ({"input": {**AFFINE, "divisor": 1.0}}, "input: divisor must be an integer, not 1.0"),
        ({"input": {**AFFINE, "width": True}}, "input: width must be an integer, not True"),
        ({"input": {**AFFINE, "signed": 1}}, "input: signed must be true or false, not 1"),
        ({"input": {**AFFINE, "width": 1}}, "input: width must be in 2..8, not 1"),
        ({"input": {"kind": "Thermometer", "shape": [8], "levels": [1]}}, "dense0: takes 9 inputs, but gets 8"),
        (
            {"layers": [{"kind": "Pool"}]},
            "layer 0: kind must be one of Dense, Conv2d, MaxPool, SumPool, Threshold, Add, not 'Pool'",
        ),
        ({"layers": [[]]}, "layer 0: kind must be one of Dense, Conv2d, MaxPool, SumPool, Threshold, Add, not []"),
        ({"layers": [{"kind": "Dense"}]}, "layer 0: lacks 'shape'"),
        ({"layers": [{"kind": "Dense", "shape": [5, 9]}]}, "layer 0: lacks 'ending'"),
        (
            {"layers": [{"kind": "Dense", "shape": [5, 9], "ending": {"kind": "Softmax"}}]},
            "layer 0: ending must be of the kind Thresholds or Bias or Ranks, not 'Softmax'",
        ),
        ({"layers": [{"kind": "Dense", "shape": [5, True]}]}, "layer 0: shape must be integers, not [5, True]"),
        (
            {"layers": [{"kind": "Dense", "shape": [5, 4]}]},
            "layer 0: weights must be [5, 4] bits, each neuron's packed, not of shape (5, 2)",
        ),
        (
            {"layers": [{"kind": "Dense", "shape": [5, -1, -9]}]},
            "layer 0: weights must be [5, -1, -9] bits, each neuron's packed, not of shape (5, 2)",
        ),
        (
            {"layers": [{"kind": "Dense", "shape": []}]},
            "layer 0: weights must be [] bits, each neuron's packed, not of shape (5, 2)",
        ),
        (
            {"layers": [{"kind": "Dense", "shape": [5, 3, 3], "ending": {"kind": "Thresholds"}}]},
            "layer 0: weights must be a matrix of neurons by synapses, not of shape (5, 3, 3)",
        ),
        ({"layers": [{"kind": "Dense", "shape": [5, 9], "ending": {"kind": "Thresholds"}}]}, LAST),
        ({"layers": [{"kind": "MaxPool", "kernel": [2, 2]}]}, "layer 0: lacks 'stride'"),
        (
            {"layers": [{"kind": "MaxPool", "kernel": [2], "stride": [2, 2]}]},
            "layer 0: kernel must be 2 integers, not [2]",
        ),
        (
            {"layers": [{"kind": "MaxPool", "kernel": 2, "stride": [2, 2]}]},
            "layer 0: kernel must be integers, not 2",
        ),
        ({"layers": [{**CONV2D, "pad": "0"}]}, "layer 0: pad must be an integer, not '0'"),
        ({"layers": [{**CONV2D, "stride": [0, 1]}]}, "layer 0: stride must be at least 1, not (0, 1)"),
        ({"layers": [CONV2D]}, "conv2d0: takes images of 1 channels, but gets shape (9,)"),
        ({"0_thresholds": np.full(5, 11)}, "dense0: thresholds must be in 0..10, not 11..11"),
        ({"0_thresholds": np.full(4, 1)}, "layer 0: thresholds must have shape (5,), not (4,)"),
        ({"1_bias": np.full(3, 0.5)}, "layer 1: bias must be integers, not float64"),
        (
            {"1_weights": np.zeros((3, 2), np.uint8)},
            "layer 1: weights must be [3, 5] bits, each neuron's packed, not of shape (3, 2)",
        ),
    ],
)
def test_wrong_contents_are_refused(path, changes, message):
    changed(path, **changes)
    with pytest.raises(ModelError, match=f"^{re.escape(f'{path}: {message}')}$"):
        load(path)


def test_missing_and_foreign_files_are_refused(path):
    with pytest.raises(ModelError, match=f"^{path.parent}: no such model file$"):
        load(path.parent)
    path.write_bytes(serialize({"x": np.zeros(3)}, {"format": "pt"}))
    with pytest.raises(ModelError, match=f"^{path}: a safetensors file, but not an xnorflow model$"):
        load(path)
    path.write_bytes(b"P5 28 28 255")
    with pytest.raises(ModelError, match=rf"^{path}: not a whole model file \(.*\); save or download it again$"):
        load(path)


def test_every_truncation_is_refused(path):
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ModelError, match=rf"^{path}: not a whole model file \(.*\); save or download it again$"):
            load(path)


@pytest.mark.parametrize("network", [random_network((9, 5, 3), extreme=True), SIGNED])
def test_a_changed_byte_gives_a_network_or_one_line(network, path):
    save(network, path)
    data, rng = path.read_bytes(), np.random.default_rng(seed=0)
    refused = 0
    for position in range(len(data)):
        for value in (rng.integers(256), rng.choice(list(b'"[]{},:-.0123456789'))):
            path.write_bytes(data[:position] + bytes([value]) + data[position + 1 :])
            message = refusal(path)
            assert message is None or re.fullmatch(rf"{path}: [^\n]+", message)
            refused += message is not None
    assert refused > len(data)


def refusal(path):
    """Why a file cannot be loaded; None when it can."""
    try:
        load(path)
    except ModelError as error:
        return str(error)
    return None


@pytest.mark.parametrize("before", [None, b"old"])
def test_interrupted_writing_leaves_what_was_there(before, tmp_path, monkeypatch):
    path = tmp_path / "model"
    if before is not None:
        path.write_bytes(before)
    opened = store.os.fdopen

    def fdopen(*arguments):
        file = opened(*arguments)
        file.write(b"half")
        file.flush()
        file.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(store.os, "fdopen", fdopen)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"half and half")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([] if before is None else [before])


def test_others_may_read_the_file(path):
    assert path.stat().st_mode & 0o777 == 0o644


def test_fingerprint_is_of_what_a_network_computes():
    network = random_network((8, 4, 3))
    same = dataclasses.replace(network, name="other", dataset="mnist", provenance={"seed": "1"})
    assert fingerprint(same) == fingerprint(network)
    assert fingerprint(random_network((8, 4, 3), seed=1)) != fingerprint(network)


def test_paths_may_be_strings(tmp_path):
    network, path = random_network((8, 4, 3)), str(tmp_path / "a" / "model.safetensors")
    save(network, path)
    assert fingerprint(load(path)) == fingerprint(network)
    write_atomically(str(tmp_path / "b"), b"data")
    assert (tmp_path / "b").read_bytes() == b"data"
    with pytest.raises(ModelError, match=f"^{tmp_path}/c: no such model file$"):
        load(f"{tmp_path}/c")


@pytest.mark.parametrize("kind", [Thermometer, Affine, *records.LAYERS.values(), *records.ENDINGS.values()])
def test_every_field_of_a_record_can_be_read(kind):
    # Of a field that is new here, somebody must say how files have it.
    assert {field.name for field in dataclasses.fields(kind)} <= {"weights", "ending", *records.ARRAYS, *records.READ}


def test_the_reader_asks_no_annotations(path, monkeypatch):
    # What they are when a program runs is up to Python and numpy: numpy 2.5 made NDArray another kind of thing.
    expected = fingerprint(load(path))
    for kind in (Thermometer, Dense, Thresholds, Bias):
        monkeypatch.setattr(kind, "__annotations__", dict.fromkeys(kind.__annotations__, "object"))
    assert fingerprint(load(path)) == expected


def description_like(text):
    """A file of nothing but that description."""
    return serialize({"x": np.zeros(1)}, {"xnorflow": text})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, r"not a whole model file \(not JSON, or nested too deeply\); save or download it again"),
        (
            "1" * 5000,
            r"not a whole model file \(not JSON \(Exceeds the limit \(4300 digits\).*\)\); save or download it again",
        ),
        ("{", r"not a whole model file \(not JSON \(Expecting property name.*\)\); save or download it again"),
        ('{"version": true}', "format version True, expected 1..2; use the xnorflow that made it"),
        ('{"version": 1.0}', r"format version 1\.0, expected 1..2; use the xnorflow that made it"),
        ('{"version": "a\\nb"}', r"format version 'a\\nb', expected 1..2; use the xnorflow that made it"),
        ('{"version": 1, "layers": 7, "provenance": {}}', "layers must be a list, not 7"),
        ('{"version": 1, "layers": [], "provenance": []}', r"provenance must be an object of strings, not \[\]"),
    ],
)
def test_hostile_descriptions_are_refused_in_one_line(text, message, path):
    path.write_bytes(description_like(text))
    with pytest.raises(ModelError, match=f"^{path}: {message}$"):
        load(path)
