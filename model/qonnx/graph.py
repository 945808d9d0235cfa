"""An ONNX file as checked plain data: nodes in the order of the data, their attributes, and the constants.

Only the protobuf is read, with the ``onnx`` package: nothing in the file is run, and no other file is opened but those
in its folder that hold its arrays.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from ..exact.node import LARGEST_TENSOR, Array, Attribute, ImportRefused, Node
from ..paths import StrPath
from .external import Beside
from .formats import check_format

__all__ = ["Graph", "QonnxError", "read_graph"]

LARGEST_FILE = 1 << 28
LARGEST_INPUT = 1 << 20
LARGEST_GRAPH = 1 << 14
"""Bytes of a file, elements of the input, nodes: far above any that fits."""

INTEGERS = tuple(TensorProto.DataType.Value(f"{sign}INT{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64))
"""Types of an input that takes raw pixels."""

PAD_VALUE = 2
"""Place of the number among the inputs of a ``Pad``."""

OLDEST_OPSET = 7
"""Before it, an attribute said along which axis a sum or a product repeats its second input."""

NUMBERS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16, *INTEGERS)
"""Types of an input that pixels can be."""

STANDARD = ("", "ai.onnx")
QUANTIZED = ("onnx.brevitas", "qonnx.custom_op.general", "finn.custom_op.general")
"""Domains of the operators that are understood."""


class QonnxError(ImportRefused):
    """A file that cannot be imported; the message names the node and says what would be needed."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph of one input and one output.

    Parameters
    ----------
    nodes : tuple of :class:`Node`
        Each behind those whose outputs it takes.
    constants : mapping of arrays
        By name.
    input, output : :class:`str`
        Names of tensors.
    shape : tuple of :class:`int`
        Shape of the input, with a batch of 1.
    integers : :class:`bool`
        Whether the file says that the input is integers.
    element : :class:`int`
        Type of the input, by its code in ONNX.
    """

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    input: str
    output: str
    shape: tuple[int, ...]
    integers: bool
    element: int


def read_graph(path: StrPath, *, input_shape: tuple[int, ...] | None = None) -> Graph:
    """Read and check a file; ``input_shape`` is what a size of the input that is a symbol stands for.

    Raises
    ------
    QonnxError
        When it is not a whole ONNX file, or not a chain from one image to one answer.
    OSError
        When it cannot be read.
    """
    path = Path(path)
    check_format(path)
    model = _parsed(path)
    _check_opset(model)
    graph = model.graph
    if len(graph.node) > LARGEST_GRAPH:
        raise QonnxError(f"the graph must have at most {LARGEST_GRAPH} nodes, not {len(graph.node)}")
    beside, around = Beside(path.parent, LARGEST_FILE), _padded_values(graph)
    constants = {
        tensor.name: _array(f"initializer {tensor.name!r}", tensor, beside, pads=tensor.name in around)
        for tensor in graph.initializer
    }
    if len(constants) != len(graph.initializer):
        name = next(name for name, count in Counter(tensor.name for tensor in graph.initializer).items() if count > 1)
        raise QonnxError(f"initializer {name!r}: must be there once, not twice; export again")
    inputs = [entry for entry in graph.input if entry.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise QonnxError(
            f"the graph must have one input and one output, not {len(inputs)} and {len(graph.output)}; "
            "export one network"
        )
    return Graph(
        nodes=_sorted([_node(proto, beside, around) for proto in graph.node], {*constants, inputs[0].name}),
        constants=constants,
        input=inputs[0].name,
        output=graph.output[0].name,
        shape=_shape(inputs[0], input_shape),
        integers=_takes_integers(graph, inputs[0]),
        element=inputs[0].type.tensor_type.elem_type,
    )


def _parsed(path: Path) -> onnx.ModelProto:
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise QonnxError(f"an ONNX file must have at most {LARGEST_FILE >> 20} MiB, not {size >> 20}")
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except (DecodeError, UnicodeDecodeError, ValueError):
        raise QonnxError("not a whole ONNX file; export or download it again") from None
    if not model.graph.node or not model.graph.output:
        raise QonnxError("not a whole ONNX file, it has no graph; export or download it again")
    return model


def _check_opset(model: onnx.ModelProto) -> None:
    """Refuse operators that could mean something else than those that are known."""
    versions = [entry.version for entry in model.opset_import if entry.domain in STANDARD]
    if not versions:
        raise QonnxError("the file must say the opset of its operators; export again")
    newest = onnx.defs.onnx_opset_version()
    for version in versions:
        if not OLDEST_OPSET <= version <= newest:
            raise QonnxError(f"opset must be {OLDEST_OPSET} to {newest}, not {version}; export with one of them")


def _padded_values(graph: onnx.GraphProto) -> set[str]:
    """Tensors that are nothing but the number that a ``Pad`` puts around."""
    uses = Counter(name for node in graph.node for name in node.input)
    names = [node.input[PAD_VALUE] for node in graph.node if node.op_type == "Pad" and len(node.input) > PAD_VALUE]
    return {name for name, count in Counter(names).items() if count == uses[name]}


def _array(owner: str, tensor: TensorProto, beside: Beside, *, pads: bool = False) -> Array:
    """The array in a tensor: finite numbers of a standard type, in the file itself or beside it.

    What ``pads`` before a pool may be minus infinity, in whose place there is the lowest finite number.
    """
    if any(size < 0 for size in tensor.dims) or int(np.prod(np.array(tensor.dims, object))) > LARGEST_TENSOR:
        raise QonnxError(f"{owner}: must have at most {LARGEST_TENSOR} elements, not shape {tuple(tensor.dims)}")
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        beside.load(owner, tensor)
    try:
        array = np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError):
        raise QonnxError(f"{owner}: not a whole tensor; export the file again") from None
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise QonnxError(f"{owner}: must be of a float, integer or bool type, not {array.dtype}")
    if pads and array.dtype.kind == "f" and (array == -np.inf).all():
        return np.full_like(array, np.finfo(array.dtype).min)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise QonnxError(f"{owner}: must be finite, not NaN or infinite; train or export again")
    return array


def _node(proto: onnx.NodeProto, beside: Beside, around: set[str]) -> Node:
    outputs = tuple(proto.output)
    name = proto.name or next(filter(None, outputs), "") or "a node without a name"
    pads = not around.isdisjoint(outputs)
    attributes = {entry.name: _attribute(name, proto.op_type, entry, beside, pads=pads) for entry in proto.attribute}
    node = Node(name, proto.op_type, tuple(proto.input), outputs, attributes)
    if proto.domain not in (*STANDARD, *QUANTIZED):
        known = ", ".join(QUANTIZED)
        raise node.error(f"is of the unknown domain {proto.domain!r}; export with standard operators or {known}")
    return node


def _attribute(name: str, operator: str, proto: AttributeProto, beside: Beside, *, pads: bool) -> Attribute:
    if proto.type == AttributeProto.TENSOR:
        return _array(f"{name} ({operator})", proto.t, beside, pads=pads)
    kinds = (
        AttributeProto.INT,
        AttributeProto.INTS,
        AttributeProto.FLOAT,
        AttributeProto.FLOATS,
        AttributeProto.STRING,
    )
    try:
        if proto.type not in kinds:
            raise ValueError
        value = helper.get_attribute_value(proto)
        if isinstance(value, bytes):
            return value.decode()
        return value if isinstance(value, int | float) else tuple(value)
    except ValueError:
        raise QonnxError(
            f"{name} ({operator}): attribute {proto.name!r} must be a number, numbers, a string or a tensor; "
            "export without control flow"
        ) from None


def _shape(value: onnx.ValueInfoProto, told: tuple[int, ...] | None) -> tuple[int, ...]:
    """Shape of the input; its batch may be 1, or a name, which stands for any number."""
    element = value.type.tensor_type.elem_type
    if value.type.HasField("tensor_type") and element not in NUMBERS:
        known = TensorProto.DataType.Name(element).lower() if element in TensorProto.DataType.values() else element
        raise QonnxError(f"input {value.name!r}: must be of floats or integers, as pixels are, not of type {known}")
    batch, *sizes = list(value.type.tensor_type.shape.dim) or [None]
    if batch is None or not sizes:
        raise QonnxError(f"input {value.name!r}: must have a shape of a batch and an image; export with its shape")
    if batch.HasField("dim_value") and batch.dim_value not in (0, 1, -1):
        raise QonnxError(f"input {value.name!r}: batch must be 1 or a symbol, not {batch.dim_value}; export with one")
    found = tuple(entry.dim_value if entry.dim_value > 0 else None for entry in sizes)
    text = ", ".join(str(entry.dim_value or entry.dim_param or "?") for entry in (batch, *sizes))
    if told is not None:
        fits = len(told) == len(found) + 1 and all(
            size in (None, one) for size, one in zip(found, told[1:], strict=True)
        )
        if not fits or told[0] != 1 or min(told) < 1:
            raise QonnxError(f"input shape must be a batch of 1 that fits ({text}), not {told}")
        found = told[1:]
    if None in found:
        raise QonnxError(
            f"input {value.name!r}: must have a fixed shape, not ({text}); say it by --input-shape, "
            f"as in --input-shape {','.join(['1', *(str(size or 'N') for size in found)])} with a number for each N"
        )
    shape = (1, *(size for size in found if size is not None))
    if int(np.prod(np.array(shape, object))) > LARGEST_INPUT:
        raise QonnxError(f"input {value.name!r}: must have at most {LARGEST_INPUT} elements, not shape {shape}")
    return shape


def _takes_integers(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> bool:
    """By its type, or by the note that FINN puts beside it."""
    if value.type.tensor_type.elem_type in INTEGERS:
        return True
    notes = (entry for entry in graph.quantization_annotation if entry.tensor_name == value.name)
    return any(pair.value == "UINT8" for note in notes for pair in note.quant_parameter_tensor_names)


def _sorted(nodes: list[Node], known: set[str]) -> tuple[Node, ...]:
    """The nodes, each behind those that make what it takes."""
    makers = Counter(output for node in nodes for output in node.outputs if output)
    _check_names(nodes, makers, known)
    takers: dict[str, list[int]] = {}
    waiting = [len({name for name in node.inputs if name in makers}) for node in nodes]
    for index, node in enumerate(nodes):
        for name in {name for name in node.inputs if name in makers}:
            takers.setdefault(name, []).append(index)
    ready = deque(index for index, count in enumerate(waiting) if count == 0)
    order = []
    while ready:
        order.append(nodes[ready.popleft()])
        for taker in (taker for output in order[-1].outputs for taker in takers.get(output, ())):
            waiting[taker] -= 1
            if waiting[taker] == 0:
                ready.append(taker)
    if len(order) < len(nodes):
        stuck = next(node for node, count in zip(nodes, waiting, strict=True) if count)
        raise stuck.error("is part of a cycle; export the network without recurrence")
    return tuple(order)


def _check_names(nodes: list[Node], makers: Mapping[str, int], known: set[str]) -> None:
    """Each tensor has one maker."""
    for node in nodes:
        for output in filter(None, node.outputs):
            if makers[output] > 1 or output in known:
                raise node.error(f"makes {output!r}, which something else makes too; export again")
        for name in filter(None, node.inputs):
            if name not in makers and name not in known:
                raise node.error(f"takes {name!r}, which nothing makes; export the whole graph")
