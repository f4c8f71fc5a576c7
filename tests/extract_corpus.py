"""Damaged and hostile extracts, each with what has to become of it. `tests/test_extract_corpus.py` loads them in one go.

A row's send_id is `$-<line>`, where `$` stands for the case's number, so that every row is one of a kind.
"""

import bz2
import functools
import gzip
import io
import json
import lzma
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# Of the corpus, so that small files go over them.
MOST_COLUMNS, MOST_CHARACTERS, MOST_UNPACKED = 1_000, 5_000, 3_000_000
HEADER = b"send_id,message_id,channel,customer_id,sent_at,body\n"
SENT_AT = "2026-10-01T09:00:00Z"
Make = Callable[[Path, str], None]


@dataclass(frozen=True)
class Case:
    """An extract and its outcome.

    Attributes:
        name: what is odd about it.
        file: its path below the landing folder; a case's number is put before the name of one in a folder of many.
        content: its bytes, with `$`, or what makes it from its path and number.
        kept: (line, body) of each row that is loaded.
        apart: (line, part of the reason) of each row that is set apart.
        refused: part of the reason why the whole file is refused.
        outcome: loaded, refused, duplicate, or left for what is left alone.
    """

    name: str
    file: str
    content: bytes | Make
    kept: Sequence[tuple[int, str | None]] = ()
    apart: Sequence[tuple[int, str]] = ()
    refused: str = ""
    outcome: str = "loaded"

    def write(self, landing_dir: Path, number: str) -> str:
        """Put the case into a landing folder; returns its name as users see it."""
        path = landing_dir / self.file.replace("$", number)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(self.content, bytes):
            path.write_bytes(self.content.replace(b"$", number.encode()))
        else:
            self.content(path, number)
        return os.fsencode(path.relative_to(landing_dir)).decode("utf-8", "backslashreplace")


def row(line: int, body: str | bytes = "hello") -> bytes:
    body = body if isinstance(body, bytes) else body.encode()
    return b"$-%d,m1,sms,c1,%s,%s\n" % (line, SENT_AT.encode(), body)


def send(line: int, **more: Any) -> dict[str, Any]:
    return {
        "send_id": f"$-{line}",
        "message_id": "m1",
        "channel": "sms",
        "customer_id": "c1",
        "sent_at": SENT_AT,
        **more,
    }


def line_of(line: int, **more: Any) -> bytes:
    return json.dumps(send(line, **more), ensure_ascii=False).encode() + b"\n"


def with_body(line: int, value: bytes) -> bytes:
    """A JSON line whose body is any bytes."""
    return line_of(line)[:-2] + b', "body": ' + value + b"}\n"


def packed(content: bytes, pack: Callable[[bytes], bytes]) -> Make:
    return lambda path, number: path.write_bytes(pack(content.replace(b"$", number.encode()))) and None


def parquet(
    damage: Callable[[bytes], bytes] = bytes, rows: int = 2, more: Any = (), options: Any = (), **columns: Any
) -> Make:
    """A Parquet file: the columns of a send, those given in place of them, and `more`, names and arrays."""

    def make(path: Path, number: str) -> None:
        lines = [send(line) for line in range(1, rows + 1)]
        values: dict[str, Any] = {name: [found[name] for found in lines] for name in send(1)}
        values["send_id"] = [text.replace("$", number) for text in values["send_id"]]
        values |= columns
        names, arrays = [*values, *(name for name, _ in more)], [*values.values(), *(array for _, array in more)]
        table = pa.Table.from_arrays(list(map(pa.array, arrays)), names)
        buffer = io.BytesIO()
        settings = dict(options)
        pq.write_table(table.replace_schema_metadata(settings.pop("metadata", None)), buffer, **settings)
        path.write_bytes(damage(buffer.getvalue()))

    return make


def texts_of_any_bytes(*values: bytes) -> pa.Array:
    """Texts as a careless writer makes them: no UTF-8."""
    binary = pa.array(values, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(values), binary.buffers())


def encrypted(path: Path, number: str) -> None:
    """A Parquet file whose footer is encrypted, as Parquet's own encryption has it."""
    from pyarrow.parquet import encryption

    class Keys(encryption.KmsClient):  # type: ignore[misc]
        def wrap_key(self, key: bytes, _: str) -> bytes:
            return key.hex().encode()

        def unwrap_key(self, key: bytes, _: str) -> bytes:
            return bytes.fromhex(key.decode())

    keys = encryption.EncryptionConfiguration(footer_key="key", column_keys={"key": ["body"]})
    properties = encryption.CryptoFactory(lambda _: Keys()).file_encryption_properties(
        encryption.KmsConnectionConfig(), keys
    )
    table = pa.table({**{name: [text] for name, text in send(1).items()}, "body": [number]})
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)


GOOD = HEADER + row(2)
ONE = [(2, "hello")]


def csv(
    name: str,
    rows: bytes,
    kept: Sequence[tuple[int, str | None]] = (),
    apart: Sequence[tuple[int, str]] = (),
    refused: str = "",
) -> Case:
    return Case(
        name, f"outbound/sends/csv/$ {name}.csv", rows, kept, apart, refused, "refused" if refused else "loaded"
    )


def body(name: str, given: str | bytes, kept: str | None) -> Case:
    """A CSV whose row's body is given and kept, a row behind it."""
    return csv(name, HEADER + row(2, given) + row(3), [(2, kept), (3, "hello")])


def apart(name: str, wrong: bytes, reason: str, lines: int = 1) -> Case:
    """A CSV whose third line is wrong, with a good one before and behind it."""
    return csv(name, HEADER + row(2) + wrong + row(3 + lines), [(2, "hello"), (3 + lines, "hello")], [(3, reason)])


