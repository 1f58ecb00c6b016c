"""IdentityProviderService: proto in, the tenant's answer out."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import partial
from typing import Any, Protocol, cast

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import identity_provider_service_pb2 as pb
from server.admin import masks, names
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.status import Immutable
from server.admin.turns import Turns
from tenants.acts.provider_kinds import KINDS, kind_of
from tenants.acts.provider_settings import Settings
from tenants.acts.providers import (
    NewProvider,
    ProviderChange,
    ProviderRemoval,
    add_provider,
    all_providers,
    change_provider,
    etag,
    get_provider,
    remove_provider,
    settings_of,
)
from tenants.acts.try_out import Finding, State, Trial, try_out
from tenants.oauth import json_text
from tenants.problems import Invalid
from tenants.records import AccessRule, ClaimMapping, IdentityProvider, ProviderKind
from tenants.registry import Registry

_Check = pb.TestIdentityProviderResponse.Check
_STATES: dict[State, pb.TestIdentityProviderResponse.Check.State] = {
    "passed": _Check.STATE_PASSED,
    "failed": _Check.STATE_FAILED,
    "skipped": _Check.STATE_SKIPPED,
}
_FIELDS = masks.changeable(pb.IdentityProvider)


class Examiner(Protocol):
    """Looks at identity providers out in the world."""

    async def examine(self, tenant: str, trial: Trial) -> Sequence[Finding]: ...


class IdentityProviderService:
    def __init__(self, registry: Registry, page_tokens: PageTokens, examiner: Examiner) -> None:
        self._registry = registry
        self._turns = Turns(registry, names.PROVIDERS.name, "identity_provider")
        self._examiner = examiner
        self._page_tokens = page_tokens

    async def CreateIdentityProvider(
        self, request: pb.CreateIdentityProviderRequest, caller: Caller
    ) -> pb.IdentityProvider:
        issuer_id = names.issuer_id(request.parent, "parent")
        given = request.identity_provider
        with _as_asked(), self._turns.told_in_full(issuer_id):
            settings = _settings(given)
        new = NewProvider(id=request.identity_provider_id, settings=settings, secret=given.client_secret)
        with _as_asked():
            return _honest(
                request,
                await self._turns.change(
                    caller, request, issuer_id, add_provider, new, partial(self._shown, issuer_id)
                ),
            )

    async def GetIdentityProvider(self, request: pb.GetIdentityProviderRequest, caller: Caller) -> pb.IdentityProvider:
        issuer_id, provider_id = names.PROVIDERS.ids(request.name)
        return self._shown(issuer_id, await self._turns.read(issuer_id, get_provider, provider_id))

    async def ListIdentityProviders(
        self, request: pb.ListIdentityProvidersRequest, caller: Caller
    ) -> pb.ListIdentityProvidersResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"identityProviders {issuer_id}"
        after = self._page_tokens.after(request.page_token, asked)
        found = [provider for provider in await self._turns.read(issuer_id, all_providers, None) if provider.id > after]
        page, following = self._page_tokens.page(found, size, asked, partial(self._shown, issuer_id))
        return pb.ListIdentityProvidersResponse(identity_providers=page, next_page_token=following)

    async def UpdateIdentityProvider(
        self, request: pb.UpdateIdentityProviderRequest, caller: Caller
    ) -> pb.IdentityProvider:
        given = request.identity_provider
        issuer_id, provider_id = names.PROVIDERS.ids(given.name, "identity_provider.name")
        mask = tuple(request.update_mask.paths)
        change = ProviderChange(
            id=provider_id,
            change=_change(given, mask, _FIELDS.paths(mask, given)),
            secret=_new_secret(given, mask),
            etag=given.etag,
        )
        with _as_asked():
            return _honest(
                request,
                await self._turns.change(
                    caller, request, issuer_id, change_provider, change, partial(self._shown, issuer_id)
                ),
            )

    async def DeleteIdentityProvider(self, request: pb.DeleteIdentityProviderRequest, caller: Caller) -> Empty:
        issuer_id, provider_id = names.PROVIDERS.ids(request.name)
        removal = ProviderRemoval(id=provider_id, etag=request.etag)
        return await self._turns.change(caller, request, issuer_id, remove_provider, removal, lambda _: Empty())

    async def TestIdentityProvider(
        self, request: pb.TestIdentityProviderRequest, caller: Caller
    ) -> pb.TestIdentityProviderResponse:
        issuer_id, provider_id = names.PROVIDERS.ids(request.name)
        trial = await self._turns.read(issuer_id, try_out, provider_id)
        found = await self._examiner.examine(self._registry.tenant(issuer_id).listing.uid, trial)
        return pb.TestIdentityProviderResponse(
            checks=[_Check(name=each.check, state=_STATES[each.state], message=each.message) for each in found],
            passed=all(each.state != "failed" for each in found),
        )

    def _shown(self, issuer_id: str, provider: IdentityProvider) -> pb.IdentityProvider:
        message = _message(settings_of(provider))
        message.name = names.PROVIDERS.name(issuer_id, provider.id)
        message.redirect_uri = f"{self._registry.tenant(issuer_id).listing.uri}/callback/{provider.id}"
        message.client_secret_set = provider.sealed_secret is not None and provider.public_jwk is None
        if provider.public_jwk is not None:
            message.public_jwk = json_text.write(provider.public_jwk).decode("ascii")
            message.client_jwks_uri = f"{message.redirect_uri}/jwks.json"
        message.create_time.CopyFrom(Timestamp(seconds=provider.created_at))
        message.update_time.CopyFrom(Timestamp(seconds=provider.updated_at))
        message.etag = etag(provider)
        return message


def _honest(
    request: pb.CreateIdentityProviderRequest | pb.UpdateIdentityProviderRequest, shown: pb.IdentityProvider
) -> pb.IdentityProvider:
    """What was only tried out shows no key: one that was made for it is not kept."""
    if request.validate_only:
        shown.ClearField("public_jwk")
    return shown


@contextmanager
def _as_asked() -> Generator[None]:
    """Says what is wrong with the path of the field as the caller knows it."""
    try:
        yield
    except Invalid as invalid:
        raise _named(invalid) from None


def _named(invalid: Invalid) -> Invalid:
    if invalid.field == "identity_provider.kind":
        return Immutable("identity_provider.config", invalid.description)
    if invalid.field == "identity_provider.id":
        return Invalid("identity_provider_id", invalid.description)
    return invalid


def _settings(given: pb.IdentityProvider) -> Settings:
    """What the message says. Raises Invalid where it says no kind."""
    kind = cast("ProviderKind | None", given.WhichOneof("config"))
    if kind is None:
        raise Invalid("config", f"must be one of {', '.join(KINDS)}")
    made = KINDS[kind]
    config = made(**{field.name: _frozen(getattr(getattr(given, kind), field.name)) for field in fields(made)})
    access = given.access_rule
    return Settings(
        config=config,
        display_name=given.display_name,
        disabled=given.disabled,
        client_id=given.client_id,
        auth_method=given.token_endpoint_auth_method,
        assertion_algorithm=given.client_assertion_algorithm,
        scopes=tuple(given.scopes),
        claims=ClaimMapping(**{field.name: getattr(given.claim_mapping, field.name) for field in fields(ClaimMapping)}),
        access=AccessRule(
            email_domains=tuple(access.email_domains),
            organizations=tuple(access.organizations),
            groups=tuple(access.groups),
        ),
        login_domains=tuple(given.login_domains),
        vouches_for_email=given.vouches_for_email,
        vouches_for_clients=given.vouches_for_clients,
        recheck_interval=given.recheck_interval.seconds,
    )


def _frozen(value: Any) -> Any:
    return value if isinstance(value, str) else tuple(value)


def _message(settings: Settings) -> pb.IdentityProvider:
    """The other way round. A secret is not among the settings."""
    config: dict[str, Any] = {kind_of(settings.config): asdict(settings.config)}
    return pb.IdentityProvider(
        display_name=settings.display_name,
        disabled=settings.disabled,
        client_id=settings.client_id,
        token_endpoint_auth_method=settings.auth_method,
        client_assertion_algorithm=settings.assertion_algorithm,
        scopes=settings.scopes,
        claim_mapping=pb.IdentityProvider.ClaimMapping(**asdict(settings.claims)),
        access_rule=pb.IdentityProvider.AccessRule(**asdict(settings.access)),
        login_domains=settings.login_domains,
        vouches_for_email=settings.vouches_for_email,
        vouches_for_clients=settings.vouches_for_clients,
        recheck_interval=Duration(seconds=settings.recheck_interval) if settings.recheck_interval else None,
        **config,
    )


def _new_secret(given: pb.IdentityProvider, mask: tuple[str, ...]) -> str | None:
    """None keeps what there is: a secret is in no answer, so whoever sends one back that was read has none."""
    if "client_secret" in mask:
        return given.client_secret
    return given.client_secret or None if mask in ((), ("*",)) else None


def _change(
    given: pb.IdentityProvider, mask: tuple[str, ...], paths: tuple[str, ...]
) -> Callable[[Settings], Settings]:
    def change(now: Settings) -> Settings:
        if not mask and given.WhichOneof("config") not in (None, kind_of(now.config)):
            return _settings(given)
        return _settings(_merged(given, paths, _message(now)))

    return change


def _merged(given: pb.IdentityProvider, paths: Iterable[str], onto: pb.IdentityProvider) -> pb.IdentityProvider:
    """`onto` with the named fields as in `given`."""
    meant = given.WhichOneof("config") or onto.WhichOneof("config")
    # another kind is not set in `given`, and need not be cleared: at most one of them is set
    masks.merge(given, [path for path in paths if path not in KINDS or path == meant], onto)
    return onto
