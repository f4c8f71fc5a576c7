"""Encoding and segment count of an SMS: fixed cases, and the SQL against the oracle's greedy filling of parts."""

from collections.abc import Callable

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.reporting import GSM7_BASIC, GSM7_EXTENSION, encode
from tests.pipeline import Pipeline

Count = Callable[[list[str]], list[tuple[str, int]]]

CASES = [
    # One part or two: 160 septets, 70 UTF-16 units.
    ("", "gsm7", 1),
    ("a" * 160, "gsm7", 1),
    ("a" * 161, "gsm7", 2),
    ("a" * 306, "gsm7", 2),
    ("a" * 307, "gsm7", 3),
    ("ñ" * 160, "gsm7", 1),
    ("ç" * 70, "ucs2", 1),
    ("ç" * 71, "ucs2", 2),
    ("я" * 134, "ucs2", 2),
    ("я" * 135, "ucs2", 3),
    # Characters of the extension table take two septets.
    *[(character + "a" * 158, "gsm7", 1) for character in GSM7_EXTENSION],
    *[(character + "a" * 159, "gsm7", 2) for character in GSM7_EXTENSION],
    ("€" * 80, "gsm7", 1),
    ("€" * 81, "gsm7", 2),
    # ... which are not cut: 306 septets would be two parts, but the 153rd and 154th belong together.
    ("a" * 152 + "€" + "a" * 152, "gsm7", 3),
    ("a" * 152 + "€" + "a" * 151, "gsm7", 2),
    ("€" * 152, "gsm7", 2),
    ("€" * 153, "gsm7", 3),
    # In UCS-2 they take one unit as any other; characters beyond U+FFFF take two.
    ("😀" + "]" * 68, "ucs2", 1),
    ("😀" + "]" * 69, "ucs2", 2),
    ("😀" * 35, "ucs2", 1),
    ("😀" * 36, "ucs2", 2),
    # ... which are not cut: 33 of them in a part, not 33 and a half.
    ("😀" * 66, "ucs2", 2),
    ("😀" * 67, "ucs2", 3),
    ("я" * 66 + "😀" + "я" * 66, "ucs2", 3),
    ("я" * 65 + "😀" + "я" * 67, "ucs2", 2),
    # A flag, a family and a letter with accents put together are several characters to a carrier.
    ("🇮🇹" + "a" * 66, "ucs2", 1),
    ("🇮🇹" + "a" * 67, "ucs2", 2),
    ("🏳️‍🌈" + "a" * 64, "ucs2", 1),
    ("🏳️‍🌈" + "a" * 65, "ucs2", 2),
    ("é\u0301\u0301" + "a" * 67, "ucs2", 1),
    ("é\u0301\u0301" + "a" * 68, "ucs2", 2),
    # What is in the alphabet and what is not.
    ("\r\n" * 80, "gsm7", 1),
    ("\r\n" * 81, "gsm7", 2),
    ("\f" * 80, "gsm7", 1),
    ("ΔΦΓΛΩΠΨΣΘΞ" * 16, "gsm7", 1),
    ("ΑΒΕ", "ucs2", 1),
    ("Ç", "gsm7", 1),
    ("`", "ucs2", 1),
    ("\t", "ucs2", 1),
    ("\x1b", "ucs2", 1),
    ("\u00a0", "ucs2", 1),
    ("“quoted”", "ucs2", 1),
    ("ığüşöç", "ucs2", 1),
    ("你好", "ucs2", 1),
]


@pytest.fixture(scope="module")
def count(tmp_path_factory: pytest.TempPathFactory) -> Count:
    """The macros, as dbt writes them into a statement, run on texts."""
    pipeline = Pipeline(tmp_path_factory.mktemp("segments"))
    pipeline.load()
    (compiled,) = pipeline.dbt(
        "compile",
        "--inline",
        "select body, text_kind, {{ segment_count('body', 'text_kind') }} as segment_count"
        " from (select body, {{ text_kind('body') }} as text_kind, place from texts) order by place",
    )
    statement = str(compiled.compiled_code)

    def run(bodies: list[str]) -> list[tuple[str, int]]:
        with duckdb.connect() as connection:
            connection.execute("create table texts (place integer, body varchar)")
            connection.executemany("insert into texts values (?, ?)", list(enumerate(bodies)))
            rows = connection.execute(statement).fetchall()
        assert [row[0] for row in rows] == bodies
        return [("ucs2" if kind == "ucs2" else "gsm7", parts) for _, kind, parts in rows]

    return run


def test_fixed_cases(count: Count) -> None:
    found = count([body for body, _, _ in CASES])
    assert [(body, *result) for (body, _, _), result in zip(CASES, found, strict=True)] == CASES


def test_fixed_cases_are_the_oracles() -> None:
    assert [(body, *encode(body)) for body, _, _ in CASES] == CASES


def test_every_character_of_the_alphabet_counts(count: Count) -> None:
    characters = GSM7_BASIC + GSM7_EXTENSION
    assert len(set(characters)) == len(characters) == 127 + 10
    assert count([character * 80 for character in characters]) == [("gsm7", 1)] * len(characters)


ALPHABETS = [
    "ab",
    "a€",
    "a[]{}\f",
    "a\r\n",
    "aΔΩ",
    "я",
    "я😀",
    "a😀",
    "a\u00a0",
    "aığ",
    "你好😀",
    "👩\u200d👧",
    "e\u0301",
    "a€😀",
    "é`",
]
LENGTHS = (
    st.integers(0, 400)
    | st.integers(150, 163)
    | st.integers(303, 309)
    | st.integers(455, 462)
    | st.integers(33, 37)
    | st.integers(64, 72)
    | st.integers(131, 137)
)


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """Texts of an alphabet, with rare characters at and around the ends of parts."""
    alphabet = draw(st.sampled_from(ALPHABETS))
    length = draw(LENGTHS)
    body = [alphabet[0]] * length
    for end in (35, 67, 70, 76, 134, 153, 160, 201, 306):
        for place in range(max(0, end - 3), min(length, end + 2)):
            body[place] = draw(st.sampled_from(alphabet))
    for place in draw(st.lists(st.integers(0, max(0, length - 1)), max_size=20)):
        if length:
            body[place] = draw(st.sampled_from(alphabet))
    return "".join(body)


@settings(max_examples=60, deadline=None)
@given(st.lists(bodies() | st.text(max_size=500), min_size=20, max_size=20))
def test_segments_equal_a_greedy_filling_of_parts(count: Count, texts: list[str]) -> None:
    assert count(texts) == [encode(text) for text in texts]
