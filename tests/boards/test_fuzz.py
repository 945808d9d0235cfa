# amaranth: UnusedElaboratable=no
"""Random and mutated messages at the board's UART: none hangs it, none gets a wrong answer."""

import random
import zlib

import numpy as np

from tests.boards.fast import play
from tests.boards.host import DIVISOR, encoded, reply, request, serial_accelerator
from tests.boards.serial import send_bytes
from tests.networks import random_images
from xnorflow.boards.link.protocol import (
    ESCAPE,
    FLAG,
    FLIP,
    HEAD_BYTES,
    REPLY,
    REQUEST,
    TAIL_BYTES,
    Decoder,
    Kind,
    Statistics,
    encode_message,
)
from xnorflow.hw.folding import Folding
from xnorflow.model import golden

COUNT = 10_000
"""Messages."""

BYTE = 10 * DIVISOR
"""Cycles of a byte."""

PROBE = 255
"""Tag of the messages that must be answered in between, and of no others."""

PAUSE = [1] * 60 * 10 * DIVISOR
"""Long enough for all replies that wait to leave."""

SETTLE = 200
"""Cycles in which the core answers any image, one that broke off included."""

FOLDINGS = (Folding(2, 8), Folding(5, 3))

ROUND = 20
"""Messages between those that must be answered."""


def flip(rng, data):
    for _ in range(rng.choice([1, 1, 2, 5])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def drop(rng, data):
    first = rng.randrange(len(data))
    del data[first : first + rng.choice([1, 1, 2, 7])]


def repeat(rng, data):
    place = rng.randrange(len(data))
    data[place:place] = data[place : place + rng.choice([1, 1, 2, 7])]


def insert(rng, data):
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.choices([*rng.randbytes(6), 0x7D, 0x7E], k=rng.choice([1, 2, 9]))


def cut(rng, data):
    del data[rng.randrange(len(data)) :]


def replace(rng, data):
    data[:] = rng.randbytes(rng.randrange(1, 30))


def swap(rng, data):
    one, other = rng.randrange(len(data)), rng.randrange(len(data))
    data[one], data[other] = data[other], data[one]


MUTATIONS = [flip, drop, repeat, insert, cut, replace, swap]


def spoiled(rng, data):
    """The message, two of three times after some mutations."""
    data = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        if data:
            rng.choice(MUTATIONS)(rng, data)
    return data


def noisy(rng, levels):
    """The line, now and then with a spike, a break, or a rate that is off by more than it may."""
    if rng.random() < 0.1 and levels:
        first = rng.randrange(len(levels))
        levels[first : first + rng.choice([1, 3, 60])] = [rng.randrange(2)] * rng.choice([1, 3, 60])
    return levels


def plain(rng, requests):
    """A request: mostly an image, else any other that the board knows, or none that it does."""
    if rng.random() < 0.8:
        return rng.choice(requests)
    kind = rng.choice([*Kind, 7, rng.randrange(-0x40, 0xC0)])
    return request(kind, rng.randrange(PROBE), rng.randbytes(rng.choice([0, 0, 0, 1, 3, 4, 40])))


class Model:
    """What the board must answer to the bytes on its line, from the specification alone."""

    def __init__(self, dut, answers):
        self.hello = dut.link.hello
        self.answers = answers
        self.counts = [0, 0, 0]
        self.piece = bytearray()

    def feed(self, byte):
        """The reply that this byte makes due, or None; without the body of the statistics' and the complaint's tag."""
        if byte != FLAG:
            self.piece.append(byte)
            return None
        piece, self.piece = bytes(self.piece), bytearray()
        # Escapes alone are nothing.
        return self.reply(piece) if piece.strip(bytes([ESCAPE])) else None

    def reply(self, piece):
        content, escaped, broken = bytearray(), False, False
        for byte in piece:
            if byte == ESCAPE:
                broken |= escaped
                escaped = True
            else:
                content.append(byte ^ escaped * FLIP)
                escaped = False
        match = zlib.crc32(content[:-TAIL_BYTES]) == int.from_bytes(content[-TAIL_BYTES:], "little")
        whole = not broken and not escaped
        if not (match and whole):
            self.counts[1 if whole else 2] += 1
            return reply(Kind.DAMAGED, 0)
        self.counts[0] += 1
        return self.answer(*content[:HEAD_BYTES], bytes(content[HEAD_BYTES:-TAIL_BYTES]))

    def answer(self, type_, tag, body):
        kind = type_ - REQUEST
        if kind == Kind.CLASS and len(body) == self.hello.frame_bytes:
            return reply(Kind.CLASS, tag, bytes([self.answers[body]]))
        bodies = {Kind.HELLO: self.hello.pack(), Kind.ECHO: b"", Kind.STATISTICS: tuple(self.counts)}
        if kind in bodies and not body:
            return reply(kind, tag, bodies[kind])
        return reply(Kind.REFUSED, tag)


def comparable(message):
    """A message without what nobody can foresee."""
    if message.type == REPLY + Kind.DAMAGED:
        return message._replace(tag=0)
    if message.type == REPLY + Kind.STATISTICS:
        found = Statistics.parse(message.body)
        return message._replace(body=(found.frames, found.crc_errors, found.resynchronizations))
    return message


def counted(message):
    """The counts of a reply go round."""
    if message.type == REPLY + Kind.STATISTICS:
        frames, *others = message.body
        return message._replace(body=(frames % 2**16, *(count % 2**8 for count in others)))
    return message


def messages_of(data):
    decoder = Decoder()
    messages = list(decoder.feed(data))
    assert decoder.damaged == 0
    return messages


def reply_bytes(message):
    """Bytes of a reply at most."""
    body = bytes(Statistics.BYTES) if message.type == REPLY + Kind.STATISTICS else message.body
    return 2 * len(encode_message(message._replace(body=body)))


def all_frames(dut):
    """Every frame that there is, and the golden model's class of each."""
    images = 255 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1)
    return encoded(dut, images), golden.predict(dut.accelerator.network, images).tolist()


