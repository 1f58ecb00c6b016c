"""IssuerService over gRPC: issuers are made, looked at, changed, switched off and brought back."""

import asyncio
import dataclasses
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from protos.admin.v1.issuer_service_pb2 import (
    CreateIssuerRequest,
    DeleteIssuerRequest,
    DisableIssuerRequest,
    EnableIssuerRequest,
    GetIssuerRequest,
    Issuer,
    IssuerPolicy,
    ListIssuersRequest,
    RateLimit,
    SoftwareStatementIssuer,
    UndeleteIssuerRequest,
    UpdateIssuerRequest,
)
from tenants.listings import PURGE_AFTER
from tenants.records import DAY, Policy
from tenants.turn import Turn
from tests.support import certificates
from tests.support.admin import Desk, admin_desk, paths, refused, told
from tests.support.house import EPOCH

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, TAKEN = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.ALREADY_EXISTS
STATE, GONE = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND
EVERYTHING = {
    "access_token_ttl": Duration(seconds=900),
    "refresh_token_ttl": Duration(seconds=0),
    "grant_ttl": Duration(seconds=7 * DAY),
    "authorization_code_ttl": Duration(seconds=60),
    "replay_window": Duration(seconds=0),
    "session_ttl": Duration(seconds=3_600),
    "scopes": ["mcp", "openid"],
    "token_format": IssuerPolicy.TOKEN_FORMAT_OPAQUE,
    "signing_algorithm": "EdDSA",
    "key_roll_interval": Duration(seconds=30 * DAY),
    "registration": IssuerPolicy.REGISTRATION_CLOSED,
    "unused_client_ttl": Duration(seconds=10 * DAY),
    "private_redirect_schemes": ["cursor", "com.example.app"],
    "allowed_origins": ["https://app.test"],
    "registration_limit": RateLimit(per_minute=5, burst=6),
    "failure_limit": RateLimit(per_minute=7, burst=8),
    "client_limit": RateLimit(per_minute=9, burst=10),
    "guess_limit": RateLimit(),
    "session_limit": RateLimit(per_minute=1, burst=1),
    "debug": True,
    "link_by_email": True,
    "dpop_nonce_required": True,
    "par_required": True,
    "first_party_origins": ["https://app.test"],
    "client_documents": IssuerPolicy.CLIENT_DOCUMENTS_LISTED,
    "client_document_hosts": ["claude.ai", "*.app.test"],
    "client_certificate_authorities": [certificates.made("CN=authority", ca=True).pem],
    "software_statement_issuers": [
        SoftwareStatementIssuer(issuer="urn:trust", jwks_uri="https://keys.example.com/jwks")
    ],
    "software_statement_required": True,
    "approval_required": True,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        yield desk


def update(issuer: Issuer, *mask: str) -> UpdateIssuerRequest:
    return UpdateIssuerRequest(issuer=issuer, update_mask=FieldMask(paths=mask))


async def serves(desk: Desk, host: str) -> bool:
    answer = await desk.house.ask("GET", "/.well-known/oauth-authorization-server", host=host)
    return answer.status_code == 200


async def test_an_issuer_serves_when_create_returns(desk: Desk) -> None:
    given = Issuer(issuer_uri="https://first.test", display_name="The first")
    issuer = await desk.ask(CreateIssuerRequest(issuer_id="first", issuer=given))
    assert await serves(desk, "first.test")
    assert (issuer.name, issuer.issuer_uri, issuer.display_name) == ("issuers/first", given.issuer_uri, "The first")
    assert issuer.state == Issuer.STATE_ACTIVE
    assert issuer.create_time.seconds == issuer.update_time.seconds == EPOCH
    assert not issuer.HasField("delete_time")
    assert issuer.uid
    assert issuer.etag
    assert await desk.ask(GetIssuerRequest(name="issuers/first")) == issuer


async def test_what_is_left_out_of_a_policy_has_its_default(desk: Desk) -> None:
    policy = (await desk.issuer("plain")).policy
    assert policy.access_token_ttl.seconds == Policy().access_token_ttl
    assert list(policy.scopes) == list(Policy().scopes)
    assert policy.token_format == IssuerPolicy.TOKEN_FORMAT_JWT
    assert policy.registration == IssuerPolicy.REGISTRATION_OPEN
    assert list(policy.allowed_origins) == ["*"]
    mixed = (await desk.issuer("mixed", session_ttl=Duration(seconds=60))).policy
    policy.session_ttl.seconds = 60
    assert mixed == policy


async def test_every_setting_of_a_policy_comes_back_as_it_was_given(desk: Desk) -> None:
    issuer = await desk.issuer("everything", **EVERYTHING)
    assert issuer.policy == IssuerPolicy(**EVERYTHING)
    assert await desk.ask(GetIssuerRequest(name="issuers/everything")) == issuer


async def test_the_policy_of_the_api_has_the_fields_of_the_record() -> None:
    fields = {field.name for field in IssuerPolicy.DESCRIPTOR.fields}
    assert fields == {field.name for field in dataclasses.fields(Policy)} == EVERYTHING.keys()


@pytest.mark.parametrize(
    "issuer_id",
    [
        *("../x", "..%2f", "/etc/x", "a/b", "a\\b", ".", "..", "", "a" * 64, "a" * 300, "nul.db", "a.db-wal"),
        *("-rf", "a-", "~", "a\0b", "a\n", "A", "aB", "é", "é", "ａ", "\u202ea", "a.", "a ", " a", "1a"),
        *(".well-known", "xn--bcher-kva", "*"),
    ],
)
async def test_ga_05_an_id_that_is_not_a_plain_name_is_refused(desk: Desk, issuer_id: str) -> None:
    given = Issuer(issuer_uri="https://odd.test")
    await refused(
        desk.ask(CreateIssuerRequest(issuer_id=issuer_id, issuer=given)), INVALID, "REQUEST_INVALID", "issuer_id"
    )
    await refused(desk.ask(GetIssuerRequest(name=f"issuers/{issuer_id}X")), INVALID, "REQUEST_INVALID", "name")
    assert not await serves(desk, "odd.test")


async def test_ga_05_only_names_of_our_making_are_in_the_data_directory(desk: Desk) -> None:
    issuer = await desk.issuer("con")
    files = {file.name for file in desk.house.data_dir.rglob("*") if file.is_file()}
    assert f"{issuer.uid}.db" in files
    assert not [name for name in files if "con" in name]


@pytest.mark.parametrize(
    "uri",
    [
        *("", "a.test", "https://", "http://a.test", "ftp://a.test", "javascript:alert(1)", "https://A.test"),
        *("https://a.test/", "https://a.test/x/", "https://a.test?x", "https://a.test#x", "https://u@a.test"),
        *("https://a.test:443", "http://localhost:80", "https://*.test", "https://a..test", "https://a.test:0"),
        *("https://a.test/token", "https://a.test/x/%61", "https://a.test/x/..", "https://a.test//x"),
        *("https://a.test\n", " https://a.test", "https://ä.test", "https://[::1", f"https://{'a' * 3_000}.test"),
    ],
)
async def test_ga_06_a_uri_that_could_be_spelled_otherwise_is_refused(desk: Desk, uri: str) -> None:
    request = CreateIssuerRequest(issuer_id="odd", issuer=Issuer(issuer_uri=uri))
    await refused(desk.ask(request), INVALID, "REQUEST_INVALID", "issuer.issuer_uri")


async def test_issuers_may_share_a_host_each_below_its_own_path(desk: Desk) -> None:
    uris = {"host": "https://host.test", "below": "https://host.test/one", "deeper": "https://host.test/one/two"}
    for issuer_id, uri in uris.items():
        assert (await desk.issuer(issuer_id, uri)).issuer_uri == uri
    everything = await desk.ask(ListIssuersRequest(page_size=1_000))
    listed = {issuer.name.removeprefix("issuers/"): issuer.issuer_uri for issuer in everything.issuers}
    assert uris.items() <= listed.items()
    for target, issuer_id in (("", "host"), ("/one", "below"), ("/one/two", "deeper")):
        told = await desk.house.ask("GET", f"/.well-known/openid-configuration{target}", host="host.test")
        assert told.json()["issuer"] == uris[issuer_id]
    await refused(desk.issuer("late", "https://host.test/one"), TAKEN, "ISSUER_URI_TAKEN")
    await desk.ask(DeleteIssuerRequest(name="issuers/below"))
    await refused(desk.issuer("late", "https://host.test/one"), TAKEN, "ISSUER_URI_TAKEN")
    await desk.issuer("late", "https://host.test/One")


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"access_token_ttl": Duration(seconds=1)}, "access_token_ttl"),
        ({"access_token_ttl": Duration(seconds=60, nanos=1)}, "access_token_ttl"),
        ({"grant_ttl": Duration(seconds=-60)}, "grant_ttl"),
        ({"session_ttl": Duration(seconds=1 << 62)}, "session_ttl"),
        ({"authorization_code_ttl": Duration(seconds=601)}, "authorization_code_ttl"),
        ({"signing_algorithm": "none"}, "signing_algorithm"),
        ({"signing_algorithm": ""}, "signing_algorithm"),
        ({"token_format": 7}, "token_format"),
        ({"registration": 7}, "registration"),
        ({"scopes": ["two words"]}, "scopes"),
        ({"private_redirect_schemes": ["https"]}, "private_redirect_schemes"),
        ({"allowed_origins": ["https://app.test/path"]}, "allowed_origins"),
        ({"first_party_origins": ["https://app.test/"]}, "first_party_origins"),
        ({"client_documents": 7}, "client_documents"),
        ({"client_document_hosts": ["https://app.test"]}, "client_document_hosts"),
        ({"client_document_hosts": ["App.test"]}, "client_document_hosts"),
        ({"client_limit": RateLimit(per_minute=1)}, "client_limit"),
        ({"guess_limit": RateLimit(burst=1)}, "guess_limit"),
        ({"failure_limit": RateLimit(per_minute=-1, burst=1)}, "failure_limit.per_minute"),
        ({"session_limit": RateLimit(per_minute=1_000_001, burst=1)}, "session_limit.per_minute"),
        ({"registration_limit": RateLimit(per_minute=1, burst=1_000_001)}, "registration_limit.burst"),
    ],
)
async def test_a_policy_that_cannot_be_is_refused_with_the_field(
    desk: Desk, policy: dict[str, Any], field: str
) -> None:
    given = Issuer(issuer_uri="https://odd.test", policy=IssuerPolicy(**policy))
    create = CreateIssuerRequest(issuer_id="odd", issuer=given)
    await refused(desk.ask(create), INVALID, "REQUEST_INVALID", f"issuer.policy.{field}")
    await refused(desk.ask(GetIssuerRequest(name="issuers/odd")), GONE, "ISSUER_NOT_FOUND")
    kept = await there(desk, "kept")
    change = Issuer(name="issuers/kept", policy=IssuerPolicy(**policy))
    await refused(desk.ask(update(change)), INVALID, "REQUEST_INVALID", f"issuer.policy.{field}")
    assert await desk.ask(GetIssuerRequest(name="issuers/kept")) == kept


