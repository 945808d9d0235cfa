"""Whole data sets are downloaded where that can be, and what cannot be downloaded is told and left."""

import http.server
import socket
import threading
import time
from functools import partial

import pytest

import tests.fetch
from tests.fetch import fetch
from tests.model.downloads import redirect
from tests.needs import is_complete
from tests.samples.layout import lay_out


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Address of a mirror of the samples; nothing is here yet."""
    lay_out(tmp_path / "data", monkeypatch)
    monkeypatch.delenv("XNORFLOW_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "data")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_is_within_reach_is_downloaded_once(server, monkeypatch, capsys):
    redirect(monkeypatch, "mnist", mirrors=("http://127.0.0.1:9/", f"{server}/mnist/"))
    assert not is_complete("mnist")
    fetch(["mnist"])
    assert is_complete("mnist")
    fetch(["mnist"])
    assert capsys.readouterr().err == "tests: downloading mnist, once\n"


def test_what_is_not_within_reach_is_told_and_left(server, monkeypatch, capsys):
    redirect(monkeypatch, "mnist", mirrors=("http://127.0.0.1:9/", f"{server}/nothing/"))
    fetch(["mnist"])
    message = "tests: mnist is not here, and cannot be downloaded; tests that need all of it are left out\n"
    assert capsys.readouterr().err == message
    assert not is_complete("mnist")


def test_a_download_that_fails_is_told_and_left(server, monkeypatch, capsys):
    redirect(monkeypatch, "mnist", mirrors=(f"{server}/mnist/",), md5={"train-images-idx3-ubyte.gz": "0"})
    fetch(["mnist"])
    first, second = capsys.readouterr().err.splitlines()
    assert first == "tests: downloading mnist, once"
    assert second.startswith("tests: mnist: cannot download ")
    assert second.endswith("; tests that need all of it are left out")


@pytest.mark.usefixtures("server")
def test_a_mirror_that_does_not_answer_is_not_waited_for(monkeypatch, capsys):
    monkeypatch.setattr(tests.fetch, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        redirect(monkeypatch, "mnist", mirrors=(address, address, address))
        began = time.monotonic()
        fetch(["mnist"])
        assert time.monotonic() - began < 5
    assert "cannot be downloaded" in capsys.readouterr().err


def test_a_folder_of_ones_own_is_complete_or_not(tmp_path, monkeypatch, capsys):
    lay_out(tmp_path / "data", monkeypatch)
    assert [is_complete(name) for name in ("mnist", "cifar-10", "svhn")] == [True, True, False]
    (tmp_path / "data" / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    assert not is_complete("mnist")
    fetch(["mnist"])
    message = "tests: XNORFLOW_DATA has not all of mnist; tests that need all of it are left out\n"
    assert capsys.readouterr().err == message