CSV = [
    # Line ends and byte order marks.
    csv("plain", GOOD, ONE),
    csv("crlf", GOOD.replace(b"\n", b"\r\n"), ONE),
    csv("cr alone", GOOD.replace(b"\n", b"\r"), ONE),
    csv("line ends of all kinds", HEADER + row(2).replace(b"\n", b"\r") + row(3).replace(b"\n", b"\r\n") + row(4), [(2, "hello"), (3, "hello"), (4, "hello")]),
    csv("no last line end", GOOD.rstrip(), ONE),
    csv("byte order mark", b"\xef\xbb\xbf" + GOOD, ONE),
    csv("byte order mark and quotes", b'\xef\xbb\xbf"send_id"' + GOOD[7:], ONE),
    csv("blank lines", HEADER + b"\n\n" + row(4) + b"\r\n" + row(6), [(4, "hello"), (6, "hello")]),
    # Encodings.
    csv("utf-16 little", GOOD.decode().encode("utf-16"), refused="the header row"),
    csv("utf-16 big", b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), refused="the header row"),
    csv("utf-16 without a mark", GOOD.decode().encode("utf-16-le"), refused="the header row holds NUL"),
    csv("utf-32", GOOD.decode().encode("utf-32"), refused="the header row"),
    csv("ebcdic", GOOD.decode().encode("cp500"), refused="the header row is not valid UTF-8"),
    csv("latin-1 in the header", HEADER.replace(b"body", b"gr\xf6\xdfe") + row(2), refused="the header row is not valid UTF-8"),
    apart("latin-1 in a value", row(3, b"gr\xfc\xdfe"), "is not valid UTF-8"),
    apart("windows-1252 quotes", row(3, b"\x93hi\x94"), "is not valid UTF-8"),
    apart("shift-jis", row(3, "こんにちは".encode("shift-jis")), "is not valid UTF-8"),
    apart("overlong utf-8", row(3, b"\xc0\xaf"), "is not valid UTF-8"),
    apart("surrogates as utf-8", row(3, b"\xed\xa0\xbd\xed\xb8\x80"), "is not valid UTF-8"),
    apart("beyond unicode", row(3, b"\xf4\x90\x80\x80"), "is not valid UTF-8"),
    apart("a lone continuation", row(3, b"\x80"), "is not valid UTF-8"),
    apart("no utf-8 in quotes over two lines", row(3, b'"a\n\xff"'), "is not valid UTF-8", 2),
    csv("cut within a character", GOOD + row(3, "é".encode()[:1]).rstrip(), ONE, [(3, "is not valid UTF-8")]),
    apart("nul in a value", row(3, b"a\0b"), "holds NUL"),
    apart("nul in quotes", row(3, b'"a\0b"'), "holds NUL"),
    apart("a line of nul", b"\0" * 40 + b"\n", "holds NUL"),
    csv("nul in the header", HEADER.replace(b"body", b"bo\0dy") + row(2), refused="the header row holds NUL"),
    csv("nothing but nul", b"\0" * 4_096, refused="the header row holds NUL"),
    csv("hole behind the rows", GOOD + b"\0" * 4_096, ONE, [(3, "holds NUL")]),
    body("a mark within", "a\ufeffb", "a\ufeffb"),
    body("non-characters", "\ufffe\uffff\U0010ffff", "\ufffe\uffff\U0010ffff"),
    body("line separators of unicode", "a\u2028b\u2029c\x85d", "a\u2028b\u2029c\x85d"),
    body("control characters", "\x01\x07\x08\x0b\x0c\x1b\x7f", "\x01\x07\x08\x0b\x0c\x1b\x7f"),
    body("emoji and combining", "👩‍👩‍👧‍👦 é ẹ́ 🇬🇧", "👩‍👩‍👧‍👦 é ẹ́ 🇬🇧"),
    body("invisible", "\u200b\u200d\u2060", "\u200b\u200d\u2060"),
    body("right to left", "\u202egnp.exe\u202c\u2067x\u2069", "\u202egnp.exe\u202c\u2067x\u2069"),
    body("utf-7", "+ADw-script+AD4-", "+ADw-script+AD4-"),
    # Quotes.
    body("a comma in quotes", b'"a,b"', "a,b"),
    body("doubled quotes", b'"say ""hi"""', 'say "hi"'),
    body("only doubled quotes", b'""""', '"'),
    body("empty in quotes", b'""', None),
    body("a null word in quotes", b'"NULL"', "NULL"),
    body("a null word in a text", b"NULL", "NULL"),
    body("spaces beside quotes", b' "a" ', "a"),
    body("a tab before a quote", b'\t"a"', '\t"a"'),
    body("a quote within", b'5" pipe', '5" pipe'),
    body("single quotes", b"'a'", "'a'"),
    body("typographic quotes", "“a”", "“a”"),
    body("a backslash at the end", b"a\\", "a\\"),
    body("a backslash and n", rb"a\nb\x00", r"a\nb\x00"),
    csv("a break in quotes", HEADER + row(2, '"a\nb"') + row(4), [(2, "a\nb"), (4, "hello")]),
    csv("crlf in quotes", HEADER + row(2, '"a\r\nb"') + row(4), [(2, "a\r\nb"), (4, "hello")]),
    csv("cr in quotes", HEADER + row(2, '"a\rb"') + row(4), [(2, "a\rb"), (4, "hello")]),
    csv("a record within a value", HEADER + row(2, b'"x\n' + row(2).strip() + b'"') + row(4), [(2, "x\n$-2,m1,sms,c1,2026-10-01T09:00:00Z,hello"), (4, "hello")]),
    apart("text behind a quote", row(3, '"a"b'), "is quoted wrongly"),
    apart("backslashes before quotes", row(3, r'"say \"hi\""'), "is quoted wrongly"),
    apart("three quotes", row(3, '"""'), "has a quote that is not closed"),
    csv("a quote never closed", GOOD + row(3, '"open') + row(4) + row(5), [*ONE, (4, "hello"), (5, "hello")], [(3, "has a quote that is not closed")]),
    csv("a quote that takes the next row's", GOOD + row(3, '"open') + row(4, '"x"'), [*ONE, (4, "x")], [(3, "is quoted wrongly")]),
    csv("a quote not closed for long", GOOD + row(3, '"open') + b"".join(row(line) for line in range(4, 1_300)), [*ONE, *((line, "hello") for line in range(4, 1_300))], [(3, "not closed")]),
    csv("a header not closed", b'"' + HEADER + row(2), refused="the header row has a quote that is not closed"),
    csv("a header of two lines", HEADER.replace(b"body", b'body,"a\nb"') + row(3).strip() + b",x\n", [(3, "hello")]),
    # Shapes.
    apart("too few values", b"$-3,m1,sms\n", "has 3 values where the header has 6 columns"),
    apart("too many values", row(3).strip() + b",more\n", "has 7 values"),
    apart("a line of spaces", b"   \n", "has 1 values"),
    apart("a stray word", b"-- 1 row --\n", "has 1 values"),
    csv("cut within a row", GOOD + b"$-3,m1,sms,c1,2026", ONE, [(3, "has 5 values")]),
    csv("empty values behind", HEADER + row(2).strip() + b",,,\n" + row(3), [(2, "hello"), (3, "hello")]),
    csv("commas alone", GOOD + b",,,,,\n", [*ONE, (3, None)]),
    csv("a header alone", HEADER),
    csv("nothing", b"", refused="is empty: expected a header row"),
    csv("a line end alone", b"\n", refused="the header row is empty"),
    csv("a mark alone", b"\xef\xbb\xbf", refused="is empty"),
    csv("a blank line before the header", b"\n" + GOOD, refused="the header row is empty"),
    csv("semicolons", GOOD.replace(b",", b";"), refused="separated by something else than commas"),
    csv("tabs", GOOD.replace(b",", b"\t"), refused="separated by something else than commas"),
    csv("bars", GOOD.replace(b",", b"|"), refused="separated by something else than commas"),
    csv("no header", row(1) + row(2), refused="lacks the required columns"),
    csv("sep= of a spreadsheet", b"sep=,\n" + GOOD, refused="lacks the required columns"),
    csv("a comment before the header", b"# exported\n" + GOOD, refused="lacks the required columns"),
    csv("a column lacks", GOOD.replace(b"customer_id", b"customer"), refused="lacks the required column customer_id"),
    csv("a header twice", GOOD + HEADER + row(4), [*ONE, (3, "body"), (4, "hello")]),
    csv("columns in another order", b"body,sent_at,customer_id,channel,message_id,send_id\nhello,%s,c1,sms,m1,$-2\n" % SENT_AT.encode(), ONE),
    # Columns' names.
    csv("names in capitals and spaces", HEADER.upper().replace(b",", b" ,\t") + row(2), ONE),
    csv("a column twice", HEADER.replace(b"body", b"body,body") + row(2).strip() + b",x\n", refused="the column body more than once: columns 6, 7"),
    csv("a column twice but for case", HEADER.replace(b"body", b"body,Body") + row(2).strip() + b",x\n", refused="the column body more than once"),
    csv("a column twice but for spaces", HEADER.replace(b"body", b"body, body\xc2\xa0") + row(2).strip() + b",x\n", refused="the column body more than once"),
    csv("another column twice", HEADER.replace(b"body", b"body,X,x") + row(2).strip() + b",x,y\n", refused="a column more than once: columns 7, 8"),
    csv("columns that differ in what is not seen", HEADER.replace(b"body", "body,bo\u200bdy".encode()) + row(2).strip() + b",x\n", ONE),
    csv("columns without a name", HEADER.strip() + b",,\n" + row(2).strip() + b",x,y\n", ONE),
    csv("a lineage column's name", HEADER.strip() + b",_file,_line,_loaded_at\n" + row(2).strip() + b",x,y,z\n", ONE),
    csv("a partition's name", HEADER.strip() + b",load_date,filename\n" + row(2).strip() + b",x,y\n", ONE),
    csv("a name of 10,000 characters", HEADER.strip() + b"," + b"x" * 10_000 + b"\n" + row(2).strip() + b",x\n", ONE),
    csv("names that run", HEADER.strip() + b',"=1+1","{{ 7 * 7 }}","a"";drop table x;--","<script>alert(1)</script>","\x1b[2J\x1b]0;x\x07","\rrefused"\n' + row(2).strip() + b",1,2,3,4,5,6\n", [(3, "hello")]),
    csv("999 more columns", HEADER.strip() + b"".join(b",x%d" % n for n in range(994)) + b"\n" + row(2).strip() + b",y" * 994 + b"\n", ONE),
    csv("20,000 columns", HEADER.strip() + b",x" * 20_000 + b"\n" + row(2), refused="MAX_EXTRACT_COLUMNS"),
    # Sizes.
    body("a value at the limit", b"x" * MOST_CHARACTERS, "x" * MOST_CHARACTERS),
    apart("a value over the limit", row(3, b"x" * (MOST_CHARACTERS + 1)), "MAX_FIELD_CHARACTERS"),
    apart("a value over the limit in quotes", row(3, b'"' + b"x,\n" * 900 + b"x" * MOST_CHARACTERS + b'"'), "MAX_FIELD_CHARACTERS", 901),
    body("a limit counted in characters", "é" * MOST_CHARACTERS, "é" * MOST_CHARACTERS),
    # What other systems leave behind.
    csv("two byte order marks", b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD, refused="lacks the required column send_id"),
    apart("an end of file of DOS", b"\x1a\n", "has 1 values"),
    csv("nul before the rows", bytes(512) + GOOD, refused="the header row holds NUL"),
    csv("a hole between rows", GOOD + bytes(4_096) + row(3) + row(4), [*ONE, (4, "hello")], [(3, "holds NUL")]),
    csv("quotes around every name", b'"' + HEADER.strip().replace(b",", b'","') + b'"\n' + row(2), ONE),
    csv("a separator behind the header alone", HEADER.strip() + b",\n" + row(2) + row(3).strip() + b",\n", [(3, "hello")], [(2, "has 6 values where the header has 7 columns")]),
    csv("next line signs alone", GOOD.replace(b"\n", "\x85".encode()), refused="the header row ends in another sign"),
    csv("record separators alone", GOOD.replace(b"\n", b"\x1e"), refused="the header row ends in another sign"),
    csv("a next line sign beside a name", GOOD.replace(b"body", "body\x85".encode()), ONE),
    csv("a next line sign between rows", GOOD + row(3).strip() + "\x85".encode() + row(4), ONE, [(3, "has 11 values")]),
    csv("20,000 quotes not closed", GOOD + b"".join(row(line, '"open') for line in range(3, 20_003)), ONE, [(line, "a quote that is not closed" if line == 20_002 else "is quoted wrongly") for line in range(3, 20_003)]),
    apart("thousands of quotes", row(3, b'"' * 4_001), "has a quote that is not closed"),
    apart("a line of 2 MB of spaces", b" " * 2_000_000 + b"\n", "has 1 values"),
    csv("cr cr lf", GOOD.replace(b"\n", b"\r\r\n"), [(3, "hello")]),
    csv("lf cr", GOOD.replace(b"\n", b"\n\r") + row(4), [(3, "hello"), (5, "hello")]),
    apart("a form feed alone", b"\x0c\n", "has 1 values"),
    csv("a quote at the end", GOOD + b'"', ONE, [(3, "a quote that is not closed")]),
    csv("columns named as in the engine", b"c5,c4,c0,rowid,filename," + GOOD.replace(b"$-", b"1,2,3,4,5,$-"), ONE),
    csv("a required name with a long s", GOOD.replace(b"send_id", "\u017fend_id".encode()), refused="lacks the required column send_id"),
    csv("names that differ in a Kelvin sign", HEADER.strip() + ",k,\u212a\n".encode() + row(2).strip() + b",x,y\n", refused="a column more than once: columns 7, 8"),
    # Other things of that name.
    csv("a page", b"<!doctype html>\n<title>502 Bad Gateway</title>\n", refused="lacks the required columns"),
    csv("xml", b"<?xml version='1.0'?>\n<rows/>\n", refused="lacks the required columns"),
    csv("json lines", line_of(1), refused="the header row is quoted wrongly"),
    csv("a workbook", b"PK\x03\x04\x14\0\x06\0" + bytes(range(256)), refused="the header row"),
    csv("a database", b"SQLite format 3\0" + bytes(100), refused="the header row"),
    Case("packed without a name for it", "outbound/sends/csv/$packed.csv", packed(GOOD, gzip.compress), refused="the header row", outcome="refused"),
]  # fmt: skip


