"""The notice after a night: who gets it, what it says, that it names nobody, and what fails without harm."""

import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from flows.config import ExtractJob, Notice
from flows.night import Outcome
from flows.notice import compose, send_notice
from flows.steps import run_screening
from schemas.errors import ExtractRefused, StorageFailed
from tests.flows.extracts import CANARY, request, write_extract, write_trial

JOB = ExtractJob(name="myeloma", folder="in", out="out", trials=("tiny",))
REFUSED = Outcome(JOB, failure=ExtractRefused("the extract", "it is old.", "Deliver a newer one."))


class _Postman(socketserver.StreamRequestHandler):
    """Enough of SMTP to take a message."""

    def handle(self) -> None:
        received: list[bytes] = self.server.received
        self.wfile.write(b"220 hello\r\n")
        body: list[bytes] | None = None
        for line in self.rfile:
            if body is not None:
                if line == b".\r\n":
                    received.append(b"".join(body))
                    body = None
                    self.wfile.write(b"250 taken\r\n")
                else:
                    body.append(line)
            elif line.upper().startswith(b"DATA"):
                body = []
                self.wfile.write(b"354 go on\r\n")
            elif line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 yes\r\n")


@pytest.fixture
def post() -> Iterator[tuple[int, list[bytes]]]:
    """A mail server on loopback: its port, and the messages it took."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Postman) as server:
        server.received = []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1], server.received
        server.shutdown()


def notice(port: int, **more: object) -> Notice:
    given = {"smtp_host": "127.0.0.1", "smtp_port": port, "security": "none", "sender": "a@example.org"}
    return Notice.model_validate({**given, "recipients": ["b@example.org", "c@example.org"], **more})


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("notice")
    write_extract(folder / "extract")
    write_trial(folder)
    asked = request(folder / "extract", folder / "out", folder / "tiny.toml")
    job = JOB.model_copy(update={"out": str(folder / "out")})
    return Outcome(job, result=run_screening(asked, lambda _: None))


def test_the_notice_counts_tiers_and_changes_and_names_nobody(published: Outcome) -> None:
    subject, body = compose([published])
    assert subject == "Prescreen: new lists"
    assert "tiny: eligible 1, possible 1, opens later 1, near miss 0, excluded 1" in body
    assert "since the last list: new on list 0, left list 0, moved tier 0, criterion 0" in body
    assert CANARY not in body


def test_the_notice_says_first_what_has_no_list() -> None:
    subject, body = compose([REFUSED])
    assert subject == "Prescreen: 1 of 1 extracts have no new list"
    assert body == "myeloma: NO NEW LIST; the last one stays. the extract: it is old. Deliver a newer one.\n"


def test_the_notice_arrives_at_everybody_named(post: tuple[int, list[bytes]], published: Outcome) -> None:
    port, received = post
    send_notice(notice(port), [published, REFUSED])
    message: Message = message_from_bytes(received[0])
    assert message["To"] == "b@example.org, c@example.org"
    assert message["Subject"] == "Prescreen: 1 of 2 extracts have no new list"
    assert CANARY.encode() not in received[0]


def test_only_problems_are_told_to_those_who_ask_for_them(
    post: tuple[int, list[bytes]], published: Outcome
) -> None:
    port, received = post
    send_notice(notice(port, when="problems"), [published])
    assert received == []
    send_notice(notice(port, when="problems"), [REFUSED])
    assert len(received) == 1


def test_nobody_is_told_where_nobody_is_named(published: Outcome) -> None:
    send_notice(Notice(), [published])


@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
def test_a_mail_server_that_does_not_answer_as_it_should_is_named(security: str, published: Outcome) -> None:
    with pytest.raises(StorageFailed, match="could not be sent by e-mail"):
        send_notice(notice(9, security=security), [published])


def test_a_password_that_others_can_read_is_not_used(
    tmp_path: Path, post: tuple[int, list[bytes]], published: Outcome
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x", "utf-8")
    secret.chmod(0o640)
    with pytest.raises(StorageFailed, match="chmod 600"):
        send_notice(notice(post[0], password_file=str(secret), user="u"), [published])
    with pytest.raises(StorageFailed, match="password_file"):
        send_notice(notice(post[0], password_file=str(tmp_path / "none"), user="u"), [published])
