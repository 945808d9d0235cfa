"""A simulated board behind a pseudo-terminal: the RTL of the board top, bit by bit."""

import contextlib
import os
import select
import threading
import tty

from amaranth.sim import Simulator

from tests.boards.serial import send_bytes

__all__ = ["pseudo_terminal", "simulated_board"]


@contextlib.contextmanager
def pseudo_terminal(serve):
    """Name of a port at whose other end ``serve(handle, stop)`` runs in a thread until the block is left."""
    board, host = os.openpty()
    tty.setraw(host)
    stop, failures = threading.Event(), []

    def run():
        try:
            serve(board, stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield os.ttyname(host)
    finally:
        stop.set()
        thread.join()
        os.close(host)
        os.close(board)
    assert not failures


@contextlib.contextmanager
def simulated_board(dut, *, change=lambda data: data, patience=1500):
    """Name of a port with a simulated board; ``change`` may spoil what the host sends.

    The clock runs while there is something on the wires, and for ``patience`` cycles after.
    """
    divisor = dut.divisor

    def serve(handle, stop):
        async def bench(ctx):
            line = Receiver(divisor)
            while not stop.is_set():
                if not select.select([handle], [], [], 0.01)[0]:
                    continue
                quiet = 0
                while quiet < patience and not stop.is_set():
                    data = os.read(handle, 4096) if select.select([handle], [], [], 0)[0] else b""
                    levels = send_bytes(change(data), divisor=divisor) if data else [1] * 10 * divisor
                    quiet = 0 if data else quiet + len(levels)
                    for level in levels:
                        ctx.set(dut.rx, level)
                        _, _, tx = await ctx.tick().sample(dut.tx)
                        byte = line.sample(tx)
                        if byte is not None:
                            quiet = 0
                            os.write(handle, bytes([byte]))

        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()

    with pseudo_terminal(serve) as port:
        yield port


class Receiver:
    """Bytes from the levels of a line, one level at a time."""

    def __init__(self, divisor):
        self.divisor = divisor
        self.at = None
        self.bits = []

    def sample(self, level):
        """The byte whose stop bit this is, or None."""
        if self.at is None:
            if level:
                return None
            self.at, self.bits = 0, []
        if self.at % self.divisor == self.divisor // 2:
            self.bits.append(level)
        self.at += 1
        if len(self.bits) < 10:
            return None
        self.at = None
        assert self.bits[0] == 0
        assert self.bits[9] == 1
        return sum(bit << n for n, bit in enumerate(self.bits[1:9]))
