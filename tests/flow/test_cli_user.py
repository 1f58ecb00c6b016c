"""`tenantry user`, `session`, `grant` and `operation` against a running server that somebody has signed in to."""

import asyncio
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from protos.admin.v1.user_service_pb2 import User
from server.cli.user import OPTIONS
from tests.fault.recorded import Hand, told
from tests.fault.served import Caller
from tests.flow.town import settle
from tests.support.admin import TOKEN, admin_desk
from tests.support.command import Ran, tenantry
from tests.support.process import RunningTenantry, tenantry_dev

SET_BY_SERVER = {"name", "user_id", "identities", "disabled", "etag"} | {
    field.name for field in User.DESCRIPTOR.fields if field.name.endswith("_time")
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningTenantry]:
    words = ("--auto-sign-in", "dev@example.com", "--auto-consent")
    with tenantry_dev(tmp_path_factory.mktemp("house") / "data", *words) as server:
        yield server


@pytest.fixture(scope="module")
def hand(server: RunningTenantry) -> Generator[Hand]:
    hand = Hand(Caller(server.port, f"localhost:{server.port}"))
    yield hand
    hand.caller.close()


def allowed(hand: Hand) -> str:
    """A client that a user has just allowed something, and that has tokens for it."""
    client = hand.register()
    told(hand.redeem(hand.authorize(client)), 200)
    return client


def run(server: RunningTenantry, *words: str) -> Ran:
    return tenantry(*words, cwd=Path.cwd(), TENANTRY_ADDRESS=server.grpc, TENANTRY_TOKEN=server.admin_token)


def read(server: RunningTenantry, *words: str) -> Any:
    return run(server, *words, "-o", "json").value


def test_a_user_is_made_seen_changed_switched_and_deleted(server: RunningTenantry) -> None:
    made = read(
        server, "user", "create", "demo", "--identity", "dev eve@example.com", "--id", "u_eve", "--role", "admin"
    )
    assert (made["name"], made["roles"], made["fixed_fields"]) == ("issuers/demo/users/u_eve", ["admin"], ["roles"])
    assert made["identities"] == [{"provider": "dev", "subject": "eve@example.com"}]
    for name in ("u_eve", made["name"]):
        assert read(server, "user", "get", "demo", name) == made
    assert made in read(server, "user", "list", "demo")
    assert read(server, "user", "list", "demo", "--filter", "role:admin") == [made]
    changed = read(server, "user", "update", "demo", "u_eve", "--email", "eve@example.com", "--role", "")
    assert (changed["email"], changed.get("roles")) == ("eve@example.com", None)
    late = run(server, "user", "update", "demo", "u_eve", "--role", "x", "--etag", made["etag"])
    assert "it has changed" in late.failed(1)
    assert "nothing to change" in run(server, "user", "update", "demo", "u_eve").failed(2)
    assert read(server, "user", "disable", "demo", "u_eve")["disabled"] is True
    assert "disabled" not in read(server, "user", "enable", "demo", "u_eve")
    assert read(server, "user", "sign-out", "demo", "u_eve")["name"] == made["name"]
    assert run(server, "user", "delete", "demo", "u_eve", "--yes").out == f"deleted {made['name']}\n"
    assert "NOT_FOUND" in run(server, "user", "get", "demo", "u_eve").failed(1)
    assert run(server, "user", "create", "demo", "--identity", "nobody x").failed(1)


def test_every_field_of_a_user_has_an_option_and_takes_effect(server: RunningTenantry) -> None:
    assert OPTIONS.keys() == {field.name for field in User.DESCRIPTOR.fields} - SET_BY_SERVER
    words = ["--email", "a@example.com", "--email-verified", "--display-name", "Ada", "--role", "a", "--role", "b"]
    words += ["--permission", "c"]
    wanted = {
        "email": "a@example.com",
        "email_verified": True,
        "display_name": "Ada",
        "roles": ["a", "b"],
        "permissions": ["c"],
        "fixed_fields": ["email", "name", "roles", "permissions"],
    }
    made = read(server, "user", "create", "demo", "--identity", "dev every", *words)
    assert {name: made[name] for name in wanted} == wanted
    free = read(server, "user", "update", "demo", made["user_id"], "--fixed-field", "roles")
    assert free["fixed_fields"] == ["roles"]
    assert "--organization" in run(server, "user", "update", "demo", made["user_id"], "--organization", "x").failed(1)
    emptied = ["--email", "", "--email-unverified", "--display-name", "", "--role", "", "--permission", ""]
    assert not read(server, "user", "update", "demo", made["user_id"], *emptied).keys() & {*wanted} - {"fixed_fields"}


