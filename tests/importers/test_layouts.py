"""The order of a raw image is the picture's own, whatever the order in the graph is."""

import numpy as np
import pytest

from tests.importers.graphs import Chain, bipolar, check
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx

RNG = np.random.default_rng(seed=3)
ONES = np.ones


def binarized(*shape):
    return Chain(*shape).add("Sub", 0.5).add("BipolarQuant", 1.0)


def flattened(*shape):
    size = int(np.prod(shape))
    return binarized(*shape).add("Reshape", np.array([1, -1])).add("MatMul", bipolar(RNG, size, 3))


def convolved(chain, channels, *, classes=3):
    chain.add("Conv", bipolar(RNG, 4, channels, 3, 3)).add("Sub", 0.5).add("BipolarQuant", 1.0).add("Flatten")
    return chain.add("MatMul", bipolar(RNG, 4 * 2 * 4, classes))


def transposed(*shape, perm):
    return binarized(*shape).add("Transpose", perm=perm)


@pytest.mark.parametrize(
    ("chain", "picture", "order"),
    [
        (flattened(1, 1, 8, 6), (8, 6), None),
        (flattened(1, 8, 6, 1), (8, 6), None),
        (flattened(1, 8, 6), (8, 6), None),
        (flattened(1, 48), (48,), None),
        (flattened(1, 3, 8, 6), (8, 6, 3), (2, 0, 1)),
        (flattened(1, 8, 6, 3), (8, 6, 3), None),
        (convolved(binarized(1, 8, 4, 6), 8), (4, 6, 8), (2, 0, 1)),
        (convolved(transposed(1, 4, 6, 8, perm=[0, 3, 1, 2]), 8), (4, 6, 8), None),
        (convolved(transposed(1, 4, 6, 1, perm=[0, 3, 1, 2]), 1), (4, 6), None),
        (convolved(binarized(1, 4, 6).add("Unsqueeze", np.array([1])), 1), (4, 6), None),
        (convolved(binarized(1, 24).add("Reshape", np.array([-1, 1, 4, 6])), 1), (4, 6), None),
        (convolved(binarized(1, 72).add("Reshape", np.array([1, 3, 4, 6])), 3), (4, 6, 3), (2, 0, 1)),
        (
            convolved(binarized(1, 72).add("Reshape", np.array([1, 4, 6, 3])).add("Transpose", perm=[0, 3, 1, 2]), 3),
            (4, 6, 3),
            None,
        ),
    ],
)
def test_a_raw_image_has_the_shape_of_the_picture(tmp_path, chain, picture, order):
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    assert network.input.shape == picture
    # A picture in which one pixel is lit: its scores tell where it is in the file.
    pictures = np.eye(int(np.prod(picture)), dtype=np.uint8).reshape(-1, *picture) * 255
    files = pictures if order is None else pictures.transpose(0, *(axis + 1 for axis in order))
    shape = [size.dim_value for size in chain.input.type.tensor_type.shape.dim]
    assert golden.predict(network, pictures).tolist() == judged(chain, files.reshape(len(files), *shape[1:]))


def judged(chain, images):
    from tests.importers.reference import reference

    return reference(chain.model(), images / 255).argmax(axis=1).tolist()


def padded_in_front(pads, perm):
    return binarized(1, 4, 6, 3).add("Pad", np.array(pads), 1.0).add("Transpose", perm=perm)


def test_a_pad_may_stand_on_either_side_of_a_transpose(tmp_path):
    rng = np.random.default_rng(seed=0)
    weights, last = bipolar(rng, 4, 3, 3, 3), bipolar(rng, 96, 3)
    before = padded_in_front([0, 1, 1, 0, 0, 1, 1, 0], [0, 3, 1, 2])
    behind = transposed(1, 4, 6, 3, perm=[0, 3, 1, 2]).add("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1]), 1.0)
    images = rng.integers(0, 256, (20, 4, 6, 3), np.uint8)
    found = []
    for name, chain in (("before", before), ("behind", behind)):
        chain.add("Conv", weights).add("Sub", 0.5).add("BipolarQuant", 1.0).add("Flatten").add("MatMul", last)
        found.append(golden.forward(import_qonnx(chain.save(tmp_path / f"{name}.onnx")), images))
        assert found[-1].argmax(axis=1).tolist() == judged(chain, images)
    assert np.array_equal(*found)


@pytest.mark.parametrize(("layout", "picture"), [("nchw", (8, 8, 16)), ("nhwc", (16, 8, 8))])
def test_what_the_graph_does_not_tell_is_asked_for(tmp_path, layout, picture):
    path = flattened(1, 16, 8, 8).save(tmp_path / "network.onnx")
    check(
        path,
        "input 'image': may have its channels first or last in shape (1, 16, 8, 8); say which by --layout nchw or nhwc",
    )
    assert import_qonnx(path, layout=layout).input.shape == picture


def test_a_layout_that_the_graph_contradicts_is_refused(tmp_path):
    path = convolved(binarized(1, 8, 4, 6), 8).save(tmp_path / "network.onnx")
    with pytest.raises(ValueError, match=r"Conv_2 \(Conv\): must take an image of batch, channels, rows and columns, "):
        import_qonnx(path, layout="nhwc")


def test_a_graph_that_swaps_rows_and_columns_is_refused(tmp_path):
    path = convolved(transposed(1, 6, 4, 8, perm=[0, 3, 2, 1]), 8).save(tmp_path / "network.onnx")
    with pytest.raises(ValueError, match=r"Conv_3 \(Conv\): must take an image of batch, channels, rows and columns, "):
        import_qonnx(path)


@pytest.mark.parametrize("told", [None, (1, 8, 6), (1, 7, 6), (8, 6), (2, 8, 6)])
def test_sizes_that_are_open_are_asked_for(tmp_path, told):
    model = flattened(1, 8, 6).model()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "rows"
    path = tmp_path / "network.onnx"
    path.write_bytes(model.SerializeToString())
    if told is None:
        check(
            path,
            "input 'image': must have a fixed shape, not (1, rows, 6); say it by --input-shape, as in --input-shape "
            "1,N,6 with a number for each N",
        )
    elif told == (1, 8, 6):
        assert import_qonnx(path, input_shape=told).input.shape == (8, 6)
    else:
        with pytest.raises(ValueError, match=r"input shape must be a batch of 1 that fits|must multiply a vector by"):
            import_qonnx(path, input_shape=told)
