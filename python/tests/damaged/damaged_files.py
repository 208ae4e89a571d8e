"""Damaged tables, made here, and what must be said of each."""

import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
from typing import Dict, List, NamedTuple, Optional, Tuple, Union


class Damaged(NamedTuple):
    """A file, and what becomes of it."""

    content: bytes
    #: What must be said, in every way to read it.
    says: List[str]
    #: How many rows are sent; ``None`` when the file is refused as a whole.
    sent: Optional[int]
    #: How many rows are refused.
    invalid: int
    suffix: str


FILES: Dict[str, Damaged] = {}

Content = Union[str, bytes]
HEAD = "token,account\n"
FULL = "token,account,account_type,operation\n"
GOOD = "good-token,good account\n"
MORE = "".join(f"token{n},player{n}\n" for n in range(40))


def whole(name: str, content: Content, *says: str, suffix: str = "csv") -> None:
    """Nothing of it is sent."""
    _add(name, content, says, None, 0, suffix)


def rows(
    name: str, content: Content, *says: str, sent: int = 1, invalid: int = 0, suffix: str = "csv"
) -> None:
    """Its rows are judged one by one."""
    _add(name, content, says, sent, invalid, suffix)


def _add(
    name: str, content: Content, says: Tuple[str, ...], sent: Optional[int], invalid: int, suffix: str
) -> None:
    assert name not in FILES, name
    encoded = content.encode() if isinstance(content, str) else content
    FILES[name] = Damaged(encoded, list(says), sent, invalid, suffix)


def refused(name: str, line: str, *says: str, head: str = FULL, suffix: str = "csv") -> None:
    """One row of it is refused, behind one that is sent; the message names the line."""
    good = "good-token,good account" + "," * (head.count(",") - 1) + "\n"
    if suffix == "jsonl":
        head, good = "", '{"token": "good-token", "account": "good account"}\n'
    number = (head + good).count("\n") + 1
    rows(name, head + good + line + "\n", *says, f"line {number}", invalid=1, suffix=suffix)


def counted(name: str, account: str, *says: str) -> None:
    """One row of it is suspicious, and sent."""
    rows(name, HEAD + GOOD + f"token1,{account}\n", *says, "row 2 (line 3)", sent=2)


def tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("players.csv")
        info.size = len(HEAD + GOOD)
        archive.addfile(info, io.BytesIO((HEAD + GOOD).encode()))
    return made.getvalue()


def database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table players (token, account)")
    if hasattr(connection, "serialize"):
        return bytes(connection.serialize())
    return b"SQLite format 3\0" + bytes(100)


