"""Damaged files give the importer's own error or a network: no other error, no hang, no unbounded memory."""

import resource
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.importers.fuzz_seeds import SEEDS, levels_and_arms
from tests.importers.reference import reference
from xnorflow.model import golden
from xnorflow.model.ir import Add, Conv2d, Network, SumPool, Threshold
from xnorflow.model.qonnx.reader import QonnxError, import_qonnx

SETTINGS = settings(
    derandomize=True,
    deadline=20000,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FILES = ("TFC_1W1A.onnx", "TFC_w1a1_multithreshold.onnx")
NUMBERS = st.sampled_from([0, 1, -1, 2, 3, 7, 64, 255, 784, 1 << 20, 1 << 31, 1 << 62, -(1 << 63)])
OPERATORS = {
    *("Flatten", "Gather", "Concat", "Sqrt", "Pad", "Sign", "Where", "GreaterOrEqual", "Equal", "Not", "Relu", "Clip"),
    *("Round", "Tanh", "Softmax", "AveragePool", "GlobalAveragePool", "ReduceMean", "Max", "Mul", "Add", "Div", "Cast"),
    *(
        "QuantizeLinear",
        "DequantizeLinear",
        "MultiThreshold",
        "Quant",
        "Sub",
        "GlobalMaxPool",
        "Slice",
        "Expand",
        "ConstantOfShape",
        "PRelu",
        "Pow",
        "Identity",
    ),
}
INTEGER, FLOAT = struct.Struct("<q"), struct.Struct("<f")


@pytest.fixture(autouse=True)
def limited_memory():
    """More than 2 GiB above what is there already is an error of this process, not of the machine."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def survives(path, data):
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = import_qonnx(path)
        except QonnxError as error:
            result = str(error)
    if isinstance(result, str):
        assert result.startswith(f"{path}: ")
        assert "\n" not in result
        assert len(result) < 1000
    else:
        assert isinstance(result, Network)


@pytest.mark.models
@pytest.mark.parametrize("file", FILES)
@settings(SETTINGS, max_examples=150)
@given(data=st.data())
def test_mutated_bytes(models, tmp_path, file, data):
    content = bytearray((models / "qonnx" / file).read_bytes())
    # Most of a file is weights, where a changed byte changes a number: half of the places are near the structure.
    place = (
        st.integers(0, len(content) - 1) | st.integers(0, 4000) | st.integers(len(content) - 12000, len(content) - 1)
    )
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(place)] = data.draw(st.integers(0, 255))
    start, length = data.draw(place), data.draw(st.sampled_from([0, 0, 1, 5, 1000, len(content)]))
    del content[start : start + length]
    survives(tmp_path / "network.onnx", bytes(content))


def mutate(data, model):
    """Change one thing of a graph's structure."""
    graph = model.graph
    node = graph.node[data.draw(st.integers(0, len(graph.node) - 1))]
    names = [*(name for entry in graph.node for name in entry.output), *(entry.name for entry in graph.initializer), ""]
    operators = sorted({entry.op_type for entry in graph.node} | OPERATORS)
    match data.draw(st.integers(0, 7)):
        case 0 if node.input:
            node.input[data.draw(st.integers(0, len(node.input) - 1))] = data.draw(st.sampled_from(names))
        case 1:
            node.op_type = data.draw(st.sampled_from(operators))
        case 2 if node.attribute:
            entry = node.attribute[data.draw(st.integers(0, len(node.attribute) - 1))]
            entry.i, entry.f = data.draw(NUMBERS), data.draw(st.floats(width=32))
            if entry.ints:
                entry.ints[data.draw(st.integers(0, len(entry.ints) - 1))] = data.draw(NUMBERS)
        case 3 if graph.initializer:
            tensor = graph.initializer[data.draw(st.integers(0, len(graph.initializer) - 1))]
            content = bytearray(tensor.raw_data)
            packed = data.draw(NUMBERS.map(INTEGER.pack) | st.floats(width=32).map(FLOAT.pack))
            place = data.draw(st.integers(0, len(content) // 4)) * 4
            content[place : place + len(packed)] = packed
            tensor.raw_data = bytes(content[: len(tensor.raw_data)])
        case 4:
            entry = graph.initializer[data.draw(st.integers(0, len(graph.initializer) - 1))]
            entry.dims[:] = data.draw(st.lists(NUMBERS, max_size=5))
        case 5:
            sizes = graph.input[0].type.tensor_type.shape.dim
            sizes[data.draw(st.integers(0, len(sizes) - 1))].dim_value = data.draw(NUMBERS)
        case 6:
            del graph.node[data.draw(st.integers(0, len(graph.node) - 1))]
        case _:
            node.input.extend(data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2)))


@settings(SETTINGS, max_examples=400)
@given(data=st.data())
def test_mutated_graphs(tmp_path, data):
    model = data.draw(st.sampled_from(SEEDS))(data.draw(st.integers(0, 999)))
    for _ in range(data.draw(st.integers(1, 3))):
        if model.graph.node:
            mutate(data, model)
    survives(tmp_path / "network.onnx", model.SerializeToString())


def test_the_seeds_have_every_kind_of_layer(tmp_path):
    """Damage to a graph of layers that are not there finds nothing."""
    rng = np.random.default_rng(seed=0)
    chain = levels_and_arms(rng)
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    images = rng.integers(0, 256, (20, 8, 8, 2), np.uint8)
    expected = reference(chain.model(), images.transpose(0, 3, 1, 2) / 255)
    assert golden.predict(network, images).tolist() == expected.argmax(axis=1).tolist()
    assert {Add, SumPool, Threshold} <= {type(layer) for layer in network.layers}
    products = [layer for layer in network.layers if isinstance(layer, Conv2d)]
    assert any(layer.groups == len(layer.weights) and layer.dilation == (2, 2) for layer in products)
    assert any(1 < layer.groups < len(layer.weights) for layer in products)
    assert network.provenance["planes"].startswith("Conv_2: weights -1, 0, 1 as 2 layers of ±1 and their sum; ")