@pytest.mark.parametrize("name", ["x" * 64, "a\nb", "\x1b[31mred", "a\u202eb", "a\0"])
async def test_a_display_name_that_a_terminal_would_obey_is_refused(desk: Desk, name: str) -> None:
    request = CreateIssuerRequest(issuer_id="odd", issuer=Issuer(issuer_uri="https://odd.test", display_name=name))
    await refused(desk.ask(request), INVALID, "REQUEST_INVALID", "issuer.display_name")
    await there(desk, "kept")
    change = update(Issuer(name="issuers/kept", display_name=name))
    await refused(desk.ask(change), INVALID, "REQUEST_INVALID", "issuer.display_name")


async def test_ids_uris_and_hosts_are_given_once(desk: Desk) -> None:
    await desk.issuer("taken", "https://taken.test")
    why = await refused(desk.issuer("taken", "https://other.test"), TAKEN, "ISSUER_ID_TAKEN")
    assert why.resource == ("admin.tenantry.dev/Issuer", "issuers/taken")
    await refused(desk.issuer("other", "https://taken.test"), TAKEN, "ISSUER_URI_TAKEN")
    await desk.issuer("local", "http://taken.localhost")
    await refused(desk.issuer("other", "https://taken.localhost"), TAKEN, "ISSUER_URI_TAKEN")
    await refused(desk.issuer("other", "https://taken.localhost:80"), TAKEN, "ISSUER_URI_TAKEN")
    await desk.issuer("other", "http://taken.localhost:8080")
    await desk.issuer("other-path", "http://taken.localhost/path")
    await refused(desk.issuer("another", "https://taken.localhost/path"), TAKEN, "ISSUER_URI_TAKEN")
    await refused(desk.issuer("another", "https://taken.localhost:80/path"), TAKEN, "ISSUER_URI_TAKEN")


