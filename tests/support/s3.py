"""A real S3 API on loopback: moto's server, which can be told to answer 503, or another fault."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Bucket:
    """A bucket, and how often the server still answers with a fault to requests for objects.

    Attributes:
        url: Of the bucket, `s3://…`.
        busy: So many answers are a fault; set it before a request.
        refused: So many were.
        picks: Which requests, by method and path, that applies to.
        fault: The fault: its status and its body.
        log: The method and path of every request.
    """

    def __init__(self, app: Any) -> None:
        self.url = "s3://bucket"
        self.app = app
        self.busy = 0
        self.refused = 0
        self.picks: Callable[[str, str], bool] = lambda method, path: True
        self.fault = ("503 Slow Down", BUSY)
        self.log: list[tuple[str, str]] = []
        self.lock = threading.Lock()

    @property
    def fs(self) -> Any:
        """The bucket as a stock client sees it, without what it remembers."""
        import s3fs

        return s3fs.S3FileSystem(use_listings_cache=False)

    def objects(self, folder: str) -> dict[str, bytes]:
        """All objects below a folder, by their path there."""
        root = f"bucket/{folder}/"
        return {p.removeprefix(root): self.fs.cat_file(p) for p in self.fs.find(root)}

    def puts(self, since: int = 0) -> list[str]:
        """The paths below the bucket of what has been written, copies too."""
        log = self.log[since:]
        return [path.removeprefix("/bucket/") for method, path in log if method == "PUT"]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with self.lock:
            self.log.append(request)
            refuse = self.busy > 0 and self.picks(*request)
            self.busy -= refuse
            self.refused += refuse
        if not refuse:
            return self.app(environ, start_response)
        status, body = self.fault
        start_response(status, [("Content-Type", "application/xml")])
        return [body]


@contextmanager
def serve(patch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """Serves an empty bucket; stock clients find it by the environment, in child processes too."""
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: pip install '.[s3]'")
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *args: Any) -> None:
            pass

    bucket = Bucket(server.DomainDispatcherApplication(server.create_backend_app))
    web = make_server("127.0.0.1", 0, bucket, threaded=True, request_handler=Quiet)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{web.port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        patch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()  # each has the endpoint of its time
    fs = s3fs.S3FileSystem()
    if fs.exists(bucket.url):
        fs.rm(bucket.url, recursive=True)  # moto keeps one store a process
    fs.mkdir(bucket.url)
    try:
        yield bucket
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        web.shutdown()
        web.server_close()
