"""The workload issuers of an issuer: whose word of a workload the operator trusts, and what each workload may be."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from tenants import etags, trail
from tenants.acts.provider_address import objection
from tenants.acts.provider_settings import is_visible
from tenants.oauth import client_jwks, foreign_jwt, json_text, scope, workload_assertion
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import JWT_BEARER
from tenants.oauth.resource import canonical_form
from tenants.problems import AlreadyThere, Invalid, NoSuchThing
from tenants.records import ClaimMatch, WorkloadIssuer, WorkloadRule
from tenants.turn import Turn

MAX_ISSUERS = 50
MAX_RULES = 100
MAX_CLAIMS = 20
MAX_ITEMS = 100
MAX_NAME = 63
MAX_TEXT = 255
MAX_JWKS = 65_536
"""Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator says of a workload issuer, and may change."""

    display_name: str = ""
    jwks_uri: str = ""
    jwks: Mapping[str, Any] | None = None
    algorithms: tuple[str, ...] = ()
    audience: str = ""
    reusable: bool = False
    rules: tuple[WorkloadRule, ...] = ()
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkloadIssuer:
    id: str
    issuer_uri: str
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadIssuerChange:
    id: str
    change: Callable[[Settings], Settings]
    etag: str
    """Empty: whichever version it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadIssuerRemoval:
    id: str
    etag: str


def etag(issuer: WorkloadIssuer) -> str:
    """An opaque validator of everything that is shown of a workload issuer."""
    return etags.versioned(issuer)


def settings_of(issuer: WorkloadIssuer) -> Settings:
    said = {field.name: getattr(issuer, field.name) for field in fields(Settings) if field.name != "disabled"}
    return Settings(**said, disabled=issuer.disabled_at is not None)


def all_workload_issuers(turn: Turn, _: None) -> tuple[WorkloadIssuer, ...]:
    return tuple(turn.tx.workload_issuers.all())


def get_workload_issuer(turn: Turn, workload_issuer_id: str) -> WorkloadIssuer:
    issuer = turn.tx.workload_issuers.find(workload_issuer_id)
    if issuer is None:
        raise NoSuchThing(workload_issuer_id)
    return issuer


def add_workload_issuer(turn: Turn, new: NewWorkloadIssuer) -> WorkloadIssuer:
    """Raises Invalid or AlreadyThere."""
    if turn.tx.workload_issuers.find(new.id) is not None:
        raise AlreadyThere(new.id)
    if len(turn.tx.workload_issuers.all()) >= MAX_ISSUERS:
        raise Invalid("parent", f"has {MAX_ISSUERS} workload issuers already")
    uri = new.issuer_uri
    if not 0 < len(uri) <= MAX_TEXT or not is_visible(uri) or " " in uri or ":" not in uri:
        raise Invalid("issuer_uri", f"must be a URI of at most {MAX_TEXT} characters: the `iss` of its tokens")
    if uri == turn.issuer.uri:
        raise Invalid("issuer_uri", "must not be this issuer itself")
    for other in turn.tx.workload_issuers.all():
        if other.issuer_uri == uri:
            raise AlreadyThere(other.id)
    _check(turn, uri, new.settings)
    _check_rules(turn, new.settings.rules)
    said = _said(turn, new.settings)
    issuer = WorkloadIssuer(id=new.id, issuer_uri=uri, created_at=turn.now, **said)
    turn.tx.workload_issuers.add(issuer)
    turn.announce()
    turn.remember("workload_issuer.created", turn.origin.actor, issuer.id, **trail.difference(None, issuer))
    return issuer


def change_workload_issuer(turn: Turn, change: WorkloadIssuerChange) -> WorkloadIssuer:
    """As it is now. Raises NoSuchThing, EtagMismatch or Invalid.

    Rules are looked at when they change: the client of another one may have gone since.
    """
    former = _at_version(turn, change.id, change.etag)
    before = settings_of(former)
    after = change.change(before)
    if after == before:
        return former
    _check(turn, former.issuer_uri, after)
    _check_rules(turn, tuple(rule for rule in after.rules if rule not in before.rules))
    issuer = replace(former, **_said(turn, after, former.disabled_at), version=former.version + 1)
    turn.tx.workload_issuers.change(issuer, version=former.version)
    turn.announce()
    turn.remember("workload_issuer.changed", turn.origin.actor, issuer.id, **trail.difference(former, issuer))
    return issuer


def remove_workload_issuer(turn: Turn, removal: WorkloadIssuerRemoval) -> None:
    """It goes, and its workloads get nothing more. Raises NoSuchThing or EtagMismatch."""
    former = _at_version(turn, removal.id, removal.etag)
    turn.tx.workload_issuers.remove(former.id)
    turn.announce()
    turn.remember("workload_issuer.removed", turn.origin.actor, former.id, **trail.difference(former, None))


