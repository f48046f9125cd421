import base64
import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation

from registry import derivation, envelope
from registry.derivation import DerivedKeys
from registry.envelope import Envelope, KeyRing, associated_data, from_base64url, load_key
from registry.errors import CredentialUnreadable

HERE = Path(__file__).parent
VECTORS = json.loads((HERE / "envelope_vectors.json").read_text())
KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))
THIRD_KEY = bytes(range(64, 96))
CONTEXT = ("registry.Connection.api_key", "0b8f8c1e-6f1e-4c55-9a1e-000000000001", "42", "https://api.openai.com:443")
TEXT = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"


@pytest.fixture(scope="module")
def ring():
    return KeyRing(KEY)


@pytest.fixture(scope="module")
def sealed(ring):
    return ring.seal(TEXT, *CONTEXT)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors(vector):
    ring = KeyRing(bytes.fromhex(vector["key"]))
    salt, iv = bytes.fromhex(vector["salt"]), bytes.fromhex(vector["iv"])
    assert ring.primary == vector["kid"]
    assert ring._seal(vector["text"], tuple(vector["context"]), salt=salt, iv=iv) == vector["sealed"]
    assert ring.open(vector["sealed"], *vector["context"]) == vector["text"]


def test_a_second_implementation_reads_and_writes_the_same():
    node = shutil.which("node")
    if node is None:
        reason = "node is not installed, so the envelope has no second implementation to agree with"
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(reason)
    sealed = KeyRing(KEY).seal(TEXT, *CONTEXT)
    parts = Envelope.parse(sealed)
    fresh = {"name": "fresh", "key": KEY.hex(), "kid": parts.kid, "salt": parts.salt.hex(), "iv": parts.iv.hex()}
    vectors = [*VECTORS, fresh | {"context": CONTEXT, "text": TEXT, "sealed": sealed}]
    command = [node, str(HERE / "verify_envelope.mjs")]
    answer = subprocess.run(command, input=json.dumps(vectors), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == ["ok"] * len(vectors)


def test_every_flipped_bit_is_refused(ring):
    sealed = ring.seal("k", *CONTEXT)
    version, kid, body = sealed.split(".")
    raw = from_base64url(body)
    for position in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(CredentialUnreadable):
            ring.open(f"{version}.{kid}.{envelope.to_base64url(bytes(flipped))}", *CONTEXT)
    assert ring.open(sealed, *CONTEXT) == "k"


@pytest.mark.parametrize("position", range(4))
def test_every_part_of_the_context_is_bound(ring, sealed, position):
    other = list(CONTEXT)
    other[position] += "x"
    with pytest.raises(CredentialUnreadable):
        ring.open(sealed, *other)


def test_parts_cannot_run_into_each_other(ring):
    assert associated_data("ab", "c") != associated_data("a", "bc")
    with pytest.raises(CredentialUnreadable):
        ring.open(ring.seal("text", "ab", "c"), "a", "bc")


@pytest.mark.parametrize("change", [lambda v, k, b: f"v2.{k}.{b}", lambda v, k, b: f"{v}.ffffffff.{b}"])
def test_version_and_key_id_are_bound(ring, sealed, change):
    with pytest.raises(CredentialUnreadable):
        ring.open(change(*sealed.split(".")), *CONTEXT)


JUNK = [
    "",
    ".",
    "..",
    "v1",
    "v1.",
    "v1..",
    "plain-key",
    "sk-proj-abc",
    "v1.a.b.c",
    "v1.{kid}",
    "v1.{kid}.",
    "v1.{kid}.AAAA",
]
ODD_BODIES = ["v1.{kid}.é", "v1.{kid}.A A", "v1.{kid}." + "A" * 85, "v1.{kid}." + "A" * 86, "v1.{kid}." + "A" * 87]


@pytest.mark.parametrize("junk", JUNK + ODD_BODIES)
def test_junk_is_refused_and_never_handed_through(ring, junk):
    with pytest.raises(CredentialUnreadable, match="re-enter the key"):
        ring.open(junk.format(kid=ring.primary), *CONTEXT)


def test_padding_and_spare_bits_are_other_spellings_and_refused(ring):
    sealed = ring.seal("1", *CONTEXT)
    assert len(from_base64url(sealed.split(".")[2])) % 3
    last = sealed[-1]
    for other in (sealed + "=", sealed[:-1] + ("B" if last == "A" else chr(ord(last) + 1))):
        with pytest.raises(CredentialUnreadable):
            ring.open(other, *CONTEXT)


def test_another_key_cannot_open(sealed):
    with pytest.raises(CredentialUnreadable):
        KeyRing(OTHER_KEY).open(sealed, *CONTEXT)


def test_old_keys_open_and_do_not_seal(sealed):
    rotated = KeyRing(OTHER_KEY, THIRD_KEY, KEY)
    assert rotated.open(sealed, *CONTEXT) == TEXT
    assert rotated.prefix == f"v1.{KeyRing(OTHER_KEY).primary}."
    for _ in range(3):
        again = rotated.seal(TEXT, *CONTEXT)
        assert again.startswith(rotated.prefix)
        assert KeyRing(OTHER_KEY).open(again, *CONTEXT) == TEXT


def test_the_setting_that_comes_first_seals(settings):
    first, second = (base64.b64encode(key).decode() for key in (KEY, OTHER_KEY))
    for settings.ENCRYPTION_KEY, old, kid in (
        (first, second, KeyRing(KEY).primary),
        (second, first, KeyRing(OTHER_KEY).primary),
    ):
        settings.ENCRYPTION_KEYS_OLD = [old]
        assert envelope.keyring().kids[0] == envelope.keyring().primary == kid


def test_two_envelopes_of_one_text_share_nothing(ring):
    first, second = (Envelope.parse(ring.seal(TEXT, *CONTEXT)) for _ in range(2))
    assert (first.salt, first.iv, first.ciphertext) != (second.salt, second.iv, second.ciphertext)
    assert first.salt != second.salt
    assert first.iv != second.iv


def test_a_ring_shows_ids_only(ring):
    assert KEY.hex() not in repr(ring)
    assert repr(ring) == f"KeyRing({ring.primary})"


async def test_refuses_to_run_on_an_event_loop(ring, sealed):
    with pytest.raises(SynchronousOnlyOperation, match="thread"):
        ring.open(sealed, *CONTEXT)
    with pytest.raises(SynchronousOnlyOperation, match="thread"):
        ring.seal(TEXT, *CONTEXT)


RANDOM = bytes.fromhex("fb" * 3) + bytes(range(1, 30))
SPELLINGS = [base64.b64encode(RANDOM), base64.urlsafe_b64encode(RANDOM)]


@pytest.mark.parametrize("text", [s.decode() for s in SPELLINGS] + [s.rstrip(b"=").decode() + "\n" for s in SPELLINGS])
def test_a_key_may_be_spelled_in_four_ways(text):
    assert load_key(text) == RANDOM


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not set"),
        ("not base64!", "not base64"),
        (base64.b64encode(bytes(range(31))).decode(), "32 random bytes"),
        (base64.b64encode(bytes(range(33))).decode(), "32 random bytes"),
        (base64.b64encode(b"abcdefghijk" * 3)[:44].decode(), "32 random bytes"),
        (base64.b64encode(bytes(32)).decode(), "32 random bytes"),
    ],
)
def test_weak_keys_are_refused_without_being_shown(text, words):
    with pytest.raises(ImproperlyConfigured, match=words) as refusal:
        load_key(text)
    assert not text or text not in str(refusal.value)


