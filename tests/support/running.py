"""Running the command line: in a process of its own, started anew or forked from one that has imported attn."""

from __future__ import annotations

import json
import os
import select
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Done = subprocess.CompletedProcess[bytes]

AT_START = ("PYTHON", "LC_", "LANG", "OMP_", "OPENBLAS_")
"""How the names of variables begin that the interpreter or numpy reads only when it starts."""


def read_at_start(environment: Iterable[str]) -> bool:
    """Whether a variable makes a difference that a forked process would not see. (gettext reads LANGUAGE anew.)"""
    return any(name.startswith(AT_START) and name != "LANGUAGE" for name in environment)


def run_anew(arguments: Iterable[str], folder: Path, stdin: bytes, environment: Mapping[str, str]) -> Done:
    """`python -m attncli` from nothing, as a user's shell runs it: 0.2 to 0.5 seconds."""
    command = [sys.executable, "-m", "attncli", *arguments]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, env=environment, check=False)


@dataclass(frozen=True)
class ForkServer:
    """A server of tests/support/fork_server.py, and our end of the socket to it."""

    process: subprocess.Popen[bytes]
    connection: socket.socket

    @staticmethod
    def start() -> ForkServer:
        ours, theirs = socket.socketpair()
        script = Path(__file__).parent / "fork_server.py"
        with theirs:
            # -P: what can be imported does not depend on where the script lies.
            # Its streams are pipes like those of the commands: the interpreter treats files in another way
            process = subprocess.Popen(
                [sys.executable, "-P", str(script), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        return ForkServer(process, ours)

    def stop(self) -> None:
        self.connection.close()
        self.process.communicate(timeout=100)  # on a busy machine, it may still be importing

    def run(self, arguments: Iterable[str], folder: Path, stdin: bytes, environment: Mapping[str, str]) -> Done:
        """What `run_anew` gives, from a fork."""
        request = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        ours, theirs = _pipes()
        try:
            socket.send_fds(self.connection, [b"r"], theirs)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        stdout, stderr = _communicate(ours, json.dumps(request).encode(), stdin)
        status = self.connection.recv(4, socket.MSG_WAITALL)
        if len(status) < 4:
            _, error = self.process.communicate()
            raise RuntimeError(f"the fork server failed: {error.decode()}")
        return Done(["attn", *arguments], int.from_bytes(status, "little", signed=True), stdout, stderr)


def _pipes() -> tuple[list[int], list[int]]:
    """Our ends and theirs of the pipes for the request, stdin, stdout and stderr."""
    (request, send), (stdin, feed), (out, stdout), (error, stderr) = (os.pipe() for _ in range(4))
    return [send, feed, out, error], [request, stdin, stdout, stderr]


def _communicate(ours: list[int], request: bytes, stdin: bytes) -> tuple[bytes, bytes]:
    """Writes and reads all at once, so that neither side waits for the other."""
    send, feed, out, error = ours
    left = {send: request, feed: stdin}
    got: dict[int, list[bytes]] = {out: [], error: []}
    with selectors.DefaultSelector() as ready:
        for descriptor in ours:
            ready.register(descriptor, selectors.EVENT_WRITE if descriptor in left else selectors.EVENT_READ)
        while ready.get_map():
            for key, _ in ready.select():
                if _is_done(key.fd, left, got):
                    ready.unregister(key.fd)
                    os.close(key.fd)
    return b"".join(got[out]), b"".join(got[error])


def _is_done(descriptor: int, left: dict[int, bytes], got: dict[int, list[bytes]]) -> bool:
    """Writes or reads one portion (select promises room for at least that of PIPE_BUF)."""
    if descriptor in got:
        got[descriptor].append(os.read(descriptor, 1 << 16))
        return not got[descriptor][-1]
    try:
        written = os.write(descriptor, left[descriptor][: select.PIPE_BUF])
    except BrokenPipeError:  # it does not want its standard input
        return True
    left[descriptor] = left[descriptor][written:]
    return not left[descriptor]
