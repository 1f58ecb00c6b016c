"""UserService: proto in, the tenant's answer out."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import user_service_pb2 as pb
from server.admin import filter, masks, names, walks, whose
from server.admin.caller import Caller
from server.admin.filter import Field
from server.admin.names import PageTokens
from server.admin.status import Immutable
from server.admin.turns import Turns
from tenants.acts.operate_users import (
    Named,
    NewUser,
    Settings,
    UserChange,
    Users,
    add_user,
    change_user,
    disable_user,
    enable_user,
    etag,
    get_user,
    list_users,
    remove_user,
    settings_of,
    sign_out_user,
)
from tenants.acts.walk import Walk, Walked
from tenants.records import Identity, User
from tenants.registry import Registry

_FIELDS = masks.changeable(pb.User)
FILTERED: dict[str, Field[User]] = {
    "email": replace(filter.text(lambda user: _lower(user.email)), read=str.lower),
    "display_name": filter.text(lambda user: user.name),
    "organization": filter.text(lambda user: user.organization_id),
    "provider": filter.several(lambda user: [one.provider for one in user.identities]),
    "subject": filter.several(lambda user: [one.subject for one in user.identities]),
    "role": filter.several(lambda user: user.roles),
    "permission": filter.several(lambda user: user.permissions),
    "disabled": filter.flag(lambda user: user.disabled_at is not None),
    "create_time": filter.time(lambda user: user.created_at),
    "last_sign_in_time": filter.time(lambda user: user.last_login_at),
}
"""What a filter of users may speak of."""


class UserService:
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._turns = Turns(registry, names.USERS.name, "user")
        self._page_tokens = page_tokens

    async def CreateUser(self, request: pb.CreateUserRequest, caller: Caller) -> pb.User:
        issuer_id, given = names.issuer_id(request.parent, "parent"), request.user
        identities = tuple(Identity(one.provider, one.subject) for one in given.identities)
        new = NewUser(id=request.user_id or None, identities=identities, settings=_settings(given))
        made = await self._turns.change(caller, request, issuer_id, add_user, new, partial(_shown, issuer_id))
        if request.validate_only and not request.user_id:
            made.name = made.user_id = made.etag = ""  # of a user who is not kept
        return made

    async def GetUser(self, request: pb.GetUserRequest, caller: Caller) -> pb.User:
        issuer_id, user_id = names.USERS.ids(request.name)
        return _shown(issuer_id, await self._turns.read(issuer_id, get_user, user_id))

    async def ListUsers(self, request: pb.ListUsersRequest, caller: Caller) -> pb.ListUsersResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        holds = filter.parse(request.filter, FILTERED)
        asked = walks.asked("users", issuer_id, request.filter)
        place = self._page_tokens.after(request.page_token, asked)
        email, organization = whose.only(holds, "email"), whose.only(holds, "organization")

        async def read(walk: Walk[str, User]) -> Walked[str, User]:
            wanted = Users(walk=walk, email=email, organization_id=organization)
            return await self._turns.read(issuer_id, list_users, wanted)

        page, place = await walks.page(
            read, place, size, holds, shown=partial(_shown, issuer_id), place_of=lambda user: user.id
        )
        following = "" if place is None else self._page_tokens.following(place, asked)
        return pb.ListUsersResponse(users=page, next_page_token=following)

    async def UpdateUser(self, request: pb.UpdateUserRequest, caller: Caller) -> pb.User:
        given = request.user
        issuer_id, user_id = names.USERS.ids(given.name, "user.name")
        mask = tuple(request.update_mask.paths)
        if mask in ((), ("*",)) and given.identities:
            kept = await self._turns.read(issuer_id, get_user, user_id)
            if tuple(Identity(one.provider, one.subject) for one in given.identities) != kept.identities:
                raise Immutable("user.identities", "cannot be changed: they are who the user is")
        wanted = UserChange(id=user_id, change=_change(given, _FIELDS.paths(mask, given)), etag=given.etag)
        return await self._turns.change(caller, request, issuer_id, change_user, wanted, partial(_shown, issuer_id))

    async def DeleteUser(self, request: pb.DeleteUserRequest, caller: Caller) -> Empty:
        issuer_id, user_id = names.USERS.ids(request.name)
        named = Named(id=user_id, etag=request.etag)
        return await self._turns.change(caller, request, issuer_id, remove_user, named, lambda _: Empty())

    async def DisableUser(self, request: pb.DisableUserRequest, caller: Caller) -> pb.User:
        issuer_id, user_id = names.USERS.ids(request.name)
        named = Named(id=user_id, etag=request.etag)
        return await self._turns.change(caller, request, issuer_id, disable_user, named, partial(_shown, issuer_id))

    async def EnableUser(self, request: pb.EnableUserRequest, caller: Caller) -> pb.User:
        issuer_id, user_id = names.USERS.ids(request.name)
        named = Named(id=user_id, etag=request.etag)
        return await self._turns.change(caller, request, issuer_id, enable_user, named, partial(_shown, issuer_id))

    async def SignOutUser(self, request: pb.SignOutUserRequest, caller: Caller) -> pb.SignOutUserResponse:
        issuer_id, user_id = names.USERS.ids(request.name)
        return await self._turns.change(
            caller,
            request,
            issuer_id,
            sign_out_user,
            user_id,
            lambda ended: pb.SignOutUserResponse(sessions_ended=ended),
        )


def _settings(given: pb.User) -> Settings:
    """What the message says."""
    fixed: Any = tuple(given.fixed_fields)
    return Settings(
        email=given.email or None,
        email_verified=given.email_verified,
        name=given.display_name or None,
        organization_id=given.organization or None,
        roles=tuple(given.roles),
        permissions=tuple(given.permissions),
        fixed=fixed,
    )


def _message(settings: Settings) -> pb.User:
    """The other way round."""
    return pb.User(
        email=settings.email or "",
        email_verified=settings.email_verified,
        display_name=settings.name or "",
        organization=settings.organization_id or "",
        roles=settings.roles,
        permissions=settings.permissions,
        fixed_fields=settings.fixed,
    )


def _change(given: pb.User, paths: tuple[str, ...]) -> Callable[[Settings], Settings]:
    def change(now: Settings) -> Settings:
        message = _message(now)
        masks.merge(given, paths, message)
        if "email_verified" not in paths and message.email != (now.email or ""):
            message.email_verified = False  # nobody has made sure of the new one
        return _settings(message)

    return change


def _shown(issuer_id: str, user: User) -> pb.User:
    message = _message(settings_of(user))
    message.name, message.user_id, message.etag = names.USERS.name(issuer_id, user.id), user.id, etag(user)
    message.identities.extend(pb.User.Identity(provider=one.provider, subject=one.subject) for one in user.identities)
    message.disabled = user.disabled_at is not None
    message.create_time.CopyFrom(Timestamp(seconds=user.created_at))
    message.update_time.CopyFrom(Timestamp(seconds=user.updated_at))
    if user.disabled_at is not None:
        message.disable_time.CopyFrom(Timestamp(seconds=user.disabled_at))
    if user.last_login_at is not None:
        message.last_sign_in_time.CopyFrom(Timestamp(seconds=user.last_login_at))
    return message


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
