"""Bodies are read no further than a bound, and JSON is an object or an error that says why not."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pairsmith.hub.app import on_fault
from pairsmith.hub.http.bodies import json_object, read_bounded, read_json, text_of
from pairsmith.hub.http.errors import HubError


@pytest.fixture
def echo():
    async def whole(request):
        return JSONResponse(len(await read_bounded(request, 10)))

    async def parsed(request):
        return JSONResponse(await read_json(request, 64))

    routes = [Route("/whole", whole, methods=["POST"]), Route("/json", parsed, methods=["POST"])]
    app = Starlette(routes=routes, exception_handlers={HubError: on_fault})
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("size", [0, 9, 10])
def test_a_body_within_the_bound_is_read_whole(echo, size):
    assert echo.post("/whole", content=b"x" * size).json() == size


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_the_bound_is_413(echo, declared):
    content = b"x" * 11 if declared else (b"x" * 6 for _ in range(3))
    answer = echo.post("/whole", content=content)
    assert answer.status_code == 413
    assert answer.json()["error"] == "The body is larger than the 10 bytes that are taken."


def test_an_object_is_read(echo):
    assert echo.post("/json", content='{"user": "ännchen"}').json() == {"user": "ännchen"}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "not JSON"),
        (b"{", "line 1, column 2"),
        (b"[1]", "is a list"),
        (b'"x"', "is a text"),
        (b"null", "is null"),
        (b"3", "is a number"),
        (b"true", "is a truth value"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\\ud800"}', "not UTF-8"),
        (b'{"a": "\\uDc00"}', "not UTF-8"),
    ],
)
def test_what_is_no_object_is_400_and_says_why(echo, sent, said):
    answer = echo.post("/json", content=sent)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_whole_letter_of_two_halves_is_a_letter(echo):
    assert echo.post("/json", content=b'{"a": "\\ud83d\\ude00"}').json() == {"a": "😀"}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_what_the_parser_itself_gives_up_on_is_400(text):
    with pytest.raises(HubError) as caught:
        json_object(text, "Line 3")
    assert caught.value.status == 400
    assert caught.value.message.startswith("Line 3 is not JSON")


def test_a_text_of_an_object_is_one_or_nothing():
    assert text_of({"a": "x"}, "a") == "x"
    assert text_of({"a": None}, "a") == text_of({}, "a") == ""
    for value in (1, ["x"], {}, True, "x" * 1025):
        with pytest.raises(HubError, match="'a'"):
            text_of({"a": value}, "a")
