"""The real clock, the real dice, and the key that seals: where the world's chance and secrets come in."""

import fcntl
import hmac
import os
import re
import secrets
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.unreadable import why
from tenants.problems import Broken

KEY_BYTES = 32
KEY_ID = "master.key.id"
"""The file that says which master key everything is sealed with."""
POOL_BYTES = 1_024
_TOKEN = re.compile(r"[!-~]+")
_pools = threading.local()
# a forked child must not hand out what its parent hands out
os.register_at_fork(after_in_child=_pools.__dict__.clear)


class Unusable(Exception):
    """Tenantry cannot start like this. The message is one line: what is wrong, and what to do."""


def clock() -> int:
    """Whole seconds since 1970-01-01 UTC."""
    return int(time.time())


def entropy(count: int) -> bytes:
    """`count` bytes of the operating system's randomness, fetched for each thread by the page.

    A system call for every token would let go of the interpreter in the middle of a turn.
    """
    pool: bytes = getattr(_pools, "rest", b"")
    if len(pool) < count:
        pool = os.urandom(max(count, POOL_BYTES))
    _pools.rest = pool[count:]
    return pool[:count]


class MasterKey:
    """Wraps each tenant's data key with AES-256-GCM, bound to the tenant's uid (tenants.keyring.DataKeys)."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self.id = hmac.digest(key, b"tenantry master key id", "sha256").hex()
        """Tells it from any other key, and tells nothing about it."""

    def wrap(self, uid: str, data_key: bytes) -> bytes:
        nonce = entropy(12)
        return nonce + self._aead.encrypt(nonce, data_key, self._bound(uid))

    def unwrap(self, uid: str, wrapped: bytes) -> bytes:
        try:
            return self._aead.decrypt(wrapped[:12], wrapped[12:], self._bound(uid))
        except (InvalidTag, ValueError):
            raise Broken(f"the data key of {uid} was wrapped with another master key") from None

    def _bound(self, uid: str) -> bytes:
        return b"tenantry data key\0" + uid.encode("ascii")


class DataDirectory:
    """The folder that holds everything, owned by one process for as long as it lives."""

    def __init__(self, path: Path) -> None:
        """Take it. Raises Unusable if it cannot be written, or another process has it."""
        self.path = path
        try:
            path.mkdir(parents=True, mode=0o700, exist_ok=True)
            self._lock = os.open(path / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unusable(f"the data directory {path} cannot be used: {why(error)}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise Unusable(f"the data directory {path} is in use by another tenantry; stop that one first") from None

    def release(self) -> None:
        os.close(self._lock)

    def master_key(self, configured: str | None) -> MasterKey:
        """The configured key (base64 of 32 bytes), or the one in `master.key`, made at the first start."""
        if configured is None and (self.path / KEY_ID).exists() and not (self.path / "master.key").exists():
            raise Unusable(f"master.key is missing in {self.path}; put it back, or configure master_key")
        key = MasterKey(_key(configured if configured is not None else self._secret("master.key", _new_key)))
        _check_key(key, self._secret(KEY_ID, lambda: key.id), self.path)
        return key

    def admin_token(self, configured: str | None) -> str:
        """The configured token, or the one in `admin.token`, made at the first start."""
        token = configured if configured is not None else self._secret("admin.token", _new_token)
        if len(token) < 20 or not _TOKEN.fullmatch(token):  # it must fit behind `Bearer `
            raise Unusable("the admin token must be 20 characters or more of printable ASCII; or let one be made")
        return token

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        path = self.path / name
        try:
            if not path.exists():
                _write_secret(path, make())
        except OSError as error:
            raise Unusable(f"{path} cannot be read: {why(error)}") from None
        return _read_secret(path)


def master_key_of(folder: Path, configured: str | None) -> MasterKey:
    """The configured key, or the one that lies in a data directory which is only looked at: nothing is made.

    Raises Unusable if it is not there, or not the one that all was sealed with.
    """
    key = MasterKey(_key(configured if configured is not None else _read_secret(folder / "master.key")))
    _check_key(key, _read_secret(folder / KEY_ID), folder)
    return key


def _check_key(key: MasterKey, wanted: str, folder: Path) -> None:
    if wanted != key.id:
        raise Unusable(f"this is not the master key that the tenants in {folder} were sealed with; use that one")


def _read_secret(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{path} cannot be read: {why(error)}") from None


def _key(text: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Unusable("the master key must be the base64 of 32 bytes, as `head -c32 /dev/urandom | base64` prints")
    return key


def _new_key() -> str:
    return b64encode(entropy(KEY_BYTES)).decode("ascii")


def _new_token() -> str:
    return f"tnadmin_{secrets.token_urlsafe(32)}"


def _write_secret(path: Path, text: str) -> None:
    """Whole and on disk before anything is sealed with it."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, f"{text}\n".encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
