"""What an identity provider says of a user, read by the issuer's mapping, and whether that user may come in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

from tenants.oauth.id_token import check_subject
from tenants.oauth.refusal import Refusal
from tenants.records import IdentityProvider

MAX_NAMES = 200
MAX_METHODS = 10
MAX_TEXT = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What an identity provider says of a user. (provider, subject) names them; an e-mail address names nobody."""

    provider: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    organization: str | None = None
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    authenticated_at: int | None = None
    """When the user proved it, if the provider says so."""
    amr: tuple[str, ...] = ()
    acr: str | None = None
    """How, and how well, in its own words (OpenID Connect Core §2). Only OpenID providers say that."""


def read(provider: IdentityProvider, claims: Mapping[str, Any]) -> Profile:
    """The profile that `claims` tell of. Raises Unproven if they do not say who it is."""
    mapping = provider.claims
    email, at = _text(claims, mapping.email), claims.get("auth_time")
    return Profile(
        provider=provider.id,
        subject=check_subject(subject_in(provider, claims)),
        email=email,
        email_verified=_domain(email) is not None and _at(claims, mapping.email_verified) is True,
        name=_text(claims, mapping.name),
        organization=_text(claims, mapping.organization),
        roles=_names(claims, mapping.roles),
        permissions=_names(claims, mapping.permissions),
        groups=_names(claims, mapping.groups),
        authenticated_at=max(at, 0) if _is_number(at) else None,
        amr=_names(claims, "amr")[:MAX_METHODS] if provider.issuer_uri else (),
        acr=_text(claims, "acr") if provider.issuer_uri else None,
    )


def subject_in(provider: IdentityProvider, claims: Mapping[str, Any]) -> object:
    """Whom they tell of: a text, if they do it well; None if they tell of nobody."""
    value = _at(claims, provider.claims.subject)
    return str(value) if _is_number(value) else value


def _is_number(value: object) -> TypeGuard[int]:
    """Whole numbers name users where there is no OpenID Connect, and instants everywhere."""
    return isinstance(value, int) and not isinstance(value, bool)


def admit(provider: IdentityProvider, profile: Profile) -> None:
    """Refusal `access_denied` unless the provider's access rule lets this user in."""
    rule = provider.access
    if rule.email_domains and verified_domain(profile) not in rule.email_domains:
        raise _denied("the e-mail domain is not one that may sign in")
    if rule.organizations and profile.organization not in rule.organizations:
        raise _denied("the organization is not one that may sign in")
    if rule.groups and not set(rule.groups) & set(profile.groups):
        raise _denied("none of the groups may sign in")


def verified_domain(profile: Profile) -> str | None:
    """Of the e-mail address, in lower case, if the provider says that it is verified."""
    return _domain(profile.email) if profile.email_verified else None


def _domain(email: str | None) -> str | None:
    """None if it is no address: other letters could turn into those of a domain in lower case."""
    name, _, domain = (email or "").partition("@")
    return domain.lower() if name and domain and domain.isascii() and "@" not in domain else None


def _denied(detail: str) -> Refusal:
    return Refusal("access_denied", "this user may not sign in here", detail=detail)


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The member of this name; else, where dots lead into objects, what stands there (a claim may be called a URL).

    `*/roles` is `roles` under whatever namespace, as Auth0 has its custom claims, or under none.
    """
    if path.startswith("*/"):
        return next((claims[name] for name in sorted(claims) if f"/{name}".endswith(path[1:])), None)
    if not path:
        return None
    if path in claims:
        return claims[path]
    value: Any = claims
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = cast("Mapping[str, Any]", value).get(step)
    return value


def _text(claims: Mapping[str, Any], path: str) -> str | None:
    value = _at(claims, path)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
        return None
    return value


def _names(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """A list of names, or one alone. What is no name is left out."""
    value = _at(claims, path)
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    names = [name for name in listed if isinstance(name, str) and 0 < len(name) <= MAX_TEXT and name.isprintable()]
    return tuple(dict.fromkeys(names))[:MAX_NAMES]
