"""What cannot be imported is refused with one line that names the node."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.importers.graphs import Chain, Weights, bits, check
from xnorflow.model.qonnx import import_qonnx

ONES = np.ones


def vector():
    return bits(1, 8)


def ended(chain):
    """Two hidden neurons and two classes behind a vector of 8 bits."""
    return chain.add("MatMul", ONES((8, 2))).add("BipolarQuant", 1.0).add("MatMul", ONES((2, 2)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a whole ONNX file, it has no graph; export or download it again"),
        (b"# not ONNX\n", "not a whole ONNX file; export or download it again"),
        (b"\x80\x02}q\x00.", "not a whole ONNX file; export or download it again"),
        (ended(vector()).model().SerializeToString()[:-200], "not a whole ONNX file; export or download it again"),
    ],
    ids=["empty", "text", "pickle", "cut off"],
)
def test_refuses_what_is_no_whole_file(tmp_path, data, message):
    path = tmp_path / "network.onnx"
    path.write_bytes(data)
    check(path, message)


def test_refuses_a_huge_file_before_reading_it(tmp_path):
    path = tmp_path / "network.onnx"
    with path.open("wb") as file:
        file.truncate(300 << 20)
    check(path, "an ONNX file must have at most 256 MiB, not 300")


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        import_qonnx(tmp_path / "nowhere.onnx")


def external(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def huge(model):
    model.graph.initializer[0].dims[:] = [1 << 20, 1 << 20]


def short(model):
    model.graph.initializer[1].dims[:] = [77]


def empty(model):
    tensor = model.graph.initializer[2]
    tensor.dims[:], tensor.raw_data = [0, 2], b""


def not_a_number(model):
    tensor = model.graph.initializer[2]
    tensor.raw_data = b"\x00\x00\xc0\x7f" + tensor.raw_data[4:]


def text(model):
    model.graph.initializer[0].data_type = TensorProto.STRING


def cycle(model):
    model.graph.node[2].input[0] = model.graph.node[4].output[0]


def missing(model):
    model.graph.node[2].input[0] = "nowhere"


def twice(model):
    model.graph.node[3].output[0] = model.graph.node[1].output[0]


def batch(model):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4


def dynamic(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "width"


def no_shape(model):
    model.graph.input[0].type.tensor_type.ClearField("shape")


def wide(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 1 << 40


def two_outputs(model):
    model.graph.output.append(model.graph.output[0])


def no_maker(model):
    model.graph.output[0].name = "nowhere"


def subgraph(model):
    model.graph.node[2].attribute.append(helper.make_attribute("body", model.graph))


def strange_name(model):
    model.graph.node[2].name = "one\ntwo\x1b[31m" + 600 * "!"
    model.graph.node[2].op_type = "Relu"


def attribute_of_another_type(model):
    model.graph.node[1].op_type = "Flatten"
    model.graph.node[1].attribute.append(helper.make_attribute("axis", "one"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            external,
            "initializer 'constant0': must be stored in the file, not as external data; save the model as one file",
        ),
        (huge, "initializer 'constant0': must have at most 16777216 elements, not shape (1048576, 1048576)"),
        (short, "initializer 'constant1': not a whole tensor; export the file again"),
        (empty, "MatMul_2 (MatMul): takes 'constant2', which has no elements; export again"),
        (not_a_number, "initializer 'constant2': must be finite, not NaN or infinite; train or export again"),
        (text, "initializer 'constant0': not a whole tensor; export the file again"),
        (cycle, "MatMul_2 (MatMul): is part of a cycle; export the network without recurrence"),
        (missing, "MatMul_2 (MatMul): takes 'nowhere', which nothing makes; export the whole graph"),
        (
            twice,
            "BipolarQuant_1 (BipolarQuant): makes 'BipolarQuant_1_out0', which something else makes too; export again",
        ),
        (batch, "input 'image': batch must be 1 or a symbol, not 4; export with one"),
        (dynamic, "input 'image': must have a fixed shape, not (1, width); export with the image's size"),
        (no_shape, "input 'image': must have a shape of a batch and an image; export with its shape"),
        (wide, "input 'image': must have at most 1048576 elements, not shape (1, 1099511627776)"),
        (two_outputs, "the graph must have one input and one output, not 1 and 2; export one network"),
        (no_maker, "output 'nowhere': must be made by a node; export the whole graph"),
        (
            subgraph,
            "MatMul_2 (MatMul): attribute 'body' must be a number, numbers, a string or a tensor; "
            "export without control flow",
        ),
        (strange_name, "one two?[31m" + 488 * "!" + "…"),
        (attribute_of_another_type, "BipolarQuant_1 (Flatten): axis must be an integer, not 'one'"),
    ],
)
def test_refuses_a_damaged_graph(tmp_path, damage, message):
    model = ended(vector()).model()
    damage(model)
    path = tmp_path / "network.onnx"
    # Not onnx.save, which checks what it writes.
    path.write_bytes(model.SerializeToString())
    check(path, message)


def test_takes_a_batch_that_is_a_symbol(tmp_path):
    model = ended(vector()).model()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    path = tmp_path / "network.onnx"
    onnx.save(model, path)
    assert import_qonnx(path).input.shape == (8,)


def test_takes_nodes_in_any_order(tmp_path):
    model = ended(vector()).model()
    nodes = list(model.graph.node)
    model.graph.ClearField("node")
    model.graph.node.extend(reversed(nodes))
    path = tmp_path / "network.onnx"
    onnx.save(model, path)
    assert import_qonnx(path).names == ("dense0", "scores1")


def residual():
    chain = vector().add("MatMul", ONES((8, 8))).add("BipolarQuant", 1.0)
    chain.tail = chain.node("Add", [chain.tail, "BipolarQuant_1_out0"])
    return chain.add("MatMul", ONES((8, 2)))


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
            "MatMul_3 (MatMul): weights of neuron 0 must be ±1 times one scale, not -2, -1, 0; "
            "train with 1-bit weights",
        ),
        (
            vector().add("MatMul", np.linspace(-1, 1, 8 << 14).reshape(8, 1 << 14)),
            "MatMul_2 (MatMul): weights must be ±1 times one scale for each neuron, not 131072 different numbers; "
            "train with 1-bit weights",
        ),
        (
            vector().add("MatMul", ONES((8, 2)) * 0),
            "MatMul_2 (MatMul): weights of neuron 0 must be ±1 times one scale, not 0; train with 1-bit weights",
        ),
        (
            vector().add("MatMul", np.linspace(-1, 1, 16).reshape(8, 2)),
            "MatMul_2 (MatMul): weights of neuron 0 must be ±1 times one scale, not -1, -0.733333, -0.466667, "
            "-0.2, 0.0666667; train with 1-bit weights",
        ),
        (
            ended(vector().add("MatMul", ONES((8, 8))).add("Quant", 1.0, 0.0, 2.0, signed=1, narrow=0)),
            "Quant_3 (Quant): activations must have 1 bit, not 2; train with 1-bit activations",
        ),
        (
            ended(Chain(1, 8).add("Quant", 1.0, 0.0, 9.0, signed=1, narrow=0)),
            "Quant_0 (Quant): must have 1 to 8 bits on the image, not 9",
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
            "BipolarQuant_1 (BipolarQuant): gives all 256 values of a pixel of channel 0 the same bit; "
            "check input_scale",
        ),
        (
            ended(Chain(1, 8).add("Sub", np.linspace(0.1, 0.9, 8)).add("BipolarQuant", 1.0)),
            "BipolarQuant_1 (BipolarQuant): needs the same grey level for all channels, not 26, 55, 84, 113, 143, "
            "172, 201, 230",
        ),
        (
            ended(vector().add("Mystery")),
            "Mystery_2 (Mystery): is of the unknown domain 'com.example.mystery'; export with standard operators or "
            "onnx.brevitas, qonnx.custom_op.general, finn.custom_op.general",
        ),
        (
            ended(vector().add("Relu")),
            "Relu_2 (Relu): is not supported; only Add, ArgMax, BatchNormalization, BipolarQuant, Cast, Conv, Div, "
            "Dropout, Flatten, Gemm, Identity, IntQuant, MatMul, MaxPool, Mul, MultiThreshold, Neg, Pad, Quant, "
            "Reshape, Shape, Sign, Squeeze, Sub, TopK, Transpose, Unsqueeze are",
        ),
        (
            vector().add("MatMul", ONES((8, 2))).add("Sign").add("MatMul", ONES((2, 2))),
            "Sign_3 (Sign): can be 0 in channel 0, and Sign(0) is 0; export with BipolarQuant, where it is +1",
        ),
        (
            vector().add("MatMul", ONES((8, 2))).add("MultiThreshold", ONES((2, 3)), **MULTI),
            "MultiThreshold_3 (MultiThreshold): must have one threshold for each channel, not shape (2, 3); "
            "train with 1-bit activations",
        ),
        (residual(), "Add_4 (Add): must take one tensor of data, not several; only a chain of layers is supported"),
        (
            vector().add("MatMul", ONES((8, 2))).add("MatMul", ONES((2, 2))),
            "MatMul_3 (MatMul): must come behind a binarization; put BipolarQuant between the two products",
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
            "MatMul_3 (MatMul): inputs must have one scale, not one for each channel or 0; quantize per tensor",
        ),
        (
            vector().add("MatMul", ONES((8, 2))).add("Mul", np.array([1.0, 2.0])),
            "Mul_3 (Mul): scores must have one scale for all classes; normalize the last layer per tensor",
        ),
        (
            vector().add("MatMul", ONES((8, 4))).add("Add", np.array([0.1, 0.3, 0.5, 0.7])),
            "Add_3 (Add): biases of the scores keep their order with no integers; make them multiples of the scores' "
            "scale",
        ),
        (
            vector(),
            "BipolarQuant_1 (BipolarQuant): must end in one product with weights, whose largest element is the class",
        ),
        (vector().add("Add", ONES(3)), "Add_2 (Add): constant of shape (3,) must fit data of shape (1, 8)"),
        (
            vector().add("Div", 2.0, front=True),
            "Div_2 (Div): must combine data with one constant, and not divide by data",
        ),
        (
            vector().add("Quant", front=True),
            "Quant_2 (Quant): must have a scale as a constant input; export again",
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


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 2, 3), "input 'image': must be a batch of vectors or of images, not of shape (1, 2, 3)"),
        ((1,), "input 'image': must have a shape of a batch and an image; export with its shape"),
    ],
)
def test_refuses_a_shape_that_is_no_image(tmp_path, shape, message):
    check(Chain(*shape).add("BipolarQuant", 1.0).save(tmp_path / "network.onnx"), message)
