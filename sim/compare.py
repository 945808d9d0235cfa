"""Comparison of what a core gave with what the golden model says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..hw.accelerator import Accelerator
from ..model import golden
from ..model.ir import Element

__all__ = ["Difference", "answer_difference", "first_difference", "wrong_answers"]

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Difference:
    """Where a core first differs from the golden model.

    Parameters
    ----------
    image : :class:`int`
        Index of the image.
    layer : :class:`str`
        Name of the layer; ``answer`` where all layers are right, empty where they could not be seen.
    beat : :class:`int`
        Beat of the layer's output within the image; an answer is a single one.
    neurons : :class:`range`
        Neurons of that beat; empty where no beat differs.
    got, expected : :class:`str`
        What they gave and what they should have given, in the order of the neurons; or the whole answers.
    waves : :class:`~pathlib.Path` or None
        Waveform of the run in which it was seen.
    """

    image: int
    layer: str = ""
    beat: int = 0
    neurons: range = range(0)
    got: str = ""
    expected: str = ""
    waves: Path | None = None

    def __str__(self) -> str:
        text = f"image {self.image}"
        if self.layer:
            text += f", {self.layer}"
        if self.neurons:
            neurons = f"neurons {self.neurons[0]}..{self.neurons[-1]}"
            text += f", beat {self.beat} ({neurons}): got {self.got}, expected {self.expected}"
        elif self.got:
            text += f", beat {self.beat}: got {self.got}, expected {self.expected}"
        return f"{text}; waveform: {self.waves}" if self.waves else text


def wrong_answers(accelerator: Accelerator, scores: NDArray[np.int64], answers: bytes) -> NDArray[np.int64]:
    """Indices of the images whose answer, a class or a class and scores, is not that of the golden model's scores."""
    classes, received = accelerator.decode(answers)
    wrong = classes != golden.classify(scores)
    if received is not None:
        wrong |= (received != scores).any(axis=1)
    return np.flatnonzero(wrong).astype(np.int64)


def answer_difference(accelerator: Accelerator, images: Images, answers: bytes) -> Difference | None:
    """The first wrong answer; where a core gives scores, they are shown behind the class."""
    scores = golden.forward(accelerator.network, images)
    wrong = wrong_answers(accelerator, scores, answers)
    if not wrong.size:
        return None
    image = int(wrong[0])
    classes, received = accelerator.decode(answers)
    shown = [str(classes[image]), str(golden.classify(scores)[image])]
    if received is not None:
        shown = [
            f"{name} ({' '.join(map(str, row))})"
            for name, row in zip(shown, (received[image], scores[image]), strict=True)
        ]
    return Difference(image, got=f"class {shown[0]}", expected=f"class {shown[1]}")


def first_difference(accelerator: Accelerator, images: Images, beats: Mapping[str, Sequence[str]]) -> Difference | None:
    """Compare the outputs of all layers with the golden model's: by image, then by layer, then by beat.

    Parameters
    ----------
    accelerator : :class:`Accelerator`
        What the core should be.
    images : array of ``uint8`` of shape ``(count, *network.input.shape)``
        Raw images.
    beats : mapping of sequences of :class:`str`
        Beats that each layer gave, written in bits, bit 0 first.
    """
    outputs = [_Output(accelerator, index, images) for index in range(len(accelerator.network.layers))]
    for image in range(len(images)):
        for output in outputs:
            found = output.compare(image, beats.get(output.name, ()))
            if found:
                return found
    return None


class _Output:
    """What one layer should give, in its beats."""

    def __init__(self, accelerator: Accelerator, index: int, images: Images) -> None:
        source = accelerator.outputs()[index]
        self.name = accelerator.network.names[index]
        self.tensor, self.lanes = accelerator.network.tensors[index + 1], source.width
        values = golden.trace(accelerator.network, images)[index + 1]
        # The last beat of a unit may carry fewer neurons than the others; the rest of it is without meaning.
        lows = range(0, source.unit, source.width)
        self.neurons = [range(low, min(low + source.width, source.unit)) for low in lows]
        self.vectors = values.reshape(len(images), -1, source.unit)

    def compare(self, image: int, beats: Sequence[str]) -> Difference | None:
        count = self.vectors.shape[1] * len(self.neurons)
        for beat in range(count):
            vector, fold = divmod(beat, len(self.neurons))
            neurons = self.neurons[fold]
            expected = [str(value) for value in self.vectors[image, vector, neurons.start : neurons.stop]]
            position = image * count + beat
            got = self._values(beats[position], len(neurons)) if position < len(beats) else ["nothing"]
            if got != expected:
                separator = "" if self.tensor.element is Element.BIT else " "
                return Difference(image, self.name, beat, neurons, separator.join(got), separator.join(expected))
        return None

    def _values(self, bits: str, count: int) -> list[str]:
        """Elements of a beat: bits, or integers, or ``?`` where a bit is unknown."""
        # Sums may have more bits than their results need.
        width = len(bits) // self.lanes
        words = [bits[index * width : (index + 1) * width] for index in range(count)]
        if self.tensor.element is Element.BIT:
            return words
        signed = self.tensor.element is Element.INT
        return [str(_integer(word, signed)) if set(word) <= {"0", "1"} and word else "?" for word in words]


def _integer(bits: str, signed: bool) -> int:
    """Number, in two's complement where it is signed, written with bit 0 first."""
    return int(bits[::-1], 2) - (int(bits[-1]) << len(bits) if signed else 0)
