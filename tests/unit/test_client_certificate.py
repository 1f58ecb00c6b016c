"""What a certificate proves of a client: with an authority's word for its name, or with a key that is known."""

from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tenants.oauth import certificate
from tenants.oauth.certificate import Certificate
from tenants.oauth.certificate_name import members_of, of_members
from tenants.oauth.client_certificate import authority, prove_key, prove_name
from tenants.oauth.foreign_jwt import UnknownKey, Unproven
from tenants.oauth.refusal import Refusal
from tenants.records import CertificateName, CertificateNameKind
from tests.support.certificates import CLIENT_AUTH, SERVER_AUTH, Shown, made
from tests.support.house import EPOCH
from tests.support.requirement import requirement
from tests.support.signer import Signer

CA = made("CN=authority", ca=True)
BY_NAME = CertificateName("subject_dn", "CN=client")


def shown(one: Shown) -> Certificate:
    read = certificate.read([one.field])
    assert read is not None
    return read


def is_proven(one: Shown, name: CertificateName = BY_NAME, authorities: tuple[str, ...] = (CA.pem,)) -> bool:
    try:
        prove_name(shown(one), name, authorities, EPOCH)
    except Unproven:
        return False
    return True


# --- how it is told


@requirement("rfc9440:a-client-certificate-in-a-header")
def test_a_certificate_is_read_as_proxies_write_it() -> None:
    one = made(by=CA)
    for text in (one.field, f" {one.field} ", one.escaped, one.escaped.replace("%2F", "/").replace("%2B", "+")):
        read = certificate.read([text])
        assert read is not None
        assert (read.thumbprint, read.parsed) == (one.x5t, one.certificate)


@pytest.mark.parametrize("fields", [[], [""], [" "], ["::"]])
def test_a_proxy_that_saw_none_says_so(fields: list[str]) -> None:
    assert certificate.read(fields) is None


@pytest.mark.parametrize(
    "text",
    [
        "x",
        ":x:",
        ":" + b64encode(b"no certificate").decode() + ":",
        made().field[:-1],
        made().field[1:],
        made().field + ", " + made().field,
        made().field.replace(":", "::"),
        made().field[:-1] + "A:",
        f":{b64encode(made().der + b'x').decode()}:",
        f":{b64encode(made().der[:-1]).decode()}:",
        f":{'A' * 20_000}:",
        made().pem.replace("\n", " ").replace("BEGIN", "BEGIN X"),
        made().escaped + made().escaped,
        made().escaped + "%0Ax",
        made().escaped[:-40],
        made().escaped.replace("CERTIFICATE", "PRIVATE%20KEY"),
        "-----BEGIN CERTIFICATE-----%0A%zz%0A-----END CERTIFICATE-----",
        "é",
    ],
)
@requirement("rfc9440:a-client-certificate-in-a-header")
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as raised:
        certificate.read([text])
    assert raised.value.code == "invalid_request"


@requirement("house:one-certificate-and-from-a-trusted-proxy-alone")
def test_of_two_headers_neither_is_read() -> None:
    one = made(by=CA)
    for fields in ([one.field, one.field], ["", one.field], [one.field, "::"]):
        with pytest.raises(Refusal):
            certificate.read(fields)


# --- proven by a name


@requirement("rfc8705:a-client-is-proven-by-the-name-in-its-certificate")
def test_who_an_authority_vouches_for_is_proven() -> None:
    assert is_proven(made(by=CA))
    assert is_proven(made(by=CA, uses=[CLIENT_AUTH, SERVER_AUTH]))
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    assert is_proven(made(by=CA, more=[(usage, True)]))
    second = made("CN=second", by=CA, ca=True)
    assert is_proven(made(by=second), authorities=(CA.pem, second.pem))
    assert is_proven(made(by=second), authorities=(second.pem,))


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(made(by=CA, ends=EPOCH - 1), id="expired"),
        pytest.param(made(by=CA, begins=EPOCH + 1), id="not yet"),
        pytest.param(made(by=made("CN=authority", ca=True)), id="another authority of the same name"),
        pytest.param(made(), id="self-signed"),
        pytest.param(made(by=made("CN=client", by=CA)), id="made by another client"),
        pytest.param(made(by=made("CN=second", by=CA, ca=True)), id="by an authority that was not shown"),
        pytest.param(made(by=CA, uses=[SERVER_AUTH]), id="for servers"),
        pytest.param(made(by=CA, ca=True), id="itself an authority"),
        pytest.param(made("CN=other", by=CA), id="another name"),
        pytest.param(made("CN=Client", by=CA), id="another case"),
        pytest.param(made("CN=client,O=Example", by=CA), id="more in the name"),
        pytest.param(made("O=client", by=CA), id="another attribute"),
        pytest.param(made("O=x", ["dns:client"], by=CA), id="an alternative name"),
        pytest.param(
            made(by=CA, more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b""), True)]),
            id="a critical extension that nobody knows",
        ),
    ],
)
@requirement("rfc8705:a-client-is-proven-by-the-name-in-its-certificate")
def test_any_other_certificate_proves_nobody(one: Shown) -> None:
    assert not is_proven(one)


def test_without_authorities_nobody_is_proven() -> None:
    assert not is_proven(made(by=CA), authorities=())
    ended = made("CN=authority", ca=True, ends=EPOCH - 1)
    assert not is_proven(made(by=ended), authorities=(ended.pem,))


