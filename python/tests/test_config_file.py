"""The file of ``--config``, as people write it."""

from pathlib import Path
from typing import Iterator

import pytest
from test_command import Done, run
from xgpush.testing import CREDENTIALS, Emulator

ID, KEY = CREDENTIALS["access_id"], CREDENTIALS["secret_key"]


@pytest.fixture(scope="module")
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def bind(service: Emulator, folder: Path, content: bytes) -> "Done[str]":
    file = folder / "xgpush.conf"
    file.write_bytes(content.replace(b"http://URL", service.base_url.encode()))
    file.chmod(0o600)
    return run(service, "bind", "token1", "alice", "--config", file, env={"PATH": "/usr/bin:/bin"})


GOOD = {
    "plain": f"access_id = {ID}\nsecret_key = {KEY}\nbase_url = http://URL\n",
    "a byte order mark": f"\ufeffaccess_id={ID}\nsecret_key={KEY}\nbase_url=http://URL\n",
    "a mark before a section": f"\ufeff[xgpush]\naccess_id={ID}\nsecret_key={KEY}\nbase_url=http://URL\n",
    "quotes": f"access_id = \"{ID}\"\nsecret_key = '{KEY}'\nbase_url = \"http://URL\"  # here\n",
    "a shell's": f"export XGPUSH_ACCESS_ID={ID}\nexport XGPUSH_SECRET_KEY='{KEY}'\nXGPUSH_BASE_URL=http://URL\n",
    "comments": f"# mine\n; yours\naccess_id = {ID} # app\nsecret_key={KEY}\t# key\nbase_url=http://URL\nuser_agent=a#b\n",
    "lines of Windows": f"access_id={ID}\r\n\r\nsecret_key={KEY}\r\nbase_url=http://URL\r\n",
    "lines of an old Mac": f"access_id={ID}\rsecret_key={KEY}\rbase_url=http://URL",
    "upper case": f"ACCESS_ID={ID}\nSecret_Key={KEY}\nBASE_URL=http://URL\n",
}


@pytest.mark.parametrize("how", GOOD)
def test_config_file_as_people_write_it_is_read(how: str, service: Emulator, tmp_path: Path) -> None:
    done = bind(service, tmp_path, GOOD[how].encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, "token1\taccepted\n", "")


BAD = {
    "a misspelled name": (b"base_url=http://URL\nacces_id=1\n", "line 2: acces_id is not an option; did you mean access_id?"),
    "a name that is none": (b"zzz=1\n", "line 1: zzz is not an option: see docs/options.md"),
    "no equals sign": (b"\naccess_id: 1\n", "line 2: '=' is missing"),
    "another section": (b"[production]\naccess_id=1\n", "line 1: the section [production] is unknown"),
    "a quotation mark": (b"access_id = \"1\n", "line 1: the value begins with a quotation mark"),
    "twice": (b"access_id=1\n# 2\nACCESS_ID=2\n", "line 3: access_id is set in line 1 as well"),
    "GBK": ("access_id=1\n# 测试账号\n".encode("gbk"), "line 2: this is not UTF-8"),
    "UTF-16": ("access_id=1\n".encode("utf-16"), "is in UTF-16"),
}


@pytest.mark.parametrize("how", BAD)
def test_mistake_in_config_file_is_named(how: str, service: Emulator, tmp_path: Path) -> None:
    content, message = BAD[how]
    done = bind(service, tmp_path, content)
    assert done.returncode == 2 and message in done.stderr and "xgpush.conf" in done.stderr, done
    assert "Traceback" not in done.stderr