# What is no text.
TABLE = (HEAD + GOOD).encode()
PACKED = gzip.compress((HEAD + MORE).encode())
whole("a spreadsheet", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0", "ZIP archive", "CSV (UTF-8)")
whole("a spreadsheet named jsonl", b"PK\x03\x04\x14\0", "ZIP archive", suffix="jsonl")
whole("a spreadsheet named tsv", b"PK\x03\x04\x14\0", "ZIP archive", suffix="tsv")
whole("an empty archive", b"PK\x05\x06" + bytes(18), "empty ZIP")
whole("an old spreadsheet", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), ".xls")
whole("parquet named csv", b"PAR1\x15\x04\x15", "--format parquet")
whole("an arrow file", b"ARROW1\0\0", "Arrow")
whole("an orc file", b"ORC\n\x0b", "ORC")
whole("an avro file", b"Obj\x01\x04", "Avro")
whole("bzip2", bz2.compress(TABLE), "bzcat")
whole("xz", lzma.compress(TABLE), "xzcat")
whole("7-zip", b"7z\xbc\xaf\x27\x1c\0\x04", "7-Zip")
whole("rar", b"Rar!\x1a\x07\x01\0", "RAR")
whole("lz4", b"\x04\x22\x4d\x18\x64", "lz4")
whole("tar", tar(), "tar archive")
whole("tar in gzip", gzip.compress(tar()), "tar archive", suffix="csv.gz")
whole("pdf", "%PDF-1.7\n", "PDF")
whole("rtf", "{\\rtf1\\ansi", "RTF")
whole("sqlite", database(), "SQLite")
whole("git lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull")
whole("html", "<!DOCTYPE html><table><tr><td>token</td></tr></table>", "HTML")
whole("xml behind a blank line", "\n<?xml version='1.0'?><Workbook/>", "HTML or XML")
whole("gzip cut off", PACKED[:-20], "gzip data ends in the middle")
whole("gzip with a wrong sum", PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], "gzip data is damaged")
whole("gzip with something behind", PACKED + b"token9,bob\n", "gzip data")
whole("zstandard of noise", b"\x28\xb5\x2f\xfd" + b"\xff" * 40, "Zstandard data is damaged")
whole("zstandard cut off", b"\x28\xb5\x2f\xfd\x20\x17\xb9\0\0tok", "Zstandard data")
# Which text.
whole("utf-32", (HEAD + GOOD).encode("utf-32"), "UTF-32")
whole("utf-32 big end first", b"\0\0\xfe\xff" + TABLE, "UTF-32")
whole("utf-16 without a mark", (HEAD + GOOD).encode("utf-16-le"), "--encoding utf-16le")
whole("utf-16 big end first", (HEAD + GOOD).encode("utf-16-be"), "--encoding utf-16be")
whole("utf-16 cut off", b"\xff\xfe" + (HEAD + GOOD).encode("utf-16-le")[:-1], "UTF-16LE", "line 2")
whole("gbk", (HEAD + "token1,玩家甲\n").encode("gbk"), "line 2", "gb18030", "玩家甲")
whole("gbk at the end", TABLE + MORE.encode() + "t,玩家\n".encode("gbk"), "line 43", "gb18030")
whole("gbk in lines of json", '{"token":"t1","account":"玩家甲"}\n'.encode("gbk"), "gb18030", suffix="jsonl")
whole("latin-1", (HEAD + "token1,Zoë Müller\n").encode("latin-1"), "line 2 is no UTF-8", "windows-1252")
whole("shift-jis", (HEAD + "token1,プレイヤー\n").encode("shift-jis"), "line 2 is no UTF-8", "--encoding")
whole("utf-8 cut off", (HEAD + "token1,小强").encode()[:-1], "line 2 is no UTF-8")
whole("half a surrogate", TABLE + b"token1,\xed\xa0\xbdx\n", "line 3 is no UTF-8")
whole("overlong", TABLE + b"token1,\xc0\xafx\n", "line 3 is no UTF-8")
whole("noise", bytes(range(128, 256)), "line 1 is no UTF-8")
whole("zeros", bytes(4096), "zero bytes")
# Which table.
whole("empty", "", "the file is empty")
whole("blank lines", "\n\r\n\n", "the file is empty")
whole("a byte order mark alone", "\ufeff", "the file is empty")
whole("no header", GOOD + MORE, "line 1", "header missing")
whole("no header and one column", "good-token\n", "line 1", "header missing")
whole("a misspelled column", "token,acount\n" + GOOD, '"acount" is unknown')
whole("a column in upper case", "Token,account\n" + GOOD, 'write it token')
whole("a column with a blank in it", "token,account,Account Type\n", "write it account_type")
whole("columns with blanks", "token, account\n" + GOOD, "blank beside its name")
whole("a column twice", "token,account,token\n", "there twice")
whole("no column that is needed", "account_type,operation\n", "neither token nor account")
whole("columns in chinese", "令牌,账号\n" + GOOD, "none is the name of a column")
whole("another separator and column", "token;acount\n", "is unknown")
whole("a header on line 3", "\n\nName,Phone\n", "line 3")
whole("json named csv", '{"token": "t1", "account": "alice"}\n', "--format jsonl")
whole("an array of json named csv", '[{"token": "t1"}]\n', "--format jsonl")
whole("csv named jsonl", HEAD + GOOD, "line 1", "--format csv", suffix="jsonl")
whole("an array of json", '[{"token": "t1", "account": "alice"}]\n', "JSON array", "jq", suffix="jsonl")
whole("indented json", '{\n "token": "t1",\n "account": "alice"\n}\n', "jq -c", suffix="jsonl")
whole("a forgotten quotation mark", HEAD + GOOD + 'token0,"alice\n' + MORE + 'x,"y"\n', "line 3", "42 lines", "quotation mark")
whole("a quotation mark that stays open", HEAD + GOOD + 'token0,"alice\n' + MORE, "line 3", "quotation mark")
whole("cut off in quotation marks", HEAD + GOOD + 'token1,"ali', "line 3", "copied whole")
whole("one quotation mark too many", HEAD + 'token0,"alice""\ntoken1,"bob"\n', "line 2", "quotation mark")
whole("a quotation mark over a megabyte", HEAD + 't,"a\n' + MORE * 2000, "line 2", "1 MiB")
whole("a line of a megabyte", HEAD + "t," + "a" * (1 << 20) + "\n", "line 2", "longer than 1 MiB")
whole("a line of json of a megabyte", '{"token": "' + "a" * (1 << 21) + '"}', "line 1", "1 MiB", suffix="jsonl")
whole("joined in another order", HEAD + GOOD + "account,token\nalice,t1\n", "line 3", "another order")
# Rows that are refused.
refused("a blank before", "token1, alice,,", "begins with a blank")
refused("a blank behind", "token1,alice ,,", "ends with a blank")
refused("a tab behind", "token1,alice\t,,", "blank")
refused("a no-break blank", "token1,alice\u00a0,,", "ends with a blank")
refused("an ideographic blank", "token1,\u3000alice,,", "begins with a blank")
refused("a blank before the token", " token1,alice,,", "the token", "begins with a blank")
refused("a zero-width character", "token1,ali\u200bce,,", "U+200B")
refused("a mark of direction", "token1,alice\u200f,,", "U+200F")
refused("a byte order mark in the middle", "token1,\ufeffalice,,", "U+FEFF")
refused("a character that was lost", "token1,ali\ufffdce,,", "U+FFFD")
refused("a control character", "token1,ali\x07ce,,", "U+0007")
refused("a zero byte", "token1,ali\0ce,,", "U+0000")
refused("the end of a file of DOS", "\x1a,alice,,", "U+001A")
refused("the end of a file of DOS alone", "\x1a", "Ctrl-Z")
refused("zeros at the end", "\0" * 512, "cut off by a crash")
refused("an object without fields", "{}", "byte", suffix="jsonl")
refused("the header again", "token,account,account_type,operation", "header again")
refused("the header again behind a mark", "\ufefftoken,account,account_type,operation", "header again")
refused("too few fields", "token1,alice", "2 field(s), the header 4")
refused("too many fields", "token1,alice,,,bob", "5 field(s), the header 4")
refused("a value under no name", "token1,alice,bob", "no name there", head="token,account,\n")
refused("semicolons", "token1;alice;;", "separated by ','", "';'")
refused("tabs", "token1\talice", "separated by ','")
refused("an account of one byte", "token1,a,,", "greater than 1 byte")
refused("no account", "token1,,,", "account")
refused("no token", ",alice,,", "token")
refused("a token of 65 bytes", "t" * 65 + ",alice,,", "65 bytes")
refused("a type in words", "token1,alice,mobile,", "no integer")
refused("a type with a fraction", "token1,alice,2.5,", "no integer")
refused("a type of 33 bits", "token1,alice,4294967296,", "no integer")
refused("a type with a blank", "token1,alice, 3,", "no integer")
refused("another operation", "token1,alice,,forget", "forget")
refused("an operation with a blank", "token1,alice,,bind ", "bind ")
rows("a line end in a field", HEAD + GOOD + 'token1,"alice\n"\n', "from line 3 to line 4", invalid=1)
refused("text behind a quotation mark", 'token1,"ali"ce,,', "closing quotation mark")
refused("a blank behind a quotation mark", 'token1,"alice" ,,', "closing quotation mark")
refused("a quotation mark with a backslash", 'token1,"O\\"Neil",,', "closing quotation mark")
refused("a number for an account", '{"token": "t1", "account": 7}', "integer", suffix="jsonl")
refused("another name", '{"token": "t1", "acount": "alice"}', "acount", suffix="jsonl")
refused("a name twice", '{"token": "t1", "token": "t2", "account": "alice"}', "duplicate", suffix="jsonl")
refused("not a number", '{"token": "t1", "account": "alice", "account_type": NaN}', "null", suffix="jsonl")
refused("a comma behind", '{"token": "t1", "account": "alice"},', "without a comma", suffix="jsonl")
refused("half an object", '{"token": "t1",', "one line", suffix="jsonl")
refused("a list of a row", '["t1", "alice"]', "no object of a row", suffix="jsonl")
refused("half a surrogate in json", '{"token": "t1", "account": "\\ud800x"}', "escape", suffix="jsonl")
refused("a truth value for a type", '{"token": "t1", "account": "alice", "account_type": true}', "account_type", suffix="jsonl")
refused("a type in words in json", '{"token": "t1", "account": "alice", "account_type": "x"}', "no integer", suffix="jsonl")
# Rows that are suspicious.
counted("a word for nothing", "NULL", "word for nothing")
counted("the word of a database", "\\N", "word for nothing")
counted("the word of a spreadsheet", "#N/A", "word for nothing")
counted("the word of python", "nan", "word for nothing")
counted("a shortened number", "1.38E+10", "shortened")
counted("a number with decimals", "13800138000.0", "decimals")
counted("a number with separators", '"13,800,138,000"', "thousands")
counted("a rounded number", "123456789012345000", "15 digits")
counted("a formula", '"=""007"""', "formula")
counted("a mark of a text", "'007", "quotation marks")
counted("a date", "1-Mar", "date")
counted("a list as text", '"[""alice""]"', "list")
counted("an escape", "alice_x000D_", "escaped")
counted("read as latin-1", "ZoÃ«", "wrong encoding")
counted("gbk read as utf-8", "Сǿ", "wrong encoding")
counted("question marks", "???", "wrong encoding")
counted("the token once more", "token1", "as well")
rows("two fields in one", HEAD + "t1;x,alice\n", "holds a separator")
# Rows that are as they should be, for all that is around them.
rows("empty rows", FULL + "good-token,good account,,\n,,,\n,,,\n", "2 empty rows")
rows("columns without a name", "token,account,,\ngood-token,good account,,\n")
rows("commas behind", HEAD + "good-token,good account,,,\n")
rows("old ends of lines", (HEAD + GOOD).replace("\n", "\r"))
rows("mixed ends of lines", HEAD + "\r\n" + GOOD + "\r\n\n")
rows("a separator that is announced", "sep=;\r\ntoken;account\r\ngood-token;good account\r\n")
rows("a bar", "token|account\ngood-token|good account\n")
rows("marks of two files", '\ufeff{"token":"t1","account":"al"}\n\ufeff{"token":"t2","account":"bo"}\n', sent=2, suffix="jsonl")
rows("a header and nothing else", HEAD, "no rows", sent=0)
rows("nothing in lines of json", "\n", "no rows", sent=0, suffix="jsonl")
