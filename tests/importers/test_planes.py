"""Weights of more than two values: layers of ±1 and their sums, image for image as ONNX Runtime computes."""

from collections import Counter

import numpy as np
import pytest

from tests.importers.graphs import Chain, Weights, bipolar, check
from tests.importers.reference import reference
from tests.importers.test_pools import judged
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding, turns
from xnorflow.model import golden
from xnorflow.model.exact.constant import constant_of
from xnorflow.model.exact.node import Node
from xnorflow.model.exact.planes import planes_of
from xnorflow.model.qonnx.reader import import_qonnx
from xnorflow.sim.verify import verify

RNG = np.random.default_rng(seed=8)
START = RNG.bit_generator.state


def ternary(*shape):
    return RNG.integers(-1, 2, shape).astype(np.float32)


def int8(*shape, low=-128, high=128):
    """Integers with their scale, as quantization-aware training writes them."""
    return Weights("DequantizeLinear", RNG.integers(low, high, shape).astype(np.int8), np.float32(0.013), np.int8(0))


def by_quant(bits, *shape, narrow=1):
    """Latent weights behind a quantizer."""
    return Weights("Quant", RNG.normal(0, 1, shape), 2.0 ** (1 - bits), 0.0, float(bits), signed=1, narrow=narrow)


def image(*shape):
    return Chain(*shape).add("Sub", 127.5).add("Sign")


def maps(weights, **attributes):
    """Maps of a convolution of an image of three channels, as bits."""
    return image(1, 3, 5, 4).add("Conv", weights, **attributes).add("Add", 0.5).add("Sign")


def plain(count=7):
    """A layer of ±1, and its bits."""
    return image(1, 25).add("MatMul", bipolar(RNG, 25, count)).add("Sign")


# The graph, and how many layers of each kind the network has.
CASES = {
    "ternary neurons": lambda: (
        image(1, 25).add("MatMul", ternary(25, 6)).add("Add", 0.5).add("Sign").add("MatMul", bipolar(RNG, 6, 4))
    ),
    "ternary filters": lambda: (
        maps(ternary(5, 3, 2, 2), strides=[2, 1]).add("Flatten").add("MatMul", bipolar(RNG, 30, 4))
    ),
    "ternary filters, padded with zeros": lambda: (
        maps(ternary(4, 3, 3, 3), pads=[1, 1, 1, 1]).add("Flatten").add("MatMul", ternary(80, 4))
    ),
    "ternary, in groups": lambda: maps(ternary(6, 1, 3, 3), group=3).add("Flatten").add("MatMul", bipolar(RNG, 36, 4)),
    "ternary scores": lambda: plain().add("MatMul", ternary(7, 5)),
    "ternary, with a neuron of zeros": lambda: (
        plain().add("MatMul", ternary(7, 5) * (np.arange(5) != 2)).add("Add", np.linspace(-1.2, 2.1, 5))
    ),
    "8 bits": lambda: plain(12).add("MatMul", int8(12, 5)),
    "8 bits, narrow, with biases": lambda: (
        plain(12).add("MatMul", int8(12, 5, low=-127)).add("Add", RNG.normal(0, 1, 5))
    ),
    "8 bits without -128 and 127": lambda: plain(12).add("MatMul", int8(12, 5, low=-127, high=127)),
    "8 bits, odd": lambda: plain(9).add("MatMul", (2 * RNG.integers(-128, 128, (9, 4)) + 1).astype(np.float32)),
    "3 bits, a scale for each class": lambda: (
        plain(9).add("MatMul", by_quant(3, 9, 4)).add("Mul", np.array([1, 2, 0.5, 1]))
    ),
    "2 bits, with -2": lambda: plain(9).add("MatMul", by_quant(2, 9, 4, narrow=0)).add("Mul", -1.0),
    "0 and 1": lambda: plain(9).add("MatMul", RNG.integers(0, 2, (9, 4)).astype(np.float32)),
    "4 bits of hidden layers, pooled, falling": lambda: (
        image(1, 3, 5, 4)
        .add("Conv", by_quant(4, 4, 3, 2, 2))
        .add("Mul", np.array([-1, 1, -2, 0.5]).reshape(4, 1, 1))
        .add("Add", 0.03)
        .add("MaxPool", kernel_shape=[2, 2], strides=[2, 1])
        .add("Sign")
        .add("Flatten")
        .add("MatMul", int8(16, 3))
    ),
    "on pixels": lambda: (
        Chain(1, 20)
        .add("Sub", 128.0)
        .add("MatMul", ternary(20, 8))
        .add("Add", 0.5)
        .add("Sign")
        .add("MatMul", int8(8, 3))
    ),
}


