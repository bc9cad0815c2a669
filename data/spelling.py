"""How spellings are compared: keys for names, units and codes, alike in Python and in DuckDB.

Each ``*_key_sql`` is its key as a DuckDB expression over a column. White space is spelled out, because each
language has its own idea of what ``\\s`` matches.
"""

import re
import unicodedata

_WHITE_SQL = r"[ \t\n\r\f\v\x{00A0}\x{2009}\x{202F}]+"
_WHITE = re.compile("[ \t\n\r\f\v\u00a0\u2009\u202f]+")
_BIOLOGIC_SUFFIX = re.compile("-[a-z]{4}$")
_LOINC = re.compile("[0-9]{1,7}-[0-9]")


def _squeeze(text: str) -> str:
    return _WHITE.sub(" ", text).strip(" ")


def _squeeze_sql(column: str) -> str:
    return f"trim(regexp_replace({column}, '{_WHITE_SQL}', ' ', 'g'), ' ')"


def name_key(text: str) -> str:
    """Names: composed (NFC), outer white space off, inner runs one space, lower case."""
    return _squeeze(unicodedata.normalize("NFC", text)).lower()


def name_key_sql(column: str) -> str:
    """``name_key`` as a DuckDB expression over a column."""
    return f"lower({_squeeze_sql(f'nfc_normalize({column})')})"


def unit_key(spelling: str) -> str:
    """Units: outer white space off, inner runs one space, lower case, both micro signs become ``u``."""
    return _squeeze(spelling).lower().replace("\u00b5", "u").replace("\u03bc", "u")


def unit_key_sql(column: str) -> str:
    """``unit_key`` as a DuckDB expression over a column."""
    return f"replace(replace(lower({_squeeze_sql(column)}), chr(181), 'u'), chr(956), 'u')"


def code_key(code: str) -> str:
    """Codes: no white space, no dots, upper case (C90.00 and c9000 are one code)."""
    return _WHITE.sub("", code).replace(".", "").upper()


def code_key_sql(column: str) -> str:
    """``code_key`` as a DuckDB expression over a column."""
    return f"upper(replace(regexp_replace({column}, '{_WHITE_SQL}', '', 'g'), '.', ''))"


def strip_biologic_suffix(key: str, biologic_names: frozenset[str]) -> str:
    """The name key without a biologic's suffix (``daratumumab-xxxx``), where the rest is a listed biologic.

    In SQL: ``regexp_replace(key, '-[a-z]{4}$', '')`` joined to the names that are ``biologic``.
    """
    rest = _BIOLOGIC_SUFFIX.sub("", key)
    return rest if rest in biologic_names else key


def loinc_is_well_formed(code: str) -> bool:
    """Whether a LOINC code's check digit is right (modulus 10), which does not prove that the code exists."""
    if not _LOINC.fullmatch(code):
        return False
    digits = [int(digit) for digit in reversed(code.replace("-", ""))]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0
