"""A local server that answers like the hub, as far as a download needs it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Folders served as repositories. `requests` lists the requests so far; `gated` and `private` repositories
    need `token`."""

    repositories: dict[str, Path]
    gated: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()
    token: str = "hf_secret"
    address: str = ""
    requests: list[str] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        """The names of the files that were downloaded."""
        names = [r.split("/resolve/main/")[1] for r in self.requests if r.startswith("GET") and "/resolve/" in r]
        return sorted(names)


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Serves the hub at `hub.address` while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def log_message(self, *arguments: object) -> None:
            """Requests are recorded in the hub, not printed."""

        def _answer(self, with_body: bool) -> None:
            path = self.path.split("?")[0]
            hub.requests.append(f"{self.command} {path}")
            name = (
                path.removeprefix("/api/models/").strip("/").split("/resolve/")[0].removesuffix("/revision/main")
            )
            folder = hub.repositories.get(name)
            allowed = self.headers.get("Authorization") == f"Bearer {hub.token}"
            if folder is None or (name in hub.private and not allowed):
                self._send(401, b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"}, with_body)
            elif path.startswith("/api/models/"):
                siblings = [
                    {"rfilename": str(f.relative_to(folder))} for f in sorted(folder.rglob("*")) if f.is_file()
                ]
                document = {"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings, "private": False}
                self._send(200, json.dumps(document).encode(), {"Content-Type": "application/json"}, with_body)
            elif name in hub.gated and not allowed:
                self._send(403, b"gated", {"X-Error-Code": "GatedRepo", "X-Repo-Commit": COMMIT}, with_body)
            elif not (file := folder / path.split("/resolve/main/")[-1]).is_file():
                self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, with_body)
            else:
                content = file.read_bytes()
                etag = hashlib.sha256(content).hexdigest()
                self._send(200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, with_body)

        def _send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
            self.send_response(status)
            for key, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(key, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
