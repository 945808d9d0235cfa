"""The curve of a training run."""

import io

import matplotlib.image
import pytest

from xnorflow.model.training.curves import plot_history
from xnorflow.model.training.run import Epoch


def history(count, *, validation=True):
    held = (0.5, 0.8) if validation else (None, None)
    return [Epoch(number, count, 1 / number, 1 - 1 / number, *held, float(number)) for number in range(1, count + 1)]


def test_the_picture_shows_the_history(tmp_path):
    pictures = []
    for name, epochs in (("long", history(30)), ("again", history(30)), ("blind", history(30, validation=False))):
        path = tmp_path / "curves" / f"{name}.png"
        plot_history(epochs, path, title="digits")
        pictures.append(matplotlib.image.imread(io.BytesIO(path.read_bytes())))
    assert pictures[0].shape == (420, 1080, 4)
    assert (pictures[0] == pictures[1]).all()
    assert (pictures[0] != pictures[2]).any()


def test_the_path_may_be_a_string(tmp_path):
    plot_history(history(2), str(tmp_path / "curve.png"))
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_one_epoch_is_visible(tmp_path):
    pictures = []
    for name, epochs in (("low", history(1)), ("high", [Epoch(1, 1, 9, 0.9, None, None, 1.0)])):
        plot_history(epochs, tmp_path / f"{name}.png")
        pictures.append(matplotlib.image.imread(tmp_path / f"{name}.png"))
    assert (pictures[0] != pictures[1]).any()


@pytest.mark.parametrize(
    ("epochs", "name", "message"),
    [
        ([], "a.png", "history must have one epoch or more, not none"),
        (history(1), "a.svg", "curve must be a .png file, not a.svg"),
    ],
)
def test_what_cannot_be_drawn_is_refused(epochs, name, message, tmp_path):
    with pytest.raises(ValueError, match=f"^{message.replace('a.svg', str(tmp_path / 'a.svg'))}$"):
        plot_history(epochs, tmp_path / name)
    assert not list(tmp_path.iterdir())
