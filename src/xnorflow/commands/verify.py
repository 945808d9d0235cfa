"""The command ``xnorflow verify``."""

from pathlib import Path

import click

from ..build import record_verification
from ..build_file import write_build
from ..console import complain, progress, say
from ..design import open_design
from ..models import load_images_or_random
from ..own import Own
from ..prediction import accuracy_text
from ..report import verification_text
from ..verification import LEVELS, SERIAL_IMAGES, SERIAL_LEVELS, verify_level
from ..workplace import working_in
from .arguments import Choice, ImageCount
from .options import DATASET, SEED, SIMULATOR, warn_untrained
from .own_options import own_images

__all__ = ["verify"]


@click.command()
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
        write_build(folder, result)
    warn_untrained(design.network)
    say(verification_text(found, name))
    if labels is not None:
        say(f"accuracy on {name}: {accuracy_text(int((found.classes == labels).sum()), len(labels))}")
