"""Import of QONNX files: networks that Brevitas or FINN wrote, with binary weights and activations.

``docs/import.md`` says which operators are understood. All arithmetic is exact: a threshold is where the line of
rational numbers (and one square root) that the file describes crosses zero.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..exact.constant import constant_of
from ..exact.elementwise import Value
from ..exact.flow import Flow, unfold
from ..exact.node import ImportRefused, Node, RealWeights
from ..exact.pixels import image_signal
from ..exact.scores import scores
from ..exact.signal import Product, Signal
from ..exact.surd import InexactError
from ..ir import IMAGE, Conv2d, Input, Network
from ..paths import StrPath
from .fusion import cut_before_rounding
from .graph import Graph, QonnxError, read_graph
from .layout import Layout, layout_of
from .operators import apply
from .shapes import SHAPE_OPERATORS
from .types import typed
from .weights import real_weights

__all__ = ["QonnxError", "import_qonnx"]

LARGEST_WORK = 1 << 26
"""Elements of all tensors together: a file of a few lines must not fill the memory."""
LINE_WORK = 64
"""What a scale and an offset count for, next to an element."""

LONGEST_LINE = 500

WHOLE_PIXELS = (127.5, 128, 255, 256)
"""What a graph divides pixels by that go from 0 to 255, to get numbers up to 1 or 2."""

LARGEST_MEAN = 2
"""What a graph subtracts at most from pixels that go from 0 to 1, or to 2."""

MOST_CHANNELS = 16
"""Channels of an image for each of which a graph may have a number."""

PRODUCTS = ("Conv", "Gemm", "MatMul")
LAST_REAL = (
    "weights of the last layer must be ±1, or integers of up to 8 bits, times one scale for each class, not real "
    "numbers; quantize it to 8 bits, or train it with 1-bit weights"
)

Result = TypeVar("Result")


def import_qonnx(
    path: StrPath,
    *,
    name: str | None = None,
    dataset: str = "",
    input_scale: Fraction | None = None,
    layout: str | None = None,
    input_shape: tuple[int, ...] | None = None,
) -> Network:
    """The network in a QONNX file.

    Parameters
    ----------
    path : path
        The file.
    name : :class:`str`
        Name of the network; without it that of the file.
    dataset : :class:`str`
        Data set that the network was trained on.
    input_scale : :class:`~fractions.Fraction`
        What the graph expects for a raw pixel of 1. Without it: 1 where the graph takes integers, or begins with a
        division by some of :data:`WHOLE_PIXELS` or by subtracting more than :data:`LARGEST_MEAN`, else 1/255.
    layout : ``"nchw"``, ``"nhwc"`` or None
        Which axis of an input of four are the channels. Without it: by what the graph does with them, else by their
        number.
    input_shape : tuple of :class:`int`
        Shape of the graph's input with a batch of 1, where the file leaves sizes open.

    Raises
    ------
    QonnxError
        When the file is not ONNX, or the graph is not a binarized network; the message names the node.
    OSError
        When the file cannot be read.
    """
    path = Path(path)
    try:
        graph = typed(cut_before_rounding(read_graph(path, input_shape=input_shape)))
        scale = _input_scale(graph) if input_scale is None else input_scale
        last = next((node for node in graph.nodes if graph.output in node.outputs), None)
        if last is None:
            raise QonnxError(f"output {graph.output!r}: must be made by a node; export the whole graph")
        found = layout_of(graph, _ancestors(graph), layout)
        signal = _walk(graph, last, scale, found)
        flow = unfold(_guard(last, partial(scores, last, signal)))
        provenance = {"imported_from": path.name, "input_scale": str(scale)}
        if flow.notes:
            provenance["planes"] = _printable("; ".join(flow.notes))
        return Network(
            path.stem if name is None else name,
            _rule(flow, found),
            flow.layers,
            dataset,
            provenance,
            sources=flow.sources,
        )
    except ValueError as error:
        raise QonnxError(f"{path}: {_printable(str(error))}") from None


def _printable(text: str) -> str:
    """One line of a moderate length: names in a file can be anything."""
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"


def _rule(flow: Flow, layout: Layout) -> Input:
    """The input rule for images as they come: convolutions know a sequence without rows."""
    first = [layer for layer, sources in zip(flow.layers, flow.sources, strict=True) if IMAGE in sources]
    return layout.raw(flow.input) if all(isinstance(layer, Conv2d) for layer in first) else flow.input


def _walk(graph: Graph, last: Node, scale: Fraction, layout: Layout) -> Signal:
    """The signal at the output; only what leads there is looked at."""
    values: dict[str, Value] = {graph.input: image_signal(layout.image, layout.order, scale)}
    work = 0
    nodes = _ancestors(graph)
    for node in nodes:
        try:
            value = _guard(node, partial(_evaluate, node, graph, values))
        except RealWeights as error:
            if all(real_weights(graph, product) for product in nodes if product.operator in PRODUCTS):
                raise ImportRefused(
                    f"is no binary network: weights of {node.name} ({node.operator}) are real numbers, and so are all "
                    "others; train it with 1-bit weights"
                ) from error
            if any(later.operator in PRODUCTS for later in nodes[nodes.index(node) + 1 :]):
                raise
            raise node.error(LAST_REAL) from error
        _check_binarized(nodes, value)
        # All outputs but the first are for training, except TopK's, whose second is the place.
        place = 1 if node.operator == "TopK" else 0
        if place < len(node.outputs):
            values[node.outputs[place]] = value
        work += _size(value) if isinstance(value, Signal) else value.index.size
        if work > LARGEST_WORK:
            raise node.error(f"makes the graph larger than {LARGEST_WORK} elements, which no network here needs")
    result = values.get(graph.output)
    if not isinstance(result, Signal):
        raise last.error("must give the scores of the classes, or the place of the largest")
    return result


def _check_binarized(nodes: Sequence[Node], value: Value) -> None:
    """Refuse integer weights where there are no others: nothing behind the image would be binarized."""
    refusal = value.source.refusal if isinstance(value, Signal) and isinstance(value.source, Product) else None
    if refusal is not None and sum(node.operator in PRODUCTS for node in nodes) == 1:
        raise refusal


def _size(signal: Signal) -> int:
    return signal.order.size + LINE_WORK * sum(len(curve.lines) for curve in signal.curves)


def _ancestors(graph: Graph) -> list[Node]:
    """The nodes that lead to the output, in their order."""
    wanted, nodes = {graph.output}, []
    for node in reversed(graph.nodes):
        if wanted.intersection(node.outputs):
            wanted.update(node.inputs)
            nodes.append(node)
    return nodes[::-1]


def _evaluate(node: Node, graph: Graph, values: dict[str, Value]) -> Value:
    return apply(node, [_input(node, graph, values, name) for name in node.inputs])


def _input(node: Node, graph: Graph, values: dict[str, Value], name: str) -> Value | None:
    if not name:
        return None
    if name not in values:
        if name not in graph.constants:
            raise node.error(f"takes {name!r}, an output that is not supported; only the first is, of TopK the second")
        if graph.constants[name].size == 0:
            raise node.error(f"takes {name!r}, which has no elements; export again")
        values[name] = constant_of(graph.constants[name])
    return values[name]


def _guard(node: Node, function: Callable[[], Result]) -> Result:
    """Call a function; what it cannot compute becomes an error that names the node."""
    try:
        return function()
    except ImportRefused:
        raise
    except (InexactError, ValueError) as error:
        raise node.error(str(error)) from None
    except (TypeError, LookupError, OverflowError) as error:
        raise node.error(f"does not fit its inputs ({error}); export again") from None


def _input_scale(graph: Graph) -> Fraction:
    """1 where the graph takes pixels as they are, else 1/255."""
    if graph.integers:
        return Fraction(1)
    reached, numbers = {graph.input}, _numbers(graph)
    for node in graph.nodes:
        if reached.intersection(node.inputs[:1] if node.operator in ("Div", "Sub") else node.inputs):
            if node.operator in SHAPE_OPERATORS or node.operator in ("Cast", "Identity"):
                reached.update(node.outputs)
            elif any(_of_pixels(node, numbers[name]) for name in node.inputs if name in numbers):
                return Fraction(1)
    return Fraction(1, 255)


def _numbers(graph: Graph) -> dict[str, NDArray[np.float64]]:
    """Constants that could be a number for each channel, in nodes too: what exporters make of numbers in a program."""
    arrays = dict(graph.constants)
    for node in graph.nodes:
        if node.operator == "Constant" and node.outputs:
            arrays[node.outputs[0]] = np.asarray(next(iter(node.attributes.values()), ()))
    return {
        name: array.astype(np.float64).reshape(-1)
        for name, array in arrays.items()
        if 0 < array.size <= MOST_CHANNELS and array.dtype.kind in "fiu"
    }


def _of_pixels(node: Node, numbers: NDArray[np.float64]) -> bool:
    """Whether pixels that go from 0 to 255 are divided, or have more subtracted than makes sense with others."""
    if node.operator in ("Sub", "Add"):
        means = numbers if node.operator == "Sub" else -numbers
        return bool((means > LARGEST_MEAN).all())
    if node.operator == "Mul":
        with np.errstate(divide="ignore"):
            numbers = 1 / numbers
    return node.operator in ("Div", "Mul") and bool(np.isin(numbers.round(2), WHOLE_PIXELS).all())
