"""The identity providers of an issuer, as the operator sets them. Nothing is called to find out whether they work."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from tenants import etags, trail
from tenants.acts import provider_proof
from tenants.acts.provider_kinds import (
    HOSTED_DOMAIN,
    Google,
    Oidc,
    addresses,
    config_of,
    default_claims,
    default_name,
    default_scopes,
    kind_of,
)
from tenants.acts.provider_proof import Wanted
from tenants.acts.provider_settings import Settings, check
from tenants.acts.who import DEV
from tenants.problems import AlreadyThere, Invalid, NoSuchThing
from tenants.records import AccessRule, ClaimMapping, IdentityProvider
from tenants.turn import Turn

MAX_PROVIDERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProvider:
    id: str
    settings: Settings
    secret: str
    """Empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChange:
    id: str
    change: Callable[[Settings], Settings]
    secret: str | None
    """None: as it was. Empty: none, or for `private_key_jwt` another key."""
    etag: str
    """Empty: whichever version it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRemoval:
    id: str
    etag: str


def etag(provider: IdentityProvider) -> str:
    """An opaque validator of everything that is shown of a provider."""
    return etags.versioned(provider)


def settings_of(provider: IdentityProvider) -> Settings:
    access = provider.access
    return Settings(
        config=config_of(provider),
        display_name=provider.display_name,
        disabled=provider.disabled_at is not None,
        client_id=provider.client_id,
        auth_method=provider.auth_method,
        assertion_algorithm=provider_proof.algorithm_of(provider),
        scopes=provider.scopes,
        claims=provider.claims,
        access=replace(access, organizations=()) if provider.kind == "google" else access,
        login_domains=provider.login_domains,
        vouches_for_email=provider.vouches_for_email,
        vouches_for_clients=provider.vouches_for_clients,
        recheck_interval=provider.recheck_interval,
    )


def all_providers(turn: Turn, _: None) -> tuple[IdentityProvider, ...]:
    return tuple(turn.tx.identity_providers.all())


def get_provider(turn: Turn, provider_id: str) -> IdentityProvider:
    provider = turn.tx.identity_providers.find(provider_id)
    if provider is None:
        raise NoSuchThing(provider_id)
    return provider


def _new(turn: Turn, new: NewProvider) -> IdentityProvider:
    """As it is to be kept."""
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
    provider = _new(turn, new)
    turn.tx.identity_providers.add(provider)
    turn.announce()
    turn.remember("identity_provider.created", turn.origin.actor, provider.id, **trail.difference(None, provider))
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
    turn.announce()
    turn.remember("identity_provider.changed", turn.origin.actor, provider.id, **trail.difference(former, provider))
    of_another = provider.client_id != former.client_id or provider.claims.subject != former.claims.subject
    if not provider.recheck_interval or of_another:  # a refresh token of another client is refused, whoever stands
        turn.tx.kept_tokens.remove_of_provider(provider.id)
    return provider


def remove_provider(turn: Turn, removal: ProviderRemoval) -> None:
    """It goes, and its secret and the tokens that it gave us with it. Raises NoSuchThing or EtagMismatch."""
    former = _at_version(turn, removal.id, removal.etag)
    turn.tx.identity_providers.remove(former.id)
    turn.announce()
    turn.tx.kept_tokens.remove_of_provider(former.id)
    turn.remember("identity_provider.removed", turn.origin.actor, former.id, **trail.difference(former, None))


def _at_version(turn: Turn, provider_id: str, wanted: str) -> IdentityProvider:
    provider = get_provider(turn, provider_id)
    etags.expect(wanted, etag(provider))
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
    access = given.access
    claims = _filled(given.claims, default_claims(kind))
    if isinstance(given.config, Google):
        access = _access_at_google(given.config, access, claims)
    where = asdict(addresses(given.config))
    for other in turn.tx.identity_providers.all():
        both = given.vouches_for_clients and other.vouches_for_clients
        if both and other.id != provider_id and other.issuer_uri == where["issuer_uri"]:
            raise Invalid("vouches_for_clients", f"can be said of one provider of an issuer, and {other.id} is one")
    moved = former is not None and any(getattr(former, name) != address for name, address in where.items())
    if moved and turn.tx.users.any_from(provider_id):
        raise Invalid("kind", "its address cannot be changed any more: users are known by what it calls them")
    wanted = Wanted(
        provider_id=provider_id,
        kind=kind,
        method=given.auth_method,
        algorithm=given.assertion_algorithm,
        secret=secret,
    )
    proof = provider_proof.keep(turn, wanted, former, moved=moved)
    was_disabled_at = former.disabled_at if former else None
    return IdentityProvider(
        id=provider_id,
        kind=kind,
        display_name=given.display_name or default_name(kind) or provider_id,
        **where,
        client_id=given.client_id,
        auth_method=proof.method,
        sealed_secret=proof.sealed,
        public_jwk=proof.public_jwk,
        scopes=given.scopes or default_scopes(kind),
        token_algorithms=given.config.id_token_algorithms if isinstance(given.config, Oidc) else (),
        claims=claims,
        access=access,
        login_domains=given.login_domains,
        vouches_for_email=given.vouches_for_email,
        vouches_for_clients=given.vouches_for_clients,
        recheck_interval=given.recheck_interval,
        created_at=former.created_at if former else turn.now,
        updated_at=former.updated_at if former else turn.now,
        disabled_at=(was_disabled_at or turn.now) if given.disabled else None,
        version=former.version if former else 1,
    )


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
