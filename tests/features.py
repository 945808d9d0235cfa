"""What a network has of all that the format allows: kinds, endings, padding, and forms of its graph."""

from collections import Counter
from collections.abc import Iterator

from xnorflow.model.ir import IMAGE, Add, Affine, Bias, Conv2d, Element, MaxPool, Network, Step, Threshold, Thresholds

__all__ = ["FEATURES", "features"]

FEATURES = {
    *("Dense", "Conv2d", "MaxPool", "SumPool", "Threshold", "Threshold of two", "Add", "Add shifted"),
    *("Thermometer", "Affine", "Affine signed", "input of one axis"),
    *(f"Thresholds {count}" for count in range(1, 16)),
    *(f"Threshold {count}" for count in range(1, 16)),
    *("Bias", "Bias shifted", "Ranks of matches", "Ranks of dots", "Thresholds of matches", "Thresholds of dots"),
    *("pad 0", "pad 1", "pad zero", "pad integer", "padding one way", "padding four ways"),
    *(
        "groups",
        "depthwise",
        "dilation",
        "stride",
        "one row",
        "a vector as a row",
        "levels at an end",
        "levels of each element",
    ),
    *(
        "MaxPool of bits",
        "MaxPool of integers",
        "padded MaxPool",
        "SumPool of bits",
        "SumPool of integers",
        "Add of bits",
    ),
    *("Conv2d of integers", "Dense of integers", "chosen by bits", "chosen by integers", "negative chooser"),
    *("chain", "equal arms", "different arms", "identity", "image in a join", "image read again", "nested"),
    *("three readers", "the same twice"),
    *("scores of Dense", "scores of Conv2d", "scores of Add", "scores of SumPool", "scores of MaxPool"),
}
"""All that are told apart."""


def features(network: Network) -> set[str]:
    """Those of :data:`FEATURES` that a network has."""
    rule, steps = network.input, tuple(network.steps())
    found = {type(rule).__name__, f"scores of {type(steps[-1].layer).__name__}", *_forms(network)}
    if isinstance(rule, Affine) and rule.signed:
        found.add("Affine signed")
    if len(rule.shape) == 1:
        found.add("input of one axis")
    if any(step.input.shape != network.tensors[step.sources[0] + 1].shape for step in steps):
        found.add("a vector as a row")
    return found.union(*map(_of_step, steps))


def _of_step(step: Step) -> Iterator[str]:
    kind, element = type(step.layer).__name__, "bits" if step.input.element is Element.BIT else "integers"
    yield from (kind, f"{kind} of {element}")
    layer = step.layer
    if isinstance(layer, Add) and layer.shifts != (0, 0):
        yield "Add shifted"
    if isinstance(layer, Threshold):
        yield f"Threshold {layer.thresholds.shape[-1]}"
        yield from {"levels of each element"} if layer.channels == step.input.size > step.input.shape[-1] else ()
        if len(step.inputs) == 2:
            chooser = step.inputs[1]
            yield from ("Threshold of two", "chosen by " + ("bits" if chooser.element is Element.BIT else "integers"))
            yield from {"negative chooser"} if chooser.element is Element.INT and chooser.span[0] < 0 else ()
    if step.matrix is not None:
        yield from _of_ending(step)
    if isinstance(layer, MaxPool) and any(layer.padding):
        yield "padded MaxPool"
    if isinstance(layer, Conv2d):
        yield from _of_convolution(step, layer)


def _of_ending(step: Step) -> Iterator[str]:
    assert step.matrix is not None
    ending, sums = step.matrix.ending, step.matrix.sums(step.input)
    if isinstance(ending, Bias):
        yield "Bias shifted" if ending.shift else "Bias"
        return
    yield f"{type(ending).__name__} of {'matches' if sums.matches else 'dots'}"
    if isinstance(ending, Thresholds):
        yield f"Thresholds {ending.levels.shape[1]}"
        low, high = sums.span
        yield from {"levels at an end"} if {low, high + 1} & set(ending.levels.flat) else ()


def _of_convolution(step: Step, layer: Conv2d) -> Iterator[str]:
    if max(layer.padding):
        yield "pad integer" if step.input.element is not Element.BIT else f"pad {layer.pad}"
        yield from {"padding four ways"} if len(layer.padding) == 4 else ()
        yield from {"padding one way"} if not min(layer.padding) else ()
    if layer.groups > 1:
        yield "depthwise" if layer.groups == layer.channels else "groups"
    yield from {"dilation"} if layer.dilation != (1, 1) else ()
    yield from {"stride"} if layer.stride != (1, 1) else ()
    yield from {"one row"} if step.input.shape[0] == layer.kernel[0] == 1 else ()


def _forms(network: Network) -> Iterator[str]:
    """Forms of the graph, from what reaches what."""
    if not network.sources:
        yield "chain"
        return
    readers = Counter(source for step in network.steps() for source in step.sources)
    yield from {"three readers"} if max(readers.values()) > 2 else ()
    yield from {"image read again"} if readers[IMAGE] > 1 else ()
    # A tensor with all that are on the way to it, itself among them.
    reached: dict[int, set[int]] = {IMAGE: {IMAGE}}
    joins = {}
    for index, step in enumerate(network.steps()):
        reached[index] = {index}.union(*(reached[source] for source in step.sources))
        if len(step.sources) == 2:
            one, two = (reached[source] for source in step.sources)
            joins[index] = one - two, two - one
            yield from {"image in a join"} if IMAGE in step.sources else ()
            yield from {"nested"} if (one ^ two) & set(joins) else ()
            yield _arms(len(one - two), len(two - one), twice=len(set(step.sources)) == 1)


def _arms(one: int, two: int, *, twice: bool) -> str:
    """The form of two arms of so many layers that are not of both."""
    if twice:
        return "the same twice"
    if 0 in (one, two):
        return "identity"
    return "equal arms" if one == two else "different arms"