def every_image(dut):
    """Frames of random images, and the golden model's class of each."""
    images = random_images(dut.accelerator.network, PROBE + 1)
    frames = encoded(dut, images)
    return frames, golden.predict(dut.accelerator.network, images).tolist()


def test_each_of_ten_thousand_messages_gets_the_reply_of_the_specification(tmp_path):
    rng = random.Random(0)
    # Frames of a byte: mutations hit on other images, whose classes the model must know too.
    dut = serial_accelerator((8, 6, 10), FOLDINGS)
    frames, classes = all_frames(dut)
    model = Model(dut, dict(zip(frames, classes, strict=True)))
    requests = [request(Kind.CLASS, tag, frame) for tag, frame in enumerate(frames)]
    levels, due = [1] * 10, []
    for _ in range(COUNT):
        for byte in spoiled(rng, plain(rng, requests)):
            levels += send_bytes([byte], divisor=DIVISOR)
            message = model.feed(byte)
            if message:
                due.append(counted(message))
                # Until the reply has left: requests that come faster may be passed over.
                levels += [1] * (BYTE * reply_bytes(message) + SETTLE)
    answered, _ = play(dut, levels, tmp_path, divisor=DIVISOR)
    found = [comparable(message) for message in messages_of(answered)]
    assert found == due
    assert {message.type for message in found} == {REPLY + kind for kind in Kind if kind is not Kind.SCORES}
    assert sum(message.type == REPLY + Kind.CLASS for message in found) > COUNT // 6


def test_noise_on_the_line_hangs_nothing_and_makes_no_answer_wrong(tmp_path):
    rng = random.Random(1)
    dut = serial_accelerator(input_bytes=3)
    frames, classes = every_image(dut)
    requests = [request(Kind.CLASS, tag, frame) for tag, frame in enumerate(frames)]
    due = [reply(Kind.CLASS, tag, bytes([number])) for tag, number in enumerate(classes)]
    probe, levels = send_bytes(requests[PROBE], divisor=DIVISOR), [1] * 10
    for _ in range(COUNT // ROUND):
        for _ in range(ROUND - 1):
            rate = DIVISOR * rng.choice([1, 1, 0.98, 1.02, 0.95, 1.05])
            levels += noisy(rng, send_bytes(spoiled(rng, rng.choice(requests[:PROBE])), divisor=rate))
            levels += [1] * rng.choice([0, 0, 1, 15, 500])
        levels += PAUSE + probe + PAUSE
    answered, _ = play(dut, levels, tmp_path, divisor=DIVISOR)
    found = [message for message in messages_of(answered) if message.type == REPLY + Kind.CLASS]
    assert all(message == due[message.tag] for message in found)
    assert sum(message.tag == PROBE for message in found) == COUNT // ROUND
    # A third of the messages are not spoiled, and not many of these lie beside one that is.
    assert len(found) > COUNT // 8
