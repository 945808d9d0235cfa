"""Tests stay on this machine, and so does what they start."""

import http.server
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

ELSEWHERE = "192.0.2.1"
"""An address that is nobody's (RFC 5737)."""


@pytest.mark.parametrize(
    ("call", "host"),
    [
        (lambda: urllib.request.urlopen("https://example.invalid/file"), "example.invalid"),
        (lambda: urllib.request.urlopen(f"http://{ELSEWHERE}/file"), ELSEWHERE),
        (lambda: socket.create_connection((ELSEWHERE, 80)), ELSEWHERE),
        (lambda: socket.socket().connect((ELSEWHERE, 80)), ELSEWHERE),
        (lambda: socket.socket().connect_ex((ELSEWHERE, 80)), ELSEWHERE),
        (lambda: socket.getaddrinfo("example.invalid", 80), "example.invalid"),
    ],
)
def test_a_connection_elsewhere_fails_the_test_whatever_it_catches(call, host):
    # No error that code under test would take for a missing network: Exception does not catch it.
    assert not issubclass(pytest.fail.Exception, Exception)
    with pytest.raises(pytest.fail.Exception, match=rf"^a test must stay on this machine, not connect to {host}$"):
        call()


def test_this_machine_is_reached():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with urllib.request.urlopen(f"http://localhost:{server.server_port}/") as response:
            assert response.status == 200


def test_what_tests_start_is_refused_at_once():
    program = "import urllib.request; urllib.request.urlopen('https://example.invalid/', timeout=60)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
