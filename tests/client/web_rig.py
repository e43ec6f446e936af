"""A plain web server for the tests, which supports ranges and records its clients."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from proxy_rig import HERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """`asked_from` are the addresses that requests came from."""

    port: int
    scheme: str = "http"
    asked_from: set[str] = field(default_factory=set)

    def url(self, host: str = HERE) -> str:
        return f"{self.scheme}://{host}:{self.port}"


class _Handler(http.server.SimpleHTTPRequestHandler):
    """`/away` redirects to a file URL."""

    def __init__(self, *words: object, web: Web, directory: str) -> None:
        self._web = web
        super().__init__(*words, directory=directory)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._web.asked_from.add(self.client_address[0])
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
            return
        self.serve_range()

    def serve_range(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data, status = path.read_bytes(), 200
        if wanted := self.headers.get("Range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            data = data[int(first) : int(last) + 1]
        else:
            self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        return


CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Of localhost and 127.0.0.1, signed by itself, with its key."""


@contextmanager
def web_server(directory: Path, *, tls: bool = False) -> Iterator[Web]:
    """Serve a directory while the body runs, over TLS with CERTIFICATE where that is asked for."""
    server = http.server.ThreadingHTTPServer((HERE, 0), http.server.SimpleHTTPRequestHandler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web = Web(port=server.server_address[1], scheme="https" if tls else "http")
    server.RequestHandlerClass = partial(_Handler, web=web, directory=str(directory))  # type: ignore[assignment]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
