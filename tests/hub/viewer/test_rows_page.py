"""The viewer's page: who sees it, what it says, where its links lead, and what is recorded."""

from __future__ import annotations

import html
import re
import time

import pyarrow as pa
import pytest

import pairsmith
from pairsmith.hub.auth import sessions
from pairsmith.hub.repos import events, repos
from pairsmith.hub.web import selection
from pairsmith.hub.web import viewer as page
from support.folders import lay_out
from support.hub.parquets import parquet
from support.hub.stock import commit_files

ROWS = parquet({"text": ["MARK one", "MARK two", None]})


def plain(answer) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def request_of(hub, repo, user, status):
    with hub.database.write() as db:
        db.execute(
            "INSERT INTO requests (repo, user, status, fields, asked) VALUES (?, ?, ?, '{}', 0)"
            " ON CONFLICT DO UPDATE SET status = excluded.status",
            (repo.id, user.id, status),
        )


def recorded(hub, repo):
    with hub.database.read() as db:
        return events.recent(db, repo)


@pytest.fixture
def sample(sample_text, dataset):
    files = {
        str(path.relative_to(sample_text)): path.read_bytes()
        for path in sample_text.rglob("*")
        if path.is_file()
    }
    return dataset(files)


def test_the_sample_is_shown_by_its_card(sample, look):
    answer = look()
    assert answer.status_code == 200
    menus = re.findall(r'<option value="([^"]*)"( selected)?>', answer.text)
    assert menus[0] == ("default", " selected")
    assert {name for name, _ in menus} >= {"harmless-base", "helpful-base", "train", "test"}
    assert answer.text.count('<div class="sides">') == 25
    assert "<ins>" in answer.text
    assert "<del>" in answer.text
    assert "34 rows." in plain(answer)
    assert "Page 1 of 2" in plain(answer)


def test_any_split_of_a_build_can_be_chosen(dataset, look, tmp_path):
    lay_out(tmp_path / "in", {"train.jsonl": 3, "validation.jsonl": 2, "data/test_b.jsonl": 1})
    pairsmith.build(tmp_path / "in", tmp_path / "out")
    paths = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    dataset({str(path.relative_to(tmp_path / "out")): path.read_bytes() for path in paths})
    answer = look("split=validation")
    options = re.findall(r'<option value="([^"]*)"( selected)?>', answer.text)
    assert ("validation", " selected") in options
    assert {name for name, _ in options} >= {"train", "validation", "test"}
    assert "2 rows." in plain(answer)
    assert "pairs/validation/1" in plain(answer)


def test_links_lead_through_all_pages(sample, look, client):
    answer, seen = look("config=harmless-base"), []
    assert re.findall(r'id="row-(\d+)"', answer.text) == [str(n) for n in range(1, 11)]
    answer = look()
    while True:
        seen += re.findall(r'id="row-(\d+)"', answer.text)
        following = re.search(r'rel="next" href="([^"]*)"', answer.text)
        if not following:
            break
        answer = client.get(html.unescape(following[1]))
    assert seen == [str(number) for number in range(1, 35)]
    back = re.search(r'rel="prev" href="([^"]*)"', answer.text)
    assert 'id="row-1"' in client.get(html.unescape(back[1])).text


def test_another_dataset_is_shown_as_a_table(sample, look):
    answer = look("config=red-team-attempts")
    assert answer.text.count("<tr id=") == 18
    assert '<th scope="col" title="DOUBLE">rating</th>' in answer.text
    assert "sides" not in answer.text


def test_a_search_keeps_its_place(dataset, look):
    dataset({"a/train.parquet": parquet({"text": [f"<i>{n}" for n in range(60)]})})
    answer = look("q=<I>&page=2")
    assert "60 of 60 rows have this text." in plain(answer)
    assert 'value="&lt;I&gt;"' in answer.text
    assert "<i>" not in answer.text
    assert 'href="/datasets/ann/d/viewer?config=a&amp;split=train&amp;q=%3CI%3E&amp;page=3"' in (
        answer.text
    )
    assert "0 of 60 rows" in plain(look("q=%"))


def test_a_search_where_there_is_no_text_is_told_as_that(dataset, look):
    dataset({"train.parquet": parquet({"n": [1, 2], "bytes": [b"x", b"y"]})})
    for query in ("q=x", "q=x&page=2"):
        answer = look(query)
        assert answer.status_code == 200
        assert "none of the columns that are shown is of text" in plain(answer)
        assert "damaged" not in plain(answer)


