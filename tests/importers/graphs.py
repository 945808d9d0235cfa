"""Small ONNX graphs for the tests, and what the executor of the qonnx package says of them."""

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

from xnorflow.model.qonnx.reader import QonnxError, import_qonnx

__all__ = ["Chain", "Weights", "bipolar", "bits", "check", "judge"]

DOMAINS = {
    "BipolarQuant": "onnx.brevitas",
    "Quant": "onnx.brevitas",
    "MultiThreshold": "finn.custom_op.general",
    "Mystery": "com.example.mystery",
}


class Weights:
    """Weights that a quantizer makes inside the graph, as Brevitas writes them."""

    def __init__(self, operator, values, *parameters, **attributes):
        self.operator, self.values, self.parameters, self.attributes = operator, values, parameters, attributes


class Chain:
    """A graph in which each operator takes what the one before gives; nodes are named after operator and place."""

    def __init__(self, *shape, element=TensorProto.FLOAT):
        self.input = helper.make_tensor_value_info("image", element, shape)
        self.nodes, self.arrays, self.tail = [], [], "image"

    def constant(self, value):
        if value is None:
            return ""
        if isinstance(value, Weights):
            parts = [self.constant(entry) for entry in (value.values, *value.parameters)]
            return self.node(value.operator, parts, **value.attributes)
        array = np.asarray(value)
        if array.dtype.itemsize > 1:
            array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        self.arrays.append(numpy_helper.from_array(array, f"constant{len(self.arrays)}"))
        return self.arrays[-1].name

    def node(self, operator, inputs, outputs=1, **attributes):
        name = f"{operator}_{len(self.nodes)}"
        names = [f"{name}_out{place}" for place in range(outputs)]
        self.nodes.append(
            helper.make_node(operator, inputs, names, name=name, domain=DOMAINS.get(operator, ""), **attributes)
        )
        return names[-1]

    def add(self, operator, *constants, front=False, outputs=1, **attributes):
        """Append an operator; with ``front`` its constants come before the data."""
        parts = [self.constant(value) for value in constants]
        inputs = [*parts, self.tail] if front else [self.tail, *parts]
        self.tail = self.node(operator, inputs, outputs, **attributes)
        return self

    def model(self):
        element = TensorProto.INT64 if self.tail.startswith(("TopK", "ArgMax")) else TensorProto.FLOAT
        output = helper.make_tensor_value_info(self.tail, element, None)
        graph = helper.make_graph(self.nodes, "chain", [self.input], [output], self.arrays)
        domains = [helper.make_opsetid("", 13), *(helper.make_opsetid(domain, 1) for domain in set(DOMAINS.values()))]
        return helper.make_model(graph, opset_imports=domains, ir_version=8)

    def save(self, path):
        onnx.save(self.model(), path)
        return Path(path)


def bipolar(rng, *shape):
    """Random weights of ±1."""
    return 2.0 * rng.integers(0, 2, shape) - 1


def judge(path, images, *, divisor=1):
    """What qonnx's executor gives for each raw image: scores or classes, one row for each."""
    model = ModelWrapper(str(path)).transform(InferShapes())
    entry = model.graph.input[0]
    shape = [size.dim_value or 1 for size in entry.type.tensor_type.shape.dim]
    if images.ndim == 4:
        images = images.transpose(0, 3, 1, 2)
    rows = []
    for image in images:
        # A division, as in torch: a product with 1/255 rounds twice.
        pixels = image.reshape(shape).astype(np.float32) / np.float32(divisor)
        rows.append(execute_onnx(model, {entry.name: pixels})[model.graph.output[0].name].ravel())
    return np.array(rows)


def bits(*shape):
    """A chain that begins with the input's bits."""
    return Chain(*shape).add("Sub", 0.5).add("BipolarQuant", 1.0)


def check(path, message):
    """The file is refused with just this message."""
    with pytest.raises(QonnxError, match=rf"^{re.escape(f'{path}: {message}')}$"):
        import_qonnx(path)


def vector():
    return bits(1, 8)


def ended(chain):
    """Two hidden neurons and two classes behind a vector of 8 bits."""
    return chain.add("MatMul", np.ones((8, 2))).add("BipolarQuant", 1.0).add("MatMul", np.ones((2, 2)))
