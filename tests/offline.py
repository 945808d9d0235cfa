"""Keep the tests on this machine: no connection but to itself, and no waiting for hosts that do not answer."""

import ipaddress
import os
import socket
import urllib.request

import pytest

__all__ = ["stay_on_this_machine"]

NOWHERE = "http://127.0.0.1:9"
"""A proxy that refuses at once."""


def stay_on_this_machine() -> None:
    """Fail a test that asks for another host's address or connects to it; what it starts gets refused.

    The failure is none that code under test would take for a missing network.
    """
    for name in ("http_proxy", "https_proxy", "ftp_proxy", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "all_proxy"):
        os.environ[name] = NOWHERE
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = "127.0.0.1,localhost"
    # Those proxies are for other processes; this one must not take their refusal for an answer.
    urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
    _guard(socket.socket, "connect", lambda _, address: address)
    _guard(socket.socket, "connect_ex", lambda _, address: address)
    _guard(socket, "getaddrinfo", lambda host, *_, **__: (host,))


def _guard(owner, name, address_of) -> None:
    """Let a function fail the test when the address among its arguments is not this machine's."""
    original = getattr(owner, name)

    def guarded(*arguments, **named):
        address = address_of(*arguments, **named)
        # The address of a Unix socket is a path.
        if isinstance(address, tuple) and not _is_here(address[0]):
            pytest.fail(f"a test must stay on this machine, not connect to {address[0]}")
        return original(*arguments, **named)

    setattr(owner, name, guarded)


def _is_here(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        return name in (None, "", "localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
