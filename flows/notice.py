"""A word after the night, by e-mail or through a Prefect block: what was published, in counts, never a
patient."""

import smtplib
import ssl
import stat
from collections.abc import Iterable, Sequence
from email.message import EmailMessage
from pathlib import Path

import polars as pl

from flows.config import Notice
from flows.night import Outcome
from flows.publish import read_manifest
from schemas.errors import StorageFailed
from schemas.words import CHANGES, TIERS

_TIMEOUT_SECONDS = 30


def send_notice(notice: Notice, outcomes: Sequence[Outcome], *, through_prefect: bool = False) -> None:
    """Sends what the configuration asks for; nothing if it names nobody.

    Raises ``StorageFailed`` if it cannot be sent; the lists are published all the same.
    """
    if notice.when == "problems" and not any(outcome.failure for outcome in outcomes):
        return
    subject, body = compose(outcomes)
    if notice.smtp_host:
        _mail(notice, subject, body)
    if notice.prefect_block and through_prefect:
        _through_prefect(notice.prefect_block, subject, body)


def compose(outcomes: Iterable[Outcome]) -> tuple[str, str]:
    """Subject and text."""
    told = list(outcomes)
    failed = sum(outcome.failure is not None for outcome in told)
    subject = "Prescreen: " + (
        f"{failed} of {len(told)} extracts have no new list" if failed else "new lists"
    )
    return subject, "\n\n".join("\n".join(_lines(outcome)) for outcome in told) + "\n"


def _lines(outcome: Outcome) -> Iterable[str]:
    if outcome.failure is not None:
        yield f"{outcome.job.name}: NO NEW LIST; the last one stays. {outcome.failure}"
        return
    if outcome.result is None:
        return
    folder = outcome.folder
    manifest = read_manifest(folder)
    again = ", published before" if outcome.result.repeated else ""
    patients = manifest["rows"]["screen"]["patients"]
    yield f"{outcome.job.name}: run {outcome.result.run_id}, {patients} patients{again}"
    candidates = pl.read_parquet(folder / "candidates.parquet", columns=["trial_id", "tier"])
    changes = pl.read_parquet(folder / "changes.parquet", columns=["trial_id", "change"])
    for trial_id in sorted(manifest["trials"]):
        yield f"  {trial_id}: {_counts(candidates, trial_id, 'tier', TIERS)}"
        yield f"    since the last list: {_counts(changes, trial_id, 'change', CHANGES)}"


def _counts(frame: pl.DataFrame, trial_id: str, column: str, words: Iterable[str]) -> str:
    found = dict(frame.filter(pl.col("trial_id") == trial_id)[column].value_counts().iter_rows())
    return ", ".join(f"{word.replace('_', ' ')} {found.get(word, 0)}" for word in words)


def _mail(notice: Notice, subject: str, body: str) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, notice.sender, ", ".join(notice.recipients)
    message.set_content(body)
    password = _password(notice)
    try:
        context = ssl.create_default_context()
        with _server(notice, context) as server:
            if notice.security == "starttls":
                server.starttls(context=context)
            if notice.user:
                server.login(notice.user, password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        kind = type(error).__name__
        raise StorageFailed(
            "the notice", f"it could not be sent by e-mail ({kind}).", "Check [notice]."
        ) from None


def _server(notice: Notice, context: ssl.SSLContext) -> smtplib.SMTP:
    host, port = notice.smtp_host, notice.smtp_port
    if notice.security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(host, port, timeout=_TIMEOUT_SECONDS)


def _password(notice: Notice) -> str:
    if not notice.password_file:
        return ""
    path = Path(notice.password_file)
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise StorageFailed(path.name, "others can read the password.", f"Run: chmod 600 {path.name}")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StorageFailed(path.name, f"{error.strerror}.", "Check password_file.") from None


def _through_prefect(block: str, subject: str, body: str) -> None:
    from prefect.blocks.abstract import NotificationBlock  # noqa: PLC0415 - only nights that Prefect runs
    from prefect.blocks.core import Block  # noqa: PLC0415

    loaded = Block.load(block)
    if not isinstance(loaded, NotificationBlock):
        raise StorageFailed(
            "the notice", "the Prefect block is no notification block.", "Check prefect_block."
        )
    # Called from a flow that is not asynchronous, it has sent when it returns.
    _ = loaded.notify(body, subject)