def test_the_secret_key_is_no_encryption_key(settings):
    settings.SECRET_KEY = base64.b64encode(KEY).decode()
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        load_key(settings.SECRET_KEY)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def derivations():
    return []


@pytest.fixture
def derive(derivations):
    def derive():
        derivations.append(1)
        return b"derived"

    return derive


def test_fifty_threads_share_one_derivation(derivations):
    keys, started, done = DerivedKeys(), threading.Barrier(50), []

    def slow():
        derivations.append(1)
        threading.Event().wait(0.05)
        return b"derived"

    def work():
        started.wait()
        done.append(keys.get(("kid", b"salt"), slow))

    threads = [threading.Thread(target=work) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert done == [b"derived"] * 50
    assert len(derivations) == 1


def test_deriving_leaves_the_processor_to_other_threads(monkeypatch):
    """While a key is derived, a thread that has work gets its share, so an event loop goes on turning."""
    monkeypatch.setattr(derivation, "ITERATIONS", 20 * derivation.ITERATIONS)
    derived = []

    def derive():
        began = time.thread_time()
        derivation.pbkdf2(KEY, b"salt", 32)
        derived.append(time.thread_time() - began)

    thread = threading.Thread(target=derive)
    began = time.thread_time()
    thread.start()
    while thread.is_alive():
        pass
    own = time.thread_time() - began
    # Both are about as long; with the interpreter locked, ours is one switch of threads, a fiftieth.
    assert own > derived[0] / 4


def test_deriving_leaves_one_core_alone(monkeypatch):
    cores, running, counts, real = 3, [], [], derivation.PBKDF2HMAC

    class Counted:
        def __init__(self, *arguments):
            self.real = real(*arguments)

        def derive(self, key):
            running.append(1)
            counts.append(len(running))
            derived = self.real.derive(key)
            running.pop()
            return derived

    monkeypatch.setattr(derivation, "PBKDF2HMAC", Counted)
    monkeypatch.setattr(derivation, "_cores", threading.BoundedSemaphore(cores - 1))
    threads = [threading.Thread(target=derivation.pbkdf2, args=[KEY, bytes([n]), 32]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(counts) == 8
    assert max(counts) < cores


def test_derived_keys_age(derive, derivations):
    clock = Clock()
    keys = DerivedKeys(seconds=900, clock=clock)
    for clock.now in (0, 899, 900, 901):
        keys.get(("kid", b"salt"), derive)
    assert len(derivations) == 2


def test_the_least_recently_used_derived_key_goes_first(derive, derivations):
    keys = DerivedKeys(size=2)
    for salt in (b"1", b"2", b"1", b"3", b"1"):
        keys.get(("kid", salt), derive)
    assert len(derivations) == 3
    keys.get(("kid", b"2"), derive)
    assert len(derivations) == 4


def test_a_failed_derivation_is_not_kept(derive):
    keys = DerivedKeys()

    def fail():
        raise MemoryError

    with pytest.raises(MemoryError):
        keys.get(("kid", b"salt"), fail)
    assert keys.get(("kid", b"salt"), derive) == b"derived"