def jsonl(
    name: str,
    lines: bytes,
    kept: Sequence[tuple[int, str | None]] = (),
    apart: Sequence[tuple[int, str]] = (),
    refused: str = "",
) -> Case:
    return Case(
        name, f"outbound/sends/json/$ {name}.jsonl", lines, kept, apart, refused, "refused" if refused else "loaded"
    )


def value(name: str, given: bytes, kept: str | None) -> Case:
    return jsonl(name, with_body(1, given) + line_of(2, body="hello"), [(1, kept), (2, "hello")])


def broken(name: str, line: bytes, reason: str) -> Case:
    return jsonl(
        name, line_of(1, body="hello") + line + line_of(3, body="hello"), [(1, "hello"), (3, "hello")], [(2, reason)]
    )


NOT_JSON = "the line is not JSON"
JSON = [
    jsonl("lines", line_of(1) + line_of(2), [(1, None), (2, None)]),
    jsonl("an array", b"[" + line_of(1).strip() + b"," + line_of(1, n=2).replace(b"$-1", b"$-1b").strip() + b"]", [(1, None), (1, None)]),
    jsonl("indented", json.dumps([send(2), send(9)], indent=1).encode(), [(2, None), (9, None)]),
    jsonl("byte order mark", b"\xef\xbb\xbf" + line_of(1), [(1, None)]),
    jsonl("crlf", line_of(1).replace(b"\n", b"\r\n") + line_of(2), [(1, None), (2, None)]),
    jsonl("utf-16", line_of(1).decode().encode("utf-16"), refused="holds no JSON object"),
    jsonl("an array that is cut behind a row", b"[" + line_of(1).strip() + b",\n" + line_of(2).strip() + b",\n", [(1, None), (2, None)], [(3, "the array is not closed")]),
    jsonl("an array that is cut within a row", b"[" + line_of(1).strip() + b",\n" + line_of(2)[:30], [(1, None)], [(2, "the array is not closed"), (2, NOT_JSON)]),
    jsonl("an array with a broken row", b"[" + line_of(1).strip() + b',\n{"send_id": 2,}]\n', [(1, None)], [(2, NOT_JSON)]),
    jsonl("an array with a comma too much", b"[" + line_of(1).strip() + b",]", [(1, None)]),
    jsonl("lines of an array", b"[\n" + line_of(2).strip() + b",\n" + line_of(3).strip() + b"\n]\n", [(2, None), (3, None)]),
    jsonl("lines with commas", line_of(1).strip() + b",\n" + line_of(2).strip() + b"\n", [(1, None), (2, None)]),
    jsonl("two arrays on a line", b"[" + line_of(1).strip() + b"][" + line_of(1).replace(b"$-1", b"$-1b").strip() + b"]\n", [(1, None), (1, None)]),
    jsonl("server-sent events", b"data: " + line_of(1) + b"\ndata: " + line_of(2), refused="holds no JSON object"),
    jsonl("a byte order mark before a second file", line_of(1) + b"\xef\xbb\xbf" + line_of(2) + line_of(3), [(1, None), (3, None)], [(2, NOT_JSON)]),
    jsonl("nul behind the rows", line_of(1) + bytes(512), [(1, None)], [(2, NOT_JSON)]),
    jsonl("a key 100,000 times", line_of(1)[:-2] + b', "body": "x"' * 100_000 + b"}\n", [(1, "x")]),
    jsonl("a key of a megabyte", line_of(1)[:-2] + b', "' + b"k" * 1_000_000 + b'": 1}\n', [(1, None)]),
    jsonl("two on a line", line_of(1).strip() + line_of(1, body="b").replace(b"$-1", b"$-1b"), [(1, None), (1, "b")]),
    jsonl("nothing", b""),
    jsonl("white space", b" \n\t\n"),
    jsonl("an empty array", b"[]\n[ ]\n"),
    jsonl("no json", b"send_id,body\n1,2\n", refused="holds no JSON object"),
    jsonl("a page", b"<html>502</html>", refused="holds no JSON object"),
    jsonl("scalars alone", b"1\n2\n", refused="holds no JSON object"),
    jsonl("text sequences", b"\x1e" + line_of(1) + b"\x1e" + line_of(2), refused="holds no JSON object"),
    jsonl("a column lacks", b'{"send_id": "$"}\n', refused="in all of its rows"),
    jsonl("an empty object", line_of(1) + b"{}\n", [(1, None), (2, None)]),
    jsonl("20,000 keys", json.dumps({**send(1), **{f"k{n}": 1 for n in range(20_000)}}).encode(), refused="MAX_EXTRACT_COLUMNS"),
    broken("cut", line_of(2)[:30] + b"\n", NOT_JSON),
    jsonl("cut at the end", line_of(1) + line_of(2)[:30], [(1, None)], [(2, NOT_JSON)]),
    broken("a comma too much", b'{"send_id": "$-2",}\n', NOT_JSON),
    broken("single quotes", b"{'send_id': '$-2'}\n", NOT_JSON),
    broken("keys without quotes", b"{send_id: 2}\n", NOT_JSON),
    broken("a comment", b"// no row\n", NOT_JSON),
    broken("nul", with_body(2, b'"a\0b"'), NOT_JSON),
    broken("a raw tab", with_body(2, b'"a\tb"'), NOT_JSON),
    broken("no utf-8", with_body(2, b'"\xff"'), "is not valid UTF-8"),
    broken("nul in an escape", with_body(2, rb'"\u0000"'), "holds NUL"),
    broken("nul nested", with_body(2, rb'{"a":["\u0000"]}'), "holds NUL"),
    broken("half a pair", with_body(2, rb'"\ud83d"'), "is not valid UTF-8"),
    broken("half a pair in a key", line_of(2)[:-2] + rb', "\ud83d": 1}' + b"\n", "is not valid UTF-8"),
    broken("a wrong escape", with_body(2, rb'"\x41"'), NOT_JSON),
    broken("a scalar", b"5\n", "is not a JSON object"),
    broken("null", b"null\n", "is not a JSON object"),
    broken("an array of scalars", b'["$-2"]\n', "is not a JSON object"),
    broken("101 levels", with_body(2, b"[" * 101 + b"]" * 101), "nested more than 100 levels deep"),
    broken("100,000 arrays", b"[" * 100_000 + b"\n", "nested too deeply"),
    broken("100,000 objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n", "nested too deeply"),
    broken("a value over the limit", line_of(2, body="x" * (MOST_CHARACTERS + 1)), "MAX_FIELD_CHARACTERS"),
    value("99 levels", b"[" * 99 + b"]" * 99, "[" * 99 + "]" * 99),
    value("a pair", rb'"\ud83d\ude00"', "😀"),
    value("escapes", rb'"\u0041\/\b\t\"\\"', 'A/\b\t"\\'),
    value("an empty text", b'""', None),
    value("a null word", b'"NULL"', "NULL"),
    value("no number", b"NaN", None),
    value("a number beyond doubles", b"1e999", "1e999"),
    value("a number of 400 digits", b"9" * 400, "9" * 400),
    value("zeros", b"0.00750", "0.00750"),
    value("minus zero", b"-0", "-0"),
    value("infinity", b"-Infinity", "-Infinity"),
    value("a number as long as a value may be", b"9" * MOST_CHARACTERS, "9" * MOST_CHARACTERS),
    value("an exponent of 4,000 digits", b"1e" + b"9" * 4_000, "1e" + "9" * 4_000),
    value("a nested name twice", b'{"a": 1, "a": 2}', '{"a":1,"a":2}'),
    *(broken(f"wrong number {number}", with_body(2, number.encode()), NOT_JSON) for number in ("nan", "0123", "0x1F", "+1", ".5", "1.", "None")),
    broken("nul in a key", line_of(2)[:-2] + rb', "a\u0000b": 1}' + b"\n", "holds NUL"),
    broken("pairs the wrong way round", with_body(2, rb'"\udc00\ud800"'), "is not valid UTF-8"),
    broken("half a pair in a nested key", with_body(2, rb'{"\ud800": 1}'), "is not valid UTF-8"),
    jsonl("an array opened at the end", line_of(1) + b"[", [(1, None)], [(2, "the array is not closed")]),
    jsonl("something behind an array", b"[" + line_of(1).strip() + b"] garbage\n" + line_of(2), [(1, None), (2, None)], [(1, NOT_JSON)]),
    jsonl("a line separator of unicode between", line_of(1).strip() + "\u2028".encode() + line_of(2), [(1, None)], [(1, NOT_JSON)]),
    jsonl("a line that never ends", line_of(1) + b'{"send_id": "' + b"x" * 2_000_000, [(1, None)], [(2, NOT_JSON)]),
    value("a boolean", b"true", "true"),
    value("an object", b'{"a": [1, null]}', '{"a":[1,null]}'),
    value("a text that is json", rb'"{\"a\": 1}"', '{"a": 1}'),
    jsonl("a key twice", line_of(1, body="a")[:-2] + b', "body": "b"}\n', [(1, "b")]),
    jsonl("keys that differ in case", line_of(1, body="")[:-2] + b', "BODY": "b"}\n', [(1, "b")]),
    jsonl("a key in escapes", line_of(1)[:-2] + rb', "\u0062ody": "b"}' + b"\n", [(1, "b")]),
    jsonl("keys that run", line_of(1, **{"": "a", "__proto__": 1, "_file": "x", "=1+1": 1, "{{ x }}": 1, '"; drop table x': 1, "\x1b[2J\n": 1, "x" * 9_000: 1}), [(1, None)]),
]  # fmt: skip


