"""Files and graphs that are damaged or strange are refused in one line."""

import onnx
import pytest
from onnx import TensorProto, helper

from tests.importers.graphs import Chain, check, ended, vector
from xnorflow.model.qonnx.reader import import_qonnx


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a whole ONNX file, it has no graph; export or download it again"),
        (b"# not ONNX\n", "not a whole ONNX file; export or download it again"),
        (ended(vector()).model().SerializeToString()[:-200], "not a whole ONNX file; export or download it again"),
    ],
    ids=["empty", "text", "cut off"],
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


def initialized_twice(model):
    model.graph.initializer.append(model.graph.initializer[0])


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
    model.graph.node[2].op_type = "LSTM"


def attribute_of_another_type(model):
    model.graph.node[1].op_type = "Flatten"
    model.graph.node[1].attribute.append(helper.make_attribute("axis", "one"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            external,
            "initializer 'constant0': its file must be in the folder of the model, not '/etc/passwd'",
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
        (initialized_twice, "initializer 'constant0': must be there once, not twice; export again"),
        (batch, "input 'image': batch must be 1 or a symbol, not 4; export with one"),
        (
            dynamic,
            "input 'image': must have a fixed shape, not (1, width); say it by --input-shape, as in --input-shape 1,N "
            "with a number for each N",
        ),
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


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 1, 2, 3, 4), "input 'image': must be a batch of vectors or of images, not of shape (1, 1, 2, 3, 4)"),
        ((1,), "input 'image': must have a shape of a batch and an image; export with its shape"),
    ],
)
def test_refuses_a_shape_that_is_no_image(tmp_path, shape, message):
    check(Chain(*shape).add("BipolarQuant", 1.0).save(tmp_path / "network.onnx"), message)
