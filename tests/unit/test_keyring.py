"""A tenant's secrets at work."""

import hmac
from dataclasses import replace
from itertools import count

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.system import MasterKey
from tenants.keyring import KEY_BYTES, Keyring, RegistrySeal, seal_under, unseal_under
from tenants.oauth import jwt
from tenants.oauth.handle import digest
from tenants.oauth.jwt import ALGORITHMS
from tenants.problems import Broken
from tenants.records import SigningAlgorithm, SigningKey
from tests.support.requirement import requirement

DATA_KEY = bytes(range(KEY_BYTES))


class Counting:
    """Entropy that never repeats and can be foretold."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, length: int, /) -> bytes:
        return next(self._numbers).to_bytes(length, "big")


def keyring(uid: str = "a" * 32, data_key: bytes = DATA_KEY) -> Keyring:
    return Keyring(uid, data_key, Counting())


def test_what_is_sealed_is_unsealed_by_the_same_tenant_for_the_same_purpose_in_the_same_context() -> None:
    ours, restarted = keyring(), keyring()
    for plain in (b"", b"x", b"x" * 100_000):
        sealed = ours.seal("consent", plain, b"here")
        assert restarted.unseal("consent", sealed, b"here") == plain
        assert plain == b"" or plain not in sealed


@requirement("house:what-one-tenant-seals-no-other-opens")
def test_nobody_else_and_nothing_else_unseals_it() -> None:
    ours = keyring()
    sealed = ours.seal("consent", b"plain", b"here")
    assert keyring(uid="b" * 32).unseal("consent", sealed, b"here") is None
    assert keyring(data_key=bytes(KEY_BYTES)).unseal("consent", sealed, b"here") is None
    assert ours.unseal("sign-in", sealed, b"here") is None
    assert ours.unseal("consent", sealed, b"there") is None
    assert ours.unseal("consent", sealed) is None
    assert ours.unseal("consen", sealed, b"t\0here") is None


def test_a_seal_that_is_broken_anywhere_is_broken() -> None:
    ours = keyring()
    sealed = ours.seal("consent", b"plain")
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1
        assert ours.unseal("consent", bytes(broken)) is None
        assert ours.unseal("consent", sealed[:place]) is None
    assert ours.unseal("consent", sealed + b"\0") is None


def test_the_same_plain_text_is_never_sealed_in_the_same_way_twice() -> None:
    ours = keyring()
    assert len({ours.seal("consent", b"plain") for _ in range(100)}) == 100


def test_a_mac_is_of_the_tenant_and_of_nothing_else() -> None:
    ours = keyring()
    assert ours.mac(b"x") == keyring().mac(b"x")
    assert len(ours.mac(b"x")) == 32
    assert ours.mac(b"x") != ours.mac(b"y")
    assert ours.mac(b"x") != keyring(data_key=bytes(KEY_BYTES)).mac(b"x")
    assert ours.mac(b"x") != hmac.digest(DATA_KEY, b"x", "sha256"), "the data key itself is never used"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@requirement("house:private-keys-are-sealed")
def test_a_signing_key_is_kept_sealed_and_comes_back_whole(algorithm: SigningAlgorithm) -> None:
    private = jwt.new_key(algorithm)
    public = jwt.public_jwk(private, algorithm)
    sealed = keyring().seal_key(public["kid"], private)
    kept = SigningKey(
        id=public["kid"], algorithm=algorithm, state="current", public_jwk=public, sealed_private=sealed, created_at=1
    )
    assert str(private.as_dict(private=True)["d"]).encode() not in sealed
    ours = keyring()
    again = ours.private_key(kept)
    assert ours.private_key(kept) is again
    token = jwt.sign(again, kid=kept.id, algorithm=algorithm, typ="JWT", claims={"sub": "u"})
    assert jwt.verify(token, [kept], typ="JWT") == {"sub": "u"}


def test_a_signing_key_that_was_changed_or_exchanged_is_broken() -> None:
    private = jwt.new_key("EdDSA")
    public = jwt.public_jwk(private, "EdDSA")
    kept = SigningKey(
        id=public["kid"],
        algorithm="EdDSA",
        state="current",
        public_jwk=public,
        sealed_private=keyring().seal_key(public["kid"], private),
        created_at=1,
    )
    for other in (
        replace(kept, id="another"),
        replace(kept, sealed_private=kept.sealed_private[:-1]),
        replace(kept, sealed_private=b""),
    ):
        with pytest.raises(Broken):
            keyring().private_key(other)
    with pytest.raises(Broken):
        keyring(uid="b" * 32).private_key(kept)


@requirement("house:a-replayed-answer-opens-only-to-its-token")
def test_what_is_sealed_under_a_secret_opens_only_to_who_has_it() -> None:
    sealed = seal_under("tnr_secret", b"answer", b"asked")
    assert unseal_under("tnr_secret", sealed, b"asked") == b"answer"
    assert b"answer" not in sealed
    assert unseal_under("tnr_other", sealed, b"asked") is None
    assert unseal_under("tnr_secret", sealed, b"asked otherwise") is None
    assert unseal_under("tnr_secret", sealed[:-1], b"asked") is None
    assert unseal_under("tnr_secret", b"", b"asked") is None


def test_the_digest_that_is_kept_does_not_open_what_is_sealed_under_its_secret() -> None:
    sealed = seal_under("tnr_secret", b"answer", b"asked")
    with pytest.raises(InvalidTag):
        AESGCM(digest("tnr_secret")).decrypt(bytes(12), sealed, b"asked")


@requirement("house:what-was-kept-stays-readable")
def test_what_the_registry_seals_opens_only_to_the_same_key_for_the_same_purpose_in_the_same_context() -> None:
    key, other = MasterKey(b"k" * KEY_BYTES), MasterKey(b"o" * KEY_BYTES)
    sealed = RegistrySeal("registry", key).seal("answer", b"secret", b"here")
    assert b"secret" not in sealed
    assert RegistrySeal("registry", key).unseal("answer", sealed, b"here") == b"secret"
    for uid, with_key, purpose, context in (
        ("registry", other, "answer", b"here"),
        ("registr", key, "answer", b"here"),
        ("registry", key, "answers", b"here"),
        ("registry", key, "answer", b"there"),
    ):
        assert RegistrySeal(uid, with_key).unseal(purpose, sealed, context) is None
    assert RegistrySeal("registry", key).unseal("answer", b"", b"here") is None
    with pytest.raises(Broken):
        key.unwrap("registry", sealed)  # nor is it a tenant's data key


def test_what_an_earlier_version_sealed_still_opens() -> None:
    ours = keyring()
    assert ours.mac(b"x").hex() == "9d16b6c5052e8227c9afe267a6a365c35fe2389c5ba8edc7234631f70f31b698"
    sealed = bytes.fromhex("000000000000000000000001e0371b530d4d295a1b927792e4b659cb18c25d6095")
    assert ours.unseal("consent", sealed, b"here") == b"plain"
    answer = bytes.fromhex("9057b97b044d8fed384d188476a5eddd664af7d6db17")
    assert unseal_under("tnr_secret", answer, b"asked") == b"answer"
