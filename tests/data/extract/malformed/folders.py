"""Folders that are no extract, and ``extract.toml`` files that say what cannot be."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.data.extract.malformed.case import CANARY, GOOD_PATIENTS, Refusal, observations


def _files(**contents: bytes) -> Callable[[Path], None]:
    """Writes files; ``__`` in a name stands for a dot."""

    def write(folder: Path) -> None:
        for name, content in contents.items():
            (folder / name.replace("__", ".")).write_bytes(content)

    return write


def _named(*names: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "patients.csv").write_bytes(GOOD_PATIENTS)
        for name in names:
            (folder / name).write_bytes(observations())

    return write


def _gone(folder: Path) -> None:
    folder.rmdir()


def _a_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_bytes(GOOD_PATIENTS)


def _a_folder_for_a_table(folder: Path) -> None:
    (folder / "patients.csv").mkdir()


def _a_broken_link(folder: Path) -> None:
    (folder / "patients.csv").symlink_to(folder / "elsewhere.csv")


def _a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "patients.csv")


def _info(name: str, text: str | bytes, *says: str) -> Refusal:
    content = text.encode() if isinstance(text, str) else text
    return Refusal(name, _files(patients__csv=GOOD_PATIENTS, extract__toml=content), ("extract.toml", *says))


FOLDERS = (
    Refusal("no folder", _gone, ("no such folder",)),
    Refusal("a file in place of the folder", _a_file, ("no such folder",)),
    Refusal("an empty folder", _files(), ("no table", "patients.parquet")),
    Refusal("no patients", _files(observations__csv=observations()), ("no table patients",)),
    Refusal("patients in capital letters", _files(Patients__csv=GOOD_PATIENTS), ("not 'Patients.csv'",)),
    Refusal(
        "csv and parquet of one table",
        _named("observations.csv", "observations.parquet"),
        ("observations.csv and observations.parquet", "Keep the one"),
    ),
    Refusal(
        "csv and csv.gz of one table",
        _named("observations.csv", "observations.csv.gz"),
        ("observations.csv and observations.csv.gz",),
    ),
    Refusal("a name with brackets", _named("observations[1].csv"), ("'observations[1].csv'", "Rename it")),
    Refusal("a name with a star", _named("*.csv"), ("'*.csv'", "Rename it")),
    Refusal("a name with a question mark", _named("observations?.parquet"), ("* ? [ ]",)),
    Refusal("a folder in place of a table", _a_folder_for_a_table, ("patients.csv", "plain file")),
    Refusal("a broken link", _a_broken_link, ("patients.csv", "plain file")),
    Refusal("a pipe", _a_pipe, ("patients.csv", "plain file")),
)
INFO_FILES = (
    _info("toml that cannot be parsed", 'source = "a"\nextracted_on = \n', "line 2", "not valid TOML"),
    _info("toml with a key twice", 'source = "a"\nsource = "b"\n', "not valid TOML"),
    _info("toml that is not utf-8", b'source = "\xb5"\n', "not UTF-8"),
    _info("toml that is too large", b"#" * 1_000_001, "larger than"),
    _info("toml nested too deeply", "source = " + "[" * 100_000, "not valid TOML"),
    _info(
        "an unknown key", "extracted_at = 2026-01-31\n", "key extracted_at", "Did you mean 'extracted_on'?"
    ),
    _info("an unknown key that is not plain", f'"{CANARY} x" = 1\n', "not known"),
    _info("a source that is a number", "source = 5\n", "key source"),
    _info("a day that does not exist", 'extracted_on = "2026-02-30"\n', "key extracted_on"),
    _info("a day and a time", "extracted_on = 2026-01-31T10:00:00\n", "key extracted_on"),
    _info("a day month first", 'extracted_on = "01/31/2026"\n', "key extracted_on"),
    _info("a year alone", "extracted_on = 2026\n", "key extracted_on"),
    _info("a day of another age", "extracted_on = 0001-01-01\n", "key extracted_on"),
    _info("units that are a text", 'default_units = "g/dL"\n', "key default_units"),
    _info("a unit that is a number", "[default_units]\nhemoglobin = 1\n", "key default_units.hemoglobin"),
    _info("a blank unit", '[default_units]\nhemoglobin = " "\n', "key default_units.hemoglobin"),
)
