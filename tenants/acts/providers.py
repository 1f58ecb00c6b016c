"""The identity providers of an issuer, as the operator sets them. Nothing is called to find out whether they work."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace

from tenants.acts.provider_kinds import (
    HOSTED_DOMAIN,
    Google,
    addresses,
    config_of,
    default_auth_method,
    default_claims,
    default_scopes,
    kind_of,
)
from tenants.acts.provider_settings import Settings, check, is_visible
from tenants.acts.who import DEV
from tenants.problems import AlreadyThere, EtagMismatch, Invalid, NoSuchThing
from tenants.records import AccessRule, ClaimMapping, IdentityProvider, UpstreamAuthMethod
from tenants.turn import Turn

MAX_PROVIDERS = 100
MAX_SECRET = 4_096
_METHODS: tuple[UpstreamAuthMethod, ...] = ("none", "client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProvider:
    id: str
    settings: Settings
    secret: str
    """Empty: none."""
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChange:
    id: str
    change: Callable[[Settings], Settings]
    secret: str | None
    """None: as it was. Empty: none."""
    etag: str
    """Empty: whichever version it is."""
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRemoval:
    id: str
    etag: str
    actor: str


def etag(provider: IdentityProvider) -> str:
    """An opaque validator of everything that is shown of a provider."""
    return f"{provider.created_at:x}.{provider.version}"


def settings_of(provider: IdentityProvider) -> Settings:
    access = provider.access
    return Settings(
        config=config_of(provider),
        display_name=provider.display_name,
        disabled=provider.disabled_at is not None,
        client_id=provider.client_id,
        auth_method=provider.auth_method,
        scopes=provider.scopes,
        claims=provider.claims,
        access=replace(access, organizations=()) if provider.kind == "google" else access,
        login_domains=provider.login_domains,
    )


def all_providers(turn: Turn, _: None) -> tuple[IdentityProvider, ...]:
    return tuple(turn.tx.identity_providers.all())


def get_provider(turn: Turn, provider_id: str) -> IdentityProvider:
    provider = turn.tx.identity_providers.find(provider_id)
    if provider is None:
        raise NoSuchThing(provider_id)
    return provider


def would_be(turn: Turn, new: NewProvider) -> IdentityProvider:
    """What add_provider would keep. Raises Invalid or AlreadyThere."""
    if new.id == DEV:
        raise Invalid("id", f"{DEV} is the development provider")
    if turn.tx.identity_providers.find(new.id) is not None:
        raise AlreadyThere(new.id)
    if turn.tx.users.any_from(new.id):
        raise Invalid("id", "users are known by a former provider of this name; choose another")
    if len(turn.tx.identity_providers.all()) >= MAX_PROVIDERS:
        raise Invalid("parent", f"has {MAX_PROVIDERS} identity providers already")
    return _kept(turn, new.id, new.settings, new.secret, None)


def add_provider(turn: Turn, new: NewProvider) -> IdentityProvider:
    provider = would_be(turn, new)
    turn.tx.identity_providers.add(provider)
    turn.remember("identity_provider.created", new.actor, provider.id, kind=provider.kind)
    return provider


def change_provider(turn: Turn, change: ProviderChange) -> IdentityProvider:
    """As it is now. Raises NoSuchThing, EtagMismatch or Invalid; field `kind` if it would be of another kind."""
    former = _at_version(turn, change.id, change.etag)
    settings = change.change(settings_of(former))
    if kind_of(settings.config) != former.kind:
        raise Invalid("kind", "cannot be changed: its users are known by what it calls them")
    provider = _kept(turn, change.id, settings, change.secret, former)
    if provider == former:
        return former
    provider = replace(provider, updated_at=turn.now, version=former.version + 1)
    turn.tx.identity_providers.change(provider, version=former.version)
    before, after = settings_of(former), settings_of(provider)
    changed = [field.name for field in fields(Settings) if getattr(before, field.name) != getattr(after, field.name)]
    if provider.sealed_secret != former.sealed_secret:
        changed.append("client_secret")
    turn.remember("identity_provider.changed", change.actor, provider.id, changed=changed)
    return provider


def remove_provider(turn: Turn, removal: ProviderRemoval) -> None:
    """It goes, and its secret with it. Raises NoSuchThing or EtagMismatch."""
    former = _at_version(turn, removal.id, removal.etag)
    turn.tx.identity_providers.remove(former.id)
    turn.remember("identity_provider.removed", removal.actor, former.id, kind=former.kind)


def _at_version(turn: Turn, provider_id: str, wanted: str) -> IdentityProvider:
    provider = get_provider(turn, provider_id)
    if wanted and wanted != etag(provider):
        raise EtagMismatch(etag(provider))
    return provider


def _kept(
    turn: Turn, provider_id: str, given: Settings, secret: str | None, former: IdentityProvider | None
) -> IdentityProvider:
    """The record of these settings, checked and with every default filled in."""
    kind = kind_of(given.config)
    check(given, turn.issuer.uri)
    for other in turn.tx.identity_providers.all():
        if other.id != provider_id and set(other.login_domains) & set(given.login_domains):
            raise Invalid("login_domains", f"has a domain that leads to {other.id} already")
    method = _method(given.auth_method or default_auth_method(kind))
    access = given.access
    claims = _filled(given.claims, default_claims(kind))
    if isinstance(given.config, Google):
        access = _access_at_google(given.config, access, claims)
    where = asdict(addresses(given.config))
    moved = former is not None and any(getattr(former, name) != address for name, address in where.items())
    if moved and turn.tx.users.any_from(provider_id):
        raise Invalid("kind", "its address cannot be changed any more: users are known by what it calls them")
    was_disabled_at = former.disabled_at if former else None
    return IdentityProvider(
        id=provider_id,
        kind=kind,
        display_name=given.display_name or provider_id,
        **where,
        client_id=given.client_id,
        auth_method=method,
        sealed_secret=_sealed(turn, provider_id, method, secret, former, moved),
        scopes=given.scopes or default_scopes(kind),
        claims=claims,
        access=access,
        login_domains=given.login_domains,
        created_at=former.created_at if former else turn.now,
        updated_at=former.updated_at if former else turn.now,
        disabled_at=(was_disabled_at or turn.now) if given.disabled else None,
        version=former.version if former else 1,
    )


def _method(text: str) -> UpstreamAuthMethod:
    for method in _METHODS:
        if text == method:
            return method
    raise Invalid("token_endpoint_auth_method", f"must be one of {', '.join(_METHODS)}")


def _sealed(
    turn: Turn,
    provider_id: str,
    method: UpstreamAuthMethod,
    secret: str | None,
    former: IdentityProvider | None,
    moved: bool,
) -> bytes | None:
    """The secret as it is kept. A kept one is sent to no other address than the one it was given for."""
    if method == "none":
        if secret:
            raise Invalid("client_secret", "is not sent with the method none")
        return None
    if secret is None and former is not None and former.sealed_secret is not None:
        if moved:
            raise Invalid("client_secret", "must be given again where the provider's address changes")
        return former.sealed_secret
    if not secret:
        raise Invalid("client_secret", f"is needed for the method {method}")
    if len(secret) > MAX_SECRET or not is_visible(secret):
        raise Invalid("client_secret", f"must be at most {MAX_SECRET} characters of printable ASCII")
    return turn.keyring.seal("provider secret", secret.encode("ascii"), provider_id.encode("ascii"))


def _filled(given: ClaimMapping, defaults: ClaimMapping) -> ClaimMapping:
    said = {name: claim for name, claim in asdict(given).items() if claim}
    return replace(defaults, **said)


def _access_at_google(google: Google, access: AccessRule, claims: ClaimMapping) -> AccessRule:
    """Google's hosted domain is the organization of its users. Raises Invalid where it could not be told apart."""
    if access.organizations:
        raise Invalid("access_rule.organizations", "cannot be said of google: say google.hosted_domain")
    if google.hosted_domain and claims.organization != HOSTED_DOMAIN:
        raise Invalid("claim_mapping.organization", f"must be {HOSTED_DOMAIN}, by which hosted_domain is proven")
    return replace(access, organizations=(google.hosted_domain,) if google.hosted_domain else ())
