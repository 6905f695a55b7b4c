"""A policy made ready to be asked: prompts as the very ids that stand before replies in training.

What it reads is messages, by its own chat template, or text. Text is what a build of text has; a
policy that was trained on the text of another template has the prompt written by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from pairsmith.chat_templates.prepare import prepare_located
from pairsmith.chat_templates.resolve import LocatedTemplate
from pairsmith.errors import ModelError
from pairsmith.generating.options import GenerateOptions
from pairsmith.generating.prompts import Prompt
from pairsmith.kernel.render import Writer
from pairsmith.models.folders import find_model
from pairsmith.models.generation.local import context_of, sample
from pairsmith.models.generation.prompts import (
    encode_prompts,
    write_prompts,
    write_text_prompts,
)
from pairsmith.models.generation.replies import ReplyReader, reply_reader
from pairsmith.models.generation.sample import Sample, Sampling, seed_of
from pairsmith.models.policies import Policy, load_policy
from pairsmith.models.run_folder import has_run, read_run
from pairsmith.schema.rows import Form
from pairsmith.schema.templates import Refusal, Template
from pairsmith.tokens.render import open_chat

TOO_LONG, REFUSED = "too_long", "refused"
"""Why a prompt is not asked: with a reply it would fill the context; the template refuses it."""


class Source(NamedTuple):
    """Where prompts come from: the form and the template of a build's rows; None for a file."""

    form: Form | None
    template: Template | None


class Answer(NamedTuple):
    """What came of a prompt: samples, or why it was not asked."""

    samples: list[Sample]
    refused: str | None = None


class Asker:
    """A policy, and what makes its ids of prompts.

    Args:
        policy: The model.
        form: What it reads.
        writer: What writes prompts from messages; None where no template is known.
        options: How replies are drawn.
        other: Whether prompts that are texts are written again, by the policy's own template.

    Raises:
        ModelError: No prompt leaves room for a reply.
    """

    def __init__(
        self,
        policy: Policy,
        form: Form,
        writer: Writer | None,
        options: GenerateOptions,
        other: bool = False,
    ) -> None:
        self.other = other
        self.policy, self.form, self.writer, self.options = policy, form, writer, options
        self.sampling = Sampling(options.temperature, options.top_p, options.max_tokens)
        self.reader: ReplyReader | None = None
        context = context_of(policy)
        if context is not None and options.max_tokens >= context:
            raise ModelError(
                f"A reply may have {options.max_tokens:,} tokens, and {policy.name} takes "
                f"{context:,} of prompt and reply together.",
                "Take fewer --max-tokens.",
            )

    def ask(self, prompts: Sequence[Prompt]) -> list[Answer]:
        """Draws the samples of prompts, which alone decide what shares a batch."""
        texts = self._write(prompts)
        answers = [Answer([], REFUSED if isinstance(t, Refusal) else None) for t in texts]
        places = [place for place, text in enumerate(texts) if isinstance(text, str)]
        written = [text for text in texts if isinstance(text, str)]
        ids = encode_prompts(written, self.policy.tokenizer, special=self.form == Form.TEXT)
        context = context_of(self.policy)
        asked = list[tuple[int, list[int]]]()
        for place, held in zip(places, ids, strict=True):
            if context is not None and len(held) + self.options.max_tokens > context:
                answers[place] = Answer([], TOO_LONG)
            else:
                asked.append((place, held))
        many, options = range(self.options.best_of), self.options
        if self.reader is None and self.form == Form.MESSAGES:
            said = [prompts[place].messages for place, _ in asked]
            self.reader = reply_reader(self.policy, said, self.writer)
        drawn = sample(
            self.policy,
            [held for _, held in asked for _ in many],
            [
                seed_of(options.seed, prompts[place].messages, number)
                for place, _ in asked
                for number in many
            ],
            self.sampling,
            reader=self.reader,
            batch_tokens=options.batch_tokens,
        )
        for number, (place, _) in enumerate(asked):
            answers[place] = Answer(drawn[number * len(many) : (number + 1) * len(many)])
        return answers

    def _write(self, prompts: Sequence[Prompt]) -> list[str | Refusal]:
        if self.form == Form.MESSAGES:
            return write_prompts([prompt.messages for prompt in prompts], self.writer)
        texts: list[str | Refusal] = [prompt.text or "" for prompt in prompts]
        others = [place for place, one in enumerate(prompts) if self.other or one.text is None]
        if others and self.writer is not None:
            written = write_text_prompts([prompts[place].messages for place in others], self.writer)
            for place, text in zip(others, written, strict=True):
                texts[place] = text
        return texts


@contextmanager
def open_asker(name: str, source: Source, options: GenerateOptions, device: str) -> Iterator[Asker]:
    """A policy made ready.

    Args:
        name: A run's folder, another model's, or an id on the hub.
        source: Where prompts come from.
        options: How replies are drawn.
        device: As torch names it, or auto.

    Raises:
        ModelError: It cannot be loaded, or reads text of a template that nothing tells.
        TokenizerError: Its tokenizer cannot do what its form wants.
    """
    folder = find_model(name)
    trained = read_run(folder).form if has_run(folder) else None
    form = trained or source.form or Form.MESSAGES
    policy = load_policy(name, form, device=device, dtype=options.dtype)
    template = policy.template or (source.template if source.form == Form.TEXT else None)
    if form == Form.MESSAGES:
        with open_chat(policy.tokenizer, name) as chat:
            yield Asker(policy, form, chat, options)
    elif template is None and source.form == Form.TEXT:
        yield Asker(policy, form, None, options)
    elif template is None:
        raise ModelError(
            f"{name} reads text, and tells no template to write prompts with.",
            "Ask it with the prompts of a build of text.",
        )
    else:
        day = date.fromisoformat(template.date or "2000-01-01")
        with prepare_located(LocatedTemplate(template), day) as ready:
            writer = Writer(ready.compiled, ready.jinja)
            other = source.form != Form.TEXT or template != source.template
            yield Asker(policy, form, writer, options, other)
