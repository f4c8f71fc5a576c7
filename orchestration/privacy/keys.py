"""Keyed hashes (HMAC-SHA-256, RFC 2104): without the key nobody can find a value by trying all phone numbers.

The key is the setting PRIVACY_KEY, else a file that is made when a key is first needed:

    WAREHOUSE_DIR/privacy.key   32 random bytes in hex, readable by its owner only
"""

import hashlib
import hmac
import secrets

import duckdb
from filelock import FileLock

from orchestration.errors import UserError
from orchestration.settings import LEAST_SECRET_CHARACTERS, Settings

# Bytes that SHA-256 takes at once; a key is filled up to it.
BLOCK_BYTES = 64
INNER_PAD, OUTER_PAD = 0x36, 0x5C


class PrivacyKeyError(UserError):
    """The key with which persons were forgotten is gone, or another one."""


def read_key(settings: Settings, may_be_made: bool = True) -> bytes:
    """The key of a warehouse.

    Args:
        settings: with the key, or the folder in which it lies.
        may_be_made: whether a new one is made where there is none.

    Returns:
        At most `BLOCK_BYTES` bytes.

    Raises:
        PrivacyKeyError: there is none, and none may be made; or what is there is none.
    """
    if settings.privacy_key:
        key = settings.privacy_key.encode()
        return key if len(key) <= BLOCK_BYTES else hashlib.sha256(key).digest()
    path = settings.privacy_key_path
    if not path.exists():
        if not may_be_made:
            raise PrivacyKeyError(f"{path} is gone: put it back, or give its content as PRIVACY_KEY (docs/privacy.md)")
        path.parent.mkdir(parents=True, exist_ok=True)
        # One of those who ask at once makes it, and in one step: a run that is killed leaves no half of a key.
        with FileLock(path.with_name(f".{path.name}.lock")):
            if not path.exists():
                new = path.with_name(f".{path.name}.tmp")
                new.touch(0o600)
                new.write_text(secrets.token_hex(32), encoding="ascii")
                new.replace(path)
    found = path.read_bytes().strip()
    if len(found) < LEAST_SECRET_CHARACTERS or not found.isascii():
        raise PrivacyKeyError(f"{path} is damaged: put it back, or give its content as PRIVACY_KEY (docs/privacy.md)")
    return found


def keyed_hash(key: bytes, kind: str, value: str) -> str:
    """The keyed hash of a value, in hex.

    Args:
        key: of `read_key`.
        kind: what the value is, so that a number and an id of the same digits have different hashes.
        value: any text.
    """
    return hmac.digest(key, f"{kind}:{value}".encode(), "sha256").hex()


def add_keyed_hash(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a session the macro `keyed_hash(kind, value)`, the same as the function; null of null.

    Args:
        connection: a session; its database is not changed.
        key: of `read_key`.
    """
    padded = key.ljust(BLOCK_BYTES, b"\0")
    for name, pad in (("inner_key", INNER_PAD), ("outer_key", OUTER_PAD)):
        connection.execute(f"set variable {name} = ?::blob", [bytes(byte ^ pad for byte in padded)])
    connection.execute(
        "create or replace temp macro keyed_hash(kind, value) as sha256(getvariable('outer_key')"
        " || unhex(sha256(getvariable('inner_key') || encode(kind || ':' || value))))"
    )