def case(name):
    """The graph, whichever others were made before."""
    RNG.bit_generator.state = START
    return CASES[name]()


@pytest.mark.parametrize("name", CASES)
def test_integer_weights_give_the_classes_of_onnx_runtime(name, tmp_path):
    model = case(name)
    path = model.save(tmp_path / "network.onnx")
    network = import_qonnx(path)
    images = np.random.default_rng(seed=1).integers(0, 256, (60, *network.input.shape), np.uint8)
    # Quant is none of ONNX Runtime's operators.
    quantized = any(node.op_type == "Quant" for node in model.nodes)
    pixels = images.transpose(0, 3, 1, 2) if images.ndim == 4 else images
    scores = reference(model.model(), pixels) if quantized else judged(path, images)
    assert golden.predict(network, images).tolist() == scores.argmax(axis=1).tolist()


# Products and sums that come of it: a plane that is the same for all classes goes.
COUNTS = {
    "ternary neurons": (3, 1),
    "ternary scores": (3, 1),
    "8 bits": (9, 7),
    "8 bits, odd": (9, 7),
    "0 and 1": (2, 0),
    "2 bits, with -2": (3, 1),
    "4 bits of hidden layers, pooled, falling": (5 + 8, 4 + 7),
}


@pytest.mark.parametrize("name", COUNTS)
def test_integer_weights_cost_a_layer_for_each_plane(name, tmp_path):
    network = import_qonnx(case(name).save(tmp_path / "network.onnx"))
    kinds = Counter(type(layer).__name__ for layer in network.layers)
    assert (kinds["Dense"] + kinds["Conv2d"], kinds["Add"]) == COUNTS[name]


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("ternary scores", "MatMul_4: weights -1, 0, 1 as 2 layers of ±1 and their sum"),
        ("8 bits", "MatMul_5: weights -119..127 as 8 layers of ±1 and their sum"),
    ],
)
def test_a_model_says_what_its_integer_weights_became(name, note, tmp_path):
    assert import_qonnx(case(name).save(tmp_path / "network.onnx")).provenance["planes"] == note


