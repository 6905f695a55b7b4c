"""What a user can get wrong, each fault with what to do about it.

    PairsmithError            a message (found, expected, available) and a hint
    ├── RecipeError           an option, a card field, a template name
    ├── SourceError           nothing to read there, or nothing that can be told apart
    │   ├── DamagedInputError a file that stops short or does not decompress
    │   └── BrokenReadError   a read that failed on the way; another may not
    ├── TokenizerError        a tokenizer that is missing, or lacks what the rows want
    ├── ModelError            a model that is missing, or is not what it is to be used as
    ├── WorkerError           a worker that died again and again, an engine out of reach
    ├── PluginError           an installed package that extends pairsmith and cannot be used
    ├── CollectionError       a project of collecting, or what it collected, that is not as it was
    │                         to be
    └── OutputError           a folder that holds something else, a full disk, no build
        ├── AnnotationError   an annotation that is damaged, of another build, or none
        └── BrokenWriteError  an object store that did not answer; it may, another time

A bad *row* is none of these: it is a value, a `Reason` (see `pairsmith.schema`).
"""

from __future__ import annotations


class PairsmithError(Exception):
    """A request that cannot be carried out as it stands.

    Attributes:
        message: What was found, what was expected, what is available.
        hint: What to do next; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class RecipeError(PairsmithError):
    """An option, or a combination of options, that no build can follow."""


class SourceError(PairsmithError):
    """A source that is missing, unreadable, or not laid out as expected."""


class DamagedInputError(SourceError):
    """An input that stops short, does not decompress, or goes on without the end of a row."""


class BrokenReadError(SourceError):
    """A source that was there and could not be read on, or reached; it may be again."""


class WorkerError(PairsmithError):
    """A worker that died every time that it was tried, or an engine that cannot be reached."""


class PluginError(PairsmithError):
    """An installed package that adds to pairsmith what cannot be loaded, or under a taken name."""


class TokenizerError(PairsmithError):
    """A tokenizer that cannot be loaded, or that lacks what the rows want of it."""


class ModelError(PairsmithError):
    """A model that cannot be loaded, does not fit its tokenizer, or cannot do what is asked."""


class CollectionError(PairsmithError):
    """A project that cannot be followed, or a collection that is missing, damaged or another."""


class OutputError(PairsmithError):
    """An output folder that cannot be written, or that is not what it was taken for."""


class BrokenWriteError(OutputError):
    """A request to an object store that failed again and again; another may not."""


class AnnotationError(OutputError):
    """An annotation that cannot be written as given, is not as written, or is of another build."""