ALTERNATIVES: dict[CertificateNameKind, tuple[str, str, list[str]]] = {
    "san_dns": ("app.test", "dns:APP.test", ["dns:*.test", "dns:b.app.test", "uri:app.test"]),
    "san_uri": ("https://app.test/x", "uri:https://app.test/x", ["uri:https://app.test/x/", "dns:app.test"]),
    "san_ip": ("2001:DB8::1", "ip:2001:db8:0::1", ["ip:2001:db8::2", "dns:2001.db8"]),
    "san_email": ("a@example.com", "email:a@example.com", ["email:A@example.com", "uri:mailto:a@example.com"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", ALTERNATIVES)
@requirement("rfc8705:a-client-is-proven-by-the-name-in-its-certificate")
def test_an_alternative_name_is_one_of_its_own_kind_alone(kind: CertificateNameKind) -> None:
    registered, right, wrong = ALTERNATIVES[kind]
    name = of_members({f"tls_client_auth_{kind}": registered})
    assert is_proven(made("CN=x", [*wrong, right], by=CA), name)
    assert not is_proven(made("CN=x", wrong, by=CA), name)
    assert not is_proven(made(f"CN={registered}", by=CA), name), "a common name is no alternative one"


def test_a_subject_is_compared_part_by_part() -> None:
    for registered in ("CN=a\\,b,O=Example+OU=x", "CN=a\\2Cb,OU=x+O=Example", "2.5.4.3=a\\,b,O=Example+OU=x"):
        name = of_members({"tls_client_auth_subject_dn": registered})
        assert is_proven(made("CN=a\\,b,OU=x+O=Example", by=CA), name)
        assert not is_proven(made("OU=x+O=Example,CN=a\\,b", by=CA), name)
        assert not is_proven(made("CN=a,CN=b,OU=x+O=Example", by=CA), name)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a.test"},
        {"tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_uri": ""},
        *({"tls_client_auth_subject_dn": text} for text in ("", "a", "CN=", "nope=a", "CN=a,", "CN=\\zz", 5)),
        *({"tls_client_auth_san_dns": text} for text in ("", "*.a.test", "a..b", "https://a", "a b", "a/", "é.test")),
        *({"tls_client_auth_san_uri": text} for text in ("", "a", "/a", "a b", "é:x")),
        *({"tls_client_auth_san_ip": text} for text in ("", "a", "1.2.3", "10.0.0.0/8", "1.2.3.4:5", "１.2.3.4")),
        *({"tls_client_auth_san_email": text} for text in ("", "a", "a@", "@b", "a b@c", "a@b@c", "a" * 2_000)),
    ],
)  # fmt: skip
def test_a_client_registers_exactly_one_name(members: dict[str, object]) -> None:
    with pytest.raises(Refusal) as raised:
        of_members(members)
    assert raised.value.code == "invalid_client_metadata"


def test_a_registered_name_is_told_as_it_is_compared() -> None:
    told = members_of(of_members({"tls_client_auth_san_dns": "App.Example.com"}))
    assert told == {"tls_client_auth_san_dns": "app.example.com"}


NO_CA = made(more=[(x509.BasicConstraints(ca=False, path_length=None), True)])


@pytest.mark.parametrize("pem", ["", "x", made().pem, NO_CA.pem, CA.pem + CA.pem, CA.pem.replace("M", "N", 3), "é"])
def test_an_authority_is_one_certificate_that_may_make_others(pem: str) -> None:
    with pytest.raises(ValueError, match=r"\Anot "):
        authority(pem)


# --- proven by a key


@requirement("rfc8705:a-client-is-proven-by-the-key-of-its-certificate")
def test_the_key_of_the_certificate_must_be_one_of_the_clients() -> None:
    one, other = made(), made()
    prove_key(shown(one), [other.jwk, one.jwk], EPOCH)
    mixed: dict[str, str] = {**one.jwk, "x": other.jwk["x"]}
    for keys in (
        [],
        [other.jwk],
        [mixed],
        [{"kty": "EC"}],
        [{"kty": "x"}],
        [{"kid": "none"}],
        [{**one.jwk, "use": "enc"}],
    ):
        with pytest.raises(UnknownKey):
            prove_key(shown(one), keys, EPOCH)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "EdDSA"])
def test_the_key_may_be_of_any_kind_that_clients_register(algorithm: str) -> None:
    signer, other = Signer(algorithm), Signer(algorithm)
    prove_key(shown(made(key=signer.key.private_key)), [other.public, signer.public], EPOCH)
    with pytest.raises(UnknownKey):
        prove_key(shown(made(key=signer.key.private_key)), [other.public], EPOCH)


@requirement("rfc8705:a-client-is-proven-by-the-key-of-its-certificate")
def test_a_certificate_says_itself_how_long_it_counts() -> None:
    for one in (made(ends=EPOCH - 1), made(begins=EPOCH + 1)):
        with pytest.raises(Unproven):
            prove_key(shown(one), [one.jwk], EPOCH)


def test_a_name_that_is_no_text_is_nobodys() -> None:
    """An authority signs what it was sent: a common name that is a string of bits."""
    honest = made("CN=\\00client", by=CA)
    assert is_proven(honest, CertificateName("subject_dn", "CN=\\00client"))
    text, bits = b"\x0c\x07\0client", b"\x03\x07\0client"
    assert not is_proven(signed_anew(honest, text, bits), CertificateName("subject_dn", "CN=\\00client"))


def signed_anew(one: Shown, old: bytes, new: bytes) -> Shown:
    """The same certificate with these bytes in it, of the same number, and the authority's signature."""
    signed = one.certificate.tbs_certificate_bytes
    assert signed.count(old) == 1
    signed = signed.replace(old, new)
    signature = CA.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    ecdsa_with_sha256 = bytes.fromhex("300a06082a8648ce3d040302")
    der = in_der(0x30, signed + ecdsa_with_sha256 + in_der(0x03, b"\0" + signature))
    return Shown(x509.load_der_x509_certificate(der), one.key)


def in_der(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")) + content
