"""Servers of scores on loopback, of the shapes of others, that compute with a model in a folder."""

from functools import cache

from support.faulty_server import FaultyHandler, FaultyServer, plain


@cache
def load_model(folder):
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(folder).eval()


class Server(FaultyServer):
    def __init__(self, folder, kind, name):
        super().__init__(Handler)
        self.folder, self.kind, self.name = folder, kind, name

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


class Handler(FaultyHandler):
    server: Server

    def do_POST(self):  # noqa: N802  (http.server calls it so)
        question = self.take()
        fault = self.server.fault()
        status, held = self.server.answer(self.path, question)
        (fault or plain)(self, status, held)


def serving(folder, kind="vllm", name="ferns"):
    """A server of a model in a folder, until the end."""
    return Server(folder, kind, name).running()
