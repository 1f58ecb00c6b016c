"""Random pieces of work for a store, as data: what is done, in which order, and how it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tenants.oauth.refusal import Refusal
from tenants.problems import AlreadyThere, Broken
from tenants.records import (
    AccessRule,
    AdminToken,
    Answer,
    ClaimMapping,
    ClaimMatch,
    Client,
    ClientDocument,
    ClientSecret,
    Consent,
    DeviceRequest,
    Event,
    Grant,
    Identity,
    IdentityProvider,
    Issuer,
    KeptToken,
    Listing,
    LiveToken,
    Message,
    Operation,
    Organization,
    Origin,
    Policy,
    RateLimit,
    RegistrationToken,
    Resource,
    ResourceScope,
    Session,
    SigningKey,
    User,
    Webhook,
    WorkloadIssuer,
    WorkloadRule,
)
from tests.support.storage.batches import Unexpected
from tests.support.storage.samples import KINDS, MOST, digest


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
seals = st.sampled_from([b"", b"1", b"2"])
digests = st.sampled_from([digest(str(n)) for n in range(4)])
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST, MOST) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
json_objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(text, json_values, max_size=2)

policies = st.builds(
    Policy,
    access_token_ttl=time,
    scopes=words,
    link_by_email=st.booleans(),
    first_party_origins=texts,
    client_document_hosts=texts,
    failure_limit=st.builds(RateLimit, few, time),
    debug=st.booleans(),
)
webhooks = st.builds(
    Webhook,
    uri=text,
    sealed_secret=blob,
    former_secret=st.none() | blob,
    former_ends_at=time,
    failures=few,
    retry_at=time,
    last_failure=text,
    created_at=time,
    updated_at=time,
    version=few,
)
issuers = st.builds(
    Issuer, id=text, uid=text, uri=text, policy=policies, sealed_data_key=blob, webhook=st.none() | webhooks
)
clients = st.builds(
    Client,
    id=names("c"),
    name=text,
    origin=st.sampled_from(["admin", "registration", "document"]),
    redirect_uris=texts,
    grant_types=words,
    response_types=words,
    auth_method=st.sampled_from(["none", "client_secret_basic"]),
    secrets=st.lists(st.builds(ClientSecret, digest=blob, expires_at=maybe_time), max_size=2).map(tuple),
    scopes=st.none() | words,
    jwks=st.none() | json_objects,
    jwks_uri=st.none() | text,
    assertion_algorithm=st.sampled_from([None, "ES256", "EdDSA"]),
    dpop_bound=st.booleans(),
    par_required=st.booleans(),
    registration_digest=st.none() | blob,
    next_registration_digest=st.none() | blob,
    document=st.none() | st.builds(ClientDocument, fetched_at=time, expires_at=time, digest=blob),
    post_logout_redirect_uris=texts,
    backchannel_logout_uri=st.none() | text,
    application_type=st.sampled_from([None, "web", "native"]),
    resources=texts,
    target_resources=texts,
    metadata=json_objects,
    scope_limit=st.none() | words,
    approval=st.sampled_from([None, "pending", "approved"]),
    created_at=time,
    last_used_at=time,
    disabled_at=maybe_time,
)
identities = st.builds(Identity, names("p"), st.sampled_from(["1", "2", "A", "a"]))
users = st.builds(
    User,
    id=names("u"),
    identities=st.lists(identities, max_size=3).map(tuple),
    email=st.none() | cased | named_text,
    email_verified=st.booleans(),
    name=st.none() | text,
    organization_id=st.none() | names("o"),
    roles=texts,
    permissions=texts,
    metadata=json_objects,
    fixed=st.lists(st.sampled_from(["email", "roles"]), max_size=2).map(tuple),
    created_at=time,
    updated_at=time,
    last_login_at=maybe_time,
    disabled_at=maybe_time,
)
providers = st.builds(
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
    scopes=words,
    token_algorithms=words,
    claims=st.builds(ClaimMapping, subject=text, groups=text),
    access=st.builds(AccessRule, email_domains=texts, organizations=texts, groups=texts),
    login_domains=texts,
    vouches_for_email=st.booleans(),
    vouches_for_clients=st.booleans(),
    recheck_interval=time,
    created_at=time,
    updated_at=time,
    disabled_at=maybe_time,
    version=few,
)
resources = st.builds(
    Resource,
    id=names("r"),
    uri=text,
    canonical_uri=names("r"),
    display_name=text,
    scopes=st.lists(st.builds(ResourceScope, name=text, description=text, implies=texts), max_size=2).map(tuple),
    token_format=st.sampled_from([None, "jwt", "opaque"]),
    access_token_ttl=maybe_time,
    created_at=time,
    updated_at=time,
    disabled_at=maybe_time,
    version=few,
)
workload_rules = st.builds(
    WorkloadRule,
    client_id=text,
    claims=st.lists(st.builds(ClaimMatch, claim=text, pattern=text), max_size=2).map(tuple),
    scopes=texts,
    resources=texts,
)
workload_issuers = st.builds(
    WorkloadIssuer,
    id=names("w"),
    display_name=text,
    issuer_uri=names("w"),
    jwks_uri=text,
    jwks=st.none() | json_objects,
    algorithms=texts,
    audience=text,
    reusable=st.booleans(),
    rules=st.lists(workload_rules, max_size=2).map(tuple),
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
    Session,
    digest=digests,
    user_id=names("u"),
    provider=names("p"),
    authenticated_at=time,
    expires_at=time,
    amr=texts,
    acr=st.none() | text,
    sid=text,
    clients=st.lists(names("c"), unique=True, max_size=2).map(tuple),
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
    user_id=st.none() | names("u"),
    client_id=names("c"),
    scopes=words,
    resource=names("r"),
    created_at=time,
    expires_at=time,
    provider=names("p"),
    authenticated_at=time,
    amr=texts,
    acr=st.none() | text,
    nonce=st.none() | text,
    sid=st.none() | text,
    dpop_jkt=st.none() | text,
    x5t=st.none() | text,
    actor=st.none() | json_objects,
    parent_id=st.none() | grant_ids,
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
    ended=tokens,
    ended_at=st.none() | maybe_time,
)
kinds = st.sampled_from(KINDS)
messages = st.builds(
    Message,
    id=names("m"),
    kind=kinds,
    body=text,
    client_id=text,
    user_id=names("u"),
    created_at=time,
    due_at=time,
    attempts=few,
)
device_requests = st.builds(
    DeviceRequest,
    id=grant_ids,
    digest=blob,
    user_code=seals,
    client_id=names("c"),
    scopes=words,
    resource=names("r"),
    created_at=time,
    expires_at=time,
    interval=few,
    polled_at=maybe_time,
    denied_at=maybe_time,
)
kept_tokens = st.builds(KeptToken, user_id=names("u"), provider=names("p"), sealed=seals, due_at=time, attempts=few)
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
    Event,
    type=text,
    at=time,
    actor=text,
    address=text,
    request_id=text,
    subject=st.none() | text,
    details=json_objects,
    sequence=st.integers(0, 9),
    previous=blob,
    hash=blob,
)
answers = st.builds(Answer, key=digests, asked=blob, sealed=blob, expires_at=time)
admin_tokens = st.builds(
    AdminToken,
    id=names("t"),
    digest=digests,
    role=st.sampled_from(["owner", "operator", "issuer-admin", "viewer"]),
    issuers=st.lists(names("i"), max_size=2).map(tuple),
    display_name=text,
    created_at=time,
    created_by=text,
    expires_at=time,
    last_used_at=time,
)
operations = st.builds(
    Operation,
    id=names("o"),
    verb=text,
    issuer_id=names("i"),
    lock=text,
    request=blob,
    origin=st.builds(Origin, text, text, text),
    progress=json_objects,
    percent=few,
    created_at=time,
    updated_at=time,
    cancelled_at=maybe_time,
    ended_at=maybe_time,
    response=st.none() | blob,
    error=st.none() | blob,
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

registration_tokens = st.builds(
    RegistrationToken,
    id=names("t"),
    digest=digests,
    note=text,
    created_at=time,
    expires_at=time,
    uses_left=st.none() | few,
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
    steps("clients", "keep_documents", few),
    steps("registration_tokens", "add", registration_tokens),
    steps("registration_tokens", "spend", digests, time),
    steps("registration_tokens", "remove", names("t")),
    steps("registration_tokens", "page", names("t"), few),
    sweeps("registration_tokens", time),
    steps("users", "find", names("u")),
    steps("users", "find_identity", names("p"), st.sampled_from(["1", "2", "A", "a"])),
    steps("users", "any_from", names("p")),
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
    steps("resources", "find", names("r")),
    steps("resources", "all"),
    steps("resources", "add", resources),
    steps("resources", "change", resources, version=few),
    steps("resources", "remove", names("r")),
    steps("workload_issuers", "find", names("w")),
    steps("workload_issuers", "all"),
    steps("workload_issuers", "add", workload_issuers),
    steps("workload_issuers", "change", workload_issuers, version=few),
    steps("workload_issuers", "remove", names("w")),
    steps("organizations", "find", names("o")),
    steps("organizations", "find_slug", cased | named_text),
    steps("organizations", "find_domain", cased | named_text),
    steps("organizations", "add", organizations),
    steps("organizations", "change", organizations),
    steps("organizations", "remove", names("o")),
    steps("organizations", "page", names("o"), few),
    steps("sessions", "find", digests),
    steps("sessions", "add", sessions),
    steps("sessions", "note_client", digests, names("c")),
    steps("sessions", "remove", digests),
    steps("sessions", "of_user", names("u")),
    steps("sessions", "page", digests, few),
    sweeps("sessions", time),
    steps("consents", "find", names("u"), names("c"), names("r"), st.sampled_from(["", "x"])),
    steps("consents", "put", consents),
    steps("consents", "of_user", names("u"), st.none() | names("c")),
    steps("consents", "remove", names("u"), names("c")),
    steps("consents", "remove_of_user", names("u")),
    steps("consents", "remove_of_client", names("c")),
    steps("consents", "remove_for_resource", names("r")),
    steps("tickets", "spend", digests, time),
    sweeps("tickets", time),
    steps("device_requests", "find", grant_ids),
    steps("device_requests", "find_user_code", seals),
    steps("device_requests", "count"),
    steps("device_requests", "add", device_requests),
    steps("device_requests", "polled", grant_ids, time, few),
    steps("device_requests", "deny", grant_ids, time),
    steps("device_requests", "take", grant_ids),
    sweeps("device_requests", time),
    steps("grants", "find", grant_ids),
    steps("grants", "add", grants),
    steps("grants", "rotate", grants, generation=few),
    steps("grants", "end_access", grant_ids, blob, time),
    steps("grants", "ended", st.tuples(time, grant_ids), time, few),
    steps("grants", "revoke", grant_ids, time),
    steps("grants", "revoke_of_user", names("u"), time, st.none() | names("c")),
    steps("grants", "revoke_of_client", names("c"), time),
    steps("grants", "revoke_from_provider", names("u"), names("p"), time),
    steps("grants", "revoke_for_resource", names("r"), time),
    steps("grants", "of_user", names("u")),
    steps("grants", "of_client_itself", names("c"), names("r")),
    steps("grants", "page", grant_ids, few),
    steps("grants", "page", grant_ids, few, user_id=st.none() | names("u"), client_id=st.none() | names("c")),
    steps("grants", "sweep", time, st.integers(-1, 4), few),
    steps("outbox", "add", messages),
    steps("outbox", "due", kinds, time, few),
    steps("outbox", "next_at", kinds),
    steps("outbox", "count", kinds),
    steps("outbox", "count", kinds, names("u")),
    steps("outbox", "put_off", names("m"), time, few),
    steps("outbox", "hasten", kinds, time, time, st.just(99)),
    steps("outbox", "remove", names("m")),
    steps("outbox", "remove_all", kinds),
    steps("kept_tokens", "find", names("u"), names("p")),
    steps("kept_tokens", "put", kept_tokens),
    steps("kept_tokens", "due", time, few),
    steps("kept_tokens", "next_at"),
    steps("kept_tokens", "change", kept_tokens, former=seals),
    steps("kept_tokens", "hasten", names("p"), time, time, st.just(99)),
    steps("kept_tokens", "remove", names("u"), names("p")),
    steps("kept_tokens", "remove_of_user", names("u")),
    steps("kept_tokens", "remove_of_provider", names("p")),
    steps("signing_keys", "all"),
    steps("signing_keys", "add", keys),
    steps("signing_keys", "change", keys),
    steps("signing_keys", "remove", names("k")),
    steps("events", "add", events),
    steps("events", "page", few, few),
    steps("events", "last"),
    steps("events", "sweep", time, few),
    steps("answers", "find", digests),
    steps("answers", "add", answers),
    sweeps("answers", time),
)

_works = works(tenant_steps)


@st.composite
def tenant_works(draw: st.DrawFn) -> list[Work]:
    """Works of a tenant, under a short name: spelt out, they are more than Hypothesis prints."""
    return draw(_works)


registry_steps: st.SearchStrategy[Step] = st.one_of(
    steps("listings", "find", names("i")),
    steps("listings", "find_uri", names("i")),
    steps("listings", "add", listings),
    steps("listings", "change", listings, version=few),
    steps("listings", "withdraw", names("i")),
    steps("listings", "set_alarm", names("i"), time, few),
    steps("listings", "due", time, few),
    steps("listings", "all"),
    steps("admin_tokens", "find", names("t")),
    steps("admin_tokens", "all"),
    steps("admin_tokens", "add", admin_tokens),
    steps("admin_tokens", "used", names("t"), time),
    steps("admin_tokens", "remove", names("t")),
    steps("operations", "find", names("o")),
    steps("operations", "add", operations),
    steps("operations", "change", operations),
    steps("operations", "remove", names("o")),
    steps("operations", "page", names("o"), few),
    steps("operations", "under_way"),
    sweeps("operations", time),
    steps("events", "add", events),
    steps("events", "page", few, few),
    steps("events", "last"),
    steps("events", "sweep", time, few),
    steps("answers", "add", answers),
    steps("answers", "find", digests),
    sweeps("answers", time),
)
