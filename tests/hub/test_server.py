"""`pairsmith serve`: one process for a folder, that stops when told and logs no secret."""

import signal
import socket

import httpx
import pytest

from pairsmith import extras
from pairsmith.errors import PairsmithError
from pairsmith.hub.context import open_hub
from pairsmith.hub.http.accesslog import loggable_path
from pairsmith.hub.http.sockets import check_url, is_local, url_of
from pairsmith.hub.maintenance.backup import MARK, backup
from pairsmith.hub.repos import repos
from pairsmith.hub.server import serve
from support.hub.running import running
from support.hub.stock import commit_files, put
from support.slow import slow

DATA = bytes(range(256)) * (1 << 17)  # 32 MiB


@pytest.fixture
def filled(hub, account):
    """A hub with a large file in a private repository; its root and the header of the owner."""
    ann, header = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "data", private=True)
    commit_files(hub, repo, ann, {"large.parquet": DATA})
    hub.close()
    return hub.root, header


def test_a_hub_is_served_until_it_is_stopped(filled):
    root, header = filled
    with running(root) as server:
        url = f"{server.url}/datasets/ann/data/resolve/main/large.parquet"
        assert httpx.get(url, headers=header, trust_env=False).content == DATA
        assert httpx.get(url, trust_env=False).status_code == 401
        assert server.end(signal.SIGTERM) == 0
    assert server.log.endswith("stopped\n")
    with running(root) as server:
        assert server.end(signal.SIGINT) == 0


def test_an_answer_under_way_ends_when_the_hub_is_stopped(filled):
    root, header = filled
    with running(root) as server:
        url = f"{server.url}/datasets/ann/data/resolve/main/large.parquet"
        with httpx.stream("GET", url, headers=header, trust_env=False) as answer:
            pieces = answer.iter_raw()
            got = next(pieces)
            server.process.send_signal(signal.SIGTERM)
            got += b"".join(pieces)
        assert got == DATA
        assert server.process.wait(30) == 0


def test_the_log_has_no_secrets(filled):
    root, header = filled
    with running(root) as server:
        for path in (
            "/lfs/object/aSecret",
            "//lfs/object/aSecret",
            "/cas/aSecret/v1/xorbs/default/00",
            "/login?next=aSecret",
            "/datasets/ann/data/resolve/main/large.parquet?token=aSecret",
            "/datasets/ann/na%0A%1Bme",
        ):
            httpx.get(server.url + path, headers=header, trust_env=False)
        wrong = {"Authorization": "Bearer aSecret", "Cookie": "pairsmith_session=aSecret"}
        httpx.get(server.url + "/datasets/ann/data/resolve/main/x", headers=wrong, trust_env=False)
        server.end()
    assert f"GET 200 /datasets/ann/data/resolve/main/large.parquet {len(DATA)} B" in server.log
    assert "/lfs/…" in server.log
    assert "/cas/…" in server.log
    assert "Secret" not in server.log
    assert header["Authorization"].split()[1] not in server.log


def test_control_characters_do_not_reach_the_log():
    assert loggable_path({"raw_path": b"/a\x1b[31m\xff?q"}) == "/a?[31m?"


def test_a_folder_is_served_by_one_process(filled):
    root, _ = filled
    with running(root), pytest.raises(PairsmithError, match="Another process serves"):
        serve(root, port=0)


def test_a_port_in_use(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(PairsmithError, match="in use"),
    ):
        serve(tmp_path / "hub", port=other.getsockname()[1])


@pytest.mark.parametrize("host", ["999.1.2.3", "no such host", "192.0.2.1", "a" * 300])
def test_an_address_of_another_machine(tmp_path, host):
    with pytest.raises(PairsmithError, match=r"no address of this machine|cannot be listened at"):
        serve(tmp_path / "hub", host=host, port=0)


def test_a_file_is_no_hub(tmp_path):
    (tmp_path / "file").write_text("text")
    for root in (tmp_path / "file", tmp_path / "file" / "hub"):
        with pytest.raises(PairsmithError, match="a file"):
            serve(root, port=0)


def test_a_folder_that_holds_something_else(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(PairsmithError, match="something else"):
        serve(tmp_path, port=0)


def test_a_library_that_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "uvicorn" else name)
    with pytest.raises(PairsmithError, match="uvicorn") as caught:
        serve(tmp_path / "hub")
    assert caught.value.hint == extras.hint("hub")
    assert not (tmp_path / "hub").exists()


