"""Servers of scores on loopback, of the shapes of others, that compute with a model in a folder.

What a server does wrong is said by its `faults`, taken one by one: each a function from the handler
and the answer that there would be, to what is done in its place.
"""

import json
import threading
import time
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@cache
def load_model(folder):
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(folder).eval()


class Server(ThreadingHTTPServer):
    """One server; `asked` is what was sent to it."""

    daemon_threads = True

    def __init__(self, folder, kind, name):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.kind, self.name = folder, kind, name
        self.asked, self.headers, self.faults, self.always = [], [], [], None
        self.lock = threading.Lock()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path, question):
        """Status and JSON, as such a server gives them."""
        routes = {"vllm": "/classify", "sglang": "/classify", "sglang_v1": "/v1/classify"}
        if path != routes.get(self.kind, "/get_reward"):
            return 404, {"detail": "Not Found"}
        if self.kind == "openrlhf":
            return 200, {"rewards": self.of_texts(question["query"])}
        if self.kind == "sglang":
            if "input_ids" not in question:
                return 400, {"error": {"message": "text or input_ids should be provided"}}
            return 200, [
                {"embedding": [one], "meta_info": {}} for one in self.of(question["input_ids"])
            ]
        if question.get("model", self.name) != self.name:
            return 404, {"error": {"message": "The model does not exist."}}
        if "input" not in question:
            return 422, {"error": {"message": "input: Field required"}}
        scores = self.of(question["input"])
        if self.kind == "sglang_v1":
            scores = [1.0] * len(scores)
        elif question.get("use_activation") is not False:
            raise AssertionError("scores would be squashed")
        data = [
            {"index": n, "label": "LABEL_0", "probs": [one], "num_classes": 1}
            for n, one in enumerate(scores)
        ]
        return 200, {"object": "list", "model": self.name, "data": data}

    def of(self, lists):
        import torch

        with self.lock, torch.inference_mode():
            model = load_model(self.folder)
            return [model(torch.tensor([ids])).logits.item() for ids in lists]

    def of_texts(self, texts):
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(self.folder)
        return self.of(tokenizer(texts, add_special_tokens=False)["input_ids"])

    def fault(self):
        with self.lock:
            return self.faults.pop(0) if self.faults else self.always


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(question)
            self.server.headers.append(dict(self.headers))
        fault = self.server.fault()
        status, held = self.server.answer(self.path, question)
        (fault or plain)(self, status, held)

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


@contextmanager
def serving(folder, kind="vllm", name="ferns"):
    """A server of a model in a folder, until the end."""
    server = Server(folder, kind, name)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