@pytest.mark.parametrize(
    "name",
    [
        "ternary filters, padded with zeros",
        "8 bits, narrow, with biases",
        "4 bits of hidden layers, pooled, falling",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                "ternary filters",
                "ternary, in groups",
                "ternary, with a neuron of zeros",
                "3 bits, a scale for each class",
                "on pixels",
            )
        ),
    ],
)
def test_integer_weights_in_rtl(name, tmp_path):
    network = import_qonnx(case(name).save(tmp_path / "network.onnx"))
    rng = np.random.default_rng(seed=2)
    foldings = tuple(
        Folding(int(rng.integers(1, layer.mh // turns(layer) + 1)), int(rng.integers(1, layer.mw + 1)))
        for layer in network.matrices.values()
    )
    accelerator = Accelerator(network, foldings, scores=True)
    images = rng.integers(0, 256, (8, *network.input.shape), np.uint8)
    report = verify(accelerator, images, simulator="icarus", workdir=tmp_path)
    assert (report.mismatches, report.interval_measured) == (0, accelerator.interval)


def test_a_class_without_a_scale_has_weights_of_zero(tmp_path):
    chain = (
        plain(9).add("MatMul", ternary(9, 4)).add("Mul", np.array([1.0, 0, 1, 1])).add("Add", np.array([0, 1.5, 0, 0]))
    )
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    images = np.random.default_rng(seed=1).integers(0, 256, (200, 25), np.uint8)
    scores = golden.forward(network, images)
    assert len(set(scores[:, 1].tolist())) == 1
    assert golden.classify(scores).tolist() == judged(tmp_path / "network.onnx", images).argmax(axis=1).tolist()


@pytest.mark.parametrize(
    ("weights", "shown"),
    [
        (ternary(25, 4), "-1, 0, 1"),
        (by_quant(2, 25, 4, narrow=0), "-1, -0.5, 0, 0.5"),
    ],
)
def test_a_network_of_nothing_but_integer_weights_in_one_layer_is_refused(weights, shown, tmp_path):
    place = 3 if isinstance(weights, Weights) else 2
    check(
        image(1, 25).add("MatMul", weights).save(tmp_path / "network.onnx"),
        f"MatMul_{place} (MatMul): weights of neuron 0 must be ±1 times one scale, not {shown}; train with 1-bit weights",
    )


def test_weights_of_more_bits_are_refused(tmp_path):
    check(
        plain(9).add("MatMul", RNG.integers(-300, 300, (9, 4)).astype(np.float32)).save(tmp_path / "network.onnx"),
        "MatMul_4 (MatMul): weights of neuron 0 must be integers of up to 8 bits times one scale, but need 10 bits, "
        "once a zero point is subtracted; quantize to 8 bits with the zero point 0",
    )


def test_weights_that_are_only_nearly_integers_times_a_scale_are_refused(tmp_path):
    rounded = (np.array([-3, -1, 1, 3], np.float32) * np.float32(0.363043)).astype(np.float32) * np.float32(0.9)
    check(
        plain(4).add("MatMul", np.stack([rounded, rounded], axis=1)).save(tmp_path / "network.onnx"),
        "MatMul_4 (MatMul): weights of neuron 0 must be integers times one scale exactly, but are -3, -1, 1, 3 times "
        "0.326739 rounded to float32, as an exporter folds a batch normalization into them; keep the two apart, or "
        "quantize what is exported",
    )


def test_networks_of_nothing_but_real_weights_are_refused(tmp_path):
    real = np.random.default_rng(seed=0).normal(size=(9, 9))
    chain = Chain(1, 9).add("MatMul", real).add("Relu").add("MatMul", real[:, :3])
    check(
        chain.save(tmp_path / "network.onnx"),
        "is no binary network: weights of MatMul_0 (MatMul) are real numbers, and so are all others; train it with "
        "1-bit weights",
    )


def weights_by(operator):
    """Weights of two levels of a function of latent ones, as DoReFa's."""
    chain = plain(6)
    data, latent = chain.tail, chain.constant(np.linspace(-2, 2, 18).reshape(6, 3))
    made = chain.node("Round", [chain.node("Mul", [chain.node(operator, [latent]), chain.constant(1.9)])])
    chain.tail = chain.node("MatMul", [data, made])
    return chain


def test_functions_of_constants_may_be_rounded(tmp_path):
    chain = weights_by("Tanh")
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    images = np.random.default_rng(seed=1).integers(0, 256, (20, *network.input.shape), np.uint8)
    scores = judged(tmp_path / "network.onnx", images)
    assert golden.predict(network, images).tolist() == scores.argmax(axis=1).tolist()


def test_functions_of_constants_that_are_not_rounded_are_refused(tmp_path):
    chain = plain(6)
    data, latent = chain.tail, chain.constant(np.ones((6, 3)))
    chain.tail = chain.node("MatMul", [data, chain.node("Tanh", [latent])])
    check(
        chain.save(tmp_path / "network.onnx"),
        f"{chain.tail.removesuffix('_out0')} (MatMul): must not take numbers that Tanh made of constants, which each "
        "runtime rounds in its own way, unless a sign or a rounding comes between; fold it before: export with "
        "torch.onnx.export(..., do_constant_folding=True), or with dynamo=True",
    )


def test_tables_of_8_bit_classes_of_several_scales_have_a_bound(tmp_path):
    chain = plain(64).add("MatMul", int8(64, 20, low=-127)).add("Mul", np.linspace(1, 2, 20))
    check(
        chain.save(tmp_path / "network.onnx"),
        "Mul_6 (Mul): scores must have one scale for all classes where they have 16385 values each, more than 262144 "
        "in all; quantize the last layer per tensor",
    )


def test_every_small_matrix_is_the_sum_of_its_planes():
    node, rng = Node("a", "MatMul", (), (), {}), np.random.default_rng(seed=6)
    for _ in range(400):
        low, high = sorted(rng.integers(-128, 129, 2).tolist())
        scales = rng.choice([1.0, 0.5, 0.375], 3 if rng.integers(2) else 1)[:, np.newaxis]
        whole = rng.integers(low, high + 1, (3, 4)) * scales
        if not whole.any():
            continue
        planes = planes_of(node, constant_of(whole))
        total = sum(
            (2 * bits.astype(int) - 1) << exponent for exponent, bits in zip(planes.exponents, planes.bits, strict=True)
        )
        sizes = [float(magnitude.rational) for magnitude in planes.magnitudes]
        assert (total * np.array(sizes)[:, np.newaxis] == whole).all()
        assert planes.exponents[0] == 0
        assert len(planes.bits) <= 9
