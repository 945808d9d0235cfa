"""Arithmetic on integers of a file: what is cut as ONNX does, and what is refused since a runtime would wrap it."""

import numpy as np
import pytest
from onnx import TensorProto

from tests.importers.graphs import Chain, check
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx

TWO = np.ones((8, 2))
FLOAT, BYTE, SHORT, LONG, SMALL = (
    TensorProto.FLOAT,
    TensorProto.UINT8,
    TensorProto.INT16,
    TensorProto.INT64,
    TensorProto.INT8,
)


def pixels(element=LONG):
    return Chain(1, 8, element=element)


def compared(chain, level):
    """The chain, as floats, and whether its numbers reach a level."""
    chain.add("Cast", to=FLOAT).add("Sub", level).add("BipolarQuant", 1.0)
    return chain.add("MatMul", TWO)


def of_constants(operator, *constants, **attributes):
    """Pixels minus what an operator makes of constants."""
    chain = pixels()
    made = chain.node(operator, [chain.constant(value) for value in constants], **attributes)
    chain.tail = chain.node("Sub", [chain.tail, made])
    return chain


@pytest.mark.parametrize(
    ("chain", "level", "pixel"),
    [
        (pixels(BYTE).add("Div", np.uint8(100)), 1.5, 200),
        (pixels().add("Div", np.array(64)), 1.5, 128),
        # Towards zero: -6 / 7 is 0.
        (pixels().add("Sub", np.array(100)).add("Div", np.array(7)), -0.5, 94),
        (pixels().add("Sub", np.array(100)).add("Div", np.array(7)), 0.5, 107),
        (of_constants("Div", np.array(7), np.array(2)), 0.5, 4),
        (of_constants("Div", np.array(-7), np.array(2)).add("Mul", np.array(1)), 3.5, 1),
        (of_constants("Div", np.uint8(200), np.uint8(3)), 0.5, 67),
        (pixels(BYTE).add("Cast", to=FLOAT).add("Div", np.float32(100)), 1.5, 150),
        (pixels().add("Cast", to=SHORT).add("Neg").add("Abs").add("Clip", None, None), 9.5, 10),
        (pixels(BYTE).add("Max", np.uint8(3)).add("Min", np.uint8(9)).add("Sub", np.uint8(3)), 2.5, 6),
    ],
)
def test_integers_are_computed_as_onnx_does(chain, level, pixel, tmp_path):
    assert import_qonnx(compared(chain, level).save(tmp_path / "a.onnx")).input.levels == (pixel,)


WRAPS = "which a runtime wraps; cast to float before"


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (pixels(BYTE).add("Sub", np.uint8(2)), f"Sub_0 (Sub): must give numbers of uint8, 0..255, not -2, {WRAPS}"),
        (pixels(BYTE).add("Add", np.uint8(1)), f"Add_0 (Add): must give numbers of uint8, 0..255, not 256, {WRAPS}"),
        (pixels(BYTE).add("Mul", np.uint8(2)), f"Mul_0 (Mul): must give numbers of uint8, 0..255, not 510, {WRAPS}"),
        (pixels(BYTE).add("Neg"), f"Neg_0 (Neg): must give numbers of uint8, 0..255, not -1, {WRAPS}"),
        (
            pixels().add("Sub", np.array(128)).add("Cast", to=SMALL).add("Abs"),
            f"Abs_2 (Abs): must give numbers of int8, -128..127, not 128, {WRAPS}",
        ),
        (
            pixels().add("Cast", to=SMALL),
            "Cast_0 (Cast): must cast numbers in -128..127, not others, which the runtime wraps",
        ),
        (
            of_constants("Add", np.uint8(200), np.uint8(100)),
            f"Add_0 (Add): must give numbers of uint8, 0..255, not 300, {WRAPS}",
        ),
        (
            of_constants("Mul", np.array(1 << 40), np.array(1 << 40)),
            f"Mul_0 (Mul): must give numbers of int64, {-(1 << 63)}..{(1 << 63) - 1}, not {1 << 80}, {WRAPS}",
        ),
        (
            of_constants("Pow", np.array(2), -1.0),
            "Pow_0 (Pow): must give integers, as its type int64 is, not 0.5; cast to float before",
        ),
        (
            of_constants("ReduceMean", np.array([1, 2]), keepdims=0),
            "ReduceMean_0 (ReduceMean): must give integers, as its type int64 is, not 1.5; cast to float before",
        ),
        (of_constants("Div", np.array(7), np.array(0)), "Div_0 (Div): divides by zero"),
        (pixels(SMALL), "input 'image': must be of a type that holds pixels of 0..255, not int8"),
    ],
)
def test_what_would_be_wrapped_is_refused(chain, message, tmp_path):
    check(compared(chain, 0.5).save(tmp_path / "a.onnx"), message)


def test_dots_are_divided_as_integers(tmp_path):
    rng = np.random.default_rng(seed=0)
    first, last = (2 * rng.integers(0, 2, shape) - 1 for shape in ((64, 16), (16, 5)))
    chain = Chain(1, 64).add("Sub", 0.5).add("BipolarQuant", 1.0).add("MatMul", first.astype(np.float32))
    chain.add("Cast", to=LONG).add("Div", np.array(-3)).add("Cast", to=FLOAT).add("Add", 0.5)
    network = import_qonnx(
        chain.add("BipolarQuant", 1.0).add("MatMul", last.astype(np.float32)).save(tmp_path / "a.onnx")
    )
    images = rng.integers(0, 256, (50, 64), dtype=np.uint8)
    dots = np.where(images >= 128, 1, -1) @ first
    scores = np.where(np.trunc(dots / -3) + 0.5 >= 0, 1, -1) @ last
    np.testing.assert_array_equal(golden.predict(network, images), scores.argmax(axis=1))