def gz(
    name: str,
    content: bytes,
    pack: Callable[[bytes], bytes],
    kept: Sequence[tuple[int, str | None]] = (),
    refused: str = "",
    suffix: str = "csv.gz",
) -> Case:
    file = f"outbound/sends/gz/$ {name}.{suffix}"
    return Case(name, file, packed(content, pack), kept, refused=refused, outcome="refused" if refused else "loaded")


def members(content: bytes) -> bytes:
    return gzip.compress(content[:60]) + gzip.compress(b"") + gzip.compress(content[60:])


def changed(place: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        found = bytearray(gzip.compress(content))
        found[place] ^= 0xFF
        return bytes(found)

    return change


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", content)
    return buffer.getvalue()


def with_name(content: bytes) -> bytes:
    """A gzip whose header names a file, as text from outside."""
    buffer = io.BytesIO()
    with gzip.GzipFile("../../\x1b[2J.csv", "wb", fileobj=buffer) as file:
        file.write(content)
    return buffer.getvalue()


def with_fields(content: bytes) -> bytes:
    """A gzip with everything that its header may have: more fields, a comment, a checksum (RFC 1952)."""
    found = gzip.compress(content, mtime=0)
    header = found[:3] + b"\x16" + found[4:10] + b"\x04\0ab\0\0" + b"a comment\0"
    return header + struct.pack("<H", zlib.crc32(header) & 0xFFFF) + found[10:]


DAMAGED = "damaged gzip file"
GZIP = [
    gz("plain", GOOD, gzip.compress, ONE),
    gz("json lines", line_of(1), gzip.compress, [(1, None)], suffix="jsonl.gz"),
    gz("members", GOOD, members, ONE),
    gz("members of json", line_of(1) + line_of(2), members, [(1, None), (2, None)], suffix="jsonl.gz"),
    gz("more fields in its header", GOOD, with_fields, ONE),
    gz("a thousand empty members", GOOD, lambda content: gzip.compress(b"") * 1_000 + gzip.compress(content), ONE),
    gz("zeros before", GOOD, lambda content: bytes(10) + gzip.compress(content), refused=DAMAGED),
    gz("a byte order mark", GOOD, lambda content: gzip.compress(b"\xef\xbb\xbf" + content), ONE),
    gz("flags to come", GOOD, lambda content: gzip.compress(content)[:3] + b"\xe0" + gzip.compress(content)[4:], ONE),
    gz("zeros between members", GOOD, lambda content: gzip.compress(content[:60]) + bytes(100) + gzip.compress(content[60:]), ONE),
    gz("a member without its end", GOOD, lambda content: members(content) + gzip.compress(content)[:-8], refused=DAMAGED),
    gz("json lines for a CSV", line_of(1), gzip.compress, refused="the header row"),
    gz("a CSV for json lines", GOOD, gzip.compress, refused="holds no JSON object", suffix="jsonl.gz"),
    gz("utf-16", GOOD.decode().encode("utf-16"), gzip.compress, refused="the header row"),
    gz("zlib", GOOD, zlib.compress, refused=DAMAGED),
    gz("zeros behind", GOOD, lambda content: gzip.compress(content) + bytes(512), ONE),
    gz("a name within", GOOD, with_name, ONE),
    gz("uncompressed blocks", GOOD, functools.partial(gzip.compress, compresslevel=0), ONE),
    gz("something behind", GOOD, lambda content: gzip.compress(content) + b"something", refused=DAMAGED),
    gz("cut", GOOD, lambda content: gzip.compress(content)[:-12], refused=DAMAGED),
    gz("cut in its end", GOOD, lambda content: gzip.compress(content)[:-4], refused=DAMAGED),
    gz("cut in its beginning", GOOD, lambda content: gzip.compress(content)[:6], refused=DAMAGED),
    gz("cut in its second member", GOOD, lambda content: members(content)[:-9], refused=DAMAGED),
    gz("json cut", line_of(1), lambda content: gzip.compress(content)[:-9], refused=DAMAGED, suffix="jsonl.gz"),
    gz("another checksum", GOOD, changed(-8), refused=DAMAGED),
    gz("another length", GOOD, changed(-4), refused=DAMAGED),
    gz("another method", GOOD, changed(2), refused=DAMAGED),
    gz("changed within", GOOD, changed(40), refused=DAMAGED),
    gz("nothing within", b"", gzip.compress, refused="is empty"),
    gz("nothing", b"", bytes, refused="is empty"),
    gz("not packed", GOOD, bytes, refused=DAMAGED),
    gz("packed twice", GOOD, lambda content: gzip.compress(gzip.compress(content)), refused="the header row"),
    gz("zip", GOOD, zipped, refused=DAMAGED),
    gz("bzip2", GOOD, bz2.compress, refused=DAMAGED),
    gz("xz", GOOD, lzma.compress, refused=DAMAGED),
    gz("a bomb", GOOD + b"\n" * MOST_UNPACKED, gzip.compress, refused="MAX_UNPACKED_GB"),
    gz("a bomb of members", GOOD, lambda content: members(content) + gzip.compress(b"\n" * 10_000) * 400, refused="MAX_UNPACKED_GB"),
    gz("a bomb of json", line_of(1) + b" " * MOST_UNPACKED, gzip.compress, refused="MAX_UNPACKED_GB", suffix="jsonl.gz"),
]  # fmt: skip


def pqf(
    name: str,
    make: Make,
    kept: Sequence[tuple[int, str | None]] = (),
    apart: Sequence[tuple[int, str]] = (),
    refused: str = "",
) -> Case:
    return Case(
        name, f"outbound/sends/parquet/$ {name}.parquet", make, kept, apart, refused, "refused" if refused else "loaded"
    )


def written(content: bytes) -> Make:
    return lambda path, _: path.write_bytes(content) and None


UNREADABLE, BOTH = "is no readable Parquet file", [(1, None), (2, None)]
PARQUET = [
    pqf("plain", parquet(body=["a", None]), [(1, "a"), (2, None)]),
    *(pqf(f"packed by {name}", parquet(options={"compression": name}), BOTH) for name in ("none", "snappy", "gzip", "zstd", "lz4", "brotli")),
    *(pqf(f"version {name}", parquet(options={"version": name, "data_page_version": "2.0"}), BOTH) for name in ("1.0", "2.6")),
    pqf("a row group a row", parquet(rows=30, options={"row_group_size": 1}), [(line, None) for line in range(1, 31)]),
    pqf("times of 96 bits", parquet(more=[("t", pa.array([datetime(2026, 1, 1)] * 2, pa.timestamp("ns")))], options={"use_deprecated_int96_timestamps": True}), BOTH),
    pqf("dictionaries and large texts", parquet(body=pa.array(["a", "b"]).dictionary_encode(), message_id=pa.array(["m1"] * 2, pa.large_string())), [(1, "a"), (2, "b")]),
    pqf("no rows", parquet(rows=0)),
    pqf("no columns", lambda path, _: pq.write_table(pa.table({}), path), refused=UNREADABLE),
    pqf("a column lacks", lambda path, _: pq.write_table(pa.table({"send_id": ["1"]}), path), refused="lacks the required columns"),
    pqf("whole numbers", parquet(body=pa.array([2**64 - 1, 0], pa.uint64())), [(1, "18446744073709551615"), (2, "0")]),
    pqf("doubles", parquet(body=[1.0, 0.0075]), [(1, "1"), (2, "0.0075")]),
    pqf("decimals wider than the engine's", parquet(body=pa.array([Decimal("1" * 60), None], pa.decimal256(60, 0))), refused="a decimal column of more than 38 digits"),
    pqf("half floats", parquet(body=pa.array([1.5, 2.5]).cast(pa.float16())), [(1, "1.5"), (2, "2.5")]),
    pqf("times of day", parquet(body=[time(1, 2, 3), None]), [(1, "01:02:03"), (2, None)]),
    pqf("times of the year 294247", parquet(body=pa.array([2**63 - 2, None], pa.int64()).cast(pa.timestamp("us"))), [(1, "294247-01-10 04:00:54.775806"), (2, None)]),
    pqf("times in a zone of nowhere", parquet(body=pa.array([datetime(2026, 10, 1, 9)] * 2, pa.timestamp("us", tz="Nowhere/Land"))), [(1, "2026-10-01 09:00:00+00"), (2, "2026-10-01 09:00:00+00")]),
    pqf("texts of a fixed width", parquet(body=pa.array([b"abcd", b"ef\0h"], pa.binary(4))), [(1, "abcd")], [(2, "holds NUL")]),
    pqf("a page with another byte", parquet(lambda content: content[:40] + bytes([content[40] ^ 0xFF]) + content[41:]), refused=UNREADABLE),
    pqf("two files, one behind the other", parquet(lambda content: content * 2), BOTH),
    pqf("texts as views", parquet(body=pa.array(["a", None], pa.string_view())), [(1, "a"), (2, None)]),
    pqf("lists of a fixed length", parquet(body=pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2))), [(1, "[1,2]"), (2, "[3,4]")]),
    pqf("bytes of doubles apart", parquet(body=[1.5, 2.5], options={"use_dictionary": False, "column_encoding": {"body": "BYTE_STREAM_SPLIT"}}), [(1, "1.5"), (2, "2.5")]),
    *(pqf(f"texts in {kind}", parquet(body=["a", "ab"], options={"use_dictionary": False, "column_encoding": {"body": kind}}), [(1, "a"), (2, "ab")]) for kind in ("DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY")),
    pqf("a schema of arrow's that is none", parquet(options={"store_schema": False, "metadata": {"ARROW:schema": "none", "pandas": "{"}}), BOTH),
    pqf("no numbers", parquet(body=[float("nan"), float("-inf")]), [(1, None), (2, "-inf")]),
    pqf("a whole number and none", parquet(body=[1.0, float("nan")]), [(1, "1"), (2, None)]),
    pqf("decimals", parquet(body=[Decimal("4.000"), Decimal("0.750")]), [(1, "4"), (2, "0.750")]),
    pqf("booleans", parquet(body=[True, None]), [(1, "true"), (2, None)]),
    pqf("days", parquet(body=[date(2026, 1, 2), None]), [(1, "2026-01-02"), (2, None)]),
    pqf("nulls alone", parquet(body=pa.nulls(2)), BOTH),
    pqf("lists", parquet(body=[["a", None], []]), [(1, '["a",null]'), (2, "[]")]),
    pqf("structs in lists", parquet(body=[[{"a": 1}], None]), [(1, '[{"a":1}]'), (2, None)]),
    pqf("a nested name twice but for case", parquet(body=pa.StructArray.from_arrays([pa.array([1, 2])] * 2, ["a", "A"])), refused="a nested name more than once"),
    pqf("a name that nests itself", parquet(body=[{"body": {"body": 1}}, None]), [(1, '{"body":{"body":1}}'), (2, None)]),
    pqf("maps", parquet(body=pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64()))), [(1, '{"k":1}'), (2, None)]),
    pqf("json", parquet(body=pa.array(['{"a": 1}', r'["\\u0000"]'], pa.json_())), [(1, '{"a": 1}'), (2, r'["\\u0000"]')]),
    pqf("nul in json", parquet(body=pa.array([r'["\u0000"]', "1"], pa.json_())), [(2, "1")], [(1, "holds NUL")]),
    pqf("json over the limit", parquet(body=pa.array([f'"{"x" * MOST_CHARACTERS}"', "1"], pa.json_())), [(2, "1")], [(1, "MAX_FIELD_CHARACTERS")]),
    pqf("json that is none", parquet(body=pa.array(["{", "1"], pa.json_())), refused=UNREADABLE),
    pqf("texts without a type", parquet(body=[b"text", b"\xff"]), [(1, "text"), (2, "\\xFF")]),
    pqf("nul", parquet(body=["a\0b", "b"]), [(2, "b")], [(1, "holds NUL")]),
    pqf("nul nested", parquet(body=[["a\0b"], ["\\u0000"]]), [(2, '["\\\\u0000"]')], [(1, "holds NUL")]),
    pqf("no utf-8", parquet(body=texts_of_any_bytes(b"\xff", b"b")), [(2, "b")], [(1, "is not valid UTF-8")]),
    pqf("no utf-8 nested", parquet(body=pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), texts_of_any_bytes(b"\xff", b"b"))), refused="not valid UTF-8 in nested columns"),
    pqf("a value over the limit", parquet(body=["x" * (MOST_CHARACTERS + 1), "é" * MOST_CHARACTERS]), [(2, "é" * MOST_CHARACTERS)], [(1, "MAX_FIELD_CHARACTERS")]),
    pqf("a column twice", parquet(more=[("body", ["a", "b"]), ("body", ["c", "d"])]), refused="the column body more than once"),
    pqf("a column twice but for case", parquet(more=[("body", ["a", "b"]), ("BODY", ["c", "d"])]), refused="the column body more than once"),
    pqf("a column twice but for spaces", parquet(more=[("body", ["a", "b"]), (" body ", ["c", "d"])]), refused="the column body more than once"),
    pqf("names in capitals and spaces", parquet(more=[(" BODY ", ["a", "b"])]), [(1, "a"), (2, "b")]),
    pqf("names that run", parquet(more=[(name, ["a", "b"]) for name in ("", "_file", "=1+1", "{{ x }}", '"; drop table x', "\x1b[2J\n", "x" * 9_000, "a\0b")]), BOTH),
    pqf("20,000 columns", parquet(more=[(f"x{n}", [1, 2]) for n in range(20_000)]), refused="MAX_EXTRACT_COLUMNS"),
    pqf("much metadata", parquet(options={"metadata": {"x" * 1_000: "y" * 4_000_000}}), BOTH),
    pqf("a bomb", parquet(rows=1_500, body=pa.DictionaryArray.from_arrays(pa.array([0] * 1_500, pa.int32()), ["x" * 4_000])), refused="MAX_UNPACKED_GB"),
    pqf("encrypted", encrypted, refused=UNREADABLE),
    Case("nothing, as in another", "outbound/sends/parquet/$ nothing.parquet", b"", outcome="duplicate"),
    pqf("a mark alone", written(b"PAR1"), refused=UNREADABLE),
    pqf("marks alone", written(b"PAR1\0\0\0\0PAR1"), refused=UNREADABLE),
    pqf("half", parquet(lambda content: content[: len(content) // 2]), refused=UNREADABLE),
    pqf("no beginning", parquet(lambda content: content[len(content) // 2 :]), refused=UNREADABLE),
    pqf("a footer cut", parquet(lambda content: content[:-30] + content[-8:]), refused=UNREADABLE),
    pqf("a footer too long", parquet(lambda content: content[:-8] + b"\xff\xff\xff\x7fPAR1"), refused=UNREADABLE),
    pqf("a footer of nothing", parquet(lambda content: content[:-8] + b"\0\0\0\0PAR1"), refused=UNREADABLE),
    pqf("something behind", parquet(lambda content: content + b"\n"), refused=UNREADABLE),
    pqf("pages of nothing", parquet(lambda content: content[:4] + bytes(200) + content[204:]), refused=UNREADABLE),
    pqf("rows as csv", written(GOOD), refused=UNREADABLE),
    pqf("arrow", written(b"ARROW1\0\0" + bytes(64) + b"ARROW1"), refused=UNREADABLE),
]  # fmt: skip


def named(name: str, shown: str = "", folder: str = "outbound/sends/names/") -> Case:
    """A CSV of an odd name; its number is not in it."""
    return Case(f"a name: {shown or name!a}"[:60], f"{folder}{name}", GOOD, ONE)


def left(name: str) -> Case:
    return Case(f"left alone: {name}", f"outbound/sends/names/{name}", GOOD, outcome="left")


NAMES = [
    *(named(f"{name}.csv") for name in (
        "a\nrefused: b", "a\rb", "a\tb", "a'b", 'a"b', "a\\b", "a\x1b[2Jb", "a\x1b]0;title\x07b", "a\u202evsc", "a\x7f\x9b", "-rf", "--help", "*", "?",
        "[ab]", "{a,b}", "a%20b", "%s%n", "a%00b", "~", "$HOME"[1:], "`id`", "a;b", "a|b", "a&b", "a>b", " a", "a ", "=cmd|' /C calc'!A0", "@sum(1)",
        "g*x/a", "g?x/a", "gAx/a", "[gq]/a", "{g,q}/a", "**/a", "-dir/--option", "a\nPublished b/a", "a\x1b[31mb/a", "x.parquet/part-0", "s3:/b/a", "file:/a",
        "%(x)s {0} {x}", "\u2028a", "\x85a", "\ufeffa", "[b]x[/b] [red]", "e\u0301/a", "\u00e9/a",
        "{{ 7 * 7 }}", "{% raw %}", "<script>alert(1)<", "\u00e9", "e\u0301", "👍", "\u200b", "CON", "a.csv.gz", "x" * 250, "a,b", "a#b", "s3:a", "load_date=2020-01-01",
    )),
    named("UPPER.CSV"),
    named("month=10/a=b/c.csv"),
    named("dir.csv/inner.csv"),
    named("/".join("d" * 20) + "/deep.csv"),
    Case("a folder of no utf-8", "outbound/sends/names/" + os.fsdecode(b"a\xff/\xfe") + ".csv", GOOD, ONE),
    Case("a name of no utf-8", "outbound/sends/names/" + os.fsdecode(b"a\xff\xfeb") + ".csv", GOOD, ONE),
    *(left(name) for name in (".hidden.csv", "_draft.csv", "a.csv.tmp", "a.csv.part", "A.CSV.TMP", "_folder/a.csv", ".git/a.csv", "..csv")),
    *(
        Case(f"another type: {name}", f"outbound/sends/names/{name}", GOOD, refused="unknown file type", outcome="refused")
        for name in ("none", "a.json", "a.txt", "a.csv.zip", "a.csv.bz2", "a.xlsx", "csv", "a.csv~", "a.csv.bak", "a.parquet.gz", "a.csv\n")
    ),
    Case("no such table", "outbound/orders/a.csv", GOOD, refused="no table outbound/orders is declared", outcome="refused"),
    Case("a table that escapes", "outbound/\x1b[2J\n/a.csv", GOOD, refused="is declared", outcome="refused"),
    Case("a table in capitals", "Outbound/Sends/a.csv", GOOD, refused="is declared", outcome="refused"),
    Case("too high", "outbound/high.csv", GOOD, refused="lies too high", outcome="refused"),
    Case("at the root", "root.csv", GOOD, refused="lies too high", outcome="refused"),
]  # fmt: skip


def link(target: str) -> Make:
    return lambda path, _: path.symlink_to(target)


def fifo(path: Path, _: str) -> None:
    os.mkfifo(path)


def bound_socket(path: Path, _: str) -> None:
    # A socket's path is short.
    folder = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)


def at(nanoseconds: int) -> Make:
    """A good file whose time of change is an odd one."""

    def make(path: Path, number: str) -> None:
        path.write_bytes(GOOD.replace(b"$", number.encode()))
        os.utime(path, ns=(nanoseconds, nanoseconds))

    return make


def out_of_reach(path: Path, number: str) -> None:
    """A file so deep that its path is longer than the system takes."""
    folder = os.open(path.parent, os.O_RDONLY)
    for name in ["d" * 250] * 20:
        os.mkdir(name, dir_fd=folder)
        inner = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)


def special(
    name: str, file: str, make: Make, refused: str = "", kept: Sequence[tuple[int, str | None]] = (), outcome: str = ""
) -> Case:
    return Case(
        name,
        f"outbound/sends/special/{file}",
        make,
        kept,
        refused=refused,
        outcome=outcome or ("refused" if refused else "loaded"),
    )


YEAR = 366 * 86_400 * 10**9
SPECIAL = [
    special("a dangling link", "gone.csv", link("nothing.csv"), "is a link that leads nowhere"),
    special("a link to itself", "itself.csv", link("itself.csv"), "is a link that leads nowhere"),
    special("a link in a ring", "ring1.csv", link("ring2.csv"), "is a link that leads nowhere"),
    special("the ring's other link", "ring2.csv", link("ring1.csv"), "is a link that leads nowhere"),
    special("a link that is too long", "long.csv", link("x" * 255 + "/" + "y" * 255), "is a link that leads nowhere"),
    special("a link out", "out.csv", link("/etc/passwd"), "leaves the landing folder"),
    special("a link out by dots", "dots.csv", link("../../../../../../../../etc/passwd"), "leaves the landing folder"),
    special("a link to a device", "zero.csv", link("/dev/zero"), "leaves the landing folder"),
    special("a link to a process", "process.csv", link("/proc/self/environ"), "leaves the landing folder"),
    special("a link to a folder outside", "folder", link("/etc"), "leaves the landing folder"),
    special("a link to a folder above", "up", link(".."), outcome="left"),
    special("a link to a file within", "within.csv", link("../names/-rf.csv"), outcome="duplicate"),
    special("a pipe", "pipe.csv", fifo, "is no regular file"),
    special("a socket", "socket.csv", bound_socket, "is no regular file"),
    special("a folder named as a file", "folder.csv", lambda path, _: path.mkdir(), outcome="left"),
    special("a path out of reach", "deep.csv", out_of_reach, outcome="left"),
    special("a time before 1970", "1960.csv", at(-10 * YEAR), kept=ONE),
    special("a time of 1970", "1970.csv", at(0), kept=ONE),
    special("a time to come", "2200.csv", at(230 * YEAR), kept=ONE),
    special("a time beyond 2262", "2400.csv", at(430 * YEAR), kept=ONE),
]  # fmt: skip
CASES = [*CSV, *JSON, *GZIP, *PARQUET, *NAMES, *SPECIAL]
