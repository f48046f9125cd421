"""Sealed text: AES-256-GCM under a key derived for each envelope, bound to the place where it is stored.

    v1.<kid>.<base64url without padding (salt 32 | iv 16 | tag 16 | ciphertext)>

`kid` names the master key, so an envelope is tried with exactly one key. The associated data are the version, the kid
and the caller's context, each with its length in front: an envelope that is moved to another row, owner or address
does not open there.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.asyncio import async_unsafe

from registry.derivation import DerivedKeys, pbkdf2
from registry.errors import CredentialUnreadable

VERSION = "v1"
SALT, IV, TAG = 32, 16, 16
KID_SALT = b"dmr/kid/v1"

OFF_THE_LOOP = "Envelopes are opened in a thread: deriving a key would stop the event loop. Use sync_to_async."


@dataclass(frozen=True, slots=True)
class Envelope:
    kid: str
    salt: bytes
    iv: bytes
    tag: bytes
    ciphertext: bytes

    def __str__(self) -> str:
        return f"{VERSION}.{self.kid}.{to_base64url(self.salt + self.iv + self.tag + self.ciphertext)}"

    @classmethod
    def parse(cls, text: str) -> Envelope:
        try:
            version, kid, body = text.split(".")
            raw = from_base64url(body)
        except ValueError:
            raise CredentialUnreadable from None
        if version != VERSION or len(raw) < SALT + IV + TAG:
            raise CredentialUnreadable
        return cls(kid, raw[:SALT], raw[SALT:][:IV], raw[SALT + IV :][:TAG], raw[SALT + IV + TAG :])


class KeyRing:
    """The first key seals, all of them open."""

    def __init__(self, *keys: bytes, derived: DerivedKeys | None = None) -> None:
        self._keys = {kid_of(key): key for key in keys}
        self.primary = next(iter(self._keys))
        self._derived = derived or DerivedKeys()

    @property
    def kids(self) -> tuple[str, ...]:
        return tuple(self._keys)

    @property
    def prefix(self) -> str:
        """How everything begins that is sealed from now on."""
        return f"{VERSION}.{self.primary}."

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self.kids)})"

    @async_unsafe(OFF_THE_LOOP)
    def seal(self, text: str, *context: str) -> str:
        return self._seal(text, context, salt=os.urandom(SALT), iv=os.urandom(IV))

    @async_unsafe(OFF_THE_LOOP)
    def open(self, sealed: str, *context: str) -> str:
        envelope = Envelope.parse(sealed)
        if envelope.kid not in self._keys:
            raise CredentialUnreadable
        cipher = self._cipher(envelope.kid, envelope.salt)
        data = associated_data(VERSION, envelope.kid, *context)
        try:
            return cipher.decrypt(envelope.iv, envelope.ciphertext + envelope.tag, data).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise CredentialUnreadable from None

    def _seal(self, text: str, context: tuple[str, ...], *, salt: bytes, iv: bytes) -> str:
        data = associated_data(VERSION, self.primary, *context)
        output = self._cipher(self.primary, salt).encrypt(iv, text.encode(), data)
        return str(Envelope(self.primary, salt, iv, output[-TAG:], output[:-TAG]))

    def _cipher(self, kid: str, salt: bytes) -> AESGCM:
        return AESGCM(self._derived.get((kid, salt), lambda: pbkdf2(self._keys[kid], salt, 32)))


def keyring() -> KeyRing:
    return _keyring(settings.ENCRYPTION_KEY, *settings.ENCRYPTION_KEYS_OLD)


@lru_cache(maxsize=4)
def _keyring(*texts: str) -> KeyRing:
    first, *old = texts
    return KeyRing(load_key(first), *(load_key(text, "ENCRYPTION_KEYS_OLD") for text in old))


def load_key(text: str, setting: str = "ENCRYPTION_KEY") -> bytes:
    """The 32 bytes behind a setting: standard or URL-safe base64, padded or not."""
    if not text:
        raise ImproperlyConfigured(f"{setting} is not set.")
    if text == settings.SECRET_KEY:
        raise ImproperlyConfigured(f"{setting} and SECRET_KEY are the same. Each needs its own value.")
    try:
        key = from_base64url(text.strip().rstrip("=").replace("+", "-").replace("/", "_"))
    except ValueError:
        raise ImproperlyConfigured(f"{setting} is not base64.") from None
    # 32 random bytes have fewer than 12 distinct values once in 10^20: it is a typed pattern, not a key.
    if len(key) != 32 or len(set(key)) < 12:
        raise ImproperlyConfigured(f"{setting} must hold 32 random bytes in base64; this one holds {len(key)}.")
    return key


def kid_of(key: bytes) -> str:
    """A name for the key. As slow to compute as a derived key, so that it is no quicker way to test a guess."""
    return pbkdf2(key, KID_SALT, 4).hex()


def associated_data(*parts: str) -> bytes:
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Refuses a second spelling of the same bytes, such as other spare bits in the last character."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if to_base64url(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
