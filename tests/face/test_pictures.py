"""Pictures as programs save them: every kind of pixel, the way up that the camera says, and nothing that is too large."""

import re
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from xnorflow.framing import Frame, frame
from xnorflow.model.sources import DataError
from xnorflow.pictures import LARGEST, Reading, read_picture

GREY = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)
COLOUR = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)


def grey_of(colours):
    """Brightness as Pillow defines it: ITU-R 601-2, in 16 bits of fraction."""
    red, green, blue = (colours[..., n].astype(int) for n in range(3))
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000 >> 16).astype(np.uint8)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def transparent(pixels, alpha):
    """Grey with transparency."""
    return Image.merge("LA", (Image.fromarray(pixels), Image.fromarray(alpha)))


def palette(colours, used):
    image = Image.fromarray(used, "P")
    image.putpalette([channel for colour in colours for channel in colour])
    return image


USED = (GREY // 10 % 3).astype(np.uint8)
COLOURS = [(255, 0, 0), (0, 255, 0), (9, 8, 7)]
PAINTED = np.array(COLOURS, np.uint8)[USED]
HALF = np.where(GREY < 100, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "image", "options", "expected"),
    [
        ("grey.png", Image.fromarray(GREY), {}, GREY),
        ("grey.bmp", Image.fromarray(GREY), {}, GREY),
        ("grey.gif", Image.fromarray(GREY), {}, GREY),
        ("grey.webp", Image.fromarray(COLOUR), {"lossless": True}, grey_of(COLOUR)),
        ("grey.pgm", Image.fromarray(GREY), {}, GREY),
        ("colour.png", Image.fromarray(COLOUR), {}, grey_of(COLOUR)),
        ("bits.png", Image.fromarray(GREY > 100), {}, 255 * (GREY > 100).astype(np.uint8)),
        ("palette.png", palette(COLOURS, USED), {}, grey_of(PAINTED)),
        ("see-through-palette.png", palette(COLOURS, USED), {"transparency": 1}, np.where(USED == 1, 0, grey_of(PAINTED))),
        ("deep.png", Image.fromarray(GREY.astype(np.uint16) * 257), {}, GREY),
        ("deep.tiff", Image.fromarray(GREY.astype(np.uint16) * 257), {}, GREY),
        ("deeper.tiff", Image.fromarray(GREY.astype(np.int32) * 257), {}, GREY),
        ("ink.tiff", Image.fromarray(COLOUR).convert("CMYK"), {}, grey_of(COLOUR)),
        ("alpha.png", transparent(GREY, HALF), {}, np.where(HALF == 255, GREY, 0)),
        ("colour-key.png", Image.fromarray(GREY), {"transparency": 50}, np.where(GREY == 50, 0, GREY)),
    ],
)  # fmt: skip
def test_every_kind_of_pixel_becomes_grey(name, image, options, expected, tmp_path):
    path = saved(tmp_path / name, image, **options)
    assert read_picture(path, Reading((4, 6))).tolist() == expected.tolist()
    assert read_picture(path, Reading((4, 6, 1))).tolist() == expected[..., np.newaxis].tolist()
    assert read_picture(path, Reading((24,))).tolist() == expected.reshape(-1).tolist()


def test_colours_stay_colours(tmp_path):
    path = saved(tmp_path / "colour.png", Image.fromarray(COLOUR))
    assert (read_picture(path, Reading((4, 6, 3))) == COLOUR).all()
    seen = Image.fromarray(np.dstack([COLOUR, HALF]))
    found = read_picture(saved(tmp_path / "alpha.png", seen), Reading((4, 6, 3)))
    assert (found == np.where(HALF[..., np.newaxis] == 255, COLOUR, 0)).all()


def test_what_is_transparent_is_background_behind_an_inversion_too(tmp_path):
    path = saved(tmp_path / "alpha.png", transparent(GREY, HALF))
    assert (read_picture(path, Reading((4, 6), invert=True)) == np.where(HALF == 255, 255 - GREY, 0)).all()


def test_the_camera_says_which_way_is_up(tmp_path):
    image = Image.fromarray(GREY)
    exif = image.getexif()
    exif[0x0112] = 6
    path = saved(tmp_path / "turned.png", image, exif=exif)
    assert read_picture(path, Reading((6, 4))).tolist() == np.rot90(GREY, -1).tolist()


