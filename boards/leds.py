"""What the LEDs of a board show: the class of the last answer, in binary, and a heartbeat."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import io
from amaranth.utils import ceil_log2

from .board import Board

__all__ = ["add_leds", "heartbeat_bits"]


def heartbeat_bits(board: Board) -> int:
    """Bits of the counter behind the heartbeat, whose period is one to two seconds."""
    return ceil_log2(round(board.clock_mhz * 1e6)) if board.leds else 0


def add_leds(m: Module, platform: Any, board: Board, answer: Signal) -> None:
    """Show as many low bits of the answer as there are LEDs but one, which blinks while the core's clock runs."""
    ports = _ports(platform, board.leds)[: len(answer) + 1]
    if not ports:
        return
    heartbeat = Signal(heartbeat_bits(board))
    m.d.sync += heartbeat.eq(heartbeat + 1)
    for number, (port, bit) in enumerate(zip(ports, [*answer[: len(ports) - 1], heartbeat[-1]], strict=True)):
        m.submodules[f"led{number}"] = led = io.Buffer("o", port)
        m.d.comb += led.o.eq(bit)


def _ports(platform: Any, name: str) -> list[io.PortLike]:
    """All LEDs of a name; those of three colours one by one."""
    numbers = sorted(number for kind, number in platform.resources if kind == name)
    if name != "rgb_led":
        return [platform.request(name, number, dir="-") for number in numbers]
    triples = [platform.request(name, number, dir=dict.fromkeys("rgb", "-")) for number in numbers]
    return [port for led in triples for port in (led.r, led.g, led.b)]