def test_grants_are_listed_shown_and_ended(server: RunningTenantry, hand: Hand) -> None:
    client = allowed(hand)
    [user] = read(server, "user", "list", "demo", "--filter", "email = dev@example.com")
    [grant] = read(server, "grant", "list", "demo", "--client", client)
    assert (grant["user"], grant["state"]) == (user["name"], "STATE_ACTIVE")
    assert grant in read(server, "grant", "list", "demo", "--user", user["name"], "--filter", "state = active")
    assert read(server, "grant", "get", "demo", grant["name"]) == grant
    revoked = read(server, "grant", "revoke", "demo", grant["name"].rpartition("/")[2], "--reason", "lost", "--yes")
    assert revoked["state"] == "STATE_REVOKED"


async def test_sessions_are_listed_shown_and_ended(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        await settle(desk.house)

        async def ran(*words: str) -> Ran:
            known = {"TENANTRY_ADDRESS": desk.address, "TENANTRY_TOKEN": TOKEN}
            return await asyncio.to_thread(tenantry, *words, cwd=tmp_path, **known)

        [session] = (await ran("session", "list", "a", "-o", "json")).value
        for words in (("--user", session["user"]), ("--filter", "provider = dev")):
            assert (await ran("session", "list", "a", *words, "-o", "json")).value == [session]
        assert (await ran("session", "list", "a", "--user", "u_nobody", "-o", "json")).value == []
        assert (await ran("session", "get", "a", session["name"], "-o", "json")).value == session
        assert (await ran("session", "delete", "a", session["name"], "--yes")).out == f"deleted {session['name']}\n"
        assert "NOT_FOUND" in (await ran("session", "get", "a", session["name"])).failed(1)


def test_many_grants_end_in_an_operation_that_can_be_watched(server: RunningTenantry, hand: Hand) -> None:
    client, other = allowed(hand), allowed(hand)
    counted = read(server, "grant", "revoke-many", "demo", "--client", client, "--dry-run")
    assert counted["response"]["revoked_count"] == "1"
    done = read(server, "grant", "revoke-many", "demo", "--client", client, "--provider", "dev", "--yes")
    assert (done["done"], done["response"]["revoked_count"]) == (True, "1")
    assert done["metadata"]["progress_percent"] == 100
    again = run(server, "grant", "revoke-many", "demo", "--client", client, "--reason", "lost", "--dry-run")
    assert (again.out, again.err) == ("0 grants would end\n", "")
    assert read(server, "grant", "list", "demo", "--client", other)[0]["state"] == "STATE_ACTIVE"
    begun = read(server, "grant", "revoke-many", "demo", "--all", "--no-wait", "--yes")
    ended = read(server, "operation", "wait", begun["name"])
    assert ended["done"] is True
    assert read(server, "operation", "get", begun["name"]) == ended
    late = run(server, "operation", "cancel", begun["name"], "-o", "json")
    assert late.value == ended
    assert late.err == f"tenantry: {begun['name']} has ended before; nothing was cancelled\n"
    listed = {each["name"]: each["metadata"] for each in read(server, "operation", "list", "demo")}
    assert {counted["name"], done["name"], begun["name"]} < listed.keys()
    condition = f'client = "{client}"'
    assert {(each["verb"], each["which"], each.get("reason")) for each in listed.values()} == {
        ("countGrants", condition, None),
        ("countGrants", condition, "lost"),
        ("revokeGrants", f'{condition} AND provider = "dev"', None),
        ("revokeGrants", "all", None),
    }
    header, *rows = run(server, "operation", "list", "--filter", "verb = revokeGrants").out.splitlines()
    assert header.split()[:3] == ["NAME", "VERB", "DONE"]
    assert [done["name"], "revokeGrants", "true", "100"] in [row.split()[:4] for row in rows]
    assert len(rows) == 2
    shown = dict(
        re.split(r": +", line, maxsplit=1) for line in run(server, "operation", "get", done["name"]).out.splitlines()
    )
    assert (shown["revoked_count"], shown["done"]) == ("1", "true")
    assert shown.keys() == {"name", "done", "revoked_count", *done["metadata"]} - {"@type"}
    assert run(server, "operation", "delete", done["name"], "--yes").out == f"deleted {done['name']}\n"
    assert "NOT_FOUND" in run(server, "operation", "wait", done["name"]).failed(1)


def test_people_read_how_many_grants_ended(server: RunningTenantry, hand: Hand) -> None:
    client = allowed(hand)
    words = ("grant", "revoke-many", "demo", "--client", client, "--yes")
    assert run(server, *words, "--dry-run").out == "1 grant would end\n"
    assert run(server, *words).out == "1 grant ended\n"
    assert run(server, *words).out == "0 grants ended\n"
    counted = read(server, *words, "--dry-run")
    assert re.search(r"^revoked_count: +0$", run(server, "operation", "get", counted["name"]).out, re.MULTILINE)


def test_which_grants_are_to_end_must_be_said(server: RunningTenantry) -> None:
    for words in ((), ("--all", "--user", "u_x")):
        assert "--all" in run(server, "grant", "revoke-many", "demo", *words).failed(2)
    assert (
        run(server, "grant", "revoke-many", "demo", "--filter", "x", "--yes")
        .failed(1)
        .startswith("tenantry: --filter: ")
    )
