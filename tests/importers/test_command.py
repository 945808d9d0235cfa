"""``xnorflow import`` and the example, as a user runs them."""

import pytest

from tests.face.test_examples import load_example
from tests.importers.graphs import Chain
from xnorflow.model.qonnx.reader import import_qonnx
from xnorflow.model.store import load


@pytest.mark.models
@pytest.mark.data("mnist")
def test_import_then_eval(command, models, tmp_path):
    path = tmp_path / "deeper" / "tfc.safetensors"
    status, out, err = command("import", models / "qonnx" / "TFC_1W1A.onnx", "-o", path)
    assert (status, err) == (0, "")
    for words in ("28x28 pixels, thermometer, a pixel of 1 is 1/255", "28x28x1 to 64, 64 x 784 weights", "59,008"):
        assert words in out
    assert command("eval", path, "--dataset", "mnist") == (
        0,
        "TFC_1W1A on mnist: 92.96% (9296 of 10000 images)\n",
        "",
    )


@pytest.mark.parametrize(
    ("scale", "level"),
    [(None, 128), ("1/255", 128), ("1/256", 128), ("0.01", 50), ("2", 1)],
)
def test_the_scale_of_pixels_can_be_told(command, tmp_path, scale, level):
    file, path = tmp_path / "net.onnx", tmp_path / "net.safetensors"
    Chain(1, 4).add("Sub", 0.5).add("BipolarQuant", 1.0).add("MatMul", [[1, 1]] * 4).save(file)
    words = [] if scale is None else ["--input-scale", scale]
    assert command("import", file, *words, "-o", path)[0] == 0
    assert load(path).input.levels == (level,)


@pytest.mark.parametrize("scale", ["0", "-1", "1/0", "bright"])
def test_refuses_a_scale_that_is_no_positive_number(command, tmp_path, scale):
    message = f"xnorflow: --input-scale must be a positive number such as 1/255, not {scale!r}\n"
    assert command("import", tmp_path / "net.onnx", f"--input-scale={scale}", "-o", tmp_path / "x") == (1, "", message)


def test_what_ternary_weights_cost_is_told_in_a_line(command, tmp_path):
    file = tmp_path / "net.onnx"
    chain = (
        Chain(1, 4).add("Sub", 0.5).add("BipolarQuant", 1.0).add("MatMul", [[1, -1, 1]] * 4).add("BipolarQuant", 1.0)
    )
    chain.add("MatMul", [[1.0, 0], [-1, 1], [0, 1]]).save(file)
    code, shown, _ = command("import", file, "-o", tmp_path / "net.safetensors")
    assert code == 0
    assert [line.split() for line in shown.splitlines() if "planes" in line] == [
        ["planes", "MatMul_4:", "weights", "-1,", "0,", "1", "as", "2", "layers", "of", "±1", "and", "their", "sum"]
    ]


def test_the_library_takes_paths_as_strings(tmp_path):
    file = tmp_path / "net.onnx"
    Chain(1, 4).add("Sub", 0.5).add("BipolarQuant", 1.0).add("MatMul", [[1, 1]] * 4).save(file)
    network = import_qonnx(str(file))
    assert (network.name, network.provenance["imported_from"]) == ("net", "net.onnx")


def test_what_cannot_be_imported_is_told_in_one_line_and_writes_nothing(command, tmp_path):
    file, path = tmp_path / "net.onnx", tmp_path / "net.safetensors"
    Chain(1, 4).add("Sub", 0.5).add("BipolarQuant", 1.0).add("MatMul", [[1, 1]] * 4).add("LSTM").save(file)
    assert command("import", file, "-o", path) == (
        1,
        "",
        f"xnorflow: {file}: LSTM_3 (LSTM): is not supported; docs/import.md lists the operators that are\n",
    )
    assert not path.exists()
    assert command("import", tmp_path / "no.onnx", "-o", path) == (
        1,
        "",
        f"xnorflow: {tmp_path / 'no.onnx'}: No such file or directory\n",
    )


@pytest.mark.models
@pytest.mark.data("mnist")
def test_the_example_compiles_a_file(models, tmp_path):
    assert load_example("import_qonnx").main(models / "qonnx" / "TFC_1W1A.onnx", tmp_path) == 9296
    assert "module xnorflow_core" in (tmp_path / "core.v").read_text()
