"""Whole contents, ranges of them, and none where the client has it."""

import asyncio
import hashlib
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from pairsmith.hub.http import ranges
from pairsmith.hub.http.responses import BlobResponse

DATA = bytes(range(256)) * 8192 + b"end"  # several pieces and a bit
SIZE = len(DATA)
ETAG = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def served(tmp_path):
    """Serves DATA under a name, as a route would."""
    path = tmp_path / "blob"
    path.write_bytes(DATA)

    def make(size=SIZE, filename="data.bin", content=DATA):
        path.write_bytes(content)

        def answer(_request):
            return BlobResponse(path, size, ETAG, {"x-repo-commit": "c"}, filename)

        return TestClient(Starlette(routes=[Route("/", answer, methods=["GET", "HEAD"])]))

    return make


def get(client, **headers):
    return client.get("/", headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_the_whole(served):
    answer = get(served())
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["etag"] == f'"{ETAG}"'
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-repo-commit"] == "c"
    assert "last-modified" not in answer.headers


def test_head_has_the_headers_alone(served):
    answer = served().head("/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(DATA))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-1048580", 5, 1048581),
        ("bytes=2097150-", 2097150, len(DATA)),
        ("bytes=-3", len(DATA) - 3, len(DATA)),
        ("bytes=10-99999999999", 10, len(DATA)),
        ("Bytes=10-20", 10, 21),
        ("bytes= 10-20", 10, 21),
        ("bytes=10-20,15-30", 10, 31),
        ("bytes=99999999-,10-20", 10, 21),
        ("bytes=-99999999", 0, SIZE),
    ],
)
def test_a_range(served, asked, start, end):
    answer = get(served(), range=asked)
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert answer.headers["content-length"] == str(end - start)


def test_several_ranges(served):
    answer = get(served(), range="bytes=0-9,1000000-2000000,-3")
    assert answer.status_code == 206
    assert answer.headers["content-length"] == str(len(answer.content))
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + answer.content).get_payload()
    found = [part.get_payload(decode=True) for part in parts if isinstance(part, Message)]
    assert [len(part) for part in found] == [10, 1000001, 3]
    assert found[0] == DATA[:10]
    assert found[2] == b"end"


def test_more_ranges_than_are_taken_are_the_whole(served):
    few = ",".join(f"{n * 10}-{n * 10}" for n in range(ranges.MAX_RANGES))
    assert get(served(), range=f"bytes={few}").status_code == 206
    many = get(served(), range=f"bytes={few},5000-5000")
    assert (many.status_code, many.content) == (200, DATA)


@pytest.mark.parametrize("asked", [f"bytes={len(DATA)}-", "bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end(served, asked):
    answer = get(served(), range=asked)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "asked",
    ["bytes=", "bytes=-", "bytes=b-a", "bytes=9-3", "bytes=1-2,", "bytes=1", "bytes=" + "9" * 5000],
)
def test_a_range_that_is_none_is_passed_over(served, asked):
    answer = get(served(), range=asked)
    assert (answer.status_code, answer.content) == (200, DATA)


def test_other_units_are_passed_over(served):
    assert get(served(), range="rows=1-2").content == DATA


def test_a_range_of_another_content(served):
    client = served()
    assert get(client, range="bytes=0-4", if_range=f'"{ETAG}"').content == DATA[:5]
    assert get(client, range="bytes=0-4", if_range='"other"').content == DATA
    assert get(client, range="bytes=0-4", if_range="Tue, 24 Nov 2026 12:00:00 GMT").content == DATA


@pytest.mark.parametrize("tag", [f'"{ETAG}"', f'W/"{ETAG}"', f'"a", "{ETAG}"', "*"])
def test_what_the_client_has(served, tag):
    answer = get(served(), if_none_match=tag, range="bytes=0-4")
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == f'"{ETAG}"'
    assert answer.headers["x-repo-commit"] == "c"


def test_what_the_client_has_another_of(served):
    assert get(served(), if_none_match='"other"').content == DATA


def test_an_empty_content(served):
    client = served(size=0, content=b"")
    assert (get(client).status_code, get(client).content) == (200, b"")
    assert get(client, range="bytes=0-4").status_code == 416


def test_a_client_that_hangs_up_is_sent_no_more(tmp_path):
    (tmp_path / "blob").write_bytes(DATA)
    sent = []

    async def receive():
        if sent:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)
        await asyncio.sleep(0.01)

    scope = {"type": "http", "method": "GET", "headers": []}
    asyncio.run(BlobResponse(tmp_path / "blob", SIZE, ETAG)(scope, receive, send))
    assert len(sent) < 4
    assert not any(f"{tmp_path}" in str(path.resolve()) for path in Path("/proc/self/fd").iterdir())


def test_a_file_that_is_missing_is_no_answer(served, tmp_path):
    client = served()
    (tmp_path / "blob").unlink()
    with pytest.raises(FileNotFoundError):
        get(client)


def test_a_file_of_another_size_is_not_sent(served):
    with pytest.raises(RuntimeError, match="has 3 bytes"):
        get(served(content=b"cut"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/plot.PNG", "image/png"),
        ("page.html", "application/octet-stream"),
        ("x.svg", "application/octet-stream"),
        ("README", "application/octet-stream"),
    ],
)
def test_only_images_have_a_type(served, name, kind):
    assert get(served(filename=name)).headers["content-type"] == kind


def test_a_name_breaks_no_header(served):
    answer = get(served(filename='folder/naïve "x"\r\nset-cookie: a.txt'))
    told = answer.headers["content-disposition"]
    assert told.startswith('attachment; filename="na_ve _x___set-cookie: a.txt"; filename*=UTF-8')
    assert "set-cookie" not in answer.headers
