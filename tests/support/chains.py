"""A small loop of two rounds on disk: builds are real, models are a few bytes, samples by hand."""

import json

import pairsmith
from pairsmith.dataset.annotation import Annotator
from pairsmith.io.durable import digest_of, sha256_of
from pairsmith.models.folders import model_sha256
from pairsmith.models.run_folder import RunManifest, list_outputs, write_run
from pairsmith.schema.rows import Form


def messages(role, *texts):
    return [{"role": role, "content": text} for text in texts]


def pair(question, good, bad, **more):
    """A row of messages."""
    sides = {"chosen": messages("assistant", good), "rejected": messages("assistant", bad)}
    return {"prompt": messages("user", question), **sides, **more}


def write_rows(folder, **splits):
    """JSON lines, a file for each split; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in splits.items():
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def write_base(folder, train=6, test=2):
    """The pairs of a first round."""
    rows = [pair(f"How is tea {n} made?", "With water.", "No idea.") for n in range(train + test)]
    return write_rows(folder / "tea", train=rows[:train], test=rows[train:]).parent


def write_model(folder, said="weights"):
    """A folder that is a model's by the names of its files."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_text(said)
    return folder


def named(folder):
    """A build or a model as a manifest names it."""
    built = folder / "manifest.json"
    is_build = built.is_file() and "recipe" in json.loads(built.read_text())
    return {"name": folder.name, "sha256": sha256_of(built) if is_build else model_sha256(folder)}


def write_trained(folder, kind, build, base, **others):
    """A finished run; what it was made from is named by hash."""
    write_model(folder, f"{kind} {folder}")
    ledger = {"tea/train": {"read": 6, "trained": 6}}
    parents = {role: named(other) for role, other in others.items()}
    write_run(
        folder,
        RunManifest(
            "0", kind, named(build), named(base), Form.MESSAGES, None, {}, ledger, {}, {},
            list_outputs(folder), parents,
        ),
    )  # fmt: skip
    return folder


def write_samples(folder, prompts, model, score, round="1", offset=0.0, name="tea"):
    """Samples of a model on the prompts of a build, as `pairsmith generate` writes them."""
    for split, count in (("train", 6), ("test", 2)):
        first = 0 if split == "train" else 6
        rows = []
        for n in range(first, first + count):
            scores = [offset + (n * 7 + k * 5) % 4 for k in range(2)]
            samples = [
                {"text": f"Sample {k} of {folder.name}.", "seed": k, "score": float(s), "tokens": 4,
                 "finish_reason": "stop"}
                for k, s in enumerate(scores)
            ]  # fmt: skip
            good, bad = max(scores), min(scores) - 1.0
            row = pair(
                f"How is tea {n} made?", f"Well {folder.name}.", "Badly.", id=f"{name}/{split}/{n}"
            )
            rows.append(
                row
                | {"chosen_score": good, "rejected_score": bad, "round": round, "samples": samples}
            )
        write_rows(folder / name, **{split: rows})
    files = sorted(path for path in folder.rglob("*.jsonl"))
    outputs = [
        {"path": path.relative_to(folder).as_posix(), "rows": len(path.read_text().splitlines()),
         **dict(zip(("bytes", "sha256"), digest_of(path), strict=True))}
        for path in files
    ]  # fmt: skip
    held = {
        "kind": "samples", "pairsmith": "0", "prompts": named(prompts), "model": named(model),
        "score": named(score), "config": {"round": round, "best_of": 2},
        "ledger": {f"{name}/{s}": {"read": n, "kept": n} for s, n in (("train", 6), ("test", 2))},
        "outputs": outputs,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(held))
    return folder


def write_loop(place, train=6):
    """Two rounds: base ▸ build ▸ reward ▸ scores ▸ samples ▸ build ▸ dpo; returns the last run."""
    base, start = write_base(place / "base", train), write_model(place / "start")
    first = place / "round-1" / "build"
    pairsmith.build(base, first)
    reward = write_trained(place / "round-1" / "rm", "reward", first, start)
    rows = [("tea/train/1", "agrees", 1.0, None)]
    by = Annotator("pairsmith score", "0", {"model": named(reward)})
    pairsmith.annotate(
        first,
        "rm",
        [dict(zip(("id", "label", "score", "detail"), r, strict=True)) for r in rows],
        by,
    )
    samples = write_samples(place / "round-1" / "samples", first, start, reward)
    second = place / "round-2" / "build"
    pairsmith.build([str(base), str(samples)], second, carry=["round"])
    return write_trained(
        place / "round-2" / "dpo", "dpo", second, start, score=reward, held_out=first
    )
