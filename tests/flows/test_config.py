"""The nightly configuration: what it says, and what is wrong with it, by key."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.config import read_config, request_of, today_in
from schemas.errors import ExtractRefused, UsageError

SMALL = """
[[extract]]
name = "one"
folder = "in"
out = "out"
trials = ["NCT06050512", "own/trial.toml"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "night.toml"
    path.write_text(text, "utf-8")
    return path


def test_paths_count_from_the_files_folder_and_the_rest_has_defaults(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, SMALL))
    job = config.extract[0]
    assert job.folder == str(tmp_path / "in")
    assert job.out == str(tmp_path / "out")
    assert job.trials == ("NCT06050512", str(tmp_path / "own/trial.toml"))
    assert (config.limits.max_age_days, config.keep.inputs, config.schedule.timezone) == (3, 7, "UTC")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "extract"),
        (SMALL + "trails = []\n", "key extract.1.trails: this key is not known. Did you mean 'trials'?"),
        (SMALL + "[limits]\nmax_age = 3\n", "Did you mean 'max_age_days'?"),
        (SMALL + "[limits]\nmax_age_days = -1\n", "limits.max_age_days"),
        (SMALL + '[limits]\nmax_age_days = "3"\n', "limits.max_age_days"),
        (SMALL + "[limits]\nlost_rows_percent = 101\n", "limits.lost_rows_percent"),
        (SMALL + '[schedule]\ntimezone = "Europe/Berlim"\n', "this time zone is not known"),
        (SMALL + '[notice]\nsmtp_host = "mail"\n', "sender and recipients"),
        (SMALL + SMALL, "two extracts have the same name"),
        (SMALL + SMALL.replace('"one"', '"two"'), "two extracts have the same out"),
        (SMALL.replace('"one"', '"../one"'), "extract.1.name"),
        ("[[extract]\n", "is not valid TOML"),
        (SMALL + "[weather]\n", "key weather: this key is not known."),
    ],
)
def test_what_is_wrong_is_named_by_its_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as wrong:
        read_config(written(tmp_path, text))
    assert told in str(wrong.value)
    assert wrong.value.where.endswith("night.toml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"night\.toml"):
        read_config(tmp_path / "night.toml")


def test_an_unknown_job_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'one'"):
        read_config(written(tmp_path, SMALL)).job("ones")


def deliver(folder: Path, text: str) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "extract.toml").write_text(text, "utf-8")


def test_patients_are_judged_on_the_extracts_day_or_on_tonights(tmp_path: Path) -> None:
    deliver(tmp_path, "extracted_on = 2026-06-29\n")
    tonight = date(2026, 6, 30)
    text = SMALL + "enrollment_in_days = 14\nfirst_dose_in_days = 7\n"
    config = read_config(written(tmp_path, text))
    request = request_of(config, config.extract[0], tonight)
    dates = (request.as_of, request.enrollment, request.first_dose)
    assert dates == (date(2026, 6, 29), date(2026, 7, 13), date(2026, 7, 20))
    assert request.night is not None
    assert request.night.today == tonight
    config = read_config(written(tmp_path, text + 'as_of = "today"\n'))
    assert request_of(config, config.extract[0], tonight).as_of == tonight


def test_an_extract_that_does_not_tell_its_day_is_refused(tmp_path: Path) -> None:
    deliver(tmp_path, 'source = "x"\n')
    config = read_config(written(tmp_path, SMALL))
    with pytest.raises(ExtractRefused, match="of which day"):
        request_of(config, config.extract[0], date(2026, 6, 30))


def test_the_night_has_the_day_of_the_schedules_time_zone(tmp_path: Path) -> None:
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    config = read_config(written(tmp_path, SMALL + '[schedule]\ntimezone = "Europe/Berlin"\n'))
    assert today_in(config, late) == date(2026, 7, 1)