def test_a_card_that_asks_for_too_much_is_told_so(dataset, look):
    patterns = "".join(f"  - '**/{'*a' * 300}{number}'\n" for number in range(200))
    card = f"---\nconfigs:\n- config_name: d\n  data_files:\n{patterns}---\n"
    files = {f"{number}/{'x' * 200}.parquet": b"" for number in range(20)}
    dataset({"README.md": card.encode(), **files})
    answer = look()
    assert answer.status_code == 422
    assert "more than the 100,000,000 comparisons that the viewer makes" in plain(answer)


def test_menus_have_an_end_and_say_so(dataset, look):
    said = {f"annotations/a{number:03}/manifest.json": b"{}" for number in range(203)}
    dataset({**{f"s{number:03}/train.parquet": ROWS for number in range(205)}, **said})
    answer = look("config=s204")
    menus = re.findall(r'<select name="(\w+)">(.*?)</select>', answer.text, re.DOTALL)
    counted = {name: options.count("<option") for name, options in menus}
    assert counted == {"config": 201, "split": 1, "annotation": 201, "sort": 2, "way": 2}
    assert "there are 4 more subsets and 3 more annotations" in plain(answer)
    assert "MARK one" in answer.text


def test_what_takes_the_worker_too_much_is_told(dataset, look, monkeypatch):
    dataset({"train.parquet": ROWS})
    monkeypatch.setattr(page, "make_view", slowly)
    monkeypatch.setattr(selection, "SECONDS", 0.2)
    answer = look()
    assert answer.status_code == 422
    assert "It took longer than 0.2 seconds." in plain(answer)


def slowly(_asked):
    """Stands for a view that does not end."""
    time.sleep(60)


def test_one_row_is_shown_in_full(dataset, look):
    dataset({"train.parquet": parquet({"text": ["short", "x" * 10_000]})})
    assert "… and 6,000 more characters" in plain(look())
    answer = look("row=2")
    assert "x" * 10_000 in answer.text
    assert "short" not in answer.text
    assert "There is no row 3: default, train has 2 rows." in plain(look("row=3"))


def test_hostile_names_and_values_are_escaped(dataset, look):
    evil = "<script>alert('\"1')</script>"
    card = f"---\nconfigs:\n- config_name: \"{'<b>'}\"\n  data_files: '*.parquet'\n---\n"
    messages = [[{"role": evil, "content": evil}]]
    table = {evil: [evil], "chosen": messages, "rejected": messages, "nested": [[evil]]}
    dataset({"README.md": card.encode(), "a.parquet": parquet(table)})
    for query in ("", "q=script", f"q={evil}", "row=1", "config=<b>", f"split={evil}"):
        answer = look(query)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "<b>" not in answer.text
        assert plain(answer).count(evil) >= 5


def test_a_subset_may_lack_the_split_that_was_picked_before(dataset, look):
    dataset({"a/train.parquet": ROWS, "a/test.parquet": ROWS, "b/train.parquet": ROWS})
    answer = look("config=b&split=test")
    assert answer.status_code == 200
    assert "b has no such split; this is train." in plain(answer)


def test_revisions_have_their_own_rows(hub, dataset, look, ann):
    repo = dataset({"train.parquet": parquet({"text": ["before"]})})
    commit = commit_files(hub, repo, ann[0], {"train.parquet": parquet({"text": ["after"]})})
    assert "after" in look().text
    assert "after" in look(f"revision={commit.id}").text
    old = look(f"revision={commit.parent}")
    assert "before" in old.text
    assert f'name="revision" value="{commit.parent}"' in old.text
    assert look("revision=other").status_code == 404


NOTHING = {
    "no commit": {},
    "no file of rows": {"README.md": b"# A card\n", "a.json": b"{}"},
}


@pytest.mark.parametrize("contents", NOTHING.values(), ids=NOTHING.keys())
def test_nothing_to_show_is_said(dataset, look, contents):
    dataset(contents)
    answer = look()
    assert answer.status_code == 200
    assert "There is no file here that the viewer shows" in plain(answer)