async def test_whoever_takes_the_id_of_a_deleted_issuer_is_told_how_it_comes_back(desk: Desk) -> None:
    made = await desk.issuer("gone", "https://gone.test")
    await desk.ask(DeleteIssuerRequest(name=made.name))
    for validate_only in (True, False):
        again = CreateIssuerRequest(
            issuer_id="gone", issuer=Issuer(issuer_uri="https://new.test"), validate_only=validate_only
        )
        why = await refused(desk.ask(again), TAKEN, "ISSUER_ID_TAKEN")
        assert why.resource == ("admin.tenantry.dev/Issuer", "issuers/gone")
        assert "that was deleted" in why.message
    await desk.ask(UndeleteIssuerRequest(name=made.name))
    assert "that was deleted" not in (await refused(desk.ask(again), TAKEN, "ISSUER_ID_TAKEN")).message


async def test_ga_07_of_many_who_create_the_same_one_does(desk: Desk) -> None:
    same_id = [desk.issuer("race", f"https://race-{n}.test") for n in range(50)]
    same_uri = [desk.issuer(f"race-{n}", "https://race.test") for n in range(50)]
    before = set(desk.house.data_dir.rglob("*.db"))
    for calls, reason in ((same_id, "ISSUER_ID_TAKEN"), (same_uri, "ISSUER_URI_TAKEN")):
        outcomes = await asyncio.gather(*(asyncio.create_task(_outcome(call)) for call in calls))
        assert sorted(outcomes) == sorted(["made", *([reason] * 49)])
    assert len(set(desk.house.data_dir.rglob("*.db")) - before) == 2


