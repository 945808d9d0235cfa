"""What docs/ir.md says, once more: scores from a model file, in Python's integers, one number at a time.

Written from the page alone. It shares no line with the project, knows no trick, and checks the range that the page gives to
every tensor.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open

__all__ = ["Evaluator", "Values"]


@dataclass(frozen=True)
class Values:
    """The values of a tensor, channels innermost, in ``low..high``; bits are -1 and +1."""

    shape: tuple[int, ...]
    flat: list[int]
    low: int
    high: int
    bits: bool = False

    def __post_init__(self):
        assert all(self.low <= value <= self.high for value in self.flat)
        assert not self.bits or all(value in (-1, 1) for value in self.flat)
        size = 1
        for length in self.shape:
            size *= length
        assert len(self.flat) == size

    def at(self, y, x, channel):
        """The value of a pixel's channel."""
        _, width, channels = self.shape
        return self.flat[(y * width + x) * channels + channel]

    @property
    def magnitude(self):
        """The largest magnitude of the range."""
        return max(abs(self.low), abs(self.high))


class Evaluator:
    """A model file, read and executed."""

    def __init__(self, path: Path) -> None:
        with safe_open(path, framework="numpy") as file:
            self.network = json.loads(file.metadata()["xnorflow"])
            self.arrays = {name: file.get_tensor(name).tolist() for name in file.keys()}  # noqa: SIM118 (no mapping)

    def scores(self, image) -> list[int]:
        """The scores of one raw image, an array of ``uint8``."""
        return self.tensors(image)[len(self.network["layers"]) - 1].flat

    def tensors(self, image) -> dict[int, Values]:
        """What each layer gives, by position; -1 is the quantized image."""
        tensors = {-1: quantize(self.network["input"], image.reshape(-1).tolist(), image.shape)}
        for index, layer in enumerate(self.network["layers"]):
            read = [tensors[source] for source in layer.get("sources", [index - 1])]
            arrays = {
                name.split(".")[1]: array for name, array in self.arrays.items() if name.split(".")[0] == str(index)
            }
            tensors[index] = LAYERS[layer["kind"]](layer, arrays, *read)
        return tensors


