"""Random networks of all kinds, endings and forms of graphs, small enough to be simulated, whose outputs vary."""

import numpy as np

from tests.layers_at_random import Growing, any_layer, arm, threshold_layer
from xnorflow.model.ir import IMAGE, Add, Affine, Input, MaxPool, Network, SumPool, Thermometer

__all__ = ["random_graph", "random_graphs"]

FEW_VALUES = 16
"""As many as a tensor that chooses among rows of levels may have."""

WIDE = 14
"""Bits of an integer that go through levels before anything else."""


def random_graph(rng: np.random.Generator) -> Network:
    """A network of one to four parts, each a layer or a residual, and scores; images have up to 9x9 pixels."""
    growing = Growing(rng, _random_input(rng))
    head = IMAGE
    for _ in range(rng.integers(1, 5)):
        head = _part(growing, head)
    _finish(growing, head)
    return Network("random", growing.rule, tuple(growing.layers), sources=tuple(growing.sources))


def random_graphs(count: int, *, seed: int = 0) -> list[Network]:
    """That many networks, always the same for a seed."""
    return [random_graph(np.random.default_rng((seed, index))) for index in range(count)]


def _random_input(rng: np.random.Generator) -> Input:
    """Vectors, images of one row, grey and coloured ones; bits and integers."""
    form = rng.choice(["vector", "row", "grey", "coloured"], p=(0.15, 0.15, 0.35, 0.35))
    height, width, channels = (int(size) for size in (rng.integers(3, 10), rng.integers(3, 10), rng.integers(1, 4)))
    shapes = {"vector": (3 * width,), "row": (1, 2 * width, channels), "grey": (height, width)}
    shape = shapes.get(form, (height, width, channels))
    if rng.random() < 0.6:
        count = int(rng.choice([1, 1, 2, 3]))
        return Thermometer(shape, tuple(sorted(rng.choice(np.arange(40, 216), count, replace=False).tolist())))
    bits, signed = int(rng.integers(2, 9)), bool(rng.integers(0, 2))
    # Pixels to the whole range of the width, and a little beyond.
    multiplier, offset = (int(number) for number in rng.integers(1 << bits, 9 << bits, 2))
    return Affine(shape, multiplier, -offset * (128 if signed else 16), 4 * 256, bits, signed)


def _part(growing: Growing, head: int) -> int:
    """Whatever comes next, behind one layer; the position of its result."""
    rng = growing.rng
    if growing.tensor(head).width > WIDE:
        return threshold_layer(growing, head)
    form = rng.choice(["layer", "residual", "three", "image", "twice"], p=(0.4, 0.35, 0.1, 0.12, 0.03))
    if form == "residual":
        return _residual(growing, head, depth=int(rng.integers(0, 3)))
    if form == "three":
        return _three_readers(growing, head)
    if form == "image" and head != IMAGE and _fits_image(growing, head):
        return _join(growing, head, _image_arm(growing, head))
    if form == "twice":
        return growing.add(Add((int(rng.integers(0, 3)), 0)), head, head)
    return any_layer(growing, head)


def _residual(growing: Growing, head: int, *, depth: int) -> int:
    """Two arms, of which the first may have another residual in it, and the second may be the input itself."""
    rng, tensor = growing.rng, growing.tensor(head)
    identity = rng.random() < 0.5
    channels = tensor.shape[-1] if identity else int(rng.integers(2, 7))
    stride = 2 if not identity and rng.random() < 0.4 else 1
    left = arm(growing, head, channels, stride)
    for _ in range(rng.integers(0, 2)):
        left = arm(growing, left, channels, 1)
    if depth:
        # Inside the shape must stay, which an identity beside one more layer does.
        left = _join(growing, arm(growing, left, channels, 1), left)
    right = head if identity else arm(growing, head, channels, stride)
    return _join(growing, left, right)


def _three_readers(growing: Growing, head: int) -> int:
    """A tensor that two layers and a sum read."""
    channels = growing.tensor(head).shape[-1]
    inner = _join(growing, arm(growing, head, channels, 1), arm(growing, head, channels, 1))
    return _join(growing, inner, head)


def _fits_image(growing: Growing, head: int) -> bool:
    """Whether a window of the image can be found for each element."""
    image, tensor = growing.tensor(IMAGE), growing.tensor(head)
    if len(tensor.shape) == 1:
        return True
    return len(image.shape) == 3 and image.shape[0] >= tensor.shape[0] and image.shape[1] >= tensor.shape[1]


def _image_arm(growing: Growing, head: int) -> int:
    """The quantized image, or a layer of it, in the shape of another tensor."""
    image, shape, rng = growing.tensor(IMAGE), growing.tensor(head).shape, growing.rng
    if image.shape == shape and rng.random() < 0.7:
        return IMAGE
    if len(shape) == 1:
        return growing.product(IMAGE, rng.integers(0, 2, (shape[0], image.size)))
    kernel = image.shape[0] - shape[0] + 1, image.shape[1] - shape[1] + 1
    return growing.product(IMAGE, rng.integers(0, 2, (shape[2], *kernel, image.shape[2])))


def _join(growing: Growing, left: int, right: int) -> int:
    """Two tensors of one shape made one: added, or with levels of the one that the other chooses."""
    rng = growing.rng
    if rng.random() < 0.5:
        left, right = right, left
    if rng.random() < 0.4:
        if growing.tensor(right).values > FEW_VALUES:
            right = threshold_layer(growing, right)
        return threshold_layer(growing, left, right)
    total = growing.add(Add(tuple(int(shift) for shift in rng.choice([0, 0, 0, 1, 3], 2))), left, right)
    return threshold_layer(growing, total) if rng.random() < 0.5 else total


def _finish(growing: Growing, head: int) -> int:
    """The scores."""
    rng, tensor = growing.rng, growing.tensor(head)
    if tensor.width > WIDE:
        head = threshold_layer(growing, head)
        tensor = growing.tensor(head)
    image = len(tensor.shape) == 3 and tensor.shape[2] > 1
    form = rng.choice(["dense", "add", "sum", "largest", "conv"], p=(0.5, 0.15, 0.12, 0.08, 0.15))
    classes = int(rng.integers(2, 7))
    if image and form == "sum":
        return growing.add(SumPool(tensor.shape[:2], (1, 1)), head)
    if image and form in ("largest", "conv"):
        whole = rng.integers(0, 2, (classes, *tensor.shape[:2], tensor.shape[2]))
        if form == "conv":
            return growing.product(head, whole, scores=True)
        filters = rng.integers(0, 2, (classes, 1, 1, tensor.shape[2]))
        integers = growing.product(head, filters, scores=True)
        return growing.add(MaxPool(tensor.shape[:2], (1, 1)), integers)
    last = _scores(growing, head, classes)
    return (
        growing.add(Add((int(rng.integers(0, 3)), 0)), last, _scores(growing, head, classes)) if form == "add" else last
    )


def _scores(growing: Growing, head: int, classes: int) -> int:
    weights = growing.rng.integers(0, 2, (classes, growing.tensor(head).size))
    return growing.product(head, weights, scores=True)
