"""Folders of any name: simulators, make and shells that take some characters for their own never see them."""

from pathlib import Path

import pytest

from tests.networks import random_images, random_network
from tests.sim.test_verify import flipped
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.hw.verilog import CORE, to_verilog, write_core, write_verilog
from xnorflow.sim.simulators import SimulationError, build, find_simulator
from xnorflow.sim.staging import is_plain
from xnorflow.sim.verify import VerificationError, verify, verify_verilog

NAMES = (
    "a folder", 'a"quote', "it's", "a#b", "a:b", "a;b", "$(touch made)", "`touch made`", "größe", "日本", "a,b%c", "a\\b",
    "[bold]", "-a", "a=b&c|d", "a*b?", "two\nlines",
)  # fmt: skip
ALL = "".join(NAMES)

NETWORK = random_network((8, 4, 3))
FOLDINGS = (Folding(1, 1), Folding(1, 4))
ACCELERATOR = Accelerator(NETWORK, FOLDINGS, scores=True)
IMAGES = random_images(NETWORK, 5)


@pytest.fixture(scope="module")
def text() -> str:
    return to_verilog(ACCELERATOR)


@pytest.mark.parametrize("name", NAMES)
def test_icarus_in_folders_of_any_name(name: str, text: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    core, *memories = write_verilog(text, folder / "core.v", top=CORE)
    report = verify_verilog([core], ACCELERATOR, IMAGES, simulator="icarus", workdir=folder / "verify", waves=True)
    assert report.mismatches == 0
    made = {path.name for path in (folder / "verify").iterdir()}
    assert made == {"bench", "bench.build.log", "bench.run.log", "waves.fst"}
    assert {path.name for path in memories} < {path.name for path in (folder / "verify" / "bench").iterdir()}
    # No one took a part of the name for a command.
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert not Path("made").exists()


@pytest.mark.tools("lz4")
def test_verilator_in_a_folder_with_all_of_them(tmp_path: Path) -> None:
    report = verify(ACCELERATOR, IMAGES, workdir=tmp_path / ALL, waves=True)
    assert report.mismatches == 0
    assert (tmp_path / ALL / "waves.fst").stat().st_size > 1000


def test_a_wrong_answer_is_located_there(tmp_path: Path) -> None:
    core, *_ = write_core(Accelerator(flipped(NETWORK, 0, neuron=3), FOLDINGS, scores=True), tmp_path / ALL)
    with pytest.raises(VerificationError) as raised:
        verify_verilog([core], ACCELERATOR, random_images(NETWORK, 40), simulator="icarus", workdir=tmp_path / ALL)
    waves = tmp_path / ALL / "mismatch.fst"
    assert ", dense0, beat 3 (neurons 3..3): got " in str(raised.value)
    assert str(raised.value).endswith(f"; waveform: {waves}")
    assert waves.stat().st_size > 1000


def test_verilog_that_does_not_compile_is_told_by_its_own_name(tmp_path: Path) -> None:
    source, folder = tmp_path / "#1.v", tmp_path / "#out"
    source.write_text("module wrong; this is no Verilog; endmodule\n")
    log = tmp_path / "#out.build.log"
    with pytest.raises(SimulationError) as raised:
        build(find_simulator("icarus"), [source], toplevel="wrong", folder=folder)
    reason = "Command failed with return code: 2"
    assert str(raised.value) == f"icarus cannot compile {source} ({reason}); see {log}"
    assert "syntax error" in log.read_text()


def test_a_folder_for_what_is_made_meanwhile_needs_a_plain_name(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my files").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "my files"))
    core, *_ = write_verilog(text, tmp_path / "a folder" / "core.v", top=CORE)
    with pytest.raises(ValueError, match=r"^TMPDIR must be ") as raised:
        build(find_simulator("icarus"), [core], toplevel=CORE, folder=tmp_path / "a folder" / "bench")
    assert str(raised.value) == (
        f"TMPDIR must be a folder whose name is of plain letters and digits, not {tmp_path}/my files: "
        f"simulators cannot compile in {tmp_path}/a folder/bench itself"
    )


def test_verilator_is_refused_where_its_own_folder_would_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path / "my tools"))
    with pytest.raises(SimulationError) as raised:
        find_simulator("verilator")
    assert str(raised.value) == (
        f"verilator cannot work with what is in {tmp_path}/my tools, whose name is not of plain letters and digits; "
        "install xnorflow in another folder, or use icarus"
    )
    assert find_simulator("icarus").name == "icarus"


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a folder")
    assert is_plain(tmp_path)
    assert not is_plain(tmp_path / "link")


def test_a_missing_file_of_a_memory_is_told(text: str, tmp_path: Path) -> None:
    core, memory, *_ = write_verilog(text, tmp_path / "core.v", top=CORE)
    memory.unlink()
    with pytest.raises(SimulationError) as raised:
        verify_verilog([core], ACCELERATOR, IMAGES, simulator="icarus", workdir=tmp_path)
    assert str(raised.value) == f"{memory}: missing, though Verilog beside it reads it; write both again"
