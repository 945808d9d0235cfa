"""Networks that are too large, made or claimed by a file, are refused in one line before arrays of that size are."""

import json
import re
import time

import numpy as np
import pytest
from safetensors.numpy import save as serialize

from xnorflow.model.ir import Bias, Conv2d, Dense, MaxPool, Network, Thermometer, Thresholds
from xnorflow.model.store import ModelError, load


def scores(classes, inputs):
    return Dense(np.zeros((classes, inputs), np.uint8), Bias(np.zeros(classes, int)))


def dense(mh, mw):
    return Dense(np.zeros((mh, mw), np.uint8), Thresholds(np.zeros(mh, int)))


def filters(mh, kernel, channels, **numbers):
    return Conv2d(np.zeros((mh, kernel, kernel, channels), np.uint8), Thresholds(np.zeros(mh, int)), **numbers)


def network(shape, *layers, levels=(128,)):
    return Network("n", Thermometer(shape, levels), layers)


@pytest.mark.parametrize(
    "make",
    [
        lambda: network((1 << 20,), scores(4, 1 << 20)),
        lambda: network((2,), *[dense(2, 2)] * 255, scores(2, 2)),
        lambda: network((1 << 16, 16), MaxPool((1 << 12, 2), (1 << 12, 2)), scores(2, 128)),
        lambda: network((8,), dense(1 << 16, 8), scores(2, 1 << 16)),
        lambda: network((8,), scores((1 << 16) - 1, 8)),
    ],
)
def test_what_is_just_not_too_large_is_taken(make):
    make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: network((1 << 20, 1 << 20), MaxPool((1 << 20, 1 << 20)), scores(2, 1)),
            "input: numbers of an image must be at most 1048576, not 1099511627776",
        ),
        (
            lambda: network((10**30, 1), scores(2, 1)),
            "scores0: takes 1 inputs, but gets 1000000000000000000000000000000",
        ),
        (
            lambda: network((10**40, 1), MaxPool((10**40, 1)), scores(2, 1)),
            "input: numbers of an image must be at most 1048576, not above 2**64",
        ),
        (
            lambda: network((1 << 20,), scores(2, 5 << 20), levels=(1, 2, 3, 4, 5)),
            "input: bits of an image must be at most 4194304, not 5242880",
        ),
        (lambda: network((2,), *[dense(2, 2)] * 256, scores(2, 2)), "layers must be at most 256, not 257"),
        (
            lambda: network((8,), dense((1 << 16) + 1, 8), scores(2, (1 << 16) + 1)),
            "dense0: neurons must be at most 65536, not 65537",
        ),
        (lambda: network((8,), scores(1 << 16, 8)), "scores0: classes must be at most 65535, not 65536"),
        (
            lambda: network((1 << 20,), dense(17, 1 << 20), scores(2, 17)),
            "dense0: weights must be at most 16777216, not 17825792",
        ),
        (
            lambda: network((1024, 1024), filters(5, 1, 1), scores(2, 5 << 20)),
            "conv2d0: elements of the output must be at most 4194304, not 5242880",
        ),
        (
            lambda: network(
                (1024, 1024), filters(4, 7, 1, padding=(3, 3)), filters(1, 7, 4), MaxPool((1018, 1018)), scores(2, 1)
            ),
            "conv2d1: elements of all windows must be at most 134217728, not 203119504",
        ),
        (
            lambda: network((1024, 1024), MaxPool((512, 512), (1, 1)), scores(2, 513 * 513)),
            "maxpool0: elements of all windows must be at most 134217728, not 68988174336",
        ),
        (
            lambda: network((4, 4), MaxPool((2, 2), (1, 1 << 21)), scores(2, 3)),
            "maxpool0: stride must be at most 1048576, not 2097152",
        ),
        (
            lambda: network(
                (64, 64, 2),
                filters(900, 7, 344, padding=(3, 3)),
                filters(1000, 1, 900),
                filters(1000, 1, 1000),
                scores(2, 4_096_000),
                levels=tuple(range(1, 173)),
            ),
            "multiplications for an image must be at most 68719476736, not 69928550400",
        ),
    ],
)
def test_what_is_too_large_is_refused(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


def test_weights_of_all_layers_have_a_limit():
    layers = [dense(4096, 4096)] * 4
    message = "weights of all layers must be at most 67108864, not 67117056"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        network((4096,), *layers, scores(2, 4096))


def written(path, arrays=None, **changes):
    """A model file with any description, also one that no network has."""
    description = {
        "version": 1,
        "name": "hostile",
        "dataset": "",
        "input": {"kind": "Thermometer", "shape": [1, 1], "levels": [128]},
        "layers": [{"kind": "Scores", "shape": [2, 1]}],
        "provenance": {},
    }
    text = changes.pop("text", None) or json.dumps(description | changes)
    arrays = arrays or {"0.weights": np.zeros((2, 1), np.uint8), "0.bias": np.zeros(2, np.int32)}
    path.write_bytes(serialize(arrays, {"xnorflow": text}))
    return path


def pool(size):
    return {"kind": "MaxPool", "kernel": [size, size], "stride": [size, size]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {
                "input": {"kind": "Thermometer", "shape": [1 << 20, 1 << 20], "levels": [128]},
                "layers": [pool(1 << 20), {"kind": "Scores", "shape": [2, 1]}],
                "arrays": {"1.weights": np.zeros((2, 1), np.uint8), "1.bias": np.zeros(2, np.int32)},
            },
            "input: numbers of an image must be at most 1048576, not 1099511627776",
        ),
        (
            {"layers": [{"kind": "Scores", "shape": [1 << 30, 1 << 30]}]},
            "layer 0: weights must be at most 16777216, not 1152921504606846976",
        ),
        (
            {"layers": [{"kind": "Scores", "shape": [int("9" * 4000), int("9" * 4000)]}]},
            "layer 0: weights must be at most 16777216, not above 2**64",
        ),
        ({"layers": [pool(1)] * 100_000, "arrays": None}, "JSON must have at most 1048576 characters, not "),
        ({"layers": [pool(1)] * 300}, "layers must be at most 256, not 300"),
        ({"text": "[" * 500_000}, "not JSON, or nested too deeply"),
        ({"text": '{"version": 1, "layers": ' + "[" * 500 + "]" * 500 + "}"}, "lacks 'provenance'"),
        ({"text": '{"version": ' + "1" * 5000 + "}"}, "not JSON (Exceeds the limit (4300 digits)"),
        ({"name": "x" * (1 << 20)}, "JSON must have at most 1048576 characters, not "),
    ],
)
def test_a_file_that_claims_too_much_is_refused(changes, message, tmp_path):
    path = written(tmp_path / "model.safetensors", **changes)
    began = time.process_time()
    with pytest.raises(ModelError) as error:
        load(path)
    assert str(error.value).replace("not a whole model file (", "").startswith(f"{path}: {message}")
    assert "\n" not in str(error.value)
    assert time.process_time() - began < 2


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ModelError, match=f"^{path}: must have at most 67108864 bytes, not 1099511627776$"):
        load(path)
