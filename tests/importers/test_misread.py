"""What was once imported as another network, without a word."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.importers.graphs import Chain, check, vector
from xnorflow.model.qonnx.reader import import_qonnx

TWO = np.ones((8, 2))


def heads():
    """The sum of what two softmaxes make of two products."""
    chain = vector()
    arms = [chain.node("MatMul", [chain.tail, chain.constant(weights)]) for weights in (TWO, -TWO)]
    chain.tail = chain.node("Add", [chain.node("Softmax", [arm]) for arm in arms])
    return chain


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (heads(), "Add_6 (Add): must not follow the choice of the class; end the network there"),
        (
            vector().add("MatMul", TWO).add("Elu", alpha=-0.5),
            "Elu_3 (Elu): alpha must be positive, where it keeps the order, not -0.5",
        ),
        (
            vector().add("MatMul", np.ones((8, 1))),
            "MatMul_2 (MatMul): must give the scores of two classes or more, not one; give a second class the score 0",
        ),
    ],
)
def test_what_was_misread_is_refused(chain, message, tmp_path):
    check(chain.save(tmp_path / "a.onnx"), message)


@pytest.mark.parametrize(
    ("operator", "number", "front"),
    [("Mul", 1 / 255, False), ("Mul", 1 / 255, True), ("Div", 255.0, False), ("Sub", 127.5, False)],
)
@pytest.mark.parametrize("node", [False, True])
def test_numbers_say_the_scale_of_pixels_wherever_they_stand(operator, number, front, node, tmp_path):
    chain = Chain(1, 8)
    if node:
        value = numpy_helper.from_array(np.array(number, np.float32), "value")
        chain.nodes.append(helper.make_node("Constant", [], ["number"], name="number", value=value))
        name = "number"
    else:
        name = chain.constant(number)
    chain.tail = chain.node(operator, [name, chain.tail] if front else [chain.tail, name])
    chain.add("Sub", 0.25).add("BipolarQuant", 1.0).add("MatMul", TWO)
    assert import_qonnx(chain.save(tmp_path / "a.onnx")).provenance["input_scale"] == "1"


@pytest.mark.parametrize(
    ("operator", "numbers", "scale"),
    [
        ("Div", [255.0, 255.0, 255.0], "1"),
        ("Mul", [1 / 127.5, 1 / 127.5, 1 / 127.5], "1"),
        ("Sub", [123.675, 116.28, 103.53], "1"),
        ("Add", [-127.5, -127.5, -127.5], "1"),
        ("Sub", [0.485, 0.456, 0.406], "1/255"),
        ("Div", [0.229, 255.0, 0.225], "1/255"),
    ],
)
def test_a_number_for_each_channel_says_the_scale_of_pixels(operator, numbers, scale, tmp_path):
    chain = Chain(1, 3, 2, 5).add(operator, np.reshape(numbers, (3, 1, 1))).add("Sub", 0.25)
    chain.add("BipolarQuant", 1.0).add("Flatten").add("MatMul", np.ones((30, 2)))
    assert import_qonnx(chain.save(tmp_path / "a.onnx")).provenance["input_scale"] == scale


@pytest.mark.parametrize("operator", ["MaxPool", "Conv"])
def test_padding_that_a_runtime_leaves_out_is_refused(operator, tmp_path):
    chain = Chain(1, 1, 4, 4).add("Sub", 0.5).add("BipolarQuant", 1.0)
    weights = [np.ones((1, 1, 2, 2))] if operator == "Conv" else []
    chain.add(operator, *weights, auto_pad="VALID", kernel_shape=[2, 2], pads=[0, 0, 1, 1])
    chain.add("Flatten").add("MatMul", np.ones((9, 2)))
    message = rf"\({operator}\): auto_pad VALID must have no pads, not \(0, 0, 1, 1\); leave out one of them$"
    with pytest.raises(ValueError, match=message):
        import_qonnx(chain.save(tmp_path / "a.onnx"))


def test_integers_of_any_type_are_raw_pixels(tmp_path):
    chain = Chain(1, 8, element=TensorProto.UINT16).add("Cast", to=TensorProto.FLOAT).add("Sub", 99.5)
    chain.add("BipolarQuant", 1.0).add("MatMul", TWO)
    assert import_qonnx(chain.save(tmp_path / "a.onnx")).input.levels == (100,)


def test_a_shape_may_be_cut(tmp_path):
    chain = vector()
    sizes = chain.node("Shape", [chain.tail], start=0, end=1)
    whole = chain.node("Concat", [sizes, chain.constant(np.array([-1]))], axis=0)
    chain.tail = chain.node("Reshape", [chain.tail, whole])
    assert import_qonnx(chain.add("MatMul", TWO).save(tmp_path / "a.onnx")).input.shape == (8,)