def test_a_card_that_names_no_file_of_rows(dataset, look):
    card = "---\nconfigs:\n- config_name: text\n  data_files: '*.txt'\n---\n"
    dataset({"README.md": card.encode(), "a.txt": b"1", "a.parquet": ROWS})
    answer = look()
    assert answer.status_code == 200
    assert "The card names files for text, train; none of them is a file of this revision" in plain(
        answer
    )


def test_a_broken_card_leaves_the_layout(dataset, look):
    dataset({"README.md": b"---\nconfigs: [\n---\n", "a/test.parquet": ROWS})
    assert "MARK one" in look("config=a&split=test").text


def test_a_file_that_is_not_parquet_keeps_the_menus(dataset, look):
    dataset({"a/train.parquet": b"id,text\n", "b/train.parquet": ROWS})
    answer = look("config=a")
    assert answer.status_code == 422
    assert "a/train.parquet is not a Parquet file, whatever its name says." in plain(answer)
    assert '<option value="b">' in answer.text
    assert "MARK one" in look("config=b").text


def test_no_rows_and_a_page_beyond_the_last(dataset, look):
    dataset({"a/train.parquet": parquet({"t": pa.array([], pa.string())}), "b/train.parquet": ROWS})
    assert "0 rows." in plain(look("config=a"))
    answer = look("config=b&page=999999999999")
    assert answer.status_code == 200
    assert "← The last page" in plain(answer)


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "page=²",
        "page=1e9",
        "row=0",
        "row=" + "9" * 40,
        "q=" + "x" * 201,
    ],
)
def test_queries_that_are_none(dataset, look, query):
    dataset({"train.parquet": ROWS})
    assert look(query).status_code == 400


def test_a_subset_that_there_is_not(dataset, look):
    dataset({"a/train.parquet": ROWS})
    answer = look("config=b")
    assert answer.status_code == 404
    assert "There is no subset … here; there is: a." in plain(answer)


def test_a_private_dataset_is_not_there(dataset, look, account, ann):
    dataset({"train.parquet": ROWS}, private=True)
    _, bob = account("bob")
    for headers, status in (({}, 401), (bob, 404)):
        hidden, absent = look(headers=headers), look(headers=headers, name="other")
        assert hidden.status_code == absent.status_code == status
        assert plain(hidden) == plain(absent)
    assert "MARK one" in look(headers=ann[1]).text


@pytest.mark.parametrize("query", ["", "row=1", "q=MARK", "config=nothing", "revision=nothing"])
def test_the_gate_comes_before_everything(hub, dataset, look, account, query):
    repo = dataset({"train.parquet": ROWS}, gate="manual")
    user, bob = account("bob")
    assert look(query).status_code == 401
    assert look(query, bob).status_code == 403
    for status in ("pending", "rejected", "revoked"):
        request_of(hub, repo, user, status)
        answer = look(query, bob)
        assert answer.status_code == 403
        assert "MARK one" not in answer.text
        assert "nothing" not in plain(answer)
    assert recorded(hub, repo) == []


def test_rows_of_a_gated_dataset_are_shown_once_granted_and_recorded(hub, dataset, look, account):
    repo = dataset({"data/train-0.parquet": ROWS}, gate="manual")
    user, bob = account("bob")
    request_of(hub, repo, user, "accepted")
    assert "MARK one" in look("q=mark&page=1", bob).text
    (event,) = recorded(hub, repo)
    assert (event.actor, event.user, event.action) == ("bob", "bob", "viewed")
    assert event.detail.pop("revision")
    assert event.detail == {"path": "default/train", "page": 1, "row": None, "q": "mark"}
    request_of(hub, repo, user, "revoked")
    assert look("", bob).status_code == 403
    assert len(recorded(hub, repo)) == 1


def test_views_of_an_open_dataset_are_not_recorded(hub, dataset, look):
    repo = dataset({"train.parquet": ROWS})
    assert look().status_code == 200
    assert recorded(hub, repo) == []


def test_a_session_is_as_good_as_a_token(hub, dataset, client, ann):
    repo = dataset({"train.parquet": ROWS}, gate="auto")
    with hub.database.write() as db:
        cookie = sessions.begin(db, ann[0])
        repos.set_private(db, repo, True)
    client.cookies.set(sessions.COOKIE, cookie)
    page = client.get("/datasets/ann/d/viewer", headers={"Accept": "text/html"})
    assert "MARK one" in page.text
    assert client.post("/datasets/ann/d/viewer").status_code == 405
