"""Files of a repository changed on its pages: by who may write, and proposed by who may read."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions, users
from pairsmith.hub.repos import events, files, history
from support.hub.browsers import Browser
from support.hub.stock import commit_files

PETS = "/datasets/ann/pets"
EDIT = f"{PETS}/edit/main/README.md"
CARD = "---\nlicense: mit\n---\n# Pets\n\nOld words.\n"


@pytest.fixture
def pets(dataset):
    return dataset("pets", [{"README.md": CARD.encode(), "notes.txt": b"one\r\ntwo\r\n"}])


def held(hub, repo, path, branch="main"):
    """The content of a file now; None where there is none."""
    with hub.database.read() as db:
        file = files.named(db, history.head(db, repo, branch), path)
    return hub.blobs.path(file.blob).read_bytes() if file else None


def newest(hub, repo, branch="main"):
    with hub.database.read() as db:
        return history.head(db, repo, branch)


def sends(who, page, at="", **fields):
    """Sends the form of a page as it was shown, but for these fields."""
    html = who.get(page).text
    shown = re.search(r'name="shown" value="([^"]*)"', html)
    proof = re.search(r'name="csrf" value="([^"]+)"', html)[1]
    sent = {"csrf": proof, "shown": shown[1], "do": "commit", **fields}
    return who.client.post(at or page, data=sent)


@pytest.fixture
def signed_in(hub, people):
    """Makes a browser in which somebody is signed in."""
    app = application(hub)

    def make(name: str) -> Browser:
        client = TestClient(app, follow_redirects=False, headers={"accept": "text/html"})
        with hub.database.write() as db:
            client.cookies.set(sessions.COOKIE, sessions.begin(db, users.named(db, name)))
        return Browser(client)

    return make


@pytest.fixture
def ann(signed_in):
    return signed_in("ann")


@pytest.fixture
def bob(signed_in):
    return signed_in("bob")


def test_a_card_is_looked_at_and_committed(hub, ann, pets):
    assert f'href="{EDIT}"' in ann.get(PETS).text
    assert "Old words." in ann.get(EDIT).text
    new = CARD.replace("Old", "**New**").replace("\n", "\r\n")  # as browsers send it
    seen = sends(ann, EDIT, text=new, do="preview", title="Newer")
    assert "<strong>New</strong> words" in seen.text
    assert "<del>-Old words.</del>" in seen.text
    assert "**New** words." in seen.text.split("<textarea")[1], "the form keeps what was written"
    assert held(hub, pets, "README.md") == CARD.encode()
    assert sends(ann, EDIT, text=new, title="Newer").headers["location"] == EDIT.replace(
        "/edit/", "/blob/"
    )
    assert held(hub, pets, "README.md") == CARD.replace("Old", "**New**").encode()
    made = newest(hub, pets)
    assert (made.title, made.author) == ("Newer", "ann")
    assert "<strong>New</strong>" in ann.get(PETS).text


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ("license: [mit", "YAML"),
        ("license: 3", "license"),
        ("extra_gated_fields: {Age: planet}", "Age"),
    ],
    ids=["no YAML", "another type", "no kind of question"],
)
def test_what_is_wrong_with_front_matter_is_told_before_the_commit(hub, ann, pets, front, words):
    text = f"---\n{front}\n---\n# Pets\n"
    told = sends(ann, EDIT, text=text)
    assert told.status_code == 422
    alert = told.text.split('role="alert"')[1].split("</div>")[0]
    assert words in alert
    assert front in told.text.split("<textarea")[1].replace("&#34;", '"')
    assert held(hub, pets, "README.md") == CARD.encode()
    assert sends(ann, EDIT, text=text, anyway="yes").status_code == 303
    assert held(hub, pets, "README.md") == text.encode()


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(hub, ann, pets, people):
    before = newest(hub, pets).id
    commit_files(hub, pets, people["account"], {"README.md": b"# Theirs\n"})
    mine = "# Mine\n"
    told = sends(ann, EDIT, text=mine, shown=before)
    assert told.status_code == 409
    assert "Nothing was overwritten" in told.text
    assert "A commit" in told.text
    assert "<del>-# Theirs</del>" in told.text
    assert "<ins>+# Mine</ins>" in told.text
    assert mine in told.text.split("<textarea")[1]
    assert held(hub, pets, "README.md") == b"# Theirs\n"
    again = sends(ann, EDIT, text=mine, shown=before)
    assert again.status_code == 409, "to send it again is not to agree"
    agreed = sends(ann, EDIT, text=mine, shown=before, replace=newest(hub, pets).id)
    assert agreed.status_code == 303
    assert held(hub, pets, "README.md") == mine.encode()


def test_commits_to_other_files_keep_nobody_from_committing(hub, ann, pets, people):
    before = newest(hub, pets).id
    commit_files(hub, pets, people["account"], {"other.txt": b"x"})
    assert sends(ann, EDIT, text="# Mine\n", shown=before).status_code == 303
    assert held(hub, pets, "other.txt") == b"x"


def test_line_ends_stay_those_of_the_file(hub, ann, pets):
    sends(ann, f"{PETS}/edit/main/notes.txt", text="one\r\ntwo\r\nthree\r\n")
    assert held(hub, pets, "notes.txt") == b"one\r\ntwo\r\nthree\r\n"
    sends(ann, f"{PETS}/new/main", path="a/new.txt", text="\r\nfirst is empty\r\n")
    assert held(hub, pets, "a/new.txt") == b"\nfirst is empty\n"
    shown = ann.get(f"{PETS}/edit/main/a/new.txt").text
    assert ">\n\nfirst is empty\n</textarea>" in shown, "HTML leaves out the first line end"


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("data.bin", b"a\0b", "not text"),
        ("latin.txt", "caf\u00e9".encode("latin-1"), "not text"),
        ("mixed.txt", b"a\r\nb\n", "line ends"),
        ("long.txt", b"x" * (513 << 10), "too large"),
    ],
    ids=["binary", "latin-1", "mixed", "long"],
)
def test_what_no_form_would_bring_back_is_not_edited(ann, pets, hub, people, path, content, words):
    commit_files(hub, pets, people["account"], {path: content})
    told = ann.get(f"{PETS}/edit/main/{path}")
    assert told.status_code == 422
    assert words in told.text


def test_a_reader_proposes_and_changes_nothing(hub, ann, bob, pets):
    page = bob.get(EDIT).text
    assert "Commit to main" not in page
    assert "Propose this change" in page
    assert sends(bob, EDIT, text="# Bob's\n").status_code == 403
    sent = sends(bob, EDIT, text="# Bob's\n", do="propose", title="A better card")
    assert sent.headers["location"] == f"{PETS}/discussions/1"
    assert held(hub, pets, "README.md") == CARD.encode()
    assert "A better card" in ann.get(f"{PETS}/discussions/1").text
    ann.send(f"{PETS}/discussions/1/merge", page=f"{PETS}/discussions/1")
    assert held(hub, pets, "README.md") == b"# Bob's\n"


def uploads(who, page, named, **fields):
    """Sends files by the form of a page."""
    html = who.get(page).text
    shown = re.search(r'name="shown" value="([^"]*)"', html)[1]
    proof = re.search(r'name="csrf" value="([^"]+)"', html)[1]
    sent = {"csrf": proof, "shown": shown, "do": "commit", "folder": "", **fields}
    return who.client.post(page, data=sent, files=[("files", one) for one in named])


def test_files_are_uploaded_renamed_and_deleted(hub, ann, pets):
    page = f"{PETS}/upload/main"
    large = bytes(range(256)) * 4096
    named = [("a.txt", b"a"), ("b c.bin", large), ("copy.txt", b"a"), ("empty.txt", b"")]
    assert uploads(ann, page, named, folder="more/").status_code == 303
    assert [held(hub, pets, f"more/{name}") for name, _ in named] == [data for _, data in named]
    assert newest(hub, pets).title == "Upload a.txt, b c.bin, copy.txt and 1 more"
    rename = f"{PETS}/rename/main/more/b%20c.bin"
    change = f"{PETS}/change/main/more/b%20c.bin"
    taken = sends(ann, change, rename, to="more/a.txt")
    assert taken.status_code == 400
    assert "already" in taken.text
    assert sends(ann, change, rename, to="data/b.bin").status_code == 303
    assert held(hub, pets, "data/b.bin") == large
    assert held(hub, pets, "more/b c.bin") is None
    change = f"{PETS}/change/main/more/a.txt"
    assert sends(ann, change, f"{PETS}/delete/main/more/a.txt").status_code == 303
    assert held(hub, pets, "more/a.txt") is None
    assert held(hub, pets, "more/copy.txt") == b"a"
    assert not [path for path in hub.blobs.staging.rglob("*") if path.is_file()]


def test_an_upload_is_refused_whole(hub, ann, bob, pets, people):
    page = f"{PETS}/upload/main"
    before = newest(hub, pets)
    one = [("a.txt", b"a")]
    refused = {
        "another's proof": uploads(ann, page, one, csrf="x"),
        "no file": uploads(ann, page, []),
        "a folder above": uploads(ann, page, one, folder="../x"),
        "two of one name": uploads(ann, page, [*one, *one]),
        "who may not write": uploads(bob, page, one),
        "too many": uploads(ann, page, [(f"{number}", b"") for number in range(101)]),
    }
    statuses = {what: answer.status_code for what, answer in refused.items()}
    assert statuses == {
        "another's proof": 403, "no file": 400, "a folder above": 400, "two of one name": 400,
        "who may not write": 403, "too many": 413,
    }  # fmt: skip
    commit_files(hub, pets, people["account"], {"a.txt": b"theirs"})
    late = uploads(ann, page, one, shown=before.id)
    assert late.status_code == 409
    assert "choose the files again" in late.text
    assert held(hub, pets, "a.txt") == b"theirs"
    assert not [path for path in hub.blobs.staging.rglob("*") if path.is_file()]


def test_a_file_that_stands_before_the_proof_is_not_taken_in(hub, ann, pets):
    """Who can have a browser send a form from elsewhere has no proof to put in front."""
    proof = ann.proof(f"{PETS}/upload/main")
    answer = ann.client.post(
        f"{PETS}/upload/main",
        content=b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\na\r\n'
        b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + proof.encode()
        + b"\r\n--x--\r\n",
        headers={"content-type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    assert answer.status_code == 403


def test_the_first_file_of_a_repository(hub, ann, dataset):
    repo = dataset("pets", [])
    page = ann.get(f"{PETS}/tree/main").text
    assert f"{PETS}/new/main" in page
    assert f"{PETS}/upload/main" in page
    assert sends(ann, f"{PETS}/new/main", path="README.md", text="# Pets\n").status_code == 303
    assert held(hub, repo, "README.md") == b"# Pets\n"
    again = sends(ann, f"{PETS}/new/main", path="README.md", text="# Other\n", shown="")
    assert again.status_code == 409


def test_a_preview_of_a_gated_file_is_a_read_on_record(hub, ann, dataset, people):
    """Also where the form came from the page of another file, and names an earlier state."""
    tea = dataset("tea", [{"README.md": b"x", "a.txt": b"one"}, {"a.txt": b"two"}], gate="manual")
    with hub.database.read() as db:
        first = history.ancestors(db, tea, history.head(db, tea, "main"), 2)[1]
    page, at = "/datasets/ann/tea/edit/main/README.md", "/datasets/ann/tea/edit/main/a.txt"
    assert "-one" in sends(ann, page, at=at, shown=first.id, text="three", do="preview").text
    with hub.database.read() as db:
        log = [(one.user, one.detail) for one in events.recent(db, tea) if one.action == "viewed"]
    assert log == [("ann", {"path": "a.txt", "revision": first.id})]


def test_a_form_that_is_sent_twice_is_one_commit_and_no_conflict(hub, ann, pets):
    """A thumb presses twice: its own commit is not somebody else's."""
    shown, led = newest(hub, pets).id, []
    for _ in range(2):
        led.append(sends(ann, EDIT, text="# Twice", shown=shown).headers["location"])
        more = uploads(ann, f"{PETS}/upload/main", [("new.txt", b"new")], shown=shown)
        led.append(more.headers["location"])
    assert led[:2] == led[2:]
    with hub.database.read() as db:
        log = history.ancestors(db, pets, history.head(db, pets, "main"), 3)
    assert [one.title for one in log[:2]] == ["Upload new.txt", "Edit README.md"]
    assert log[2].id == shown
    assert sends(ann, EDIT, text="# Thrice", shown=shown).status_code == 409, "another text"
