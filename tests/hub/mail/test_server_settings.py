"""The mail server of the environment, and TLS on the way to it."""

from __future__ import annotations

import shutil
import ssl
import subprocess

import pytest

from pairsmith.hub.core import mail_server
from pairsmith.hub.core.mail_server import MailError, MailServer, from_environment

URL, PASSWORD, SENDER = mail_server.URL, mail_server.PASSWORD, mail_server.SENDER


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in (URL, PASSWORD, SENDER):
        monkeypatch.delenv(name, raising=False)


def set_all(monkeypatch, url, sender="hub@example.org", password=""):
    for name, value in ((URL, url), (SENDER, sender), (PASSWORD, password)):
        monkeypatch.setenv(name, value)


def test_without_an_address_there_is_none():
    assert from_environment() is None


@pytest.mark.parametrize(
    ("url", "port", "tls", "user"),
    [
        ("smtp://mail.example.org", 587, False, ""),
        ("smtps://mail.example.org/", 465, True, ""),
        ("smtp://hub%40example.org@mail.example.org:2525", 2525, False, "hub@example.org"),
    ],
    ids=["plain", "tls", "user"],
)
def test_an_address_is_read(monkeypatch, url, port, tls, user):
    set_all(monkeypatch, url, password="a word for mail")
    found = from_environment()
    assert found == MailServer(
        "mail.example.org", port, tls, "hub@example.org", user, "a word for mail"
    )
    assert "a word" not in repr(found)


@pytest.mark.parametrize(
    ("url", "sender", "said"),
    [
        ("smtp://mail.example.org", "", SENDER),
        ("smtp://mail.example.org", "hub@example.org\nBcc: x@y", SENDER),
        ("mail.example.org:25", "hub@example.org", URL),
        ("http://mail.example.org", "hub@example.org", URL),
        ("smtp://mail.example.org:no", "hub@example.org", URL),
        ("smtp://mail.example.org:99999", "hub@example.org", URL),
        ("smtp://hub:secret@mail.example.org", "hub@example.org", PASSWORD),
        ("smtp://hub@mail.example.org", "hub@example.org", PASSWORD),
    ],
    ids=["no-sender", "lines", "no-scheme", "web", "port", "high", "password", "no-password"],
)
def test_what_cannot_be_is_said_without_a_secret(monkeypatch, url, sender, said):
    set_all(monkeypatch, url, sender)
    with pytest.raises(MailError) as caught:
        from_environment()
    assert said in f"{caught.value} {caught.value.hint}"
    assert "secret" not in str(caught.value)


@pytest.fixture
def certificate(tmp_path):
    """A certificate of localhost and its key, of a maker of its own."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    paths = [tmp_path / name for name in ("cert.pem", "key.pem")]
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        *("-out", paths[0], "-keyout", paths[1]),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return paths


def test_tls_is_used_where_it_is_offered_and_certificates_are_checked(
    hub, account, certificate, monkeypatch
):
    pytest.importorskip("aiosmtpd")
    from pairsmith.hub.mail import outbox
    from pairsmith.hub.mail.delivery import Postman
    from support.hub.post_office import mailing, post_office

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    user = account("ann")[0]
    options = {"tls_context": context, "require_starttls": True}
    with post_office("hub", "a word for mail", **options) as office:
        mailing(hub, office, host="localhost")
        with hub.database.write() as db:
            outbox.send_later(hub, db, user.id, "Hello", ["there"], notice=False)
        assert Postman(hub).deliver() > 0  # the certificate is of nobody who is known
        assert office.received == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        with hub.database.write() as db:
            db.execute("UPDATE outbox SET due = 0")
        assert Postman(hub).deliver() == 0
        assert len(office.received) == 1


def test_a_server_of_another_machine_without_tls_is_sent_nothing(hub, account, monkeypatch):
    pytest.importorskip("aiosmtpd")
    from pairsmith.hub.mail import outbox, smtp
    from pairsmith.hub.mail.delivery import Postman
    from support.hub.post_office import mailing, post_office

    user = account("ann")[0]
    monkeypatch.setattr(smtp, "is_local", lambda _host: False)
    with post_office() as office:
        mailing(hub, office)
        with hub.database.write() as db:
            outbox.send_later(hub, db, user.id, "Hello", ["there"], notice=False)
        assert Postman(hub).deliver() > 0
        assert office.received == []
