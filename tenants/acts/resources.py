"""The resources of an issuer: the MCP servers that the operator registers, and what is said of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from tenants import etags, trail
from tenants.acts import signing_keys
from tenants.acts.operate import BOUNDS
from tenants.oauth import hierarchy, json_text, metadata, scope
from tenants.oauth.resource import canonical_form
from tenants.problems import AlreadyThere, Invalid, NoSuchThing
from tenants.records import Resource, ResourceScope, TokenFormat
from tenants.turn import Turn

MAX_RESOURCES = 100
MAX_NAME = 63
MAX_DESCRIPTION = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator says of a resource, and may change. None: as the policy says."""

    display_name: str = ""
    scopes: tuple[ResourceScope, ...] = ()
    token_format: TokenFormat | None = None
    access_token_ttl: int | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResource:
    id: str
    uri: str
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    id: str
    change: Callable[[Settings], Settings]
    etag: str
    """Empty: whichever version it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRemoval:
    id: str
    etag: str


@dataclass(frozen=True, slots=True)
class Described:
    """What the resource itself is to publish, and to answer who has no token (RFC 9728 §3, §5.1)."""

    document: str
    """JSON."""
    served_at: str
    """Where the resource is to serve it."""
    challenge: str
    """The value of its WWW-Authenticate header field."""


def etag(resource: Resource) -> str:
    """An opaque validator of everything that is shown of a resource."""
    return etags.versioned(resource)


def settings_of(resource: Resource) -> Settings:
    said = {field.name: getattr(resource, field.name) for field in fields(Settings) if field.name != "disabled"}
    return Settings(**said, disabled=resource.disabled_at is not None)


def all_resources(turn: Turn, _: None) -> tuple[Resource, ...]:
    return tuple(turn.tx.resources.all())


def get_resource(turn: Turn, resource_id: str) -> Resource:
    resource = turn.tx.resources.find(resource_id)
    if resource is None:
        raise NoSuchThing(resource_id)
    return resource


def describe_resource(turn: Turn, resource_id: str) -> Described:
    resource = get_resource(turn, resource_id)
    served_at = metadata.served_at(resource.uri)
    return Described(
        document=json_text.write(metadata.registered_resource(turn.issuer, resource)).decode("ascii"),
        served_at=served_at,
        challenge=f'Bearer resource_metadata="{served_at}"',
    )


def _new(turn: Turn, new: NewResource) -> Resource:
    """As it is to be kept."""
    if turn.tx.resources.find(new.id) is not None:
        raise AlreadyThere(new.id)
    if len(turn.tx.resources.all()) >= MAX_RESOURCES:
        raise Invalid("parent", f"has {MAX_RESOURCES} resources already")
    canonical = canonical_form(new.uri)
    if canonical is None:
        raise Invalid("uri", "must be an https URI (or http on loopback) without fragment and user part")
    if canonical == canonical_form(turn.issuer.uri):
        raise Invalid("uri", "is the issuer itself, which is always served")
    for other in turn.tx.resources.all():
        if other.canonical_uri == canonical:
            raise AlreadyThere(other.id)
    said = _said(turn, new.settings)
    return Resource(id=new.id, uri=new.uri, canonical_uri=canonical, created_at=turn.now, **said)


def add_resource(turn: Turn, new: NewResource) -> Resource:
    """Raises Invalid or AlreadyThere."""
    resource = _new(turn, new)
    turn.tx.resources.add(resource)
    turn.announce()
    turn.remember("resource.created", turn.origin.actor, resource.id, **trail.difference(None, resource))
    return resource


def change_resource(turn: Turn, change: ResourceChange) -> Resource:
    """As it is now. Raises NoSuchThing, EtagMismatch or Invalid."""
    former = _at_version(turn, change.id, change.etag)
    before = settings_of(former)
    after = change.change(before)
    if after == before:
        return former
    resource = replace(former, **_said(turn, after, former.disabled_at), version=former.version + 1)
    turn.tx.resources.change(resource, version=former.version)
    _outlast(turn, former, resource)
    turn.announce()
    turn.remember("resource.changed", turn.origin.actor, resource.id, **trail.difference(former, resource))
    return resource


def remove_resource(turn: Turn, removal: ResourceRemoval) -> None:
    """It goes, and with it every grant and consent for it. Raises NoSuchThing or EtagMismatch.

    They are ended and not just left without a resource: who registers the same URI again, or removes the last resource
    and so serves any, must not give them back.
    """
    former = _at_version(turn, removal.id, removal.etag)
    turn.tx.resources.remove(former.id)
    ended = 0
    for audience in {former.uri, former.canonical_uri}:  # as it was called before it was registered
        ended += turn.tx.grants.revoke_for_resource(audience, turn.now)
        turn.tx.consents.remove_for_resource(audience)
    _outlast(turn, former, None)
    turn.announce()
    was = trail.difference(former, None)
    turn.remember("resource.removed", turn.origin.actor, former.id, grants_ended=ended, **was)


def _at_version(turn: Turn, resource_id: str, wanted: str) -> Resource:
    resource = get_resource(turn, resource_id)
    etags.expect(wanted, etag(resource))
    return resource


def _outlast(turn: Turn, former: Resource, now: Resource | None) -> None:
    """Where its tokens live shorter from now on, the key that signed them must not."""
    lifetime = former.access_token_ttl
    if lifetime is not None and (now is None or lifetime != now.access_token_ttl):
        signing_keys.outlast(turn, lifetime)


def _said(turn: Turn, given: Settings, disabled_at: int | None = None) -> dict[str, Any]:
    """What a record holds of the settings, checked. `disabled_at` is since when it is disabled, if it was before."""
    _check(given)
    said = {field.name: getattr(given, field.name) for field in fields(Settings) if field.name != "disabled"}
    return {**said, "disabled_at": (disabled_at or turn.now) if given.disabled else None, "updated_at": turn.now}


def _check(given: Settings) -> None:
    """Raises Invalid, with the field's name, unless these are settings that can be kept."""
    if len(given.display_name) > MAX_NAME or not given.display_name.isprintable():
        raise Invalid("display_name", f"must be at most {MAX_NAME} printable characters")
    least, most = BOUNDS["access_token_ttl"]
    if given.access_token_ttl is not None and not least <= given.access_token_ttl <= most:
        raise Invalid("access_token_ttl", f"must be between {least} and {most} seconds")
    if given.token_format not in (None, "jwt", "opaque"):
        raise Invalid("token_format", "must be jwt or opaque")
    if len(given.scopes) > scope.MAX_SCOPES:
        raise Invalid("scopes", f"must be at most {scope.MAX_SCOPES}")
    names = Counter(each.name for each in given.scopes)
    for each in given.scopes:
        _check_scope(each, names)
    turning = hierarchy.goes_round(given.scopes)
    if turning is not None:
        raise Invalid("scopes", f"{turning} implies itself")


def _check_scope(given: ResourceScope, names: Counter[str]) -> None:
    if not scope.is_scope(given.name):
        raise Invalid("scopes", "must have names of printable ASCII without space, quote and backslash (RFC 6749 §3.3)")
    if given.name in scope.OF_ISSUERS:
        raise Invalid("scopes", f"must not have {given.name}, which is the issuer's")
    if names[given.name] > 1:
        raise Invalid("scopes", f"has {given.name} twice")
    if len(given.description) > MAX_DESCRIPTION or not given.description.isprintable():
        raise Invalid("scopes", f"must have descriptions of at most {MAX_DESCRIPTION} printable characters")
    if len(set(given.implies)) < len(given.implies) or not set(given.implies) <= names.keys():
        raise Invalid("scopes", f"{given.name} must imply other scopes of this resource, each once")
