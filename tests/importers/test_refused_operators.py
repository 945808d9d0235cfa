"""Operators that no network here has are refused with one line that names the node."""

import numpy as np
import pytest

from tests.importers.graphs import Chain, Weights, bipolar, check, ended, vector

ONES = np.ones


def residual(first, second):
    """Two products of the same bits, and their sum."""
    chain = vector()
    arms = [chain.node("MatMul", [chain.tail, chain.constant(weights)]) for weights in (first, second)]
    chain.tail = chain.node("Add", arms)
    return chain


def scaled(*sizes):
    return bipolar(np.random.default_rng(seed=0), 8, len(sizes)) * np.array(sizes)


def squared(count):
    """A graph of a few lines whose exact numbers have two to the power of ``count`` digits."""
    chain = vector()
    name = chain.constant(1.1)
    for _ in range(count):
        name = chain.node("Mul", [name, name])
    chain.tail = chain.node("Mul", [chain.tail, name])
    return chain.add("MatMul", ONES((8, 2)))


def tower(count):
    chain = vector()
    one = chain.constant(ONES((4096, 1)))
    for _ in range(count):
        name = chain.node("Add", [one, chain.constant(ONES((1, 4096)))])
        one = chain.node("Identity", [name])
    chain.tail = chain.node("MatMul", [chain.tail, one])
    return chain