async def test_validating_only_makes_nothing(desk: Desk) -> None:
    def request(issuer_id: str, uri: str) -> CreateIssuerRequest:
        return CreateIssuerRequest(issuer_id=issuer_id, issuer=Issuer(issuer_uri=uri), validate_only=True)

    would_be = await desk.ask(request("rehearsed", "https://rehearsed.test"))
    assert (would_be.name, would_be.uid) == ("issuers/rehearsed", "")
    await refused(desk.ask(GetIssuerRequest(name="issuers/rehearsed")), GONE, "ISSUER_NOT_FOUND")
    made = await desk.issuer("rehearsed")
    assert made.policy == would_be.policy
    await refused(desk.ask(request("rehearsed", "https://new.test")), TAKEN, "ISSUER_ID_TAKEN")
    await refused(desk.ask(request("new", "https://rehearsed.test")), TAKEN, "ISSUER_URI_TAKEN")
    await refused(desk.ask(request("New", "https://new.test")), INVALID, "REQUEST_INVALID", "issuer_id")


# --- changing


async def test_a_change_shows_at_once(desk: Desk) -> None:
    made = await desk.issuer("changing")
    desk.house.clock.now += 5
    changed = await desk.ask(
        update(
            Issuer(name=made.name, display_name="New", policy=IssuerPolicy(scopes=["mcp"])),
            *("display_name", "policy.scopes"),
        )
    )
    assert (changed.display_name, list(changed.policy.scopes)) == ("New", ["mcp"])
    assert changed.etag != made.etag
    assert changed.update_time.seconds == made.update_time.seconds + 5
    assert changed.create_time == made.create_time
    assert await desk.ask(GetIssuerRequest(name=made.name)) == changed
    metadata = await desk.house.ask("GET", "/.well-known/oauth-authorization-server", host="changing.test")
    assert metadata.json()["scopes_supported"] == ["mcp"]


async def test_ga_11_without_a_mask_what_is_set_is_changed_and_nothing_wiped(desk: Desk) -> None:
    made = await desk.issuer("unmasked", **EVERYTHING)
    for mask in ({}, {"update_mask": FieldMask()}):
        given = Issuer(name=made.name, display_name="Named", policy=IssuerPolicy(debug=False))
        changed = await desk.ask(UpdateIssuerRequest(issuer=given, **mask))
        assert changed.display_name == "Named"
        assert changed.policy == IssuerPolicy(**(EVERYTHING | {"debug": False}))
    nothing = await desk.ask(UpdateIssuerRequest(issuer=Issuer(name=made.name)))
    assert nothing == changed


