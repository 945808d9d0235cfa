# amaranth: UnusedElaboratable=no
"""xnorflow predict and xnorflow.connect, against the golden model and the simulated board."""

import functools
import json
import re

import numpy as np
import pytest
from PIL import Image

import xnorflow
from tests.boards.host import serial_accelerator
from tests.boards.simulated import simulated_board
from tests.networks import random_images, random_network
from xnorflow import remote
from xnorflow.boards.link.connection import LinkError
from xnorflow.model import golden
from xnorflow.model.ir import Network, Thermometer
from xnorflow.model.store import save

SIZES = (24, 6, 10)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "small.safetensors"
    save(random_network(SIZES), path)
    return path


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A simulated board is slow where other things run beside it."""
    monkeypatch.setattr(remote, "connect", functools.partial(remote.connect, timeout=10.0))


def test_board_computes_what_the_golden_model_does(model):
    dut = serial_accelerator(SIZES, scores=True)
    images = random_images(random_network(SIZES), 8)
    with simulated_board(dut) as port, xnorflow.connect(port, model, timeout=10.0) as board:
        assert board.hello.classes == 10
        assert board.predict(images).tolist() == golden.predict(board.network, images).tolist()
        assert board.scores(images[:2]).tolist() == golden.forward(board.network, images[:2]).tolist()
        assert board.echo() > 0
        assert board.statistics().frames >= 12
        assert board.retries == 0
        with pytest.raises(ValueError, match=r"^images must have shape \(count, 24\), not \(2, 23\)$"):
            board.predict(images[:2, 1:])


def test_another_network_on_the_board_is_told():
    dut, other = serial_accelerator(SIZES), random_network(SIZES, seed=1)
    message = (
        r"^/dev/\S+: the board holds another network \([0-9a-f]{16}\) than random \([0-9a-f]{16}\); "
        r"load that with xnorflow flash, or name the one that is there$"
    )
    with simulated_board(dut) as port, pytest.raises(LinkError, match=message):
        xnorflow.connect(port, other, timeout=10.0)


def test_command_sends_images_to_the_board(command, model, tmp_path):
    network, images = random_network(SIZES), random_images(random_network(SIZES), 4)
    np.save(tmp_path / "many.npy", images)
    words = ("predict", model, tmp_path / "many.npy")
    with simulated_board(serial_accelerator(SIZES)) as port:
        status, out, _ = command(*words, "--port", port, "--json")
    data = json.loads(out)
    names = [f"{tmp_path / 'many.npy'}[{n}]" for n in range(4)]
    assert (status, data["port"], data["correct"]) == (0, port, None)
    assert list(data["classes"].values()) == golden.predict(network, images).tolist()
    # That board was built without scores.
    assert [row["best"] for row in data["images"]] == 4 * [None]
    status, out, _ = command(*words)
    lines = zip(names, golden.forward(network, images).tolist(), strict=True)
    assert (status, out.splitlines()) == (0, [line(name, scores) for name, scores in lines])


def line(name, scores, classes=tuple("0123456789")):
    """What is told of an image: its class, and how far the next two are behind."""
    order = sorted(range(len(scores)), key=lambda number: (-scores[number], number))
    behind = [f"{classes[n]} ({scores[order[0]] - scores[n]} behind)" for n in order[1:3]]
    return f"{name}: {classes[order[0]]}, then {', '.join(behind)}"


def test_board_with_scores_tells_the_best_three(command, model, tmp_path):
    network, images = random_network(SIZES), random_images(random_network(SIZES), 2)
    np.save(tmp_path / "many.npy", images)
    with simulated_board(serial_accelerator(SIZES, scores=True)) as port:
        status, out, err = command("predict", model, tmp_path / "many.npy", "--port", port)
    scores = golden.forward(network, images).tolist()
    assert (status, out.splitlines()) == (
        0,
        [line(f"{tmp_path / 'many.npy'}[{n}]", scores[n]) for n in range(2)],
    ), err


def test_command_measures_a_data_set(command, model):
    with simulated_board(serial_accelerator(SIZES)) as port:
        status, out, err = command("predict", model, "--dataset", "random", "--images", "5", "--port", port)
    assert status == 0
    assert out.startswith(f"random on random, the board at {port}: ")
    assert re.search(r": [\d,]+ frames per second, \d+ sent again\n$", out)
    assert f"images to {port}" in err


def test_one_image_of_a_file_is_chosen(command, model, tmp_path):
    network, images = random_network(SIZES), random_images(random_network(SIZES), 4)
    scores = golden.forward(network, images).tolist()
    np.save(tmp_path / "many.npy", images)
    np.savez(tmp_path / "many.npz", images=images)
    np.save(tmp_path / "one.npy", images[1])
    chosen = {f"{tmp_path}/many.npy[3]": 3, f"{tmp_path}/many.npz[0]": 0, f"{tmp_path}/one.npy[0]": 1}
    status, out, _ = command("predict", model, *chosen)
    assert (status, out.splitlines()) == (0, [line(name, scores[number]) for name, number in chosen.items()])
    status, out, _ = command("predict", model, tmp_path / "many.npz")
    names = [f"{tmp_path}/many.npz[{number}]" for number in range(4)]
    assert out.splitlines() == [line(name, scores[number]) for number, name in enumerate(names)]
    # A file of just this name is that file.
    np.save(tmp_path / "many.npy[3].npy", images[2])
    (tmp_path / "many.npy[3].npy").rename(tmp_path / "many.npy[3]")
    assert command("predict", model, tmp_path / "many.npy[3]")[0] == 1


@pytest.mark.parametrize("number", ["4", "-1", "", "1.5", "two"])
def test_a_number_of_no_image_of_a_file_is_told(command, model, tmp_path, number):
    np.save(tmp_path / "many.npy", random_images(random_network(SIZES), 4))
    message = f"xnorflow: {tmp_path}/many.npy: image must be in 0..3, not {number!r}\n"
    assert command("predict", model, f"{tmp_path}/many.npy[{number}]") == (1, "", message)


@pytest.mark.parametrize(("shape", "mode"), [((4, 6), "L"), ((4, 6, 3), "RGB"), ((24,), "L")])
def test_pictures_are_read(shape, mode, command, tmp_path):
    flat = random_network((int(np.prod(shape)), 10))
    network = Network("picture", Thermometer(shape, (128,)), flat.layers)
    save(network, tmp_path / "model")
    image = random_images(network, 1)[0]
    Image.fromarray(image.reshape(4, 6) if shape == (24,) else image, mode).save(tmp_path / "image.png")
    status, out, _ = command("predict", tmp_path / "model", tmp_path / "image.png")
    scores = golden.forward(network, image[np.newaxis])[0].tolist()
    assert (status, out) == (0, line(tmp_path / "image.png", scores) + "\n")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nix.png", None, "no such image; give a file, or the number of a test image"),
        ("nix.png", b"nix", "not a picture that Pillow can read; save it as PNG"),
        (
            "small.npy",
            np.zeros(23, np.uint8),
            "has the shape (23,), but random takes (24,); resize the image",
        ),
        ("float.npy", np.zeros(24), "images must be uint8, not float64"),
    ],
)
def test_images_that_cannot_be_used_are_told(name, content, message, command, model, tmp_path):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    assert command("predict", model, path) == (1, "", f"xnorflow: {path}: {message}\n")


def test_number_must_be_in_the_test_set(command, model):
    message = "xnorflow: image of random must be in 0..999, not 1000\n"
    assert command("predict", model, "--dataset", "random", "1000") == (1, "", message)


def test_port_must_exist(command, model):
    message = "/dev/nix: no such port; `python -m serial.tools.list_ports` lists those that there are"
    status, out, err = command("predict", model, "--dataset", "random", "--images", "2", "--port", "/dev/nix")
    assert (status, out, err.splitlines()[-1]) == (1, "", f"xnorflow: {message}")
