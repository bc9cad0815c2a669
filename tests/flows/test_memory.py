"""How a run's memory is asked for and divided."""

import pytest

from flows.memory import LEAST_BYTES, MB, batch_patients, database_limit, memory_bytes
from schemas.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2048 * MB), ("1.5gb", 1536 * MB), (" 1100 MB ", 1100 * MB), ("1GB", LEAST_BYTES)],
)
def test_a_size_is_a_number_of_megabytes_or_gigabytes(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "2", "GB", "2 TB", "-1GB", "2,5GB", "1GBs", "1023MB", "0GB"])
def test_anything_else_or_too_little_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        memory_bytes(text)
    assert "--memory" in str(refused.value)


@pytest.mark.parametrize("memory", [LEAST_BYTES, 2048 * MB, 64 * 1024 * MB])
def test_the_parts_fit_into_the_whole_and_each_gets_some(memory: int) -> None:
    database = int(database_limit(memory).removesuffix("MiB")) * MB
    assert database >= 64 * MB
    assert batch_patients(memory) >= 1000
    assert database + batch_patients(memory) * 30_000 < memory
