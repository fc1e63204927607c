"""A process that has imported all of attn and forks for each command: a new process in milliseconds.

tests/support/running.py starts it, with the number of a socket. A request is four file descriptors: a pipe that
holds the request in JSON, and the standard input, output and error of the command. The child becomes
`python -m attncli` with the arguments, the folder and the environment of the request. The server answers with its
exit status.

Nothing here may start a thread before the fork: a lock that another thread holds would stay locked in the child.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import socket
import sys
from importlib import import_module
from pkgutil import walk_packages

LAZY = (
    "difflib", "matplotlib.backends.backend_agg", "matplotlib.figure", "numpy.ma", "numpy.random", "orjson",
    "rich.console", "rich.table", "rich.text", "safetensors.numpy", "tokenizers",
)  # fmt: skip
"""What commands import where they need it; but not huggingface_hub, whose import reads the environment."""


def preload() -> None:
    import attncli

    for module in walk_packages(attncli.__path__, "attncli."):
        if not module.name.endswith(".__main__"):
            import_module(module.name)
    for name in LAZY:
        import_module(name)
    gc.collect()
    gc.freeze()


def become_the_command(connection: socket.socket, descriptors: list[int]) -> None:
    """In the child: takes over the streams, the folder, the environment and the arguments, and runs."""
    request, *streams = descriptors
    with os.fdopen(request, "rb") as pipe:
        wanted = json.load(pipe)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.path.insert(0, wanted["folder"])
    sys.argv = ["attncli", *wanted["arguments"]]
    try:
        runpy.run_module("attncli", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        # Taking down all that was imported would be most of the time of a command
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 0)


def serve(connection: socket.socket) -> None:
    while True:
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 4)
        if not descriptors:  # whoever ran the commands is gone
            return
        child = os.fork()
        if child == 0:
            become_the_command(connection, descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "little", signed=True))


if __name__ == "__main__":
    preload()
    serve(socket.socket(fileno=int(sys.argv[1])))