async def test_ga_11_what_was_read_can_be_sent_back(desk: Desk) -> None:
    made = await desk.issuer("read-back", **EVERYTHING)
    again = await desk.ask(UpdateIssuerRequest(issuer=made))
    assert (again.policy, again.issuer_uri, again.uid) == (made.policy, made.issuer_uri, made.uid)


async def test_ga_11_a_star_replaces_everything_that_can_be(desk: Desk) -> None:
    made = await desk.issuer("starred", **EVERYTHING)
    changed = await desk.ask(update(Issuer(name=made.name, policy=IssuerPolicy(debug=True)), "*"))
    plain = await desk.issuer("starless", debug=True)
    assert changed.policy == plain.policy
    assert changed.issuer_uri == made.issuer_uri


async def test_ga_11_a_list_is_emptied_by_name_only(desk: Desk) -> None:
    made = await desk.issuer("emptied", **EVERYTHING)
    emptied = await desk.ask(update(Issuer(name=made.name), "policy.allowed_origins", "policy.first_party_origins"))
    assert (list(emptied.policy.allowed_origins), list(emptied.policy.first_party_origins)) == ([], [])
    assert list(emptied.policy.scopes) == ["mcp", "openid"]
    request = update(Issuer(name=made.name), "policy.scopes")
    await refused(desk.ask(request), INVALID, "REQUEST_INVALID", "issuer.policy.scopes")
    reset = await desk.ask(update(Issuer(name=made.name), "policy.debug", "policy.grant_ttl"))
    assert (reset.policy.debug, reset.policy.grant_ttl.seconds) == (False, Policy().grant_ttl)


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (["bogus"], "UPDATE_MASK_INVALID"),
        (["policy.bogus"], "UPDATE_MASK_INVALID"),
        (["policy.debug.x"], "UPDATE_MASK_INVALID"),
        (["Policy"], "UPDATE_MASK_INVALID"),
        ([""], "UPDATE_MASK_INVALID"),
        (["policy."], "UPDATE_MASK_INVALID"),
        (["uid"], "UPDATE_MASK_INVALID"),
        (["state"], "UPDATE_MASK_INVALID"),
        (["etag"], "UPDATE_MASK_INVALID"),
        (["create_time"], "UPDATE_MASK_INVALID"),
        (["display_name", "display_name"], "UPDATE_MASK_INVALID"),
        (["*", "display_name"], "UPDATE_MASK_INVALID"),
        (["display_name"] * 10_000, "UPDATE_MASK_INVALID"),
        (["x" * 500_000], "UPDATE_MASK_INVALID"),
        (["name"], "FIELD_IMMUTABLE"),
        (["issuer_uri"], "FIELD_IMMUTABLE"),
    ],
)
async def test_ga_11_a_mask_that_cannot_be_meant_is_refused(desk: Desk, mask: list[str], reason: str) -> None:
    kept = await there(desk, "masked")
    given = Issuer(name="issuers/masked", display_name="No", policy=IssuerPolicy(debug=True))
    await refused(desk.ask(update(given, *mask)), INVALID, reason, "update_mask")
    assert await desk.ask(GetIssuerRequest(name="issuers/masked")) == kept


async def test_ga_11_the_uri_cannot_be_changed(desk: Desk) -> None:
    made = await desk.issuer("bound")
    for mask in ((), ("*",)):
        request = update(Issuer(name=made.name, issuer_uri="https://elsewhere.test", display_name="x"), *mask)
        await refused(desk.ask(request), INVALID, "FIELD_IMMUTABLE", "issuer.issuer_uri")
    assert await desk.ask(GetIssuerRequest(name=made.name)) == made


