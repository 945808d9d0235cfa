"""The command line: each command reads its arguments, calls one function, and prints what came of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from . import __version__
from .arguments import Choice, ImageCount, ModelName, Named, OneOf
from .boards.board import Board
from .boards.catalogue import BOARDS, find_board
from .boards.link.rate import RATES
from .build import build as build_design
from .build import finish, record_verification, write_verilog
from .console import complain, note, progress, say, say_json, show, table
from .design import Design, fold, open_design, read_foldings
from .destination import OutputFile, OutputFolder
from .flash_command import flash
from .levels import LEVELS, SERIAL_IMAGES, SERIAL_LEVELS, verify_level
from .model.data.datasets import DATASETS
from .model.zoo import ZOO
from .models import RANDOM, is_untrained, load_images_or_random, load_test_images, open_model
from .own import Own
from .own_options import own_images
from .predict_command import predict
from .prediction import accuracy_text, open_predicted
from .report import build_table, estimate_json, estimate_tables, savings_json, verification_text
from .reweight_command import reweight
from .running import run
from .train_command import train
from .workplace import working_in
from .zoo_command import zoo

__all__ = ["cli", "main"]

SIMULATORS = ("verilator", "icarus")


MODEL = click.argument("model", type=ModelName(ZOO))
BOARD = click.option(
    "--board", type=Named("board", find_board, BOARDS), help="Board to build for; `xnorflow boards` lists them."
)
FPS = click.option("--fps", type=float, help="Frames per second to reach; the smallest design that does is taken.")
FOLDING = click.option("--folding", type=click.Path(path_type=Path), help="JSON file with pe and simd of each layer.")
FOLDER = click.option("-o", "folder", type=OutputFolder(), required=True, help="Folder for everything made.")
DATASET = click.option(
    "--dataset",
    type=OneOf("dataset", (*DATASETS, RANDOM)),
    help="Test images to use; without it those the network was trained on.",
)
IMAGES = click.option("--images", type=ImageCount(), default="all", help="How many images to use.", show_default=True)
SIMULATOR = click.option(
    "--simulator", type=Choice(SIMULATORS), default="verilator", show_default=True, help="Simulator to run."
)
SEED = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random stalls."
)
SCORES = click.option("--scores", is_flag=True, help="Answer with all scores behind the class.")
BAUD = click.option("--baud", type=Choice(RATES), help="Highest rate of the link; else what the board does.")
REWEIGHTABLE = click.option("--reweightable", is_flag=True, help="Let `xnorflow reweight` replace the weights.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="xnorflow")
@click.option("--debug", is_flag=True, help="Show the traceback of an error; may stand anywhere.")
def cli(debug: bool) -> None:
    """Binarized neural networks from PyTorch to iCE40 and ECP5 FPGAs, verified bit for bit at each step."""


@cli.command()
@JSON
def boards(as_json: bool) -> None:
    """List the boards."""
    rows = [
        {
            "name": board.name,
            "title": board.title,
            "device": board.device.name,
            "lut4": board.device.lut4,
            "bram_kbit": board.device.bram_kbit,
            "clock_mhz": board.clock_mhz,
            "link": board.link,
            "programmer": board.programmer,
        }
        for board in BOARDS.values()
    ]
    if as_json:
        say_json(rows)
    else:
        columns = ("name", "", "device", "LUT4", "block RAM kbit", "clock MHz", "link", "programmer")
        show(table("boards", columns, (row.values() for row in rows)))


@cli.command(name="import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--input-scale", metavar="NUMBER", help="What the graph takes for a pixel of 1, as 1/255; else from the file."
)
@click.option("-o", "path", metavar="MODEL", type=OutputFile(), required=True, help="File to write.")
def import_(file: Path, input_scale: str | None, path: Path) -> None:
    """Import a network that another tool trained, from a QONNX file."""
    from .importing import import_to_file

    result = import_to_file(file, path, input_scale=input_scale)
    show(table(f"{file.stem}: {path}", ("", ""), result.items()))


@cli.command(name="eval")
@click.argument("model", metavar="MODEL|DIR", type=ModelName(ZOO))
@DATASET
@own_images
@IMAGES
@JSON
def evaluate(model: str, dataset: str | None, own: Own | None, images: int | None, as_json: bool) -> None:
    """Measure the accuracy of the golden model, of a network or of a build."""
    from .model import golden

    network, _ = open_predicted(model)
    name, pixels, labels = load_test_images(network, dataset=dataset, own=own, count=images)
    if labels is None:
        raise ValueError(f"dataset must have labels, which {name} has not; name another with --dataset, or --data")
    correct = int((golden.predict(network, pixels) == labels).sum())
    if as_json:
        say_json({"network": network.name, "dataset": name, "images": len(labels), "correct": correct}, indent=None)
        return
    _warn_untrained(network)
    say(f"{network.name} on {name}: {accuracy_text(correct, len(labels))}")


@cli.command()
@MODEL
@BOARD
@FPS
@FOLDING
@JSON
def estimate(model: str, board: Board | None, fps: float | None, folding: Path | None, as_json: bool) -> None:
    """Estimate folding, cycles, memory and cells; no tool is run."""
    if board is None:
        raise click.UsageError(f"--board must be one of {', '.join(BOARDS)}")
    network = open_model(model)
    foldings = fold(network, board=board, fps=fps, foldings=read_foldings(folding, network) if folding else None)
    data = estimate_json(Design(network, foldings, board).accelerator(), board)
    if as_json:
        say_json(data)
        return
    for part in estimate_tables(data):
        show(part)


@cli.command()
@MODEL
@BOARD
@FPS
@FOLDING
@SCORES
@click.option("--inline", is_flag=True, help="Put the contents of memories into core.v, not into files beside it.")
@FOLDER
def verilog(
    model: str, board: Board | None, fps: float | None, folding: Path | None, scores: bool, inline: bool, folder: Path
) -> None:
    """Write the Verilog of a network: core.v, and a file for each of its memories."""
    design = _design(model, board, fps, folding, scores)
    with working_in(folder, make=True), progress() as report:
        result = write_verilog(design, folder, inline=inline, on_progress=report)
    _warn_untrained(design.network)
    say(
        f"{folder / result['files']['verilog']}: {design.network.name}, a frame every "
        f"{result['cycles']['interval_expected']} cycles"
    )


@cli.command()
@MODEL
@BOARD
@FPS
@FOLDING
@SCORES
@BAUD
@DATASET
@own_images
@IMAGES
@SIMULATOR
@SEED
@REWEIGHTABLE
@FOLDER
def build(
    model: str,
    board: Board | None,
    fps: float | None,
    folding: Path | None,
    scores: bool,
    baud: int | None,
    dataset: str | None,
    own: Own | None,
    images: int | None,
    simulator: str,
    seed: int,
    reweightable: bool,
    folder: Path,
) -> None:
    """Verilog, verification, bitstream and report for a board."""
    if board is None:
        raise click.UsageError(f"--board must be one of {', '.join(BOARDS)}")
    if baud is not None:
        board = replace(board, baud=baud)
    design = _design(model, board, fps, folding, scores, reweightable)
    name, pixels, labels = load_images_or_random(design.network, dataset=dataset, own=own, count=images, say=complain)
    with working_in(folder, make=True), progress() as report:
        result = build_design(
            design,
            folder,
            images=pixels,
            labels=labels,
            dataset=name,
            simulator=simulator,
            seed=seed,
            on_progress=report,
        )
    _warn_untrained(design.network)
    show(build_table(result, savings_json(design.network)))
    say(f"{folder / 'build.json'} has all of it; {folder / result['files']['bitstream']} is the bitstream")


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--level", type=Choice(list(LEVELS)), default="rtl", show_default=True, help="What to simulate.")
@DATASET
@own_images
@click.option(
    "--images",
    type=ImageCount(),
    help=f"How many images to use.  [default: all; {SERIAL_IMAGES} at the levels {', '.join(SERIAL_LEVELS)}]",
)
@SIMULATOR
@SEED
@click.option("--waves", is_flag=True, help="Write a waveform.")
@click.pass_context
def verify(
    ctx: click.Context,
    folder: Path,
    level: str,
    dataset: str | None,
    own: Own | None,
    images: int | None,
    simulator: str,
    seed: int,
    waves: bool,
) -> None:
    """Verify a build folder again: images through its hardware, at any level, against the golden model."""
    with working_in(folder):
        design, result = open_design(folder)
        if level in SERIAL_LEVELS and ctx.get_parameter_source("images") is click.core.ParameterSource.DEFAULT:
            images = SERIAL_IMAGES
        name, pixels, labels = load_images_or_random(
            design.network, dataset=dataset, own=own, count=images, say=complain
        )
        with progress() as report:
            found = verify_level(
                folder,
                design,
                result,
                pixels,
                level=level,
                simulator=simulator,
                seed=seed,
                waves=waves,
                on_progress=report,
            )
        record_verification(result, found, dataset=name)
        finish(folder, result)
    _warn_untrained(design.network)
    say(verification_text(found, name))
    if labels is not None:
        say(f"accuracy on {name}: {accuracy_text(int((found.classes == labels).sum()), len(labels))}")


cli.add_command(flash)
cli.add_command(predict)
cli.add_command(reweight)
cli.add_command(train)
cli.add_command(zoo)


def main() -> None:
    """Run the command line."""
    run(cli)


def _design(
    model: str, board: Board | None, fps: float | None, folding: Path | None, scores: bool, reweightable: bool = False
) -> Design:
    network = open_model(model)
    wished = read_foldings(folding, network) if folding else None
    foldings = fold(network, board=board, fps=fps, foldings=wished, scores=scores, reweightable=reweightable)
    return Design(network, foldings, board, scores, reweightable)


def _warn_untrained(network: Any) -> None:
    if is_untrained(network):
        note(f"{network.name}: {network.provenance['weights']}; only the hardware's figures mean anything")


if __name__ == "__main__":
    main()