def test_what_a_dead_process_left_is_taken_away_at_the_start(hub, account):
    ann, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "data", private=True)
    put(hub, repo, b"sent and not yet committed")
    (hub.blobs.staging / "half").write_bytes(b"half")
    waiting = hub.blobs.staging / "xet" / "upload" / "xorb"
    waiting.parent.mkdir(parents=True)
    waiting.write_bytes(b"goes on")
    with running(hub.root) as server:
        server.end()
    assert not (hub.blobs.staging / "half").exists()
    assert waiting.exists()
    assert len(list(hub.blobs.folder.glob("*/*"))) == 1


def test_a_backup_that_is_served_is_a_backup_no_longer(filled, tmp_path):
    root, header = filled
    backup(root, tmp_path / "copy")
    assert (tmp_path / "copy" / MARK).exists()
    with running(tmp_path / "copy") as server:
        url = f"{server.url}/datasets/ann/data/resolve/main/large.parquet"
        assert httpx.get(url, headers=header, trust_env=False).content == DATA
    assert not (tmp_path / "copy" / MARK).exists()


@slow
def test_who_asks_is_told_by_a_proxy_only_where_there_is_one(filled):
    root, _ = filled
    for options, count in ([], 1), (["--behind-proxy"], 3), (["--accel"], 3):
        with running(root, *options) as server:
            read_as_several(server.url, root)
            assert server.end() == 0  # which writes what was counted last
        with open_hub(root) as hub, hub.database.write() as db:
            assert db.execute("SELECT sum(count) FROM downloads").fetchone()[0] == count
            db.execute("DELETE FROM downloads")


def read_as_several(url, root):
    """Reads one file for three addresses, as a proxy on this machine would say."""
    with open_hub(root) as hub, hub.database.write() as db:
        db.execute("UPDATE repos SET private = 0")
    for address in ("198.51.100.1", "198.51.100.2", "198.51.100.3"):
        answer = httpx.get(
            f"{url}/datasets/ann/data/resolve/main/large.parquet",
            headers={"X-Forwarded-For": address, "Range": "bytes=0-9"},
            trust_env=False,
        )
        assert answer.is_success


@slow
def test_passwords_in_the_clear_are_warned_of(tmp_path):
    with running(tmp_path / "a", "--public-url", "http://hub.example.org") as server:
        server.end()
    assert "can be read on their way" in server.log
    for number, url in enumerate(("https://hub.example.org", "http://localhost:8000")):
        with running(tmp_path / str(number), "--public-url", url) as server:
            server.end()
        assert "can be read on their way" not in server.log


def test_links_that_lead_others_to_themselves_are_warned_of(tmp_path):
    with running(tmp_path, "--host", "0.0.0.0") as server:
        server.end()
    assert "give --public-url" in server.log


def test_what_is_missing_without_a_server_in_front_is_told(tmp_path):
    url = ("--public-url", "https://hub.example.org")
    for number, (options, told) in enumerate(
        [
            (("--host", "0.0.0.0"), True),
            (("--host", "0.0.0.0", "--behind-proxy"), False),
            ((), False),
        ]
    ):
        with running(tmp_path / str(number), *options, *url) as server:
            server.end()
        assert ("without a server in front" in server.log) == told


def test_without_nginx_accel_is_told_of(tmp_path):
    with running(tmp_path, "--accel") as server:
        server.end()
    assert "come out empty" in server.log


@pytest.mark.parametrize(
    "url",
    [
        "hub.example.org", "ftp://hub.example.org", "https://", "https://hub.example.org/hub",
        "https://ann@hub.example.org", "https://hub.example.org?x", "https://hub.example.org#x",
        "https://hub.example.org:99999", "https://[::1", "",
    ],
)  # fmt: skip
def test_a_public_url_that_is_none(url, tmp_path):
    with pytest.raises(PairsmithError, match="not an address that a hub can be reached at"):
        serve(tmp_path / "hub", public_url=url)
    assert not (tmp_path / "hub").exists()


@pytest.mark.parametrize("url", ["https://hub.example.org", "http://[::1]:8000/"])
def test_a_public_url(url):
    check_url(url)


def test_where_a_hub_is_by_default():
    assert url_of("127.0.0.1", 8000) == "http://127.0.0.1:8000"
    assert url_of("0.0.0.0", 8000) == "http://127.0.0.1:8000"
    assert url_of("::1", 8000) == "http://[::1]:8000"
    assert is_local("127.0.0.1")
    assert is_local("::1")
    assert is_local("localhost")
    assert not is_local("0.0.0.0")
    assert not is_local("hub.example.org")