def quantize(rule, pixels, shape):
    if rule["kind"] == "Thermometer":
        flat = [1 if pixel >= level else -1 for pixel in pixels for level in rule["levels"]]
        count = len(rule["levels"])
        if len(shape) == 2:
            return Values((*shape, count), flat, -1, 1, True)
        return Values((*shape[:-1], shape[-1] * count), flat, -1, 1, True)
    width = rule["width"]
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if rule["signed"] else (0, 2**width - 1)
    # Python's // rounds down, also below 0.
    lines = [(rule["multiplier"] * pixel + rule["offset"]) // rule["divisor"] for pixel in pixels]
    return Values((*shape, 1) if len(shape) == 2 else shape, [min(max(line, low), high) for line in lines], low, high)


def dense(layer, arrays, read):
    mh, mw = layer["shape"]
    weights = unpacked(arrays["weights"], mw)
    dots = [dot(read.flat, weights[n]) for n in range(mh)]
    return ended(layer, arrays, [dots], read, mw, matches=read.bits, shape=(mh,))


def conv2d(layer, arrays, read):
    mh, ky, kx, depth = layer["shape"]
    (sy, sx), (dy, dx) = layer["stride"], layer.get("dilation", [1, 1])
    # Above, left, below, right.
    py, px, qy, qx = layer["padding"] if len(layer["padding"]) == 4 else 2 * layer["padding"]
    groups, mw = layer.get("groups", 1), ky * kx * depth
    if len(read.shape) == 1 or (ky == 1 and read.shape[2] != depth * groups == read.shape[1] * read.shape[2]):
        # A row of pixels.
        row = (1, len(read.flat) // (depth * groups), depth * groups)
        read = Values(row, read.flat, read.low, read.high, read.bits)
    height, width, channels = read.shape
    assert depth * groups == channels
    zero = layer["pad"] == "zero"
    # As a bit, the padding stands for -1 or +1.
    pad = 0 if zero else (-1, 1)[layer["pad"]] if read.bits else layer["pad"]
    rows = (height + py + qy - (ky - 1) * dy - 1) // sy + 1
    columns = (width + px + qx - (kx - 1) * dx - 1) // sx + 1
    weights, dots = unpacked(arrays["weights"], mw), []
    for row in range(rows):
        for column in range(columns):
            dots.append([])
            for n in range(mh):
                first = n // (mh // groups) * depth
                window = []
                for i in range(ky):
                    for j in range(kx):
                        y, x = row * sy + i * dy - py, column * sx + j * dx - px
                        inside = 0 <= y < height and 0 <= x < width
                        window += [read.at(y, x, first + c) if inside else pad for c in range(depth)]
                dots[-1].append(dot(window, weights[n]))
    return ended(layer, arrays, dots, read, mw, matches=read.bits and not zero, shape=(rows, columns, mh))


def ended(layer, arrays, vectors, read, mw, *, matches, shape):
    """What the ending makes of the dots: a vector of them for each window."""
    ending, limit = layer["ending"], mw * read.magnitude
    if ending["kind"] == "Bias":
        scale = 2 ** ending.get("shift", 0)
        flat = [dot * scale + bias for dots in vectors for dot, bias in zip(dots, arrays["bias"], strict=True)]
        return Values(shape, flat, -limit * scale + min(arrays["bias"]), limit * scale + max(arrays["bias"]))
    sums = [[(dot + mw) // 2 for dot in dots] if matches else dots for dots in vectors]
    if ending["kind"] == "Ranks":
        first = 0 if matches else -limit
        numbers = [number for row in arrays["table"] for number in row]
        flat = [row[value - first] for vector in sums for value, row in zip(vector, arrays["table"], strict=True)]
        assert len(numbers) == shape[-1] * (mw + 1 if matches else 2 * limit + 1)
        return Values(shape, flat, min(numbers), max(numbers))
    assert ending["kind"] == "Thresholds"
    levels = arrays["thresholds"]
    return counted(
        shape,
        [count(value, row) for vector in sums for value, row in zip(vector, levels, strict=True)],
        len(levels[0]),
    )


def max_pool(layer, _, read):
    # Above, left, below, right; what is there has the lowest value of all.
    padding = layer.get("padding", [0, 0])
    shape, windows = pooled(layer, read, *(padding if len(padding) == 4 else 2 * padding))
    return Values(shape, [max(window) for window in windows], read.low, read.high, read.bits)


def sum_pool(layer, _, read):
    shape, windows = pooled(layer, read)
    area = layer["kernel"][0] * layer["kernel"][1]
    return Values(shape, [sum(window) for window in windows], area * read.low, area * read.high)


def pooled(layer, read, py=0, px=0, qy=0, qx=0):
    """The shape of what a pool gives, and the values of each of its windows."""

    def value(y, x, c):
        return read.at(y, x, c) if 0 <= y < height and 0 <= x < width else read.low

    (ky, kx), (sy, sx), (height, width, channels) = layer["kernel"], layer["stride"], read.shape
    rows, columns = (height + py + qy - ky) // sy + 1, (width + px + qx - kx) // sx + 1
    windows = [
        [value(row * sy + i - py, column * sx + j - px, c) for i in range(ky) for j in range(kx)]
        for row in range(rows)
        for column in range(columns)
        for c in range(channels)
    ]
    return (rows, columns, channels), windows


def threshold(_, arrays, left, right=None):
    levels, channels, flat = arrays["thresholds"], left.shape[-1], []
    for position, value in enumerate(left.flat):
        # A row for each element, or for each channel.
        row = levels[position if len(levels) == len(left.flat) else position % channels]
        if right is not None:
            chooser = right.flat[position]
            row = row[(-1, 1).index(chooser) if right.bits else chooser - right.low]
        flat.append(count(value, row))
    # How many levels there are is the last axis in both cases.
    first = levels[0] if right is None else levels[0][0]
    return counted(left.shape, flat, len(first))


def add(layer, _, left, right):
    a, b = (2**shift for shift in layer["shifts"])
    assert left.shape == right.shape
    flat = [a * x + b * y for x, y in zip(left.flat, right.flat, strict=True)]
    return Values(left.shape, flat, a * left.low + b * right.low, a * left.high + b * right.high)


LAYERS = {
    "Dense": dense,
    "Conv2d": conv2d,
    "MaxPool": max_pool,
    "SumPool": sum_pool,
    "Threshold": threshold,
    "Add": add,
}


def unpacked(rows, mw):
    """The weights of each neuron as bits: bit 0 of byte 0 first."""
    return [[row[i // 8] >> i % 8 & 1 for i in range(mw)] for row in rows]


def dot(values, weights):
    """A weight of 1 adds its value, one of 0 takes it away."""
    return sum(value if weight else -value for value, weight in zip(values, weights, strict=True))


def count(value, levels):
    """How many levels a value reaches."""
    return sum(value >= level for level in levels)


def counted(shape, counts, k):
    """Counts as a bit where there is one level, else as they are."""
    if k == 1:
        return Values(shape, [2 * count - 1 for count in counts], -1, 1, True)
    return Values(shape, counts, 0, k)
