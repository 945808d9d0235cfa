# amaranth: UnusedElaboratable=no
"""The client against the RTL of the board top, behind a pseudo-terminal."""

import os
import random
import re
import select

import pytest

from tests.boards.host import encoded, reply, serial_accelerator
from tests.boards.simulated import pseudo_terminal, simulated_board
from tests.networks import random_images
from xnorflow.boards.link.connection import LinkError, open_connection
from xnorflow.boards.link.protocol import Decoder, Hello, Kind, Load, encode_message
from xnorflow.model import golden

PATIENT = 10.0
"""Seconds: a simulated board on a busy machine takes its time."""


def expected(dut, images):
    return golden.predict(dut.accelerator.network, images).tolist()


def test_client_gets_the_answers_of_the_golden_model():
    dut = serial_accelerator()
    images = random_images(dut.accelerator.network, 30)
    steps = []
    with simulated_board(dut) as port, open_connection(port, timeout=PATIENT) as board:
        assert board.hello == dut.link.hello
        answers = board.infer(encoded(dut, images), on_progress=lambda done, total: steps.append((done, total)))
        assert 0 < board.echo() < PATIENT
        statistics = board.statistics()
    assert [answer[0] for answer in answers] == expected(dut, images)
    assert steps[-1] == (30, 30)
    assert (statistics.frames, statistics.crc_errors) == (33, 0)
    assert statistics.interval >= dut.accelerator.interval
    assert board.retries == 0


def test_scores_come_where_replies_are_longer_than_requests():
    dut = serial_accelerator(scores=True)
    images = random_images(dut.accelerator.network, 6)
    with simulated_board(dut) as port, open_connection(port, timeout=PATIENT) as board:
        answers = board.infer(encoded(dut, images), scores=True)
    assert (
        dut.accelerator.decode(b"".join(answers))[1].tolist()
        == golden.forward(dut.accelerator.network, images).tolist()
    )


def test_client_sends_again_what_a_bad_line_spoils():
    dut = serial_accelerator()
    images = random_images(dut.accelerator.network, 20)
    rng = random.Random(0)

    def spoil(data):
        return bytes(byte ^ (rng.random() < 0.01) << rng.randrange(8) for byte in data if rng.random() > 0.01)

    with simulated_board(dut, change=spoil) as port, open_connection(port, timeout=4.0) as board:
        answers = board.infer(encoded(dut, images))
    assert [answer[0] for answer in answers] == expected(dut, images)
    assert board.retries > 0


def answering(data):
    """A board that answers anything with these bytes."""

    def serve(handle, stop):
        while not stop.is_set():
            if select.select([handle], [], [], 0.01)[0]:
                os.read(handle, 4096)
                os.write(handle, data)

    return serve


OLD = Hello(9, 2, 1, 3, 10, 0, 12_000_000, 9, bytes(8)).pack()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the board does not answer at 115200 baud; check the port, and load the board again with xnorflow flash"),
        (
            b"login: ",
            "the board answers by another protocol at 115200 baud; "
            "check the port, and load the board again with xnorflow flash",
        ),
        (
            b"".join(encode_message(reply(Kind.HELLO, tag, OLD)) for tag in range(8)),
            "the protocol's version must be 1, not 9; load the board again with this xnorflow",
        ),
    ],
)
def test_who_is_not_a_board_is_told_so(data, message):
    with pseudo_terminal(answering(data)) as port, pytest.raises(LinkError, match=rf"^{port}: {message}$"):
        open_connection(port, baud=115200, timeout=0.1)


def loading(*states):
    """A board that says hello with these states of its weights, the last one again and again."""
    left = list(states)

    def serve(handle, stop):
        decoder = Decoder()
        while not stop.is_set():
            if not select.select([handle], [], [], 0.01)[0]:
                continue
            for message in decoder.feed(os.read(handle, 4096)):
                state = left.pop(0) if len(left) > 1 else left[0]
                hello = Hello(1, 2, 1, 3, 10, 0, 12_000_000, 9, bytes(8), state)
                os.write(handle, encode_message(reply(Kind.HELLO, message.tag, hello.pack())))

    return serve


@pytest.mark.parametrize("first", [Load.LOADING, Load.WRONG])
def test_client_waits_until_the_weights_are_loaded(first):
    with pseudo_terminal(loading(first, first, Load.LOADED)) as port, open_connection(port, timeout=PATIENT) as board:
        assert board.hello.load is Load.LOADED


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (Load.LOADING, "are not loaded after 0.1 s"),
        (Load.WRONG, "are not those of its network"),
    ],
)
def test_client_gives_up_where_they_never_are(state, message, monkeypatch):
    monkeypatch.setattr("xnorflow.boards.link.connection.LOAD_S", 0.1)
    text = f"the weights in the board's flash {message}; write them again with xnorflow flash"
    with pseudo_terminal(loading(state)) as port, pytest.raises(LinkError, match=rf"^{port}: {re.escape(text)}$"):
        open_connection(port, baud=115200, timeout=PATIENT)


def test_port_must_exist():
    message = r"^/dev/nix: no such port; `python -m serial.tools.list_ports` lists those that there are$"
    with pytest.raises(LinkError, match=message):
        open_connection("/dev/nix")


def test_port_must_be_a_port(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(LinkError, match=rf"^{file}: not a serial port \(.*\)$"):
        open_connection(str(file))


def test_port_must_be_free():
    dut = serial_accelerator()
    message = r"^/dev/\S+: the port is busy; close the other program that uses it$"
    with (
        simulated_board(dut) as port,
        open_connection(port, timeout=PATIENT),
        pytest.raises(LinkError, match=message),
    ):
        open_connection(port)


def test_frame_must_be_of_the_boards_size():
    dut = serial_accelerator()
    with simulated_board(dut) as port, open_connection(port, timeout=PATIENT) as board:
        with pytest.raises(ValueError, match=r"^a frame must be of 3 bytes, not 4$"):
            board.infer([b"abcd"])
        message = r"^the board was built without scores; build it with --scores, or ask for classes only$"
        with pytest.raises(ValueError, match=message):
            board.infer([b"abc"], scores=True)