async def test_an_old_etag_is_refused_with_the_new_one(desk: Desk) -> None:
    made = await desk.issuer("versioned")
    changed = await desk.ask(update(Issuer(name=made.name, display_name="1", etag=made.etag)))
    requests = (
        update(Issuer(name=made.name, display_name="2", etag=made.etag)),
        DisableIssuerRequest(name=made.name, etag=made.etag),
        EnableIssuerRequest(name=made.name, etag="nonsense"),
        DeleteIssuerRequest(name=made.name, etag=made.etag),
    )
    for request in requests:
        why = await refused(desk.ask(request), grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        assert why.metadata["current_etag"] == changed.etag
    assert await desk.ask(GetIssuerRequest(name=made.name)) == changed
    await desk.ask(DisableIssuerRequest(name=made.name, etag=changed.etag))


async def test_of_many_who_change_the_same_version_one_does(desk: Desk) -> None:
    made = await desk.issuer("contended")

    def change(n: int) -> UpdateIssuerRequest:
        policy = IssuerPolicy(access_token_ttl=Duration(seconds=100 + n))
        return update(Issuer(name=made.name, display_name=str(n), policy=policy, etag=made.etag))

    outcomes = await asyncio.gather(*(asyncio.create_task(_outcome(desk.ask(change(n)))) for n in range(20)))
    assert sorted(outcomes) == ["ETAG_MISMATCH"] * 19 + ["made"]
    won = outcomes.index("made")
    kept = await desk.ask(GetIssuerRequest(name=made.name))
    assert (kept.display_name, kept.policy.access_token_ttl.seconds) == (str(won), 100 + won)


async def test_changes_of_many_without_an_etag_all_happen(desk: Desk) -> None:
    made = await desk.issuer("shared")
    fields = [name for name in EVERYTHING if name.endswith("_ttl")]
    requests = [
        update(Issuer(name=made.name, policy=IssuerPolicy(**{name: EVERYTHING[name]})), f"policy.{name}")
        for name in fields
    ]
    await asyncio.gather(*(desk.ask(request) for request in requests))
    kept = await desk.ask(GetIssuerRequest(name=made.name))
    assert {name: getattr(kept.policy, name) for name in fields} == {name: EVERYTHING[name] for name in fields}


# --- life


async def test_a_disabled_issuer_serves_only_what_checks_tokens(desk: Desk) -> None:
    made = await desk.issuer("switched")
    disabled = await desk.ask(DisableIssuerRequest(name=made.name))
    assert disabled.state == Issuer.STATE_DISABLED
    assert disabled.policy == made.policy
    assert (await desk.house.ask("GET", "/.well-known/jwks.json", host="switched.test")).status_code == 200
    register = {"redirect_uris": ["https://app.test/cb"]}
    assert (await desk.house.ask("POST", "/register", host="switched.test", json=register)).status_code == 503
    assert await desk.ask(GetIssuerRequest(name=made.name)) == disabled
    changed = await desk.ask(update(Issuer(name=made.name, display_name="Still")))
    assert (changed.state, changed.display_name) == (Issuer.STATE_DISABLED, "Still")
    enabled = await desk.ask(EnableIssuerRequest(name=made.name))
    assert enabled.state == Issuer.STATE_ACTIVE
    assert (await desk.house.ask("POST", "/register", host="switched.test", json=register)).status_code == 201


async def test_switching_twice_is_no_error(desk: Desk) -> None:
    made = await desk.issuer("twice")
    for request, state in ((DisableIssuerRequest, Issuer.STATE_DISABLED), (EnableIssuerRequest, Issuer.STATE_ACTIVE)):
        for _ in range(2):
            assert (await desk.ask(request(name=made.name))).state == state


async def test_a_deleted_issuer_can_be_brought_back_as_it_was(desk: Desk) -> None:
    made = await desk.issuer("deleted", **EVERYTHING)
    deleted = await desk.ask(DeleteIssuerRequest(name=made.name))
    assert deleted.state == Issuer.STATE_DELETED
    assert deleted.purge_time.seconds == deleted.delete_time.seconds + PURGE_AFTER
    assert not await serves(desk, "deleted.test")
    seen = await desk.ask(GetIssuerRequest(name=made.name))
    assert (seen.state, seen.policy) == (Issuer.STATE_DELETED, made.policy)
    await refused(desk.issuer("deleted", "https://new.test"), TAKEN, "ISSUER_ID_TAKEN")
    await refused(desk.issuer("new", "https://deleted.test"), TAKEN, "ISSUER_URI_TAKEN")
    for request in (
        DeleteIssuerRequest(name=made.name),
        EnableIssuerRequest(name=made.name),
        DisableIssuerRequest(name=made.name),
        update(Issuer(name=made.name, display_name="No")),
    ):
        await refused(desk.ask(request), STATE, "ISSUER_STATE")
    seen = UndeleteIssuerRequest(name=made.name, etag=made.etag)
    await refused(desk.ask(seen), grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    back = await desk.ask(UndeleteIssuerRequest(name=made.name))
    assert (back.state, back.policy, back.uid) == (Issuer.STATE_ACTIVE, made.policy, made.uid)
    assert not back.HasField("delete_time")
    assert await serves(desk, "deleted.test")
    await refused(desk.ask(UndeleteIssuerRequest(name=made.name)), STATE, "ISSUER_STATE")


@pytest.mark.parametrize("restart", [False, True])
async def test_one_that_was_disabled_comes_back_disabled_and_only_then(tmp_path: Path, restart: bool) -> None:
    async with admin_desk(tmp_path) as desk:
        made = await desk.issuer("dormant")
        await desk.ask(DisableIssuerRequest(name=made.name))
        for state in (Issuer.STATE_DISABLED, Issuer.STATE_ACTIVE):
            await desk.ask(DeleteIssuerRequest(name=made.name))
            if restart:
                await desk.house.registry.stop()
                await desk.house.registry.start()
            assert (await desk.ask(UndeleteIssuerRequest(name=made.name))).state == state
            assert (await desk.ask(EnableIssuerRequest(name=made.name))).state == Issuer.STATE_ACTIVE


async def test_what_was_purged_is_gone_but_its_names_stay_taken(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        made = await desk.issuer("purged")
        await desk.ask(DeleteIssuerRequest(name=made.name))
        desk.house.clock.now += PURGE_AFTER
        await desk.house.registry.ring()
        assert not list(desk.house.data_dir.rglob(f"{made.uid}*"))
        for request in (GetIssuerRequest, UndeleteIssuerRequest, DeleteIssuerRequest, EnableIssuerRequest):
            why = await refused(desk.ask(request(name=made.name)), GONE, "ISSUER_NOT_FOUND")
            assert why.resource == ("admin.tenantry.dev/Issuer", "issuers/purged")
        assert list((await desk.ask(ListIssuersRequest(show_deleted=True))).issuers) == []
        await refused(desk.issuer("purged", "https://new.test"), TAKEN, "ISSUER_ID_TAKEN")
        await refused(desk.issuer("new", "https://purged.test"), TAKEN, "ISSUER_URI_TAKEN")


async def test_an_issuer_comes_back_until_its_time_is_over_and_never_after(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        names = [(await desk.issuer(f"old-{n}")).name for n in range(3)]
        for name in names:
            await desk.ask(DeleteIssuerRequest(name=name))
        desk.house.clock.now += PURGE_AFTER - 1
        assert await _outcome(desk.ask(UndeleteIssuerRequest(name=names[0]))) == "made"
        desk.house.clock.now += 1
        assert await _outcome(desk.ask(UndeleteIssuerRequest(name=names[1]))) == "ISSUER_STATE"
        ringing = asyncio.create_task(desk.house.registry.ring())
        assert await _outcome(desk.ask(UndeleteIssuerRequest(name=names[2]))) in ("ISSUER_STATE", "ISSUER_NOT_FOUND")
        await ringing
        seen = [await _outcome(desk.ask(GetIssuerRequest(name=name))) for name in names]
        assert seen == ["made", "ISSUER_NOT_FOUND", "ISSUER_NOT_FOUND"]


async def test_an_issuer_deleted_while_it_maintains_itself_is_kept_for_as_long_as_any(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        made = await desk.issuer("busy")
        begun, go_on = threading.Event(), threading.Event()

        def slow(turn: Turn, _: None) -> None:
            begun.set()
            go_on.wait(10)

        turn = asyncio.ensure_future(desk.house.registry.tenant("busy").actor.run(slow, None))
        await asyncio.to_thread(begun.wait, 10)
        desk.house.clock.now += 2 * DAY
        ringing = asyncio.ensure_future(desk.house.registry.ring())
        await desk.ask(ListIssuersRequest())  # behind what is due in the registry's mailbox
        deleting = asyncio.ensure_future(desk.ask(DeleteIssuerRequest(name=made.name)))
        while (await desk.ask(ListIssuersRequest())).issuers:
            assert not deleting.done()
        go_on.set()
        await asyncio.gather(turn, ringing, deleting)
        [kept] = desk.house.registry.page("", 10, with_deleted=True)
        assert kept.purge_at == desk.house.clock.now + PURGE_AFTER


# --- listing


async def test_ga_18_pages_hold_every_issuer_once(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        ids = [f"i-{n:02}" for n in range(7)]
        for issuer_id in ids:
            await desk.issuer(issuer_id)
        await desk.ask(DeleteIssuerRequest(name="issuers/i-03"))
        live = [issuer_id for issuer_id in ids if issuer_id != "i-03"]
        for size in (1, 2, 3, 6, 7):
            assert await listed(desk, size) == live
            assert await listed(desk, size, show_deleted=True) == ids
        assert await listed(desk, 0) == live
        assert await listed(desk, 2**31 - 1) == live


async def test_a_list_wakes_nobody(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        for n in range(5):
            await desk.issuer(f"i-{n}")
        assert desk.house.residence.awake == 0
        listed = (await desk.ask(ListIssuersRequest())).issuers
        assert desk.house.residence.awake == 0
        assert [issuer for issuer in listed if issuer.HasField("policy")] == []
        whole = await desk.ask(GetIssuerRequest(name="issuers/i-0"))
        assert set(paths(whole)) - set(paths(listed[0])) == {"policy"}


async def test_ga_18_a_page_token_is_good_for_its_own_list_only(desk: Desk) -> None:
    for n in range(3):
        await there(desk, f"paged-{n}")
    page = await desk.ask(ListIssuersRequest(page_size=1))
    token = page.next_page_token
    assert token
    await desk.ask(ListIssuersRequest(page_size=2, page_token=token))  # another size is no other list
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for other in (
        ListIssuersRequest(page_token=token, show_deleted=True),
        *(
            ListIssuersRequest(page_token=bad)
            for bad in (flipped, token[:-4], token + "=", f"{token}!", "x", "é", "\0")
        ),
        *(ListIssuersRequest(page_token=bad) for bad in ("first", "A" * 24, "A" * 100_000, token.replace("A", "A\n"))),
    ):
        if other.page_token != token or other.show_deleted:
            await refused(desk.ask(other), INVALID, "PAGE_TOKEN_INVALID", "page_token")
    await refused(desk.ask(ListIssuersRequest(page_size=-1)), INVALID, "REQUEST_INVALID", "page_size")


async def listed(desk: Desk, size: int, *, show_deleted: bool = False) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        page = await desk.ask(ListIssuersRequest(page_size=size, page_token=token, show_deleted=show_deleted))
        assert len(page.issuers) <= (size or 50)
        found += [issuer.name.removeprefix("issuers/") for issuer in page.issuers]
        token = page.next_page_token
        if not token:
            return found
        assert len(page.issuers) == size


async def there(desk: Desk, issuer_id: str) -> Issuer:
    try:
        return await desk.ask(GetIssuerRequest(name=f"issuers/{issuer_id}"))
    except grpc.aio.AioRpcError:
        return await desk.issuer(issuer_id)


async def _outcome(call: Any) -> str:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return told(error).reason
    return "made"


async def test_a_filter_leaves_over_those_that_it_holds_of(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        for issuer_id, uri in (("a", "https://a.test"), ("b", "https://auth.test/b"), ("c", "https://auth.test/c")):
            await desk.issuer(issuer_id, uri)
        await desk.ask(DisableIssuerRequest(name="issuers/b"))
        for wanted, found in (
            ('issuer_uri = "https://auth.test/*"', ["b", "c"]),
            ('issuer_uri = "https://auth.test/*" AND state = STATE_ACTIVE', ["c"]),
            ("state != STATE_ACTIVE", ["b"]),
            ('id = "a"', ["a"]),
            ('create_time > "2100-01-01T00:00:00Z"', []),
        ):
            request, ids = ListIssuersRequest(filter=wanted, page_size=1), list[str]()
            while True:
                page = await desk.ask(request)
                ids += [each.name.removeprefix("issuers/") for each in page.issuers]
                request.page_token = page.next_page_token
                if not request.page_token:
                    break
            assert ids == found, wanted
        page = await desk.ask(ListIssuersRequest(filter='issuer_uri = "https://auth.test/*"', page_size=1))
        other = ListIssuersRequest(filter="state != STATE_DELETED", page_token=page.next_page_token)
        await refused(desk.ask(other), INVALID, "PAGE_TOKEN_INVALID", "page_token")
        for wrong in ("state = active", "policy = x", "state"):
            await refused(desk.ask(ListIssuersRequest(filter=wrong)), INVALID, "FILTER_INVALID", "filter")