def _at_version(turn: Turn, workload_issuer_id: str, wanted: str) -> WorkloadIssuer:
    issuer = get_workload_issuer(turn, workload_issuer_id)
    etags.expect(wanted, etag(issuer))
    return issuer


def _said(turn: Turn, given: Settings, disabled_at: int | None = None) -> dict[str, Any]:
    """What a record holds of the settings. `disabled_at` is since when it is disabled, if it was before."""
    said = {field.name: getattr(given, field.name) for field in fields(Settings) if field.name != "disabled"}
    return {**said, "disabled_at": (disabled_at or turn.now) if given.disabled else None, "updated_at": turn.now}


def _check(turn: Turn, issuer_uri: str, given: Settings) -> None:
    """Raises Invalid, with the field's name, unless these are settings that can be kept."""
    if len(given.display_name) > MAX_NAME or not given.display_name.isprintable():
        raise Invalid("display_name", f"must be at most {MAX_NAME} printable characters")
    if len(given.audience) > MAX_TEXT or (given.audience and not is_visible(given.audience)):
        raise Invalid("audience", f"must be at most {MAX_TEXT} characters of printable ASCII")
    known = foreign_jwt.ALGORITHMS
    if not set(given.algorithms) <= set(known) or len(set(given.algorithms)) < len(given.algorithms):
        raise Invalid("algorithms", f"must be of {', '.join(known)}, each once")
    if len(given.rules) > MAX_RULES:
        raise Invalid("rules", f"must be at most {MAX_RULES}")
    _check_keys(turn, issuer_uri, given)


def _check_keys(turn: Turn, issuer_uri: str, given: Settings) -> None:
    if given.jwks is not None:
        if given.jwks_uri:
            raise Invalid("jwks_uri", "must be empty where the keys stand in jwks")
        try:
            client_jwks.keys({"jwks": given.jwks}, local=False)
        except Refusal as refusal:
            raise Invalid("jwks", refusal.description) from None
        if not foreign_jwt.usable_keys(given.jwks) or len(json_text.write(given.jwks)) > MAX_JWKS:
            raise Invalid("jwks", f"must have a key that can prove anything, and at most {MAX_JWKS} bytes")
        return
    wrong = objection(given.jwks_uri or issuer_uri, turn.issuer.uri)
    if wrong is not None and given.jwks_uri:
        raise Invalid("jwks_uri", wrong)
    if wrong is not None or (not given.jwks_uri and "?" in issuer_uri):
        raise Invalid("jwks_uri", "is needed, or jwks: there is no discovery from such an issuer URI")


def _check_rules(turn: Turn, rules: tuple[WorkloadRule, ...]) -> None:
    policy, resources = turn.issuer.policy, turn.tx.resources.all()
    known = {*policy.scopes, *(each.name for resource in resources for each in resource.scopes)}
    for rule in rules:
        client = turn.tx.clients.find(rule.client_id)
        if client is None or client.origin != "admin" or JWT_BEARER not in client.grant_types:
            raise Invalid("rules", f"must name clients of the operator's that have the grant type {JWT_BEARER}")
        _check_claims(rule.claims)
        if len(rule.scopes) > scope.MAX_SCOPES or not set(rule.scopes) <= known:
            raise Invalid("rules", "must have scopes of this issuer or of one of its resources")
        if len(rule.resources) > MAX_ITEMS or any(canonical_form(text) is None for text in rule.resources):
            raise Invalid("rules", "must have resources that are https URIs without a fragment")


def _check_claims(claims: tuple[ClaimMatch, ...]) -> None:
    if not 0 < len(claims) <= MAX_CLAIMS:
        raise Invalid("rules", f"must have 1 to {MAX_CLAIMS} claims each")
    if any(count > 1 for count in Counter(each.claim for each in claims).values()):
        raise Invalid("rules", "must not speak of a claim twice")
    for each in claims:
        if not 0 < len(each.claim) <= MAX_TEXT or not each.claim.isprintable():
            raise Invalid("rules", f"must have claims with names of 1 to {MAX_TEXT} printable characters")
        if each.claim in workload_assertion.JUDGED:
            raise Invalid("rules", f"must not speak of {each.claim}, which is looked at in any case")
        if not 0 < len(each.pattern) <= workload_assertion.MAX_CLAIM or not each.pattern.isprintable():
            raise Invalid("rules", f"must say what {each.claim} is to be, in printable characters")
        if "***" in each.pattern:
            raise Invalid("rules", "may have * and ** in what a claim is to be, and no more of them in a row")
    if all(not each.pattern.strip("*") for each in claims):
        raise Invalid(
            "rules", "must have a claim that is not only *: whoever has a token of that issuer would be let in"
        )
