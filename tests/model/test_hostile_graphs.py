"""Files of graphs that ask for much, or for nonsense: one line, in bounded memory and time."""

import json
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as serialize

from tests.model.graph_file import graph, rewrite
from xnorflow.model.ir import IMAGE, Network
from xnorflow.model.store import ModelError, load, save

ROOM = 800 << 20
"""Bytes that reading a file may take at once."""

SECONDS = 20
"""What it may take: an hour less than what it would."""

MANY = int("9" * 4000)
LARGE = {"kind": "Thermometer", "shape": [1024, 1024], "levels": [1, 2, 3, 4]}
WHOLE = {"kind": "SumPool", "kernel": [1024, 1024], "stride": [1, 1]}
BYTES = np.zeros(1, np.uint8)


def witness(images, classes):
    return {"seed": 0, "images": images, "scores": [[1 << 40] * classes] * images}


def tree(leaves):
    """Sums of the image with itself, all of them made first, and then added up."""
    pairs = [(IMAGE, IMAGE)] * leaves + [(0, 1)] + [(leaves + index, index + 2) for index in range(leaves - 2)]
    return [{"kind": "Add", "shifts": [0, 0], "sources": pair} for pair in pairs]


def depthwise(channels, count):
    """Convolutions of one weight for each channel."""
    layer = {"kind": "Conv2d", "shape": [channels, 1, 1, 1], "ending": {"kind": "Thresholds"}, "stride": [1, 1]}
    layers = [{**layer, "padding": [0, 0], "pad": 0, "groups": channels} for _ in range(count)]
    arrays = {f"{index}.weights": np.zeros((channels, 1), np.uint8) for index in range(count)}
    arrays |= {f"{index}.thresholds": np.ones((channels, 1), np.int32) for index in range(count)}
    arrays |= {f"{count}.weights": np.zeros((1, channels // 8), np.uint8), f"{count}.bias": np.zeros(1, np.int32)}
    return [*layers, {"kind": "Dense", "shape": [1, channels], "ending": {"kind": "Bias"}}], arrays


def far_padding(rows):
    """A single window, of corners that are far from each other in so much padding."""
    layer = {"kind": "Conv2d", "shape": [1, 2, 2, 1], "ending": {"kind": "Bias"}, "stride": [1, 1]}
    arrays = {"0.weights": np.zeros((1, 1), np.uint8), "0.bias": np.zeros(1, np.int32)}
    return [{**layer, "padding": [rows, rows], "pad": 0, "dilation": [2 * rows, 2 * rows]}], arrays


FEW = {"kind": "Thermometer", "shape": [1, 1], "levels": [1]}
DEPTHWISE, DEPTHWISE_ARRAYS = depthwise(1 << 14, 60)
LEVELS = {f"{index}.thresholds": np.zeros((4, 15), np.int32) for index in range(250)}
PADDED, PADDED_ARRAYS = far_padding(1 << 19)
SCORES = {"kind": "Dense", "shape": [2, 1], "ending": {"kind": "Bias"}}
SCORES_ARRAYS = {"0.weights": np.zeros((2, 1), np.uint8), "0.bias": np.zeros(2, np.int32)}


def described(rule, layers, **more):
    return {"version": 2, "name": "", "dataset": "", "input": rule, "layers": layers, "provenance": {}, **more}


@pytest.mark.parametrize(
    ("description", "arrays", "message"),
    [
        (
            described(LARGE, [*tree(100), WHOLE], witness=witness(1, 4)),
            {"x": BYTES},
            "elements held at once must be at most 16777216, not 423624704",
        ),
        (
            described(FEW, PADDED, witness=witness(16, 1)),
            PADDED_ARRAYS,
            "conv2d0: elements of all windows must be at most 134217728, not 1099513724929",
        ),
        (
            described(LARGE, [{"kind": "Add", "shifts": [16, 16], "sources": [n - 1, n - 1]} for n in range(3)]),
            {"x": BYTES},
            "add2: integers must fit 48 bits, not be in -2251799813685248..2251799813685248",
        ),
        (
            described(
                LARGE,
                [*[{"kind": "Threshold"}] * 250, WHOLE],
                witness=witness(1, 4),
            ),
            LEVELS,
            "witness must take at most 1073741824 multiplications, not 125862674432",
        ),
        (
            described(
                {"kind": "Thermometer", "shape": [1, 1, 1 << 14], "levels": [1]}, DEPTHWISE, witness=witness(16, 1)
            ),
            DEPTHWISE_ARRAYS,
            "witness: random image 0 must get a score of 1099511627776 for class 0, not -16240; "
            "the file holds another network than the one that was saved: save or download it again",
        ),
        (
            described(FEW, [{**SCORES, "ending": {"kind": "Ranks"}}]),
            {"0.weights": np.zeros((2, 1), np.uint8), "0.table": np.zeros((2, 1 << 24), np.uint8)},
            "layer 0: levels and ranks must be at most 4194304, not 33554432",
        ),
        (
            described(FEW, [{"kind": "Threshold"}]),
            {"0.thresholds": np.zeros((1, 1 << 25, 1), np.uint8)},
            "layer 0: levels and ranks must be at most 4194304, not 33554432",
        ),
        (
            described(FEW, [{"kind": "Threshold", "sources": [MANY]}]),
            {"0.thresholds": np.zeros((1, 1), np.int32)},
            "numbers must be at most 9223372036854775807, not above 2**64",
        ),
        (
            described({**FEW, "shape": [MANY, MANY]}, [SCORES]),
            SCORES_ARRAYS,
            "numbers must be at most 9223372036854775807, not above 2**64",
        ),
        (
            described(FEW, [{"kind": "SumPool", "kernel": [1 << 62, 1 << 62], "stride": [1, 1]}]),
            {"x": BYTES},
            "sumpool0: kernel must fit the padded image, 1x1, not be 4611686018427387904x4611686018427387904",
        ),
    ],
)
def test_a_file_that_asks_for_much_is_refused(description, arrays, message, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(serialize(arrays, {"xnorflow": json.dumps(description)}))
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(ModelError) as error:
            load(path)
        assert tracemalloc.get_traced_memory()[1] < ROOM
    finally:
        tracemalloc.stop()
    assert str(error.value) == f"{path}: {message}"
    assert time.process_time() - began < SECONDS


NUMBERS = st.sampled_from([0, 1, 2, 3, 4, 5, 9, 15, 16, 17, -1, -2, 255, 1 << 16, 1 << 31, 1 << 62, MANY])
VALUES = st.recursive(
    NUMBERS | st.sampled_from([None, True, 1.0, "zero", "Zero", "", "Add", "Threshold", "Ranks", "Conv2d", "Bias"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "shift"]), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["sources", "dilation", "groups", "shifts", "ending", "pad", "padding", "stride", "kernel", "kind"]
)
SHAPES = st.lists(st.integers(0, 5), max_size=4)


@settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    layers=st.dictionaries(st.integers(0, 7), st.dictionaries(KEYS, VALUES, max_size=2), max_size=2),
    sources=st.dictionaries(st.integers(0, 7), st.lists(st.integers(-1, 8), max_size=3), max_size=2),
    arrays=st.dictionaries(
        st.tuples(st.integers(0, 8), st.sampled_from(["thresholds", "table", "bias", "weights"])), SHAPES, max_size=1
    ),
)
def test_nonsense_gives_a_network_or_one_line(layers, sources, arrays, tmp_path):
    path = tmp_path / "model"
    save(graph(), path)
    rewrite(
        path,
        layers={
            index: layers.get(index, {}) | ({"sources": sources[index]} if index in sources else {})
            for index in range(8)
        },
        arrays={f"{index}.{name}": np.zeros(shape, np.int32) for (index, name), shape in arrays.items()},
    )
    try:
        result = load(path)
    except ModelError as error:
        result = str(error)
        assert result.startswith(f"{path}: ")
        assert "\n" not in result
        assert len(result) < 1000
    assert isinstance(result, Network | str)
