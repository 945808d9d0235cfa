"""The formulas of docs/ir.md, written once more with plain loops over Python's integers."""

from xnorflow.model.ir import Affine, Bias, Conv2d, Dense, Element, MaxPool, Thermometer

__all__ = ["by_the_book"]


def by_the_book(network, image):
    """The quantized image, then the output of each layer, as flat lists."""
    steps = [list(quantized(network.input, image))]
    for layer, tensor in zip(network.layers, network.tensors, strict=False):
        steps.append(list(STEP[type(layer)](layer, tensor, steps[-1])))
    return steps


def quantized(rule, image):
    for pixel in image.flatten().tolist():
        if isinstance(rule, Thermometer):
            yield from (int(pixel >= level) for level in rule.levels)
        else:
            assert isinstance(rule, Affine)
            low, high = (-(2 ** (rule.width - 1)), 2 ** (rule.width - 1) - 1) if rule.signed else (0, 2**rule.width - 1)
            yield min(high, max(low, (rule.multiplier * pixel + rule.offset) // rule.divisor))


def bits(weights, thresholds, tensor, values):
    for row, threshold in zip(weights, thresholds.tolist(), strict=True):
        pairs = list(zip(row.flatten().tolist(), values, strict=True))
        if tensor.element is Element.BIT:
            yield int(sum(weight == bit for weight, bit in pairs) >= threshold)
        else:
            yield int(sum(value if weight else -value for weight, value in pairs) >= threshold)


def dense(layer, tensor, values):
    if isinstance(layer.ending, Bias):
        return scores(layer, tensor, values)
    return bits(layer.weights, layer.ending.thresholds, tensor, values)


def scores(layer, tensor, values):
    for row, bias in zip(layer.weights.tolist(), layer.ending.bias.tolist(), strict=True):
        products = (
            (2 * weight - 1) * (2 * value - 1 if tensor.element is Element.BIT else value)
            for weight, value in zip(row, values, strict=True)
        )
        yield sum(products) + bias


def corners(layer, tensor, padding):
    """Row and column, in the image, of the first pixel of each window."""
    ends = (tensor.shape[axis] + padding[axis] - layer.kernel[axis] + 1 for axis in (0, 1))
    rows, columns = (range(-padding[axis], end, layer.stride[axis]) for axis, end in enumerate(ends))
    return ((y, x) for y in rows for x in columns)


def conv2d(layer, tensor, values):
    height, width, channels = tensor.shape
    for y, x in corners(layer, tensor, layer.padding):
        window = [
            values[((y + down) * width + x + right) * channels + channel]
            if 0 <= y + down < height and 0 <= x + right < width
            else layer.pad
            for down in range(layer.kernel[0])
            for right in range(layer.kernel[1])
            for channel in range(channels)
        ]
        yield from bits(layer.weights, layer.ending.thresholds, tensor, window)


def max_pool(layer, tensor, values):
    _, width, channels = tensor.shape
    for y, x in corners(layer, tensor, (0, 0)):
        for channel in range(channels):
            pixels = (
                values[((y + down) * width + x + right) * channels + channel]
                for down in range(layer.kernel[0])
                for right in range(layer.kernel[1])
            )
            yield int(any(pixels))


STEP = {Dense: dense, Conv2d: conv2d, MaxPool: max_pool}
