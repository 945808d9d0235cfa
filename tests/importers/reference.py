"""What ONNX's own reference evaluator says of a graph, in double precision: it shares no code with the importer."""

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

__all__ = ["in_doubles", "reference"]


class BipolarQuant(OpRun):
    op_domain = "onnx.brevitas"

    def _run(self, x, scale):
        return (np.where(x >= 0, 1.0, -1.0) * scale,)


class Quant(OpRun):
    op_domain = "onnx.brevitas"

    def _run(self, x, scale, zero, width, signed=None, narrow=None, rounding_mode=None):
        bits = int(width)
        low, high = (-(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1 - narrow)
        rounding = {
            "ROUND": np.rint,
            "CEIL": np.ceil,
            "FLOOR": np.floor,
            "UP": lambda v: np.sign(v) * np.ceil(abs(v)),
            "DOWN": np.trunc,
            "HALF_UP": lambda v: np.sign(v) * np.floor(abs(v) + 0.5),
            "HALF_DOWN": lambda v: np.sign(v) * np.ceil(abs(v) - 0.5),
        }[rounding_mode or "ROUND"]
        return ((rounding(np.clip(x / scale + zero, low, high)) - zero) * scale,)


class MultiThreshold(OpRun):
    op_domain = "finn.custom_op.general"

    def _run(self, x, thresholds, out_scale=None, out_bias=None, out_dtype=None, data_layout=None):
        shape = [1] * x.ndim
        shape[-1 if data_layout == "NHWC" else 1] = -1
        levels = [thresholds[:, place].reshape(shape) for place in range(thresholds.shape[1])]
        return (sum((x >= level) for level in levels) * (1.0 if out_scale is None else out_scale) + (out_bias or 0.0),)


class BatchNormalization(OpRun):
    """The reference evaluator takes another epsilon than the node's."""

    def _run(self, x, scale, bias, mean, variance, epsilon=None, momentum=None, training_mode=None):
        shape = (1, -1, *[1] * (x.ndim - 2))
        scale, bias, mean, variance = (value.reshape(shape) for value in (scale, bias, mean, variance))
        return (scale * (x - mean) / np.sqrt(variance + epsilon) + bias,)


class DequantizeLinear(OpRun):
    """The reference evaluator has those of opset 19 and later only."""

    def _run(self, x, scale, zero, axis=None, block_size=None, output_dtype=None):
        return ((x.astype(np.float64) - zero.astype(np.float64)) * scale,)


def in_doubles(model):
    """The same graph where each float is a double."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    tensors = [*graph.initializer, *(entry.t for node in graph.node for entry in node.attribute if entry.HasField("t"))]
    for tensor in tensors:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    for node in graph.node:
        for entry in node.attribute:
            if node.op_type == "Cast" and entry.name == "to" and entry.i == TensorProto.FLOAT:
                entry.i = TensorProto.DOUBLE
    return model


def reference(model, inputs):
    """What the graph gives for each of the inputs, which have its shape; one row for each."""
    own = [BatchNormalization, BipolarQuant, DequantizeLinear, MultiThreshold, Quant]
    evaluator = ReferenceEvaluator(in_doubles(model), new_ops=own)
    entry = model.graph.input[0]
    shape = [size.dim_value or 1 for size in entry.type.tensor_type.shape.dim]
    rows = [evaluator.run(None, {entry.name: image.reshape(shape).astype(np.float64)})[0] for image in inputs]
    return np.array(rows).reshape(len(inputs), -1)
