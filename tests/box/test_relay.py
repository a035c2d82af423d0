"""The one way out: what comes in goes to one address, in bounded number, until the end."""

import socket
import threading
import time
from contextlib import ExitStack, closing

import pytest

from tiphys.adapters.box.relay import AT_ONCE, Relay

UPPER = 20.0  # seconds


@pytest.fixture
def echo():
    """The address of a server that answers in capitals."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=128)) as listener:

        def answer(connection):
            with connection:
                while data := connection.recv(1 << 16):
                    connection.sendall(data.upper())

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def inside(echo):
    """Where the relay listens, as long as it runs."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    address = listener.getsockname()
    with Relay(listener, echo):
        yield address


def ask(connection, text):
    connection.sendall(text)
    got = b""
    while len(got) < len(text) and (data := connection.recv(1 << 16)):
        got += data
    return got


def test_both_ways(inside):
    with socket.create_connection(inside, UPPER) as one, socket.create_connection(inside) as other:
        assert ask(one, b"a" * 300_000) == b"A" * 300_000
        assert ask(other, b"b") == b"B"


def test_too_many_at_once_are_turned_away_and_later_ones_served(inside):
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            each = stack.enter_context(socket.create_connection(inside, UPPER))
            assert ask(each, b"x") == b"X"
        with socket.create_connection(inside, UPPER) as refused:
            assert refused.recv(1) == b""
    end = time.monotonic() + UPPER
    while time.monotonic() < end:  # until those before are forgotten
        with socket.create_connection(inside, UPPER) as later:
            try:
                if ask(later, b"x") == b"X":
                    break
            except OSError:
                continue
    assert time.monotonic() < end


def test_at_the_end_every_connection_ends(echo):
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    with Relay(listener, echo):
        open_one = socket.create_connection(address, UPPER)
        assert ask(open_one, b"x") == b"X"
    with open_one:
        assert open_one.recv(1) == b""
    with pytest.raises(OSError):  # noqa: PT011  # whichever way the refusal comes
        socket.create_connection(address, UPPER).recv(1)
