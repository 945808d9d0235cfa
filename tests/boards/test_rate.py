"""What the link carries, counted in the bytes that really are on its two wires."""

from dataclasses import replace

import pytest

from tests.networks import random_network
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.protocol import FLAG, REPLY, REQUEST, Kind, Message, encode_message
from xnorflow.boards.rate import RATES, link_baud, link_fps
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding


def bytes_of(kind, content):
    """Bytes of a message that needs no escapes: its tag is chosen so that its check sum has none either."""
    messages = (encode_message(Message(kind, tag, content)) for tag in range(64))
    return min(map(len, messages))


@pytest.mark.parametrize(
    ("sizes", "scores", "baud"),
    [((784, 16, 10), False, 3_000_000), ((784, 16, 10), True, 500_000), ((8, 4, 200), True, 1_000_000)],
)
def test_the_fuller_wire_limits(sizes, scores, baud):
    board = replace(find_board("ulx3s-25f"), baud=baud)
    accelerator = Accelerator(random_network(sizes), (Folding(4, 8), Folding(10, 4)), scores=scores)
    frame = bytes(accelerator.input_beats * accelerator.input_bytes)
    # Two requests may share a flag; each reply has its own two.
    request = bytes_of(REQUEST + Kind.CLASS, frame) - len([FLAG])
    reply = bytes_of(REPLY + Kind.CLASS, bytes(accelerator.output_bytes))
    assert link_baud(accelerator, board) == baud
    # The rate is the clock divided by a whole number, up to 1 % off.
    assert link_fps(accelerator, board) == pytest.approx(baud / 10 / max(request, reply), rel=0.01)


def test_mnist_at_three_megabaud():
    accelerator = Accelerator(random_network((784, 16, 10)), (Folding(1, 98), Folding(1, 16)))
    assert accelerator.input_beats * accelerator.input_bytes == 98
    assert round(link_fps(accelerator, find_board("icebreaker"))) == 2857


def test_a_core_that_is_too_slow_for_any_rate_is_told():
    accelerator = Accelerator(random_network((8, 4096, 10)), (Folding(1, 1), Folding(1, 1)))
    board = find_board("icebreaker")
    message = (
        rf"^one of {', '.join(map(str, RATES))} baud must divide the clock of icebreaker, 36 MHz, and be slower than "
        r"the core, which takes 40960 cycles a frame; give another folding$"
    )
    for function in (link_baud, link_fps):
        with pytest.raises(ValueError, match=message):
            function(accelerator, board)