TWO_BITS = Weights("Quant", np.linspace(-2, 1, 16).reshape(8, 2), 1.0, 0.0, 2.0, signed=1, narrow=0)
NORMAL = [ONES(2), ONES(2), ONES(2)]
MULTI = {"out_dtype": "BIPOLAR", "out_scale": 2.0, "out_bias": -1.0}


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (
            vector().add("MatMul", TWO_BITS),
            "MatMul_3 (MatMul): weights of neuron 0 must be ±1 times one scale, not -2, -1, 0, 1; "
            "train with 1-bit weights",
        ),
        (
            vector().add("MatMul", np.linspace(-1, 1, 8 << 14).reshape(8, 1 << 14)).add("MatMul", ONES((1 << 14, 2))),
            "MatMul_2 (MatMul): weights must be ±1, or integers of up to 8 bits, times one scale for each neuron, not "
            "131072 different numbers; "
            "train with 1-bit weights",
        ),
        (
            vector().add("MatMul", ONES((8, 2)) * 0),
            "MatMul_2 (MatMul): weights of neuron 0 must be ±1 times one scale, not 0; train with 1-bit weights",
        ),
        (
            vector().add("MatMul", np.sin(np.arange(16)).reshape(8, 2)).add("MatMul", ONES((2, 2))),
            "MatMul_2 (MatMul): weights of neuron 0 must be ±1, or integers of up to 8 bits, times one scale, not "
            "-0.756802, -0.544021, -0.536573, -0.279415, 0, ...; train with 1-bit weights",
        ),
        (
            # Sixteen different numbers that become three.
            vector().add(
                "MatMul", Weights("Quant", np.linspace(-1.2, 1.2, 16).reshape(8, 2), 1.0, 0.0, 2.0, signed=1, narrow=1)
            ),
            "MatMul_3 (MatMul): weights of neuron 0 must be ±1 times one scale, not -1, 0, 1; train with 1-bit weights",
        ),
        (
            ended(
                Chain(1, 64)
                .add("Sub", 0.5)
                .add("BipolarQuant", 1.0)
                .add("MatMul", ONES((64, 8)))
                .add("Quant", 1.0, 0.0, 5.0, signed=1, narrow=0)
            ),
            "MatMul_4 (MatMul): must get at most 16 numbers at equal distances in channel 0, not -16, -14, -12, -10, "
            "-8, ...; quantize to 1 to 4 bits",
        ),
        (
            ended(Chain(1, 8).add("Quant", 2.0**-9, 0.0, 9.0, signed=0, narrow=0)),
            "MatMul_1 (MatMul): must have 1 to 8 bits on the image, not more; quantize it to 8",
        ),
        (
            ended(Chain(1, 8).add("Quant", 1.0, 0.0, 2.5, signed=1, narrow=0)),
            "Quant_0 (Quant): bit width must be an integer in 1..32, not 5/2",
        ),
        (
            ended(Chain(1, 8).add("Quant", -1.0, 0.0, 8.0, signed=1, narrow=0)),
            "Quant_0 (Quant): scale must be positive; train or export again",
        ),
        (
            ended(Chain(1, 8).add("Quant", 1.0, 0.0, 8.0, signed=1, narrow=0, rounding_mode="dice")),
            "Quant_0 (Quant): rounding_mode must be one of ROUND, HALF_EVEN, CEIL, FLOOR, UP, DOWN, HALF_UP, "
            "HALF_DOWN, not 'DICE'",
        ),
        (
            ended(Chain(1, 8).add("Sub", 2.0).add("BipolarQuant", 1.0)),
            "MatMul_2 (MatMul): gives all 256 values of a pixel the same number; check input_scale",
        ),
        (
            ended(vector().add("Mystery")),
            "Mystery_2 (Mystery): is of the unknown domain 'com.example.mystery'; export with standard operators or "
            "onnx.brevitas, qonnx.custom_op.general, finn.custom_op.general",
        ),
        (
            ended(vector().add("LSTM")),
            "LSTM_2 (LSTM): is not supported; docs/import.md lists the operators that are",
        ),
        (
            vector().add("MatMul", ONES((8, 2))).add("Sign").add("MatMul", ONES((2, 2))),
            "Sign_3 (Sign): can be 0 in channel 0, and Sign(0) is 0; export with BipolarQuant, where it is +1",
        ),
        (
            vector().add("MatMul", ONES((8, 2))).add("MultiThreshold", ONES((2, 300)), **MULTI),
            "MultiThreshold_3 (MultiThreshold): must have 1 to 255 thresholds for each channel as a constant, not "
            "shape (2, 300)",
        ),
        (
            vector().add("MatMul", ONES((8, 2))).add("MultiThreshold", ONES((3, 1)), **MULTI),
            "MultiThreshold_3 (MultiThreshold): constant of shape (1, 3) must fit data of shape (1, 2)",
        ),
        (
            vector()
            .add("MatMul", ONES((8, 2)))
            .add("Abs")
            .add("Sub", 3.0)
            .add("BipolarQuant", 1.0)
            .add("MatMul", ONES((2, 2))),
            "MatMul_6 (MatMul): must get what rises or falls steadily with the product, not what does both",
        ),
        (
            residual(scaled(1.0, 0.7), scaled(1.0, 1.0, 1.0)),
            "Add_4 (Add): must take tensors of one shape, not (1, 2) and (1, 3)",
        ),
        (
            ended(residual(scaled(1.0, 0.7), scaled(0.3, 1.0)).add("Mul", 2.0)),
            "Add_4 (Add): the sum of two tensors is real-valued and goes on so, as a shortcut of Bi-Real Net; binarize "
            "or quantize it (Levels in model/training) and train again",
        ),
        (
            vector().add("MatMul", ONES((2, 8)), front=True),
            "MatMul_2 (MatMul): must take its data as the first input; only weights on the right are supported",
        ),
        (
            vector().add("MatMul", ONES((7, 2))),
            "MatMul_2 (MatMul): must multiply a vector by a matrix, not shape (1, 8) by (7, 2)",
        ),
        (
            vector().add("Mul", np.linspace(1, 2, 8)).add("MatMul", ONES((8, 2))),
            "MatMul_3 (MatMul): inputs must have one scale, or be multiples of one number by integers of at most 16 "
            "bits, not 1, 1.14286, 1.28571, 1.42857, 1.57143, ...; quantize per tensor",
        ),
        (
            Chain(1, 600).add("MatMul", ONES((600, 2))).add("Mul", np.array([1.0, 2.0])),
            "Mul_1 (Mul): scores must have one scale for all classes where they have 306001 values each, more than "
            "262144 in all; normalize the last layer per tensor",
        ),
        (
            vector(),
            "BipolarQuant_1 (BipolarQuant): must end in one product with weights, whose largest element is the class",
        ),
        (vector().add("Add", ONES(3)), "Add_2 (Add): constant of shape (3,) must fit data of shape (1, 8)"),
        (
            vector().add("MatMul", ONES((8, 2))).add("Div", 2.0, front=True),
            "Div_3 (Div): must not take a quotient of data, which is no line any more; only of constants",
        ),
        (
            vector().add("Quant", front=True),
            "Quant_2 (Quant): must have a scale as an input; export again",
        ),
        (vector().add("Div", 0.0), "Div_2 (Div): divides by zero"),
        (vector().add("Reshape", np.array([3, -1])), "Reshape_2 (Reshape): cannot make shape (3, -1) of (1, 8)"),
        (
            vector().add("Transpose", perm=[0, 0]),
            "Transpose_2 (Transpose): perm must order the axes of shape (1, 8), not (0, 0)",
        ),
        (
            vector().add("MatMul", ONES((8, 2))).add("BatchNormalization", *NORMAL, -ONES(2)),
            "BatchNormalization_3 (BatchNormalization): takes the root of -0.99999, which is negative",
        ),
        (
            vector()
            .add("MatMul", ONES((8, 2)))
            .add("BatchNormalization", *NORMAL, ONES(2))
            .add("BatchNormalization", *NORMAL, 2 * ONES(2)),
            "BatchNormalization_4 (BatchNormalization): combines two different square roots; put a binarization "
            "between the two normalizations",
        ),
        (
            ended(vector()).add("TopK", np.array([2]), outputs=2),
            "TopK_5 (TopK): must choose the 1 largest, not (2,), largest 1",
        ),
        (
            ended(vector()).add("ArgMax", axis=0),
            "ArgMax_5 (ArgMax): axis must be that of all 2 classes, not 0 of shape (1, 2)",
        ),
        (
            ended(vector()).add("ArgMax", axis=1, select_last_index=1),
            "ArgMax_5 (ArgMax): select_last_index must be 0, for ties go to the lowest index, not 1",
        ),
        (
            ended(vector()).add("ArgMax", axis=1).add("Mul", 2.0),
            "Mul_6 (Mul): must not follow the choice of the class; end the network there",
        ),
        (
            squared(30),
            "Mul_12 (Mul): makes a number of more than 32768 bits; fold the constants before the export",
        ),
        (tower(9), "Identity_5 (Identity): makes the graph larger than 67108864 elements, which no network here needs"),
    ],
)
def test_refuses_an_operator(tmp_path, chain, message):
    check(chain.save(tmp_path / "network.onnx"), message)
