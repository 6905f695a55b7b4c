"""A server of chat completions on loopback, as OpenAI's protocol has them, that can misbehave.

What it answers is `reply(question)`, a text that depends on the conversation and the seed. Faults
that are of no protocol (`says`, `cut`, `hangs_up`, `changed`, `drips`) are in `faulty_server`.
"""

import hashlib
import json

from support.faulty_server import FaultyHandler, FaultyServer, changed, plain, send

WORDS = ("Gladly", "the", "fern", "wants", "a", "cup", "of", "tea", "each", "morning", "outside")


def say(question):
    """A reply that its conversation and its seed decide."""
    asked = json.dumps([question["messages"], question.get("seed")])
    digest = hashlib.sha256(asked.encode()).digest()
    return " ".join(WORDS[byte % len(WORDS)] for byte in digest[: 3 + digest[0] % 5]) + "."


class Server(FaultyServer):
    def __init__(self, name="ferns", reply=say):
        super().__init__(Handler)
        self.name, self.reply, self.listed = name, reply, [name]

    def answer(self, question):
        """Status and JSON, as such a server gives them; `n` is ignored, as by most."""
        if question.get("model") != self.name:
            return 404, {"error": {"message": f"The model `{question.get('model')}` is not here."}}
        text = self.reply(question)
        message = {"role": "assistant", "content": text}
        return 200, {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": self.name,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": len(text.split())},
        }  # fmt: skip


class Handler(FaultyHandler):
    server: Server

    def do_GET(self):  # noqa: N802  (http.server calls it so)
        listed = self.server.listed
        if isinstance(listed, list):
            listed = [{"id": name, "object": "model"} for name in listed]
        there = self.path == "/v1/models"
        status, held = (200, {"object": "list", "data": listed}) if there else (404, {})
        plain(self, status, held)

    def do_POST(self):  # noqa: N802  (http.server calls it so)
        question = self.take()
        if self.path != "/v1/chat/completions":
            plain(self, 404, {"detail": "Not Found"})
            return
        fault = self.server.fault()
        (fault or plain)(self, *self.server.answer(question))


def retry_after(told):
    """A fault: too many requests, and when to come again."""
    return lambda handler, *_: send(handler, 429, b"{}", **{"Retry-After": told})


def in_choice(**fields):
    """A fault: a choice with these fields."""
    return changed(lambda held: {**held, "choices": [{**held["choices"][0], **fields}]})


def in_message(**fields):
    """A fault: a message with these fields."""
    return in_choice(message={"role": "assistant", "content": "Tea.", **fields})


def choices(count):
    """A fault: so many choices."""
    return changed(lambda held: {**held, "choices": held["choices"] * count})


def named(name):
    """A fault: the answer of another model."""
    return changed(lambda held: {**held, "model": name})


def chatting(name="ferns", reply=say):
    """A server, until the end."""
    return Server(name, reply).running()
