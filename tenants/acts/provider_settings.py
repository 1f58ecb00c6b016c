"""What an operator may say of an identity provider: settings that can be kept, or the field that cannot."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tenants.acts.provider_address import is_domain, objection
from tenants.acts.provider_kinds import (
    Auth0,
    Config,
    Entra,
    GitHub,
    Google,
    OAuth2,
    Oidc,
    Okta,
    addresses,
)
from tenants.oauth import foreign_jwt, scope, uri
from tenants.problems import Invalid
from tenants.records import DAY, AccessRule, ClaimMapping

MAX_ITEMS = 100
MAX_NAME = 63
MAX_TEXT = 255
RECHECK_SECONDS = range(300, 30 * DAY + 1)
_SERVER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIRECTORY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|organizations|common|consumers")
_VISIBLE = re.compile(r"[\x20-\x7e]+")  # VSCHAR of RFC 6749 appendix A


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator says of a provider. What is empty has its default."""

    config: Config
    display_name: str = ""
    disabled: bool = False
    client_id: str
    auth_method: str = ""
    assertion_algorithm: str = ""
    """For `private_key_jwt` alone."""
    scopes: tuple[str, ...] = ()
    claims: ClaimMapping
    access: AccessRule
    login_domains: tuple[str, ...] = ()
    vouches_for_email: bool = False
    vouches_for_clients: bool = False
    recheck_interval: int = 0
    """Seconds. 0: never."""


def check(given: Settings, issuer_uri: str) -> None:
    """Raises Invalid, with the field's name, unless these are settings that a provider of this issuer may have."""
    _check_config(given.config, issuer_uri)
    _check_plain(given)


def is_visible(text: str) -> bool:
    return _VISIBLE.fullmatch(text) is not None


def _check_config(config: Config, own: str) -> None:
    match config:
        case Oidc():
            _check_oidc(config, own)
        case OAuth2():
            for name, address in asdict(config).items():
                _check_address(f"oauth2.{name}", address, own)
        case Auth0(domain):
            _check_domain("auth0.domain", domain, own)
        case Okta(domain, server):
            _check_domain("okta.domain", domain, own)
            if server and not _SERVER.fullmatch(server):
                raise Invalid("okta.authorization_server", "must be the id of an authorization server, such as default")
        case Google(hosted_domain):
            if hosted_domain and not is_domain(hosted_domain):
                raise Invalid("google.hosted_domain", "must be a domain in lower case, such as example.com")
        case GitHub(base_uri):
            if base_uri:
                _check_base("github.base_uri", base_uri, own)
        case Entra(directory):
            if not _DIRECTORY.fullmatch(directory) and not is_domain(directory):
                raise Invalid("entra.directory", "must be the id or a domain of a directory (tenant), in lower case")
        case _:
            pass


def _check_oidc(config: Oidc, own: str) -> None:
    _check_address("oidc.issuer_uri", config.issuer_uri, own)
    if "?" in config.issuer_uri:
        raise Invalid("oidc.issuer_uri", "must have no query (OpenID Connect Discovery 1.0 §3)")
    endpoints = {name: address for name, address in asdict(addresses(config)).items() if name != "issuer_uri"}
    if any(endpoints.values()):
        for name, address in endpoints.items():
            if address:
                _check_address(f"oidc.{name}", address, own)
            elif name != "user_uri":
                raise Invalid(f"oidc.{name}", "is needed too: with endpoints of your own there is no discovery")
    if not set(config.id_token_algorithms) <= set(foreign_jwt.ALGORITHMS):
        raise Invalid("oidc.id_token_algorithms", f"must be of {', '.join(foreign_jwt.ALGORITHMS)}")
    _check_list("oidc.id_token_algorithms", config.id_token_algorithms)


def _check_address(field: str, text: str, own: str) -> None:
    wrong = objection(text, own)
    if wrong is not None:
        raise Invalid(field, wrong)


def _check_domain(field: str, text: str, own: str) -> None:
    if not is_domain(text):
        raise Invalid(field, "must be a public host name in lower case, such as acme.example.com")
    _check_address(field, f"https://{text}", own)


def _check_base(field: str, text: str, own: str) -> None:
    _check_address(field, text, own)
    parts = uri.parse(text)
    if parts is None or parts.path or parts.query is not None:
        raise Invalid(field, "must have no path, query or trailing slash")


def _check_plain(given: Settings) -> None:
    """What is the same for every kind."""
    if len(given.display_name) > MAX_NAME or not given.display_name.isprintable():
        raise Invalid("display_name", f"must be at most {MAX_NAME} printable characters")
    if len(given.client_id) > MAX_TEXT or not is_visible(given.client_id):
        raise Invalid("client_id", f"must be 1 to {MAX_TEXT} characters of printable ASCII")
    if len(given.scopes) > scope.MAX_SCOPES or not all(map(scope.is_scope, given.scopes)):
        raise Invalid("scopes", f"must be at most {scope.MAX_SCOPES} scopes of printable ASCII (RFC 6749 §3.3)")
    if addresses(given.config).issuer_uri and given.scopes and "openid" not in given.scopes:
        raise Invalid("scopes", "must have openid among them (OpenID Connect Core §3.1.2.1)")
    if given.recheck_interval and given.recheck_interval not in RECHECK_SECONDS:
        raise Invalid("recheck_interval", "must be 0, or from 5 minutes to 30 days")
    if given.vouches_for_clients and not addresses(given.config).issuer_uri:
        raise Invalid("vouches_for_clients", "is for OpenID providers: others sign nothing by which they could vouch")
    for name, claim in asdict(given.claims).items():
        if len(claim) > MAX_TEXT or not claim.isprintable():
            raise Invalid(f"claim_mapping.{name}", f"must be at most {MAX_TEXT} printable characters")
    _check_domains("login_domains", given.login_domains)
    _check_domains("access_rule.email_domains", given.access.email_domains)
    for name in ("organizations", "groups"):
        texts: tuple[str, ...] = getattr(given.access, name)
        if not all(0 < len(text) <= MAX_TEXT and text.isprintable() for text in texts):
            raise Invalid(f"access_rule.{name}", f"must be of 1 to {MAX_TEXT} printable characters each")
        _check_list(f"access_rule.{name}", texts)


def _check_domains(field: str, domains: Sequence[str]) -> None:
    if not all(map(is_domain, domains)):
        raise Invalid(field, "must be domains in lower case, such as example.com")
    _check_list(field, domains)


def _check_list(field: str, texts: Sequence[str]) -> None:
    if len(texts) > MAX_ITEMS or len(set(texts)) < len(texts):
        raise Invalid(field, f"must be at most {MAX_ITEMS}, each once")
