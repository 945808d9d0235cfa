"""A network in floats of ±1, as other software runs it: what the golden model's speed is measured against."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from xnorflow.model.bits import bipolar
from xnorflow.model.golden import quantize
from xnorflow.model.ir import Bias, Conv2d, Dense, Element, MaxPool, Network, Step, Thresholds

__all__ = ["float_images", "onnx_model", "torch_model"]

Floats = NDArray[np.float32]


def float_images(network: Network, images: NDArray[np.uint8]) -> Floats:
    """Quantized images as these models take them: ±1 or integers, channels first."""
    tensor, values = network.input.output, quantize(network.input, images)
    numbers = (bipolar(np.asarray(values, np.uint8)) if tensor.element is Element.BIT else values).astype(np.float32)
    if isinstance(network.layers[0], Dense):
        return numbers.reshape(len(images), -1)
    return np.ascontiguousarray(np.moveaxis(numbers, -1, 1))


def onnx_model(network: Network) -> bytes:
    """A chain as an ONNX file: products with their bias, and ``Sign`` for bits; its result are the scores."""
    nodes: list[Any] = []
    arrays: dict[str, Floats] = {}
    value = "images"
    for step in network.steps():
        more, own = _nodes(step, value)
        nodes += more
        arrays |= own
        value = nodes[-1].output[0]
    graph = helper.make_graph(
        nodes,
        network.name,
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def torch_model(network: Network) -> nn.Sequential:
    """The same in torch."""
    modules: list[nn.Module] = []
    for step in network.steps():
        layer = step.layer
        if isinstance(layer, MaxPool):
            modules.append(nn.MaxPool2d(layer.kernel, layer.stride))
            continue
        weights, bias = map(torch.from_numpy, _numbers(step))
        if isinstance(layer, Conv2d):
            convolution = nn.Conv2d(layer.channels, layer.mh, layer.kernel, layer.stride)
            convolution.weight, convolution.bias = nn.Parameter(weights), nn.Parameter(bias)
            modules.append(convolution)
        else:
            linear = nn.Linear(layer.mw, layer.mh)
            linear.weight, linear.bias = nn.Parameter(weights), nn.Parameter(bias)
            modules += [nn.Flatten(), linear]
        if isinstance(layer.ending, Thresholds):
            modules.append(_Sign())
    return nn.Sequential(*modules).eval()


class _Sign(nn.Module):
    """The sign of numbers that are never 0."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values.sign_()


def _nodes(step: Step, value: str) -> tuple[list[Any], dict[str, Floats]]:
    """The nodes of a layer, and their constants."""
    layer, name = step.layer, step.name
    if isinstance(layer, MaxPool):
        sizes = {"kernel_shape": list(layer.kernel), "strides": list(layer.stride)}
        return [helper.make_node("MaxPool", [value], [name], **sizes)], {}
    assert isinstance(layer, Dense | Conv2d)
    weights, bias = _numbers(step)
    inputs, nodes = [f"{name}.weights", f"{name}.bias"], []
    if isinstance(layer, Conv2d):
        sizes = {"kernel_shape": list(layer.kernel), "strides": list(layer.stride)}
        nodes.append(helper.make_node("Conv", [value, *inputs], [f"{name}.sums"], **sizes))
    else:
        nodes.append(helper.make_node("Flatten", [value], [f"{name}.flat"]))
        nodes.append(helper.make_node("Gemm", [f"{name}.flat", *inputs], [f"{name}.sums"], transB=1))
    if isinstance(layer.ending, Thresholds):
        nodes.append(helper.make_node("Sign", [f"{name}.sums"], [name]))
    return nodes, dict(zip(inputs, (weights, bias), strict=True))


def _numbers(step: Step) -> tuple[Floats, Floats]:
    """Weights, in the order of channels first, and biases that no sum cancels."""
    layer = step.matrix
    assert layer is not None
    sums, ending = layer.sums(step.input), layer.ending
    if isinstance(ending, Thresholds):
        assert ending.levels.shape[1] == 1
        levels = ending.levels[:, 0]
        # A half below the least dot product that reaches it.
        bias = 0.5 - (2 * levels - sums.limit if sums.matches else levels)
    else:
        assert isinstance(ending, Bias)
        assert ending.shift == 0
        bias = ending.bias
    weights = bipolar(layer.weights).astype(np.float32)
    if isinstance(layer, Conv2d):
        assert (layer.groups, max(layer.borders), layer.dilation) == (1, 0, (1, 1))
        weights = weights.transpose(0, 3, 1, 2)
    elif len(step.input.shape) == 3:
        height, width, channels = step.input.shape
        weights = weights.reshape(-1, height, width, channels).transpose(0, 3, 1, 2).reshape(layer.mh, layer.mw)
    return np.ascontiguousarray(weights), bias.astype(np.float32)
