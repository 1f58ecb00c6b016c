"""Random pieces of work for a store, as data: what is done, in which order, and how it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tenants.oauth.refusal import Refusal
from tenants.problems import AlreadyThere, Broken
from tenants.records import (
    AccessRule,
    ClaimMapping,
    Client,
    ClientSecret,
    Consent,
    Event,
    Grant,
    Identity,
    IdentityProvider,
    Issuer,
    Listing,
    LiveToken,
    Organization,
    Policy,
    Session,
    SigningKey,
    User,
)
from tests.support.storage.batches import Unexpected
from tests.support.storage.samples import MOST, digest


@dataclass(frozen=True)
class Step:
    """One verb of one noun. One that sweeps is repeated until nothing is left, since which go first is not promised."""

    noun: str
    verb: str
    arguments: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()
    until_zero: bool = False

    def run(self, tx: Any) -> Any:
        verb = getattr(getattr(tx, self.noun), self.verb)
        try:
            given = verb(*self.arguments, **dict(self.named))
            while self.until_zero and given and (more := verb(*self.arguments)):
                given += more
        except AlreadyThere:
            return "already there"
        return [*given] if isinstance(given, list | tuple) else given  # pyright: ignore[reportUnknownVariableType]


@dataclass(frozen=True)
class Work:
    steps: Sequence[Step]
    ending: type[Exception] | None = None

    def __call__(self, tx: Any) -> list[Any]:
        """What each step told. A Refusal ends it too, but is returned, so that what was written stays."""
        told = [step.run(tx) for step in self.steps]
        if self.ending is Refusal:
            return [*told, "refused"]
        if self.ending is not None:
            raise self.ending(*map(repr, told))
        return told


def steps(
    noun: str, verb: str, *arguments: st.SearchStrategy[Any], **named: st.SearchStrategy[Any]
) -> st.SearchStrategy[Step]:
    def step(given: tuple[Any, ...], more: dict[str, Any]) -> Step:
        return Step(noun, verb, given, tuple(more.items()))

    return st.builds(step, st.tuples(*arguments), st.fixed_dictionaries(dict(named)))


def sweeps(noun: str, before: st.SearchStrategy[int]) -> st.SearchStrategy[Step]:
    def step(*given: int) -> Step:
        return Step(noun, "sweep", given, until_zero=True)

    return st.builds(step, before, st.integers(1, 3))


def works(step: st.SearchStrategy[Step]) -> st.SearchStrategy[list[Work]]:
    """One to four works, most of which return."""
    ending = st.sampled_from([None] * 8 + [Refusal, Unexpected, Unexpected, KeyError] + [Broken])
    return st.lists(st.builds(Work, st.lists(step, max_size=6), ending), min_size=1, max_size=4)


def names(prefix: str) -> st.SearchStrategy[str]:
    """Few, so that they meet again."""
    return st.sampled_from([f"{prefix}{n}" for n in range(4)])


text: st.SearchStrategy[str] = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
named_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3)
"""Text that is looked up in any case."""
cased = st.sampled_from(["a.example", "A.EXAMPLE", "A.example", "b", "B", "é", "É", "İ", "ß", "SS"])
words: st.SearchStrategy[tuple[str, ...]] = st.lists(
    st.sampled_from(["openid", "email", "files:read", "é"]), max_size=3
).map(tuple)
texts: st.SearchStrategy[tuple[str, ...]] = st.lists(text, max_size=3).map(tuple)
time: st.SearchStrategy[int] = st.integers(0, 12) | st.sampled_from([MOST])
maybe_time: st.SearchStrategy[int | None] = st.none() | time
few = st.integers(0, 3)
blob = st.binary(max_size=6)
digests = st.sampled_from([digest(str(n)) for n in range(4)])
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST, MOST) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
json_objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(text, json_values, max_size=2)

policies = st.builds(Policy, access_token_ttl=time, scopes=words, resources=texts, debug=st.booleans())
issuers = st.builds(Issuer, id=text, uid=text, uri=text, policy=policies, sealed_data_key=blob)
clients = st.builds(
    Client,
    id=names("c"),
    name=text,
    origin=st.sampled_from(["admin", "registration"]),
    redirect_uris=texts,
    grant_types=words,
    response_types=words,
    auth_method=st.sampled_from(["none", "client_secret_basic"]),
    secrets=st.lists(st.builds(ClientSecret, digest=blob, expires_at=maybe_time), max_size=2).map(tuple),
    scopes=st.none() | words,
    application_type=st.sampled_from([None, "web", "native"]),
    resources=texts,
    metadata=json_objects,
    created_at=time,
    last_used_at=time,
    disabled_at=maybe_time,
)
identities = st.builds(Identity, names("p"), st.sampled_from(["1", "2"]))
users = st.builds(
    User,
    id=names("u"),
    identities=st.lists(identities, unique=True, max_size=2).map(tuple),
    email=st.none() | cased | named_text,
    email_verified=st.booleans(),
    name=st.none() | text,
    organization_id=st.none() | names("o"),
    roles=texts,
    permissions=texts,
    metadata=json_objects,
    created_at=time,
    updated_at=time,
    last_login_at=maybe_time,
    disabled_at=maybe_time,
)
providers = st.builds(
    Identity,
    IdentityProvider,
    id=names("p"),
    kind=st.sampled_from(["oidc", "github"]),
    display_name=text,
    issuer_uri=text,
    authorization_uri=text,
    token_uri=text,
    user_uri=text,
    jwks_uri=text,
    client_id=text,
    auth_method=st.sampled_from(["none", "client_secret_basic"]),
    sealed_secret=st.none() | blob,
    public_jwk=st.none() | st.dictionaries(text, text, max_size=2),
    token_algorithms=words,
    vouches_for_email=st.booleans(),
    recheck_interval=time,
    scopes=words,
    claims=st.builds(ClaimMapping, subject=text, groups=text),
    access=st.builds(AccessRule, email_domains=texts, organizations=texts, groups=texts),
    login_domains=texts,
    created_at=time,
    updated_at=time,
    disabled_at=maybe_time,
    version=few,
)
organizations = st.builds(
    Organization,
    id=names("o"),
    name=text,
    slug=st.none() | cased | named_text,
    domains=st.lists(cased | named_text, max_size=3).map(tuple),
    metadata=json_objects,
    created_at=time,
    updated_at=time,
)
sessions = st.builds(
    Session, digest=digests, user_id=names("u"), provider=names("p"), authenticated_at=time, expires_at=time
)
consents = st.builds(
    Consent,
    user_id=names("u"),
    client_id=names("c"),
    resource=names("r"),
    redirect_uri=st.sampled_from(["", "x"]),
    scopes=words,
    given_at=time,
)
tokens: st.SearchStrategy[tuple[LiveToken, ...]] = st.lists(
    st.builds(LiveToken, digest=blob, issued_at=time, expires_at=time, scopes=st.none() | words), max_size=2
).map(tuple)
grant_ids: st.SearchStrategy[int] = st.integers(1, 4) | st.sampled_from([MOST])
grants = st.builds(
    Grant,
    id=grant_ids,
    user_id=names("u"),
    client_id=names("c"),
    scopes=words,
    resource=text,
    created_at=time,
    expires_at=time,
    provider=names("p"),
    authenticated_at=time,
    nonce=st.none() | text,
    revoked_at=st.none() | maybe_time,
    code_digest=blob,
    code_challenge=text,
    redirect_uri=text,
    code_expires_at=time,
    code_spent_at=maybe_time,
    generation=few,
    rotated_at=maybe_time,
    refresh_digest=st.none() | blob,
    refresh_expires_at=maybe_time,
    successor=st.none() | blob,
    access=tokens,
)
keys = st.builds(
    SigningKey,
    id=names("k"),
    algorithm=st.just("ES256"),
    state=st.sampled_from(["next", "current", "retired"]),
    public_jwk=st.dictionaries(text, text, max_size=2),
    sealed_private=blob,
    created_at=time,
    activated_at=maybe_time,
    retired_at=maybe_time,
    expires_at=maybe_time,
)
events = st.builds(
    Event, type=text, at=time, actor=text, subject=st.none() | text, details=json_objects, sequence=st.integers(0, 9)
)
listings = st.builds(
    Listing,
    id=names("i"),
    uid=names("i"),
    uri=names("i"),
    state=st.sampled_from(["building", "active", "disabled", "deleted", "purged"]),
    display_name=text,
    created_at=time,
    updated_at=time,
    deleted_at=maybe_time,
    purge_at=maybe_time,
    was_disabled=st.booleans(),
    version=few,
    alarm_at=time,
    alarm_attempts=few,
)

tenant_steps: st.SearchStrategy[Step] = st.one_of(
    steps("issuer", "get"),
    steps("issuer", "found", issuers),
    steps("issuer", "change", issuers),
    steps("clients", "find", names("c")),
    steps("clients", "add", clients),
    steps("clients", "change", clients),
    steps("clients", "remove", names("c")),
    steps("clients", "page", names("c"), few),
    steps("clients", "used", names("c"), time),
    sweeps("clients", time),
    steps("users", "find", names("u")),
    steps("users", "find_identity", names("p"), st.sampled_from(["1", "2"])),
    steps("users", "find_email", cased | named_text),
    steps("users", "add", users),
    steps("users", "change", users),
    steps("users", "remove", names("u")),
    steps("users", "page", names("u"), few, st.none() | names("o")),
    steps("identity_providers", "find", names("p")),
    steps("identity_providers", "all"),
    steps("identity_providers", "add", providers),
    steps("identity_providers", "change", providers, version=few),
    steps("identity_providers", "remove", names("p")),
    steps("organizations", "find", names("o")),
    steps("organizations", "find_slug", cased | named_text),
    steps("organizations", "find_domain", cased | named_text),
    steps("organizations", "add", organizations),
    steps("organizations", "change", organizations),
    steps("organizations", "remove", names("o")),
    steps("organizations", "page", names("o"), few),
    steps("sessions", "find", digests),
    steps("sessions", "add", sessions),
    steps("sessions", "remove", digests),
    steps("sessions", "remove_of_user", names("u")),
    sweeps("sessions", time),
    steps("consents", "find", names("u"), names("c"), names("r"), st.sampled_from(["", "x"])),
    steps("consents", "put", consents),
    steps("consents", "of_user", names("u"), st.none() | names("c")),
    steps("consents", "remove", names("u"), names("c")),
    steps("consents", "remove_of_client", names("c")),
    steps("tickets", "spend", digests, time),
    sweeps("tickets", time),
    steps("grants", "find", grant_ids),
    steps("grants", "add", grants),
    steps("grants", "rotate", grants, generation=few),
    steps("grants", "keep_access", grant_ids, tokens),
    steps("grants", "revoke", grant_ids, time),
    steps("grants", "revoke_of_user", names("u"), time, st.none() | names("c")),
    steps("grants", "revoke_of_client", names("c"), time),
    steps("grants", "of_user", names("u")),
    steps("grants", "page", grant_ids, few),
    steps("grants", "sweep", time, st.integers(-1, 4), few),
    steps("signing_keys", "all"),
    steps("signing_keys", "add", keys),
    steps("signing_keys", "change", keys),
    steps("signing_keys", "remove", names("k")),
    steps("events", "add", events),
    steps("events", "page", few, few),
    steps("events", "sweep", time, few),
)

registry_steps: st.SearchStrategy[Step] = st.one_of(
    steps("listings", "find", names("i")),
    steps("listings", "find_uri", names("i")),
    steps("listings", "add", listings),
    steps("listings", "change", listings, version=few),
    steps("listings", "withdraw", names("i")),
    steps("listings", "set_alarm", names("i"), time, few),
    steps("listings", "due", time, few),
    steps("listings", "page", names("i"), few, with_deleted=st.booleans()),
    steps("listings", "all"),
)
