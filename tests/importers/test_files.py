"""Arrays beside a file, and files of other formats."""

import io
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from tests.importers.graphs import Chain, bipolar, check
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import QonnxError, import_qonnx


def network():
    rng = np.random.default_rng(seed=0)
    chain = Chain(1, 8).add("Sub", 0.5).add("BipolarQuant", 1.0).add("MatMul", bipolar(rng, 8, 6))
    return chain.add("BipolarQuant", 1.0).add("MatMul", bipolar(rng, 6, 3))


def beside(folder, location="network.onnx.data"):
    """The network with its arrays in a second file, as PyTorch's exporter writes it."""
    path = folder / "network.onnx"
    onnx.save(network().model(), path, save_as_external_data=True, location=location, size_threshold=0)
    return path


def test_arrays_beside_the_file_are_read(tmp_path):
    images = np.random.default_rng(seed=1).integers(0, 256, (20, 8), np.uint8)
    other = import_qonnx(network().save(tmp_path / "one.onnx"))
    assert np.array_equal(golden.forward(import_qonnx(beside(tmp_path)), images), golden.forward(other, images))


def changed(path, **entries):
    model = onnx.load(path, load_external_data=False)
    for entry in model.graph.initializer[2].external_data:
        if entry.key in entries:
            entry.value = entries[entry.key]
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("location", ["/etc/passwd", "../secret", "a/../../secret", "", "..\\secret", "link"])
def test_no_file_outside_of_the_folder_is_opened(tmp_path, location):
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(1000))
    (folder / "link").symlink_to(tmp_path / "secret")
    path = changed(beside(folder), location=location)
    check(path, f"initializer 'constant2': its file must be in the folder of the model, not {location!r}")


def test_a_folder_or_a_device_is_no_file_of_arrays(tmp_path):
    (tmp_path / "folder").mkdir()
    path = changed(beside(tmp_path), location="folder")
    check(path, "initializer 'constant2': its file must be in the folder of the model, not 'folder'")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            {"location": "nowhere.data"},
            "its file 'nowhere.data': No such file or directory; keep it beside the model's file",
        ),
        ({"offset": "99999999"}, "'network.onnx.data' is cut off; export or download both files again"),
        ({"offset": str(1 << 63)}, "'network.onnx.data' is cut off; export or download both files again"),
        ({"offset": "-4"}, "must begin at byte 0 of 'network.onnx.data' or later, not at -4"),
        ({"length": "7"}, "must have 192 bytes in 'network.onnx.data', not 7; export the file again"),
        ({"length": "many"}, "not a whole tensor; export the file again"),
    ],
)
def test_refuses_arrays_that_are_not_there(tmp_path, entries, message):
    check(changed(beside(tmp_path), **entries), f"initializer 'constant2': {message}")


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    path = changed(beside(tmp_path), location="a" * 300)
    check(path, f"initializer 'constant2': its file must be in the folder of the model, not {'a' * 300!r}")


@pytest.mark.parametrize("version", [6, 1 << 20, 0, -1])
def test_operators_of_a_version_that_means_something_else_are_refused(version, tmp_path):
    """Before opset 7, ``Add`` took an axis along which to repeat its second input."""
    model = network().model()
    model.opset_import[0].version = version
    path = tmp_path / "network.onnx"
    path.write_bytes(model.SerializeToString())
    newest = onnx.defs.onnx_opset_version()
    check(path, f"opset must be 7 to {newest}, not {version}; export with one of them")


def test_operators_of_no_version_are_refused(tmp_path):
    model = network().model()
    del model.opset_import[0]
    path = tmp_path / "network.onnx"
    path.write_bytes(model.SerializeToString())
    check(path, "the file must say the opset of its operators; export again")


@pytest.mark.parametrize("element", ["STRING", "BOOL", "COMPLEX64", "UNDEFINED"])
def test_an_input_of_no_numbers_is_refused(element, tmp_path):
    model = network().model()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DataType.Value(element)
    path = tmp_path / "network.onnx"
    path.write_bytes(model.SerializeToString())
    check(path, f"input 'image': must be of floats or integers, as pixels are, not of type {element.lower()}")


def archive(*names):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name in names:
            file.writestr(name, b"")
    return data.getvalue()


TORCH = "load it in Python and write torch.onnx.export(model.eval(), image, 'network.onnx')"
ARRAYS = "build the network of its arrays in the training framework, and export that as ONNX"


@pytest.mark.parametrize(
    ("name", "data", "kind", "advice"),
    [
        ("a.h5", b"\x89HDF\r\n\x1a\n", "Keras weights or model in HDF5", "python -m tf2onnx.convert --keras a.h5"),
        ("a.bin", b"\x89HDF\r\n\x1a\n", "Keras weights or model in HDF5", "python -m tf2onnx.convert --keras a.bin"),
        ("a.keras", archive("config.json", "model.weights.h5"), "Keras model", "--keras a.keras --output network.onnx"),
        ("a.pt", archive("archive/data.pkl", "archive/data/0"), "PyTorch file", TORCH),
        ("a.onnx", archive("a/data.pkl", "a/constants.pkl"), "TorchScript file", TORCH),
        ("a.pth", b"\x80\x02}q\x00.", "PyTorch file", TORCH),
        ("a.tflite", b"\x1c\0\0\0TFL3", "TensorFlow Lite model", "--tflite a.tflite --output network.onnx"),
        ("a.npz", archive("weights.npy"), "NumPy archive", ARRAYS),
        ("a.npy", b"\x93NUMPY\x01\0", "NumPy array", ARRAYS),
        ("a.pb", b"\n\x05graph", "TensorFlow graph", "--graphdef a.pb --output network.onnx"),
        ("a.safetensors", b"\x08\0\0\0\0\0\0\0{}", "model file of this project", "it needs no import"),
    ],
)
def test_a_file_of_another_format_says_how_to_get_to_onnx(tmp_path, name, data, kind, advice):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(QonnxError) as caught:
        import_qonnx(path)
    assert str(caught.value).startswith(f"{path}: must be an ONNX file, not a {kind}; ")
    assert advice in str(caught.value)


@pytest.mark.parametrize("place", ["", "saved_model.pb"])
def test_a_saved_model_is_a_folder(tmp_path, place):
    folder = tmp_path / "lenet"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"\x08\x01")
    check(
        folder / place if place else folder,
        "must be an ONNX file, not a TensorFlow SavedModel; convert it with python -m tf2onnx.convert --saved-model "
        "lenet --output network.onnx",
    )


def test_a_folder_is_no_file(tmp_path):
    check(tmp_path, "must be an ONNX file, not a folder; name the file in it")
