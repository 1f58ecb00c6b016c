"""An identity provider's word becomes a token: the enterprise has decided, and no user is asked (ID-JAG)."""

from dataclasses import replace

from tenants.acts.authorize import new_grant_id, no_code
from tenants.acts.issue import Tokens, issue
from tenants.acts.possession import Binding
from tenants.acts.who import in_good_standing, recognise
from tenants.oauth import claims, identity_assertion, resource, scope
from tenants.oauth.claims import Profile
from tenants.oauth.foreign_jwt import UnknownKey, Unproven
from tenants.oauth.identity_assertion import IdentityAssertion, ProviderKeysNeeded, Word
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import AssertionRequest
from tenants.oauth.resource import Target
from tenants.records import Client, Grant, IdentityProvider, User
from tenants.turn import Turn


def vouchers(turn: Turn) -> list[IdentityProvider]:
    """The providers whose word is enough."""
    return [one for one in turn.tx.identity_providers.all() if one.vouches_for_clients and one.disabled_at is None]


def believe(turn: Turn, request: AssertionRequest, client: Client, binding: Binding) -> Tokens:
    """An access token alone: for the next one the client brings the next assertion, as long as its provider gives one.

    ProviderKeysNeeded where the turn was not given the provider's keys.
    """
    if client.auth_method == "none":
        raise Refusal("unauthorized_client", "only a client that proves who it is may bring an identity assertion")
    try:
        assertion = identity_assertion.read(request.assertion)
        provider = next((one for one in vouchers(turn) if one.issuer_uri == assertion.issuer), None)
        if provider is None:
            raise Unproven("the assertion is of nobody whose word is enough here")
        word = identity_assertion.judge(assertion, client.id, turn.issuer.uri, turn.now)
        _prove(turn, assertion, provider)
        profile = claims.read(provider, assertion.jwt.claims)
    except Unproven as error:
        raise _no(str(error)) from None
    target = _target(turn, request, word)
    scopes = _scopes(turn, request, word, client, target)
    if not turn.tx.tickets.spend(word.use.id, word.use.expires_at):
        raise _no("the assertion was used before")
    user = _user(turn, provider, profile)
    grant = _grant(turn, client, user, target, scopes, provider, word.at)
    changes, tokens = issue(
        turn, grant, client, user, scopes, with_id_token=False, with_refresh_token=False, binding=binding
    )
    turn.tx.grants.add(replace(grant, **changes))
    turn.remember("access.vouched_for", user.id, client.id, provider=provider.id, resource=target.audience)
    return tokens


def _prove(turn: Turn, assertion: IdentityAssertion, provider: IdentityProvider) -> None:
    """Keys are asked for last: what is refused without them makes us call nobody."""
    known = turn.provider_keys
    if known is None or known.provider != provider:
        raise ProviderKeysNeeded(provider, fresh=False)
    try:
        identity_assertion.prove(assertion, known)
    except UnknownKey:
        if not known.fresh:
            raise ProviderKeysNeeded(provider, fresh=True) from None
        raise


def _target(turn: Turn, request: AssertionRequest, word: Word) -> Target:
    """The resource that the provider named, or where it named none the client; registered here in any case."""
    registered = turn.tx.resources.all()
    try:
        target = resource.asked(word.resources or request.resources, registered=registered, issuer_uri=turn.issuer.uri)
    except Refusal as refusal:
        if not word.resources:
            raise
        raise _no(f"resource of the assertion: {refusal.description}") from None
    if target.registered is None:
        raise _no("the assertion is for no resource that is registered here")
    if not resource.same(request.resources, target.audience):
        raise Refusal("invalid_target", "the resource is not the one of the assertion")
    return target


def _scopes(turn: Turn, request: AssertionRequest, word: Word, client: Client, target: Target) -> tuple[str, ...]:
    """What the provider allowed and the client asked for, and nothing that would last while the user is away."""
    offered = scope.offered(turn.issuer.policy, target.registered)
    allowed = scope.limit(client, target.registered)
    try:
        granted = scope.asked(word.scope, offered=offered, allowed=allowed)
    except Refusal as refusal:
        raise _no(f"scope of the assertion: {refusal.description}") from None
    if request.scope is not None:
        wanted = scope.asked(request.scope, offered=offered, allowed=allowed)
        granted = tuple(name for name in wanted if name in granted)
        if not granted:
            raise Refusal("invalid_scope", "none of these scopes is one of the assertion")
    return tuple(name for name in granted if name != scope.OFFLINE_ACCESS)


def _user(turn: Turn, provider: IdentityProvider, profile: Profile) -> User:
    """Whom it speaks of: known from a sign-in, or new. Nothing changes of a known one: an assertion says little."""
    known = turn.tx.users.find_identity(profile.provider, profile.subject)
    try:
        claims.admit(provider, profile if known is None else _completed(profile, known))
        user = recognise(turn, profile) if known is None else known
    except Refusal as refusal:
        raise _no(refusal.detail or refusal.description) from None
    if not in_good_standing(turn, user, provider.id):
        raise _no("user disabled")
    return user


def _completed(said: Profile, user: User) -> Profile:
    """What the assertion leaves out, as the user's last sign-in told it."""
    groups: list[str] = user.metadata.get("groups", [])
    return replace(
        said,
        email=said.email or user.email,
        email_verified=said.email_verified if said.email else user.email_verified,
        organization=said.organization or user.organization_id,
        groups=said.groups or tuple(groups),
    )


def _grant(
    turn: Turn,
    client: Client,
    user: User,
    target: Target,
    scopes: tuple[str, ...],
    provider: IdentityProvider,
    at: int,
) -> Grant:
    """It has neither code nor refresh token, and ends with its only access token."""
    return Grant(
        id=new_grant_id(turn),
        user_id=user.id,
        client_id=client.id,
        scopes=scopes,
        resource=target.audience,
        created_at=turn.now,
        expires_at=turn.now + turn.issuer.policy.grant_ttl,
        provider=provider.id,
        authenticated_at=at,
        **no_code(turn),
    )


def _no(detail: str) -> Refusal:
    return Refusal("invalid_grant", "the assertion is not accepted", detail=detail)
