"""Which files a hub lists, and has lost: it asks for them again, as it asks the stock clients."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import DatasetInfo, ModelInfo

    from pairsmith.publishing.bundle import RepoKind
    from pairsmith.publishing.owned import Owned

AT_ONCE = 256  # files of one call, as the stock clients have it
SAMPLE = 512  # bytes of each, likewise


def lost_files(
    api: HfApi, kind: RepoKind, info: DatasetInfo | ModelInfo, listed: Sequence[Owned]
) -> Iterator[Owned]:
    """Those of the files that a repository lists, but is to be sent again.

    Args:
        api: The stock client.
        kind: The kind of the repository.
        info: The repository.
        listed: Files that it lists, as they are here.
    """
    from huggingface_hub.utils import (  # type: ignore[attr-defined]
        build_hf_headers,
        get_session,
        hf_raise_for_status,
    )

    url = f"{api.endpoint}/api/{kind}s/{info.id}/preupload/main"
    for start in range(0, len(listed), AT_ONCE):
        some = {entry.path: entry for entry in listed[start : start + AT_ONCE]}
        sent = {"files": [_described(entry) for entry in some.values()]}
        answer = get_session().post(url, json=sent, headers=build_hf_headers(token=api.token))
        hf_raise_for_status(answer)
        for told in answer.json()["files"]:
            if told.get("oid", "") is None:  # the hub that does not tell is not asked more
                yield some[told["path"]]


def _described(entry: Owned) -> dict[str, Any]:
    with entry.place.open("rb") as file:
        sample = base64.b64encode(file.read(SAMPLE)).decode()
    return {"path": entry.path, "size": entry.bytes, "sample": sample}