def test_pictures_are_brought_to_the_range_of_the_network(tmp_path):
    path = saved(tmp_path / "grey.png", Image.fromarray(np.uint8([[0, 255], [128, 8]])))
    assert read_picture(path, Reading((2, 2), white=16)).tolist() == [[0, 16], [8, 1]]


def claimed(width, height):
    """A PNG of some bytes that claims to be this large."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (claimed(8193, 8192), f"must have {LARGEST:,} pixels or fewer; save it smaller"),
        (claimed(10000, 10000), f"must have {LARGEST:,} pixels or fewer; save it smaller"),
        (claimed(2**31 - 1, 2**31 - 1), f"must have {LARGEST:,} pixels or fewer; save it smaller"),
        (claimed(60, 40), "not a picture that Pillow can read; save it as PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 6\n", "not a picture that Pillow can read; save it as PNG"),
        (b"", "not a picture that Pillow can read; save it as PNG"),
    ],
)
def test_bombs_and_other_files_are_told_before_memory_is_taken(content, message, tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(DataError, match=f"^{re.escape(f'{path}: {message}')}$"):
        read_picture(path, Reading((4, 6)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 22


@pytest.mark.parametrize(
    ("image", "shape", "message"),
    [
        (Image.fromarray(GREY), (6, 4), "has 4x6 pixels, but 6x4 are wanted; --fit resizes it"),
        (Image.fromarray(GREY), (23,), "has 4x6 pixels, but 23 are wanted"),
        (Image.fromarray(GREY), (4, 6, 2), "no picture has 2 channels, which the network takes; give a .npy file"),
        (Image.fromarray(GREY.astype(np.float32)), (4, 6), "has pixels of 32 bits; save it with 8 or 16"),
        (Image.fromarray(GREY.astype(np.int32) * 70000), (4, 6), "has pixels of 32 bits; save it with 8 or 16"),
    ],
)
def test_what_does_not_fit_is_told(image, shape, message, tmp_path):
    path = saved(tmp_path / "x.tiff", image)
    with pytest.raises(DataError, match=f"^{re.escape(f'{path}: {message}')}$"):
        read_picture(path, Reading(shape))


def test_large_files_are_not_read(tmp_path):
    path = tmp_path / "x.png"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match=rf"^{path}: must have 67,108,864 bytes or less; save it smaller$"):
        read_picture(path, Reading((4, 6)))


def test_a_picture_of_the_size_is_left_alone():
    for rule in Frame:
        assert frame(GREY, (4, 6), rule) is GREY


def test_the_whole_picture_is_centred_on_its_background():
    wide = np.full((10, 40), 30, np.uint8)
    wide[4:8, 10:30] = 200
    found = frame(wide, (20, 20), Frame.WHOLE)
    rows, columns = (np.flatnonzero((found > 100).any(axis=axis)) for axis in (1, 0))
    assert ((rows[0], rows[-1]), (columns[0], columns[-1])) == ((9, 10), (5, 14))
    assert (found[[*range(7), *range(13, 20)]] == 30).all()
    coloured = frame(np.dstack([wide, wide, 255 - wide]), (20, 20), Frame.WHOLE)
    assert (coloured[..., 0] == found).all()
    assert coloured[0, 0].tolist() == [30, 30, 225]


@pytest.mark.parametrize("place", [(5, 7), (60, 110), (30, 0)])
def test_what_is_drawn_is_centred_as_in_mnist(place):
    drawn = np.zeros((100, 160), np.uint8)
    drawn[place[0] : place[0] + 40, place[1] : place[1] + 20] = 255
    found = frame(drawn, (28, 28), Frame.INK)
    rows, columns = (np.flatnonzero((found > 128).any(axis=axis)) for axis in (1, 0))
    assert ((rows[0], rows[-1]), (columns[0], columns[-1])) == ((4, 23), (9, 18))


def test_pictures_with_nothing_on_them_are_resized_too():
    blank = np.full((1, 300), 77, np.uint8)
    assert (frame(blank, (28, 28), Frame.INK) == 77).all()
    assert frame(np.full((300, 1, 3), 77, np.uint8), (5, 9), Frame.WHOLE).shape == (5, 9, 3)
