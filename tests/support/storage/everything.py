"""All that a tenant's store holds, told in one value, and one work that uses every verb that writes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from tenants.problems import AlreadyThere
from tenants.records import Identity, Policy
from tenants.store import Done, Tx
from tests.support.storage import samples
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance, error_of
from tests.support.storage.samples import (
    MOST,
    NOW,
    client,
    device_request,
    digest,
    grant,
    kept_token,
    key,
    message,
    organization,
    provider,
    registration_token,
    resource,
    session,
    user,
    workload_issuer,
)

ALL = 10_000


def contents(tx: Tx, sessions: Iterable[bytes]) -> dict[str, Any]:
    """Everything that can be listed, and the sessions that `sessions` are digests of. Tickets can only be spent."""
    users = list(tx.users.page("", ALL))
    grants = list(tx.grants.page(0, ALL))
    owners = {user.id for user in users} | {grant.user_id for grant in grants if grant.user_id} | {"u1", "u2"}
    return {
        "issuer": tx.issuer.get(),
        "clients": list(tx.clients.page("", ALL)),
        "registration tokens": list(tx.registration_tokens.page("", ALL)),
        "users": users,
        "identity providers": list(tx.identity_providers.all()),
        "resources": list(tx.resources.all()),
        "workload issuers": list(tx.workload_issuers.all()),
        "organizations": list(tx.organizations.page("", ALL)),
        "sessions": [tx.sessions.find(each) for each in sessions],
        "consents": [consent for owner in sorted(owners) for consent in tx.consents.of_user(owner)],
        "grants": grants,
        "device requests": [tx.device_requests.find(id) for id in range(10)],
        "outbox": [list(tx.outbox.due(kind, MOST, ALL)) for kind in samples.KINDS],
        "kept tokens": list(tx.kept_tokens.due(MOST, ALL)),
        "signing keys": list(tx.signing_keys.all()),
        "events": list(tx.events.page(0, ALL)),
        "answers": [tx.answers.find(digest(name)) for name in ("a1", "a2", "a3", "new")],
    }


def fill(tx: Tx) -> None:
    """Something of each kind."""
    for n in (1, 2, 3):
        tx.clients.add(client(f"c{n}", last_used_at=n))
        tx.registration_tokens.add(registration_token(f"t{n}", uses_left=n, expires_at=NOW + n))
        tx.users.add(user(f"u{n}", email=f"u{n}@example.com"))
        tx.identity_providers.add(provider(f"p{n}", version=n))
        tx.resources.add(resource(f"r{n}", version=n))
        tx.workload_issuers.add(workload_issuer(f"w{n}", version=n))
        tx.organizations.add(organization(f"o{n}", slug=f"s{n}", domains=(f"{n}.example", f"{n}.test")))
        tx.sessions.add(session(f"s{n}", user_id=f"u{n}", expires_at=n))
        tx.consents.put(samples.consent("u1", f"c{n}"))
        tx.tickets.spend(bytes([n]), n)
        tx.grants.add(grant(n, client_id="c1", user_id=f"u{n}"))
        tx.device_requests.add(device_request(n, expires_at=n))
        tx.outbox.add(message(f"m{n}", due_at=n))
        tx.outbox.add(message(f"n{n}", "logout", n))
        tx.kept_tokens.put(kept_token(f"u{n}", f"p{n}", due_at=n))
        tx.signing_keys.add(key(f"k{n}", state="current" if n == 2 else "retired"))
        tx.events.add(samples.event("filled", n))
        tx.answers.add(samples.answer(f"a{n}", expires_at=n))


def upset(tx: Tx) -> None:
    """Use every verb that writes, each to some effect."""
    tx.issuer.change(replace(samples.ISSUER, policy=Policy(), sealed_data_key=b"other", webhook=None))
    tx.clients.add(client("new"))
    tx.clients.change(client("c1", name="changed"))
    tx.clients.used("c1", NOW + 1)
    tx.clients.remove("c3")
    assert tx.clients.sweep(NOW, 9) == 1
    tx.registration_tokens.add(registration_token("new"))
    assert tx.registration_tokens.spend(digest("t3"), NOW) == "t3"
    assert tx.registration_tokens.remove("t2")
    assert tx.registration_tokens.sweep(NOW + 1, 9) == 1
    tx.users.add(user("new"))
    tx.users.change(user("u1", email="changed@example.com", identities=(Identity("p1", "1"), Identity("dev", "2"))))
    tx.users.remove("u2")
    tx.identity_providers.add(provider("new"))
    assert tx.identity_providers.change(provider("p1", display_name="changed", version=2), version=1)
    assert tx.identity_providers.remove("p2")
    tx.resources.add(resource("new"))
    assert tx.resources.change(resource("r1", display_name="changed", version=2), version=1)
    assert tx.resources.remove("r2")
    tx.workload_issuers.add(workload_issuer("new"))
    assert tx.workload_issuers.change(workload_issuer("w1", display_name="changed", version=2), version=1)
    assert tx.workload_issuers.remove("w2")
    tx.organizations.add(organization("new", slug="new", domains=("new.example",)))
    tx.organizations.change(organization("o1", slug="S1", domains=("1.test", "one.example")))
    tx.organizations.remove("o2")
    tx.sessions.add(session("new"))
    assert tx.sessions.note_client(digest("new"), "c1")
    tx.sessions.remove(digest("s1"))
    assert tx.sessions.sweep(9, 9) == 2
    tx.consents.put(replace(samples.consent("u1", "c1"), scopes=("changed",)))
    assert tx.consents.remove("u1", "c2") == 1
    assert tx.consents.remove_of_client("c3") == 1
    tx.consents.put(samples.consent("u9", "c3"))
    assert tx.consents.remove_of_user("u9") == 1
    tx.consents.put(samples.consent("u2", "c2", "https://r1.example"))
    assert tx.consents.remove_for_resource("https://r1.example") == 1
    assert tx.tickets.spend(b"new", NOW)
    assert tx.tickets.sweep(9, 9) == 3
    tx.grants.add(grant(9))
    assert tx.grants.rotate(grant(1, generation=1, successor=b"s"), generation=0)
    tx.grants.add(grant(7, client_id="c7", access=(samples.token("t", NOW + 9),)))
    assert tx.grants.end_access(7, digest("t"), NOW)
    assert tx.grants.revoke(1, NOW)
    assert tx.grants.revoke_of_user("u2", NOW) == 1
    assert tx.grants.revoke_from_provider("u3", "dev", NOW) == 1
    assert tx.grants.revoke_of_client("c1", NOW) == 1
    tx.grants.add(grant(8, client_id="c9", resource="https://r1.example"))
    assert tx.grants.revoke_for_resource("https://r1.example", NOW) == 1
    assert tx.grants.sweep(NOW, 0, 2) == 2
    tx.device_requests.add(device_request(9))
    assert tx.device_requests.polled(9, NOW, 10)
    assert tx.device_requests.deny(3, NOW)
    assert tx.device_requests.take(2)
    assert tx.device_requests.sweep(1, 9) == 1
    tx.outbox.add(message("new"))
    assert tx.outbox.put_off("m1", 9, 1)
    assert tx.outbox.remove("m2")
    assert tx.outbox.remove_all("webhook") == 3
    tx.outbox.add(message("m3"))
    assert tx.outbox.hasten("webhook", 9, 5, 9) == 1
    assert tx.outbox.put_off("n1", 9, 1)
    assert tx.outbox.remove("n2")
    tx.kept_tokens.put(kept_token("u1", "p1", sealed=b"changed"))
    assert tx.kept_tokens.change(kept_token("u1", "p1", sealed=b"again"), former=b"changed")
    assert tx.kept_tokens.hasten("p1", 9, 5, 9) == 1
    assert tx.kept_tokens.remove("u2", "p2")
    assert tx.kept_tokens.remove_of_provider("p3") == 1
    tx.kept_tokens.put(kept_token("u9", "p1"))
    assert tx.kept_tokens.remove_of_user("u9") == 1
    tx.signing_keys.change(key("k2", state="retired"))
    tx.signing_keys.add(key("new", state="current"))
    tx.signing_keys.remove("k1")
    tx.events.add(samples.event("new"))
    assert tx.events.sweep(9, 2) == 2
    tx.answers.add(samples.answer("new"))
    assert tx.answers.sweep(2, 9) == 2


def refused(attempt: Callable[[], object]) -> bool:
    """Whether it is AlreadyThere; caught, so that only the verb itself can have left nothing behind."""
    try:
        attempt()
    except AlreadyThere:
        return True
    return False


SESSIONS = tuple(digest(name) for name in ("s1", "s2", "s3", "new"))


class WholeConformance(StoreConformance[Tx]):
    async def test_whatever_a_work_did_it_is_undone_if_it_raises(self, kept: Kept[Tx]) -> None:
        def upset_and_fail(tx: Tx) -> None:
            upset(tx)
            raise Unexpected

        await kept.do(fill)
        before = await kept.do(lambda tx: contents(tx, SESSIONS))
        commit = await kept.batch(
            upset_and_fail, lambda tx: contents(tx, SESSIONS), lambda tx: tx.tickets.spend(b"\2", 2)
        )
        assert isinstance(error_of(commit.outcomes[0]), Unexpected)
        assert [commit.outcomes[1], commit.outcomes[2]] == [Done(before), Done(False)]
        assert await kept.do(lambda tx: contents(tx, SESSIONS)) == before
        await kept.reopen()
        assert await kept.do(lambda tx: contents(tx, SESSIONS)) == before

    async def test_whatever_a_work_did_it_is_kept_if_it_returns(self, kept: Kept[Tx]) -> None:
        await kept.do(fill)
        before = await kept.do(lambda tx: contents(tx, SESSIONS))
        await kept.do(upset)
        after = await kept.do(lambda tx: contents(tx, SESSIONS))
        assert [kind for kind in before if before[kind] == after[kind]] == []
        await kept.reopen()
        assert await kept.do(lambda tx: contents(tx, SESSIONS)) == after

    async def test_what_is_done_to_a_mapping_after_it_was_given_changes_nothing(self, kept: Kept[Tx]) -> None:
        def give_and_touch(tx: Tx) -> None:
            given: dict[str, Any] = {"a": ["b"]}
            text = {"kid": "k"}
            for touched in (False, True):
                tx.clients.add(client(f"c {touched}", metadata=given, jwks=text))
                tx.users.add(user(f"u {touched}", metadata=given))
                tx.organizations.add(organization(f"o {touched}", metadata=given))
                tx.identity_providers.add(provider(f"p {touched}", public_jwk=text))
                tx.workload_issuers.add(workload_issuer(f"w {touched}", jwks=given))
                tx.signing_keys.add(key(f"k {touched}", public_jwk=text))
                tx.events.add(replace(samples.event("given"), details=given))
                tx.grants.add(grant(1 + touched, actor=given))
                tx.clients.change(client(f"c {touched}", metadata=given, jwks=text))
                tx.identity_providers.change(provider(f"p {touched}", public_jwk=text), version=1)
                tx.workload_issuers.change(workload_issuer(f"w {touched}", jwks=given), version=1)
                given["a"].append("c")
                given["d"] = text["d"] = "d"

        def found(tx: Tx) -> list[Mapping[str, Any]]:
            first = tx.clients.find("c False"), tx.users.find("u False"), tx.organizations.find("o False")
            return [
                *(each.metadata for each in first if each is not None),
                tx.workload_issuers.all()[0].jwks or {},
                tx.grants.page(0, 1)[0].actor or {},
                tx.clients.page("", 1)[0].jwks or {},
                tx.identity_providers.all()[0].public_jwk or {},
                tx.signing_keys.all()[0].public_jwk,
                tx.events.page(0, 1)[0].details,
            ]

        await kept.do(give_and_touch)
        assert await kept.do(found) == [{"a": ["b"]}] * 5 + [{"kid": "k"}] * 3 + [{"a": ["b"]}]

    async def test_what_a_refused_verb_left_is_nothing(self, kept: Kept[Tx]) -> None:
        def try_all(tx: Tx) -> int:
            tries: tuple[Callable[[], object], ...] = (
                lambda: tx.issuer.found(replace(samples.ISSUER, id="thief")),
                lambda: tx.clients.add(client("c1", name="thief")),
                lambda: tx.registration_tokens.add(registration_token("t1", digest=digest("thief"))),
                lambda: tx.registration_tokens.add(registration_token("thief", digest=digest("t1"))),
                lambda: tx.users.add(user("u1", name="thief")),
                lambda: tx.users.add(user("thief", subject="subject of u1")),
                lambda: tx.users.change(user("u2", subject="subject of u1")),
                lambda: tx.users.add(user("thief", identities=(Identity("p1", "1"), *user("u1").identities))),
                lambda: tx.users.change(user("u2", identities=(Identity("p1", "1"), *user("u1").identities))),
                lambda: tx.users.add(user("thief", identities=(Identity("p1", "1"),) * 2)),
                lambda: tx.users.change(user("u2", identities=(Identity("p1", "1"),) * 2)),
                lambda: tx.identity_providers.add(provider("p1", display_name="thief")),
                lambda: tx.resources.add(resource("r1", uri="https://thief.example", canonical_uri="thief")),
                lambda: tx.resources.add(resource("thief", canonical_uri="https://r1.example")),
                lambda: tx.workload_issuers.add(workload_issuer("w1", issuer_uri="https://thief.example")),
                lambda: tx.workload_issuers.add(workload_issuer("thief", issuer_uri="https://w1.example")),
                lambda: tx.organizations.add(organization("o1")),
                lambda: tx.organizations.add(organization("thief", slug="S1")),
                lambda: tx.organizations.add(organization("thief", domains=("new.example", "1.EXAMPLE"))),
                lambda: tx.organizations.change(organization("o2", domains=("new.example", "1.EXAMPLE"))),
                lambda: tx.sessions.add(session("s1", user_id="thief")),
                lambda: tx.grants.add(grant(1, user_id="thief")),
                lambda: tx.device_requests.add(device_request(1, user_code=digest("free"))),
                lambda: tx.device_requests.add(device_request(9, user_code=digest("user code of 1"))),
                lambda: tx.outbox.add(message("m1", "logout", 9)),
                lambda: tx.answers.add(samples.answer("a1", sealed=b"thief")),
                lambda: tx.signing_keys.add(key("k1", algorithm="EdDSA")),
                lambda: tx.signing_keys.add(key("thief", state="current")),
                lambda: tx.signing_keys.change(key("k1", state="current")),
            )
            return sum(map(refused, tries)) - len(tries)

        await kept.do(fill)
        before = await kept.do(lambda tx: contents(tx, SESSIONS))
        assert await kept.do(try_all) == 0
        assert await kept.do(lambda tx: contents(tx, SESSIONS)) == before
