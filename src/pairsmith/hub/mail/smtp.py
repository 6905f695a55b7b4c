"""A connection to the mail server, by the standard library, with an end to whatever it does."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP

from pairsmith.hub.core.mail_server import MailServer
from pairsmith.hub.http.sockets import is_local

SECONDS = 10.0  # that the server may be silent
WHOLE_SECONDS = 30.0  # that a letter may take in all
FAULTS = (OSError, smtplib.SMTPException, ValueError)  # ValueError: a connection that was cut


class RefusedError(Exception):
    """The server did not take a letter; `for_good`: it will not take it later, either."""

    def __init__(self, fault: str, for_good: bool = False) -> None:
        super().__init__(fault)
        self.fault = fault
        self.for_good = for_good


class UnreachableError(Exception):
    """There is no server to be had, or it takes no letter of this hub whatever it is."""


class Line:
    """A connection to the mail server."""

    def __init__(self, server: MailServer, host: str) -> None:
        """Connects and signs in.

        Args:
            server: The mail server.
            host: This hub's name.

        Raises:
            UnreachableError: That did not work.
        """
        self.server = server
        context = ssl.create_default_context()
        with _unreachable():
            if server.tls:
                self._client: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, host, timeout=SECONDS, context=context
                )
            else:
                self._client = smtplib.SMTP(server.host, server.port, host, timeout=SECONDS)
        try:
            with self._ending(), _unreachable():
                self._begin(context)
        except UnreachableError:
            self._client.close()
            raise

    def _begin(self, context: ssl.SSLContext) -> None:
        server, client = self.server, self._client
        client.ehlo()
        secure = server.tls
        if not secure and client.has_extn("starttls"):
            client.starttls(context=context)
            client.ehlo()
            secure = True
        if not secure and not is_local(server.host):
            raise smtplib.SMTPException("it offers no TLS (STARTTLS)")
        if server.user:
            client.login(server.user, server.password)

    def send(self, message: EmailMessage, address: str) -> None:
        """Hands a message over.

        Raises:
            RefusedError: The server did not take it.
            UnreachableError: It takes nothing of this hub.
        """
        try:
            with self._ending():
                self._hand_over(message, address)
        except smtplib.SMTPSenderRefused as error:
            raise UnreachableError(_said(error.smtp_code, error.smtp_error)) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()), (450, b""))
            raise RefusedError(_said(code, said), 500 <= code < 600) from error
        except smtplib.SMTPResponseException as error:
            code = error.smtp_code
            raise RefusedError(_said(code, error.smtp_error), 500 <= code < 600) from error
        except smtplib.SMTPNotSupportedError as error:
            raise RefusedError("the mail server takes no such address", for_good=True) from error
        except FAULTS as error:
            raise RefusedError(f"{type(error).__name__}: {error}") from error

    def _hand_over(self, message: EmailMessage, address: str) -> None:
        # not `send_message`, which writes > before a line that begins with "From"
        if address.isascii():
            self._client.sendmail(self.server.sender, [address], message.as_bytes(policy=SMTP))
            return
        if not self._client.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError
        content = message.as_bytes(policy=SMTP.clone(utf8=True))
        self._client.sendmail(self.server.sender, [address], content, ["SMTPUTF8", "BODY=8BITMIME"])

    def cut(self) -> None:
        """Ends the connection at once, whoever is waiting for it."""
        if (sock := self._client.sock) is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # a TLS socket's own would wait

    def close(self) -> None:
        """Says goodbye."""
        with suppress(*FAULTS), self._ending():
            self._client.quit()
        self._client.close()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Cuts the connection where the block takes too long, however lively the server is."""
        watch = threading.Timer(WHOLE_SECONDS, self.cut)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()


@contextmanager
def _unreachable() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise UnreachableError(_said(error.smtp_code, error.smtp_error)) from error
    except FAULTS as error:
        raise UnreachableError(f"{type(error).__name__}: {error}") from error


def _said(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
