"""Files of graphs and of the new kinds: the same again, or one line, in bounded memory and time."""

import json
import re

import numpy as np
import pytest
from safetensors.numpy import load as parse
from safetensors.numpy import save as serialize

from tests.model.graph_file import description_of, graph, rewrite
from tests.networks_at_random import random_graphs
from xnorflow.model.ir import Network
from xnorflow.model.store import ModelError, fingerprint, load, save
from xnorflow.model.trained import FOLDER, is_trained, load_trained
from xnorflow.model.zoo import ZOO

KINDS = "layers must have what its kind has and nothing else, not "


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model"
    save(graph(), path)
    return path


@pytest.mark.parametrize("name", [name for name in ZOO if is_trained(name)])
def test_the_networks_that_ship_have_the_same_bytes_again(name, tmp_path):
    save(load_trained(name), tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == (FOLDER / f"{name}.safetensors").read_bytes()


def test_a_graph_has_the_same_bytes_again(path, tmp_path):
    for network in (graph(), *random_graphs(40)):
        save(network, path)
        loaded = load(path)
        assert loaded.sources == network.sources
        save(loaded, tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_what_is_as_ever_is_not_written(path):
    layers = description_of(path)["layers"]
    assert [index for index, layer in enumerate(layers) if "sources" in layer] == [2, 3]
    assert [index for index, layer in enumerate(layers) if "groups" in layer] == [0]
    assert [index for index, layer in enumerate(layers) if "dilation" in layer] == [1]
    assert [index for index, layer in enumerate(layers) if "shift" in layer.get("ending", {})] == [1]


def test_the_hash_knows_of_every_number(path):
    network = graph()
    swapped = Network(
        "graph", network.input, network.layers, sources=(*network.sources[:2], (0, 1), *network.sources[3:])
    )
    assert fingerprint(swapped) != fingerprint(network)
    for layers in ({2: {"shifts": [0, 1]}}, {1: {"pad": 1}}, {2: {"sources": [0, 1]}}):
        save(network, path)
        rewrite(path, layers=layers)
        assert fingerprint(load(path)) != fingerprint(network)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # What may be left out must be.
        ({"layers": {0: {"sources": [-1]}}}, KINDS),
        ({"layers": {1: {"sources": [0]}}}, KINDS),
        ({"layers": {1: {"groups": 1}}}, KINDS),
        ({"layers": {0: {"dilation": [1, 1]}}}, KINDS),
        ({"layers": {7: {"ending": {"kind": "Bias", "shift": 0}}}}, KINDS),
        ({"layers": {1: {"padding": [2, 2, 2, 2]}}}, KINDS),
        ({"layers": {1: {"padding": [2, 2, 2]}}}, "layer 1: padding must be 2 or 4 integers, not [2, 2, 2]"),
        (
            {"layers": {1: {"padding": [2, 2, 2, 5]}}},
            "layer 1: padding must be at least 0 and less than the kernel, 5x5, not (2, 2, 2, 5)",
        ),
        # What is of another kind must not be there.
        ({"layers": {4: {"groups": 2}}}, KINDS),
        ({"layers": {4: {"ending": {"kind": "Bias"}}}}, KINDS),
        ({"layers": {3: {"shape": [4, 4, 2]}}}, KINDS),
        ({"layers": {5: {"ending": {"kind": "Ranks", "shift": 1}}}}, KINDS),
        ({"layers": {2: {"shift": 1}}}, KINDS),
        ({"sources": [[-1]]}, "must not have 'sources'"),
        ({"arrays": {"2.bias": np.zeros(4, np.int32)}}, "must not have the array '2.bias', which no layer has"),
        ({"arrays": {"1.table": np.zeros((4, 9), np.int32)}}, "must not have the array '1.table', which no layer has"),
        ({"lacks": [(2, "shifts")]}, "layer 2: lacks 'shifts'"),
        ({"lacks": [(2, "sources")]}, "add2: must read 2 layers, not 1"),
        ({"lacks": [(0, "pad")]}, "layer 0: lacks 'pad'"),
        ({"layers": {2: {"sources": 1}}}, "layer 2: sources must be integers, not 1"),
        ({"layers": {2: {"sources": [1, None]}}}, "layer 2: sources must be integers, not [1, None]"),
        ({"layers": {2: {"sources": [1, 0.0]}}}, "layer 2: sources must be integers, not [1, 0.0]"),
        ({"layers": {2: {"sources": [1, True]}}}, "layer 2: sources must be integers, not [1, True]"),
        ({"layers": {2: {"sources": {"0": 1}}}}, "layer 2: sources must be integers, not {'0': 1}"),
        ({"layers": {2: {"sources": [1, 2]}}}, "add2: must read layers in -1..1, which are before it, not 2"),
        ({"layers": {2: {"sources": [0, 0]}}}, "conv2d1: must be read by a layer behind it"),
        ({"layers": {2: {"sources": [0] * 100_000}}}, "add2: must read 2 layers, not 100000"),
        ({"layers": {2: {"shifts": [1]}}}, "layer 2: shifts must be 2 integers, not [1]"),
        ({"layers": {2: {"shifts": [1, 17]}}}, "layer 2: shifts must be two numbers in 0..16, not (1, 17)"),
        ({"layers": {0: {"pad": "Zero"}}}, "layer 0: pad must be an integer, not 'Zero'"),
        ({"layers": {1: {"pad": "zero"}}}, "conv2d1: pad must be in 0..3 for integers, not 'zero'"),
        ({"layers": {0: {"groups": [2]}}}, "layer 0: groups must be an integer, not [2]"),
        ({"layers": {0: {"groups": 3}}}, "layer 0: groups must divide the 4 filters, not be 3"),
        ({"layers": {0: {"groups": 4}}}, "conv2d0: takes images of 4 channels, but gets shape (5, 5, 2)"),
        ({"layers": {1: {"dilation": 2}}}, "layer 1: dilation must be integers, not 2"),
        ({"layers": {1: {"dilation": [2, 0]}}}, "layer 1: dilation must be at least 1, not (2, 0)"),
        ({"layers": {1: {"ending": {"kind": "Bias", "shift": 17}}}}, "layer 1: shift must be in 0..16, not 17"),
        ({"layers": {1: {"ending": {"kind": "Bias", "shift": "1"}}}}, "layer 1: shift must be an integer, not '1'"),
        (
            {"layers": {1: {"ending": {"kind": "Median"}}}},
            "layer 1: ending must be of the kind Thresholds or Bias or Ranks, not 'Median'",
        ),
        ({"layers": {1: {"ending": {"kind": "Ranks"}}}}, "layer 1: lacks '1.table'"),
        ({"layers": {2: {"kind": "Threshold"}}}, "layer 2: lacks '2.thresholds'"),
        (
            {"arrays": {"3.thresholds": np.zeros((4, 4, 16), np.int32)}},
            "layer 3: thresholds must be 1..15 levels, not 16",
        ),
        (
            {"arrays": {"3.thresholds": np.arange(31, -1, -1, dtype=np.int32).reshape(4, 4, 2)}},
            "layer 3: thresholds of neuron 0 must not fall, from 31 to 30",
        ),
        (
            {"arrays": {"3.thresholds": np.zeros((4, 3, 2), np.int32)}},
            "threshold3: thresholds must have a row for each of the 4 values of the second tensor, not 3",
        ),
        (
            {"arrays": {"3.thresholds": np.zeros((4, 4, 2, 1), np.int32)}},
            "layer 3: thresholds must be a row for each neuron, not of shape (4, 4, 2, 1)",
        ),
        ({"arrays": {"3.thresholds": np.zeros((4, 4), np.int32)}}, "threshold3: must read 1 layers, not 2"),
        (
            {"arrays": {"3.thresholds": np.zeros((4, 4, 2), np.float32)}},
            "layer 3: thresholds must be integers, not float32",
        ),
        (
            {"arrays": {"5.table": np.zeros((2, 256), np.int32)}},
            "conv2d5: table must have 257 columns, for sums in -128..128, not 256",
        ),
        (
            {"arrays": {"5.table": np.zeros(2, np.int32)}},
            "layer 5: table must be a row for each neuron, not of shape (2,)",
        ),
        (
            {"arrays": {"5.table": np.full((2, 257), 1 << 62)}},
            "layer 5: table must be within ±1073741823, not 4611686018427387904..4611686018427387904",
        ),
    ],
)
def test_wrong_contents_are_refused(path, changes, message):
    rewrite(path, **changes)
    whole = re.escape(message) + (r"\[\{.*\]" if message == KINDS else "")
    with pytest.raises(ModelError, match=f"^{path}: {whole}$"):
        load(path)


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "SumPool", "kernel": [1, 1], "stride": [1, 1]},
        {"kind": "Threshold"},
        {"kind": "Add", "shifts": [0, 0]},
        {"kind": "MaxPool", "kernel": [1, 1], "stride": [1, 1], "sources": [-1]},
        {"kind": "Conv2d", "groups": 2},
        {"kind": "Conv2d", "pad": "zero"},
        {"kind": "Conv2d", "padding": [0, 1, 1, 1]},
        {"kind": "Conv2d", "dilation": [2, 2]},
    ],
)
def test_files_of_version_1_have_nothing_that_came_later(path, layer):
    rewrite(path, version=1)
    description = description_of(path) | {"layers": [layer]}
    path.write_bytes(serialize(parse(path.read_bytes()), {"xnorflow": json.dumps(description)}))
    with pytest.raises(ModelError, match=f"^{path}: a layer of version 1 must not have what came with version 2$"):
        load(path)
