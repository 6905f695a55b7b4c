"""A server on loopback that can misbehave: what servers of models have in common in tests.

What it does wrong is said by its `faults`, taken one by one, or by `always`: each a function from
the handler, the status and the answer that there would be, to what is done in its place.
"""

import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FaultyServer(ThreadingHTTPServer):
    """One server; `asked` is what was sent to it, in the order in which it came."""

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.asked, self.headers, self.faults, self.always = [], [], [], None
        self.lock = threading.Lock()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fault(self):
        with self.lock:
            return self.faults.pop(0) if self.faults else self.always

    @contextmanager
    def running(self):
        """The server, until the end."""
        thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class FaultyHandler(BaseHTTPRequestHandler):
    server: FaultyServer

    def take(self):
        """What was sent, which the server keeps."""
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(question)
            self.server.headers.append(dict(self.headers))
        return question

    def log_message(self, *_):
        pass


def plain(handler, status, held):
    """Nothing wrong."""
    send(handler, status, json.dumps(held).encode())


def send(handler, status, body, length=None, **headers):
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def says(status):
    """A fault: another status, and no scores."""
    return lambda handler, _, held: send(handler, status, b'{"detail": "no"}')


def cut(handler, status, held):
    """A fault: the answer breaks off."""
    body = json.dumps(held).encode()
    send(handler, status, body[: len(body) // 2], len(body))
    handler.close_connection = True


def hangs_up(handler, status, held):
    """A fault: no answer at all."""
    handler.close_connection = True


def drips(handler, *_answer):
    """A fault: a byte now and then, so that the server is never silent for long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    with suppress(OSError):
        for _ in range(1000):
            handler.wfile.write(b" ")
            time.sleep(0.02)


def changed(change):
    """A fault: an answer with something else in it."""

    def answer(handler, status, held):
        body = change(held)
        send(handler, status, body if isinstance(body, bytes) else json.dumps(body).encode())

    return answer
