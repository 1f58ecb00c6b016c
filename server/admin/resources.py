"""ResourceService: proto in, the tenant's answer out."""

from collections.abc import Callable
from functools import partial
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import resource_service_pb2 as pb
from server.admin import masks, names, policy
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.status import Immutable
from server.admin.turns import Turns
from tenants.acts.resources import (
    NewResource,
    ResourceChange,
    ResourceRemoval,
    Settings,
    add_resource,
    all_resources,
    change_resource,
    describe_resource,
    etag,
    get_resource,
    remove_resource,
    settings_of,
)
from tenants.oauth import metadata
from tenants.records import Resource, ResourceScope
from tenants.registry import Registry

_FIELDS = masks.changeable(pb.Resource)


class ResourceService:
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._registry = registry
        self._turns = Turns(registry, names.RESOURCES.name, "resource")
        self._page_tokens = page_tokens

    async def CreateResource(self, request: pb.CreateResourceRequest, caller: Caller) -> pb.Resource:
        issuer_id = names.issuer_id(request.parent, "parent")
        with self._turns.told_in_full(issuer_id):
            settings = _settings(request.resource)
        new = NewResource(id=request.resource_id, uri=request.resource.uri, settings=settings)
        return await self._turns.change(caller, request, issuer_id, add_resource, new, partial(self._shown, issuer_id))

    async def GetResource(self, request: pb.GetResourceRequest, caller: Caller) -> pb.Resource:
        issuer_id, resource_id = names.RESOURCES.ids(request.name)
        return self._shown(issuer_id, await self._turns.read(issuer_id, get_resource, resource_id))

    async def ListResources(self, request: pb.ListResourcesRequest, caller: Caller) -> pb.ListResourcesResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"resources {issuer_id}"
        after = self._page_tokens.after(request.page_token, asked)
        found = [resource for resource in await self._turns.read(issuer_id, all_resources, None) if resource.id > after]
        page, following = self._page_tokens.page(found, size, asked, partial(self._shown, issuer_id))
        return pb.ListResourcesResponse(resources=page, next_page_token=following)

    async def UpdateResource(self, request: pb.UpdateResourceRequest, caller: Caller) -> pb.Resource:
        given = request.resource
        issuer_id, resource_id = names.RESOURCES.ids(given.name, "resource.name")
        mask = tuple(request.update_mask.paths)
        change = _change(given, _FIELDS.paths(mask, given))
        if mask in ((), ("*",)) and given.uri:
            kept = await self._turns.read(issuer_id, get_resource, resource_id)
            if given.uri != kept.uri:
                raise Immutable("resource.uri", "cannot be changed: grants and consents are for it")
        wanted = ResourceChange(id=resource_id, change=change, etag=given.etag)
        return await self._turns.change(
            caller, request, issuer_id, change_resource, wanted, partial(self._shown, issuer_id)
        )

    async def DeleteResource(self, request: pb.DeleteResourceRequest, caller: Caller) -> Empty:
        issuer_id, resource_id = names.RESOURCES.ids(request.name)
        removal = ResourceRemoval(id=resource_id, etag=request.etag)
        return await self._turns.change(caller, request, issuer_id, remove_resource, removal, lambda _: Empty())

    async def GetResourceMetadata(self, request: pb.GetResourceMetadataRequest, caller: Caller) -> pb.ResourceMetadata:
        issuer_id, resource_id = names.RESOURCES.ids(request.name)
        described = await self._turns.read(issuer_id, describe_resource, resource_id)
        return pb.ResourceMetadata(
            name=request.name,
            document=described.document,
            served_at=described.served_at,
            metadata_uri=self._metadata_uri(issuer_id, resource_id),
            www_authenticate=described.challenge,
        )

    def _shown(self, issuer_id: str, resource: Resource) -> pb.Resource:
        message = _message(settings_of(resource))
        message.name, message.uri = names.RESOURCES.name(issuer_id, resource.id), resource.uri
        message.metadata_uri = self._metadata_uri(issuer_id, resource.id)
        message.create_time.CopyFrom(Timestamp(seconds=resource.created_at))
        message.update_time.CopyFrom(Timestamp(seconds=resource.updated_at))
        message.etag = etag(resource)
        return message

    def _metadata_uri(self, issuer_id: str, resource_id: str) -> str:
        return f"{self._registry.tenant(issuer_id).listing.uri}{metadata.PROTECTED_RESOURCE}/{resource_id}"


def _settings(given: pb.Resource) -> Settings:
    """What the message says."""
    unset = given.token_format == policy.UNSPECIFIED
    more: dict[str, Any] = {} if unset else {"token_format": policy.FORMATS.get(given.token_format, "")}
    return Settings(
        display_name=given.display_name,
        scopes=tuple(
            ResourceScope(name=scope.name, description=scope.description, implies=tuple(scope.implies))
            for scope in given.scopes
        ),
        access_token_ttl=given.access_token_ttl.seconds or None,
        disabled=given.disabled,
        **more,
    )


def _message(settings: Settings) -> pb.Resource:
    """The other way round."""
    lifetime, token_format = settings.access_token_ttl, settings.token_format
    return pb.Resource(
        display_name=settings.display_name,
        scopes=[
            pb.Resource.Scope(name=scope.name, description=scope.description, implies=scope.implies)
            for scope in settings.scopes
        ],
        token_format=policy.UNSPECIFIED if token_format is None else policy.NUMBERS[token_format],
        access_token_ttl=None if lifetime is None else Duration(seconds=lifetime),
        disabled=settings.disabled,
    )


def _change(given: pb.Resource, paths: tuple[str, ...]) -> Callable[[Settings], Settings]:
    def change(now: Settings) -> Settings:
        message = _message(now)
        masks.merge(given, paths, message)
        return _settings(message)

    return change
