"""IdentityProviderService: proto in, the tenant's answer out."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from typing import Any, TypeVar, cast

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import identity_provider_service_pb2 as pb
from protos.admin.v1 import identity_provider_service_pb2_grpc as rpc
from server.admin import names, turns
from server.admin.issuers import OPERATOR
from server.admin.names import PageTokens
from server.admin.status import Immutable
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
    would_be,
)
from tenants.problems import Invalid
from tenants.records import AccessRule, ClaimMapping, IdentityProvider, ProviderKind
from tenants.registry import Registry
from tenants.turn import Turn

Q = TypeVar("Q")
R = TypeVar("R")
_OUTPUT_ONLY = frozenset({"client_secret_set", "redirect_uri", "create_time", "update_time", "etag"})
_WHOLE = tuple(
    field.name for field in pb.IdentityProvider.DESCRIPTOR.fields if field.name not in _OUTPUT_ONLY | {"name"}
)
_PARTS = {
    f"{field.name}.{part.name}"
    for field in pb.IdentityProvider.DESCRIPTOR.fields
    if field.name in _WHOLE and field.message_type is not None
    for part in field.message_type.fields
}


class IdentityProviders(rpc.IdentityProviderServiceServicer):
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._registry = registry
        self._page_tokens = page_tokens

    async def CreateIdentityProvider(
        self, request: pb.CreateIdentityProviderRequest, context: object
    ) -> pb.IdentityProvider:
        issuer_id = names.issuer_id(request.parent, "parent")
        given = request.identity_provider
        new = NewProvider(
            id=names.chosen_provider_id(request.identity_provider_id),
            settings=_settings(given),
            secret=given.client_secret,
            actor=OPERATOR,
        )
        act = would_be if request.validate_only else add_provider
        return self._shown(issuer_id, await self._run(issuer_id, act, new))

    async def GetIdentityProvider(self, request: pb.GetIdentityProviderRequest, context: object) -> pb.IdentityProvider:
        issuer_id, provider_id = names.provider_ids(request.name)
        return self._shown(issuer_id, await self._run(issuer_id, get_provider, provider_id))

    async def ListIdentityProviders(
        self, request: pb.ListIdentityProvidersRequest, context: object
    ) -> pb.ListIdentityProvidersResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"identityProviders {issuer_id}"
        after = self._page_tokens.after(request.page_token, asked)
        found = [provider for provider in await self._run(issuer_id, all_providers, None) if provider.id > after]
        following = self._page_tokens.following(found[size - 1].id, asked) if len(found) > size else ""
        return pb.ListIdentityProvidersResponse(
            identity_providers=[self._shown(issuer_id, provider) for provider in found[:size]],
            next_page_token=following,
        )

    async def UpdateIdentityProvider(
        self, request: pb.UpdateIdentityProviderRequest, context: object
    ) -> pb.IdentityProvider:
        given = request.identity_provider
        issuer_id, provider_id = names.provider_ids(given.name, "identity_provider.name")
        mask = tuple(request.update_mask.paths)
        change = ProviderChange(
            id=provider_id,
            change=_change(given, mask, _paths(mask, given)),
            secret=_new_secret(given, mask),
            etag=given.etag,
            actor=OPERATOR,
        )
        return self._shown(issuer_id, await self._run(issuer_id, change_provider, change))

    async def DeleteIdentityProvider(self, request: pb.DeleteIdentityProviderRequest, context: object) -> Empty:
        issuer_id, provider_id = names.provider_ids(request.name)
        removal = ProviderRemoval(id=provider_id, etag=request.etag, actor=OPERATOR)
        await self._run(issuer_id, remove_provider, removal)
        return Empty()

    async def _run(self, issuer_id: str, act: Callable[[Turn, Q], R], request: Q) -> R:
        try:
            return await turns.run(self._registry, issuer_id, act, request, names.of_provider)
        except Invalid as invalid:
            raise _as_asked(invalid) from None

    def _shown(self, issuer_id: str, provider: IdentityProvider) -> pb.IdentityProvider:
        message = _message(settings_of(provider))
        message.name = names.of_provider(issuer_id, provider.id)
        message.client_secret_set = provider.sealed_secret is not None
        message.redirect_uri = f"{self._registry.tenant(issuer_id).listing.uri}/callback/{provider.id}"
        message.create_time.CopyFrom(Timestamp(seconds=provider.created_at))
        message.update_time.CopyFrom(Timestamp(seconds=provider.updated_at))
        message.etag = etag(provider)
        return message


def _as_asked(invalid: Invalid) -> Invalid:
    """With the path of the field as the caller knows it."""
    if invalid.field == "kind":
        return Immutable("identity_provider.config", invalid.description)
    if invalid.field == "id":
        return Invalid("identity_provider_id", invalid.description)
    if invalid.field == "parent":
        return invalid
    return Invalid(f"identity_provider.{invalid.field}", invalid.description)


def _settings(given: pb.IdentityProvider) -> Settings:
    """What the message says. Raises Invalid where it says no kind."""
    kind = cast("ProviderKind | None", given.WhichOneof("config"))
    if kind is None:
        raise Invalid("identity_provider.config", f"must be one of {', '.join(KINDS)}")
    made = KINDS[kind]
    config = made(**{field.name: getattr(getattr(given, kind), field.name) for field in fields(made)})
    access = given.access_rule
    return Settings(
        config=config,
        display_name=given.display_name,
        disabled=given.disabled,
        client_id=given.client_id,
        auth_method=given.token_endpoint_auth_method,
        scopes=tuple(given.scopes),
        claims=ClaimMapping(**{field.name: getattr(given.claim_mapping, field.name) for field in fields(ClaimMapping)}),
        access=AccessRule(
            email_domains=tuple(access.email_domains),
            organizations=tuple(access.organizations),
            groups=tuple(access.groups),
        ),
        login_domains=tuple(given.login_domains),
    )


def _message(settings: Settings) -> pb.IdentityProvider:
    """The other way round. A secret is not among the settings."""
    config: dict[str, Any] = {kind_of(settings.config): asdict(settings.config)}
    return pb.IdentityProvider(
        display_name=settings.display_name,
        disabled=settings.disabled,
        client_id=settings.client_id,
        token_endpoint_auth_method=settings.auth_method,
        scopes=settings.scopes,
        claim_mapping=pb.IdentityProvider.ClaimMapping(**asdict(settings.claims)),
        access_rule=pb.IdentityProvider.AccessRule(**asdict(settings.access)),
        login_domains=settings.login_domains,
        **config,
    )


def _paths(mask: tuple[str, ...], given: pb.IdentityProvider) -> tuple[str, ...]:
    """Which fields to change (AIP-134, AIP-161)."""
    if mask == ("*",):
        return _WHOLE
    if not mask:
        return tuple(_said(given))
    for path in mask:
        if path == "name":
            raise Immutable("update_mask", f"{path} cannot be changed")
        if path in _OUTPUT_ONLY:
            raise Invalid("update_mask", f"{path} is for output only")
        if path not in _WHOLE and path not in _PARTS:
            raise Invalid("update_mask", f"{path[:80]} is no field that can be changed")
    if len(set(mask)) < len(mask):
        raise Invalid("update_mask", "names a field twice")
    return mask


def _said(message: Message, outer: str = "") -> Iterable[str]:
    """The fields that say something; of those that have fields themselves, which of these."""
    for field, value in message.ListFields():
        if not outer and field.name not in _WHOLE:
            continue
        if isinstance(value, Message):
            yield from _said(value, f"{field.name}.")
        else:
            yield f"{outer}{field.name}"


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
    for path in paths:
        if path in KINDS and path != meant:
            continue  # it is not set in `given`, and need not be cleared: at most one of them is
        source: Any = given
        target: Any = onto
        *outer, name = path.split(".")
        for step in outer:
            source, target = getattr(source, step), getattr(target, step)
        value = getattr(source, name)
        target.ClearField(name)
        if isinstance(value, Message):
            getattr(target, name).CopyFrom(value)
        elif target.DESCRIPTOR.fields_by_name[name].is_repeated:
            getattr(target, name).extend(value)
        else:
            setattr(target, name, value)
    return onto
