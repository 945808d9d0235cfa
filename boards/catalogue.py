"""The boards that designs can be built for; pins are those of amaranth-boards unless given here."""

from ..hw.device import DEVICES
from .board import Board, Flash
from .families.family import PllInput

__all__ = ["BOARDS", "find_board"]

FTDI = 3_000_000
"""Baud that the usual USB bridges of FTDI make."""

ADAPTER = 1_000_000
"""Baud that adapters for pins make which are in most drawers; ``--baud`` goes higher, with one that does."""


def find_board(name: str) -> Board:
    """The board of that name.

    Raises
    ------
    ValueError
        When there is none.
    """
    if name not in BOARDS:
        raise ValueError(f"board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]


# Clocks are whole MHz, so that the UART's rate divides them, and leave room to the fastest that designs reach.
BOARDS = {
    board.name: board
    for board in (
        Board(
            name="icebreaker",
            title="iCEBreaker",
            device=DEVICES["UP5K"],
            package="sg48",
            platform="amaranth_boards.icebreaker:ICEBreakerPlatform",
            oscillator_mhz=12.0,
            clock_mhz=36.0,
            # The oscillator is at the pad of the only PLL.
            pll_input=PllInput.PAD,
            more_leds="break_off_pmod",
            program=("iceprog",),
            flash=Flash("spi_flash_1x", offset=1 << 20, program=("iceprog", "-o", "1M")),
            baud=FTDI,
        ),
        Board(
            name="icebreaker-bitsy",
            title="iCEBreaker Bitsy",
            device=DEVICES["UP5K"],
            package="sg48",
            platform="amaranth_boards.icebreaker_bitsy:ICEBreakerBitsyPlatform",
            oscillator_mhz=12.0,
            clock_mhz=36.0,
            pll_input=PllInput.PAD,
            program=("dfu-util", "-d", ",1d50:6146", "-a", "0", "-R", "-D"),
            baud=ADAPTER,
            wiring="pins P0 (receives), P1 (sends)",
            uart=("47", "44"),
        ),
        Board(
            name="upduino-v3",
            title="UPduino v3",
            device=DEVICES["UP5K"],
            package="sg48",
            platform="amaranth_boards.upduino_v3:UpduinoV3Platform",
            # Needs the jumper OSC: the oscillator inside the FPGA is within 10 %, too far off for a UART.
            oscillator="clk12",
            oscillator_mhz=12.0,
            clock_mhz=36.0,
            program=("iceprog",),
            baud=ADAPTER,
            wiring="pins 23 (receives), 25 (sends)",
            uart=("23", "25"),
            leds="rgb_led",
        ),
        Board(
            name="icesugar",
            title="iCESugar",
            device=DEVICES["UP5K"],
            package="sg48",
            platform="amaranth_boards.icesugar:ICESugarPlatform",
            oscillator_mhz=12.0,
            clock_mhz=36.0,
            pll_input=PllInput.PAD,
            program=("icesprog",),
            # Of its bridge, a microcontroller, no higher rate is documented.
            baud=115_200,
        ),
        Board(
            name="tinyfpga-bx",
            title="TinyFPGA BX",
            device=DEVICES["LP8K"],
            package="cm81",
            platform="amaranth_boards.tinyfpga_bx:TinyFPGABXPlatform",
            oscillator_mhz=16.0,
            clock_mhz=48.0,
            program=("tinyprog", "-p"),
            baud=ADAPTER,
            wiring="pins 1 (receives), 2 (sends)",
            uart=("A2", "A1"),
        ),
        Board(
            name="hx8k-breakout",
            title="iCE40HX8K-B-EVN",
            device=DEVICES["HX8K"],
            package="ct256",
            platform="amaranth_boards.ice40_hx8k_b_evn:ICE40HX8KBEVNPlatform",
            oscillator_mhz=12.0,
            clock_mhz=72.0,
            # Into the FPGA's own memory, as the jumpers are set on delivery; the flash keeps what it has.
            program=("iceprog", "-S"),
            baud=FTDI,
        ),
        *(
            Board(
                name=f"ulx3s-{size.lower()}",
                title=f"ULX3S-{size}",
                device=DEVICES[f"ECP5-{size}"],
                package="CABGA381",
                platform=f"amaranth_boards.ulx3s:ULX3S_{size}_Platform",
                oscillator_mhz=25.0,
                clock_mhz=75.0,
                program=("openFPGALoader", "-b", "ulx3s", "-m"),
                speed="6",
                baud=FTDI,
            )
            for size in ("12F", "25F", "45F", "85F")
        ),
        *(
            Board(
                name=f"orangecrab-{size.lower()}",
                title=f"OrangeCrab r0.2 {size}",
                device=DEVICES[f"ECP5-{size}"],
                package="CSFBGA285",
                platform=f"amaranth_boards.orangecrab_r0_2:OrangeCrabR0_2_{size}Platform",
                oscillator_mhz=48.0,
                clock_mhz=72.0,
                program=("dfu-util", "-a", "0", "-D"),
                speed="8",
                baud=ADAPTER,
                wiring="pins 0 (receives), 1 (sends)",
                uart=("N17", "M18"),
                leds="rgb_led",
            )
            for size in ("25F", "85F")
        ),
        *(
            Board(
                name=f"ecpix5-{size.lower()}",
                title=f"ECPIX-5 {size}",
                device=DEVICES[f"ECP5UM5G-{size}"],
                package="CABGA554",
                platform=f"amaranth_boards.ecpix5:ECPIX5{size[:2]}Platform",
                oscillator_mhz=100.0,
                clock_mhz=75.0,
                program=("openFPGALoader", "-c", "ft2232", "-m"),
                speed="8",
                baud=FTDI,
                leds="rgb_led",
            )
            for size in ("45F", "85F")
        ),
        Board(
            name="colorlight-5a-75b",
            title="Colorlight 5A-75B v7.0",
            device=DEVICES["ECP5-25F"],
            package="CABGA256",
            platform="amaranth_boards.colorlight_5a75b_r7_0:Colorlight_5A75B_R70Platform",
            oscillator_mhz=25.0,
            clock_mhz=75.0,
            program=("openFPGALoader", "-c", "ft232", "-m"),
            speed="6",
            baud=ADAPTER,
            wiring="J19, KEY+ (receives), DATA_LED- (sends)",
            # The UART sends where its LED is.
            leds="",
        ),
        Board(
            name="versa-ecp5",
            title="ECP5 Versa",
            device=DEVICES["ECP5UM-45F"],
            package="CABGA381",
            platform="amaranth_boards.versa_ecp5:VersaECP5Platform",
            oscillator_mhz=100.0,
            clock_mhz=75.0,
            program=("openFPGALoader", "-c", "ft2232", "-m"),
            speed="8",
            baud=FTDI,
        ),
        Board(
            name="versa-ecp5-5g",
            title="ECP5-5G Versa",
            device=DEVICES["ECP5UM5G-45F"],
            package="CABGA381",
            platform="amaranth_boards.versa_ecp5_5g:VersaECP55GPlatform",
            oscillator_mhz=100.0,
            clock_mhz=75.0,
            program=("openFPGALoader", "-c", "ft2232", "-m"),
            speed="8",
            baud=FTDI,
        ),
    )
}
