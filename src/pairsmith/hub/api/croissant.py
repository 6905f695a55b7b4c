"""Croissant metadata of a dataset: what it is, which files it has, and which columns they have.

As https://docs.mlcommons.org/croissant/docs/croissant-spec.html says, version 1.0: JSON-LD in the
words of schema.org. It is for those who may read the data, for it names their columns.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pairsmith.hub.api.parquet import Listed, read_listing
from pairsmith.hub.api.shapes import date
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import DATASETS, repo_calls, repo_of
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.processes import VISITORS, BusyError, TooMuchWorkError
from pairsmith.hub.repos import card
from pairsmith.hub.repos.card import Card
from pairsmith.hub.repos.readme import read_card
from pairsmith.hub.viewer.listing import Part, read_columns
from pairsmith.hub.viewer.sources import Source

if TYPE_CHECKING:
    from starlette.requests import Request

Json = dict[str, Any]
MAX_SPLITS = 50  # splits whose columns are told
MAX_FILES = 1_000  # files that are told
MAX_RECORD_SETS = 200  # files whose rows are described
SECONDS = 10.0  # for reading columns
MEMORY = 320 << 20  # bytes of a worker
NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")
TYPES = {  # of schema.org or Croissant, by those of DuckDB; of another type no column is told
    "VARCHAR": "sc:Text",
    "BOOLEAN": "sc:Boolean",
    "FLOAT": "sc:Float",
    "DOUBLE": "sc:Float",
    "DATE": "sc:Date",
    "TIMESTAMP": "sc:DateTime",
    "TIMESTAMP WITH TIME ZONE": "sc:DateTime",
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), "sc:Integer"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"), "sc:Integer"),
}
CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    **{
        word: f"cr:{word}"
        for word in (
            *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject"),
            *("fileProperty", "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key"),
            *("md5", "parentField", "path", "recordSet", "references", "regex", "repeated"),
            *("replace", "samplingRate", "separator", "source", "subField", "transform"),
        )
    },
}


def croissant(request: Request) -> Response:
    """`GET /api/datasets/{owner}/{name}/croissant`."""
    hub, listed = hub_of(request), read_listing(request, repo_of(request))
    with hub.database.read() as db:
        read = read_card(hub, db, listed.commit)
    parts = [part for part in listed.listing.parts if part.paths[0] in listed.files][:MAX_SPLITS]
    files = list(listed.files)[:MAX_FILES]
    told_files = frozenset(files)
    told = describe(hub, listed, read)
    told["distribution"] = [_file(hub, listed, path) for path in files]
    told["recordSet"] = [
        _records(part, name, path, columns)
        for part, columns in zip(parts, _columns(hub, listed, parts), strict=True)
        for name, path in _named(part, told_files)
    ][:MAX_RECORD_SETS]
    return JSONResponse(
        told, headers={"X-Revision": listed.commit.id}, media_type="application/ld+json"
    )


def describe(hub: Hub, listed: Listed, read: Card) -> Json:
    """What is said of a dataset as a whole."""
    repo, licence = listed.repo, card.licence(read, listed.repo.page)
    title = read.data.get("pretty_name")
    name = title if isinstance(title, str) and title else repo.full_name
    url = hub.url(repo.page)
    told: Json = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": NO_NAME.sub("_", repo.name),
        "alternateName": [repo.full_name, name],
        "description": f"{name}: a dataset of {repo.owner}, at {url}",
        "creator": {"@type": "Person", "name": repo.owner, "url": hub.url(f"/{repo.owner}")},
        "keywords": card.tags(read),
        "url": url,
        "datePublished": date(repo.created),
        "dateModified": date(repo.updated),
        "isAccessibleForFree": repo.gate == "off",
    }
    if licence.name:
        link = licence.link if licence.link.startswith("http") else ""
        told["license"] = link or licence.name
    return told


def _columns(hub: Hub, listed: Listed, parts: list[Part]) -> list[list[tuple[str, str]]]:
    """The columns of the first file of each split.

    Raises:
        HubError: 503 where others ask for too much; 422 where they take too much work.
    """
    first = [listed.files[part.paths[0]] for part in parts]
    sources = [Source(file.path, hub.blobs.path(file.blob)) for file in first]
    try:
        return VISITORS.run(read_columns, sources, seconds=SECONDS, memory=MEMORY)
    except BusyError as error:
        message = "Too many ask for descriptions right now; try again soon."
        raise HubError(503, message, headers={"Retry-After": "2"}) from error
    except TooMuchWorkError as error:
        raise HubError(422, "The columns of the files take too much work to be read.") from error


def _file(hub: Hub, listed: Listed, path: str) -> Json:
    file = listed.files[path]
    return {
        "@type": "cr:FileObject",
        "@id": quote(path),
        "name": path,
        "contentUrl": listed.address(hub, path),
        "contentSize": f"{file.size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file.blob,
    }


def _records(part: Part, name: str, path: str, columns: list[tuple[str, str]]) -> Json:
    """The rows of a file: their columns but for those that are nested."""
    fields = [
        {
            "@type": "cr:Field",
            "@id": quote(f"{name}/{column}"),
            "name": column,
            "dataType": TYPES[type],
            "source": {"fileObject": {"@id": quote(path)}, "extract": {"column": column}},
        }
        for column, type in columns
        if type in TYPES
    ]
    left_out = [column for column, type in columns if type not in TYPES]
    described = f"Of the split {part.split} of the subset {part.subset}."
    if left_out:
        described += f" Without what is nested or binary: {', '.join(left_out)}."
    return {
        "@type": "cr:RecordSet",
        "@id": quote(name),
        "name": name,
        "description": described,
        "field": fields,
    }


def _named(part: Part, files: Container[str]) -> Iterator[tuple[str, str]]:
    """A name for the rows of each file of a split: that of the split, numbered where it has some.

    A set of files would be read as one, but those who read Croissant look for such within archives
    and folders alone.
    """
    name = f"{part.subset}/{part.split}"
    for number, path in enumerate(part.paths):
        if path in files:
            yield (name if len(part.paths) == 1 else f"{name}/{number}"), path


routes: list[BaseRoute] = [*repo_calls("/croissant", croissant, kinds=DATASETS)]
