"""A tenant's file that an earlier version made is brought up to date when it wakes, and loses nothing by it."""

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage_sqlite.schema import APPLICATION_ID, tenant
from storage_sqlite.stores import TenantStores
from tenants.problems import Broken
from tenants.records import (
    AccessRule,
    ClaimMapping,
    Client,
    ClientSecret,
    Grant,
    Identity,
    IdentityProvider,
    Issuer,
    LiveToken,
    Message,
    Policy,
    Session,
    SigningKey,
    User,
)
from tenants.store import Stores, Tx
from tests.support.storage import samples
from tests.support.storage.kept import Kept
from tests.support.tenant import dump_of

UID = samples.ISSUER.uid
OLDER = range(1, len(tenant.STEPS))

WRITTEN_THEN = (
    """
    INSERT INTO issuer (only, id, uid, uri, policy, sealed_data_key) VALUES
        (1, 'acme', '0b81f7cc-2b3f-4b0e-9a54-1d5f0f6a1c11', 'https://acme.example',
         '{"access_token_ttl":60,"scopes":["openid","files:read"],"resources":["https://mcp.example","https://b.example"],'
         || '"debug":true,"dynamic_registration":false}', x'00ff');
    INSERT INTO clients (id, name, origin, auth_method, redirect_uris, grant_types, response_types, secrets, scopes,
                         application_type, resources, metadata, created_at, last_used_at, disabled_at) VALUES
        ('c1', 'App', 'admin', 'client_secret_basic', '["https://app.example/cb"]',
         'authorization_code refresh_token', 'code', '[["AP8=",9]]', 'openid', 'web', '["https://mcp.example"]',
         '{"client_uri":"https://app.example"}', 1, 2, NULL);
    INSERT INTO users (id, provider, subject, email, email_verified, name, organization_id, roles, permissions,
                       metadata, created_at, updated_at, last_login_at, disabled_at) VALUES
        ('u1', 'google', 'Ada''s', 'Ada@example.com', 1, 'Ada', 'o1', '["admin"]', '["a:b"]', '{"groups":["g"]}',
         1, 2, 3, NULL),
        ('u2', 'dev', 'bob', NULL, 0, NULL, NULL, '[]', '[]', '{}', 4, 5, NULL, 6);
    INSERT INTO sessions (digest, user_id, authenticated_at, expires_at) VALUES
        (x'01', 'u1', 7, 8), (x'02', 'u2', 9, 10), (x'03', 'removed', 11, 12);
    INSERT INTO grants (id, user_id, client_id, scopes, resource, created_at, expires_at, authenticated_at, nonce,
                        revoked_at, code_digest, code_challenge, redirect_uri, code_expires_at, code_spent_at,
                        generation, rotated_at, refresh_digest, refresh_expires_at, successor, access,
                        access_expires_at) VALUES
        (1, 'u1', 'c1', 'openid files:read', 'https://mcp.example', 1, 2, 3, 'n', NULL, x'04', 'challenge',
         'https://app.example/cb', 5, 6, 7, 8, x'05', 9, x'06', '[["AP8=",1,9,"openid"]]', 9),
        (2, 'u2', 'c1', '', 'https://mcp.example', 1, 2, 3, NULL, 4, x'', '', '', 5, NULL, 0,
         NULL, NULL, NULL, NULL, '[]', 0),
        (3, 'removed', 'c1', '', 'https://mcp.example', 1, 2, 3, NULL, 4, x'', '', '', 5, NULL, 0,
         NULL, NULL, NULL, NULL, '[]', 0);
    INSERT INTO signing_keys (id, algorithm, state, public_jwk, sealed_private, created_at, activated_at, retired_at,
                              expires_at) VALUES ('k1', 'ES256', 'current', '{"kid":"k1"}', x'00', 1, 2, NULL, NULL);
    """,
    """
    INSERT INTO identity_providers (id, kind, display_name, issuer_uri, authorization_uri, token_uri, user_uri,
                                    jwks_uri, client_id, auth_method, sealed_secret, scopes, claims, access,
                                    login_domains, created_at, updated_at, disabled_at, version) VALUES
        ('google', 'google', 'Google', 'https://accounts.google.com', '', '', '', '', 'ours', 'client_secret_post',
         x'07', '["openid"]', '{"subject":"sub"}',
         '{"email_domains":["example.com"],"organizations":[],"groups":[]}', '["example.com"]', 1, 2, NULL, 3);
    """,
    """
    INSERT INTO deliveries (id, body, created_at, due_at, attempts) VALUES ('msg_1', '{"type":"ping"}', 1, 2, 3);
    INSERT INTO logout_notices (id, client_id, user_id, sid, created_at, due_at, attempts) VALUES
        ('n1', 'c1', 'u1', 'sid of ada', 4, 5, 6);
    """,
)
"""What a version that knew so many steps wrote with its own SQL, beyond what those before it had written."""

ISSUER = Issuer(
    id="acme",
    uid=UID,
    uri="https://acme.example",
    policy=Policy(access_token_ttl=60, scopes=("openid", "files:read"), debug=True, registration="closed"),
    sealed_data_key=b"\0\xff",
)
CLIENT = Client(
    id="c1",
    name="App",
    origin="admin",
    redirect_uris=("https://app.example/cb",),
    grant_types=("authorization_code", "refresh_token"),
    response_types=("code",),
    auth_method="client_secret_basic",
    secrets=(ClientSecret(digest=b"\0\xff", expires_at=9),),
    scopes=("openid",),
    application_type="web",
    resources=("https://mcp.example",),
    metadata={"client_uri": "https://app.example"},
    created_at=1,
    last_used_at=2,
)
USERS = [
    User(
        id="u1",
        identities=(Identity("google", "Ada's"),),
        email="Ada@example.com",
        email_verified=True,
        name="Ada",
        organization_id="o1",
        roles=("admin",),
        permissions=("a:b",),
        metadata={"groups": ["g"]},
        created_at=1,
        updated_at=2,
        last_login_at=3,
    ),
    User(id="u2", identities=(Identity("dev", "bob"),), created_at=4, updated_at=5, disabled_at=6),
]
SESSIONS = [
    Session(digest=b"\1", user_id="u1", provider="google", authenticated_at=7, expires_at=8),
    Session(digest=b"\2", user_id="u2", provider="dev", authenticated_at=9, expires_at=10),
    Session(digest=b"\3", user_id="removed", provider="", authenticated_at=11, expires_at=12),
]
GRANTS = [
    Grant(
        id=1,
        user_id="u1",
        client_id="c1",
        scopes=("openid", "files:read"),
        resource="https://mcp.example",
        created_at=1,
        expires_at=2,
        provider="google",
        authenticated_at=3,
        nonce="n",
        code_digest=b"\4",
        code_challenge="challenge",
        redirect_uri="https://app.example/cb",
        code_expires_at=5,
        code_spent_at=6,
        generation=7,
        rotated_at=8,
        refresh_digest=b"\5",
        refresh_expires_at=9,
        successor=b"\6",
        access=(LiveToken(digest=b"\0\xff", issued_at=1, expires_at=9, scopes=("openid",)),),
    ),
    *(
        Grant(
            id=id,
            user_id=user_id,
            client_id="c1",
            scopes=(),
            resource="https://mcp.example",
            created_at=1,
            expires_at=2,
            provider=provider,
            authenticated_at=3,
            revoked_at=4,
            code_digest=b"",
            code_challenge="",
            redirect_uri="",
            code_expires_at=5,
        )
        for id, user_id, provider in ((2, "u2", "dev"), (3, "removed", ""))
    ),
]
KEY = SigningKey(
    id="k1",
    algorithm="ES256",
    state="current",
    public_jwk={"kid": "k1"},
    sealed_private=b"\0",
    created_at=1,
    activated_at=2,
)
PROVIDER = IdentityProvider(
    id="google",
    kind="google",
    display_name="Google",
    issuer_uri="https://accounts.google.com",
    client_id="ours",
    auth_method="client_secret_post",
    sealed_secret=b"\7",
    scopes=("openid",),
    claims=ClaimMapping(subject="sub"),
    access=AccessRule(email_domains=("example.com",)),
    login_domains=("example.com",),
    created_at=1,
    updated_at=2,
    version=3,
)


MESSAGES = [
    Message(id="msg_1", kind="webhook", body='{"type":"ping"}', created_at=1, due_at=2, attempts=3),
    Message(
        id="n1", kind="logout", body="sid of ada", client_id="c1", user_id="u1", created_at=4, due_at=5, attempts=6
    ),
]


class OtherStores(TenantStores):
    """The cupboard of a version that knows other steps."""

    def __init__(self, directory: Path, steps: Sequence[str]) -> None:
        super().__init__(directory)
        self._steps = steps


def made_at(step: int, path: Path) -> None:
    """The file at `path` as versions up to `step` left it, each with what was written in its time."""
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    for number in range(step):
        connection.executescript(f"{tenant.STEPS[number]}; PRAGMA user_version={number + 1};")
        connection.executescript("".join(WRITTEN_THEN[number : number + 1]))
    connection.close()


@asynccontextmanager
async def awake(stores: Stores[Tx]) -> AsyncGenerator[Kept[Tx]]:
    kept = Kept(stores, UID, await stores.open(UID))
    try:
        yield kept
    finally:
        await kept.store.close()


async def held(kept: Kept[Tx]) -> dict[str, object]:
    """All that a file can hold that was made at a time when there was only step 1."""
    return {
        "issuer": await kept.do(lambda tx: tx.issuer.get()),
        "clients": list(await kept.do(lambda tx: tx.clients.page("", 9))),
        "users": list(await kept.do(lambda tx: tx.users.page("", 9))),
        "sessions": [await kept.do(lambda tx, each=each: tx.sessions.find(each.digest)) for each in SESSIONS],
        "grants": list(await kept.do(lambda tx: tx.grants.page(0, 9))),
        "signing keys": list(await kept.do(lambda tx: tx.signing_keys.all())),
    }


HELD = {
    "issuer": ISSUER,
    "clients": [CLIENT],
    "users": USERS,
    "sessions": SESSIONS,
    "grants": GRANTS,
    "signing keys": [KEY],
}


SERVED = [
    ("resource-1", "https://mcp.example", "https://mcp.example", None),
    ("resource-2", "https://b.example", "https://b.example", None),
]
"""What stood in the policy before resources were registered: as before, no other is served."""


def version_of(path: Path) -> int:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
    [version] = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return version


def tables_of(path: Path) -> list[str]:
    return [line for line in dump_of(path) if line.startswith(("CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE"))]


@pytest.mark.parametrize("step", OLDER)
async def test_a_file_of_an_earlier_step_wakes_with_all_that_it_held(tmp_path: Path, step: int) -> None:
    stores = TenantStores(tmp_path)
    made_at(step, stores.path(UID))
    providers = [PROVIDER] if step > 1 else []
    async with awake(stores) as kept:
        for _ in range(2):
            assert await held(kept) == HELD
            assert list(await kept.do(lambda tx: tx.identity_providers.all())) == providers
            served = await kept.do(lambda tx: tx.resources.all())
            assert [(each.id, each.uri, each.canonical_uri, each.disabled_at) for each in served] == SERVED
            await kept.reopen()
    assert version_of(stores.path(UID)) == len(tenant.STEPS)


@pytest.mark.parametrize("step", OLDER[2:])
async def test_what_waited_to_be_told_is_told_by_a_newer_version_too(tmp_path: Path, step: int) -> None:
    stores = TenantStores(tmp_path)
    made_at(step, stores.path(UID))
    async with awake(stores) as kept:
        assert (
            await kept.do(lambda tx: [one for kind in samples.KINDS for one in tx.outbox.due(kind, 9, 9)]) == MESSAGES
        )


@pytest.mark.parametrize("step", OLDER)
async def test_a_file_of_an_earlier_step_does_all_that_a_new_one_does(tmp_path: Path, step: int) -> None:
    stores = TenantStores(tmp_path)
    made_at(step, stores.path(UID))
    ada = samples.user("u1", identities=(*USERS[0].identities, Identity("okta", "1")))
    async with awake(stores) as kept:
        for each in USERS:
            [one] = each.identities
            found = await kept.do(lambda tx, one=one: tx.users.find_identity(one.provider, one.subject))
            assert found == each
        assert await kept.do(lambda tx: tx.users.change(ada))
        [session] = await kept.do(lambda tx: tx.sessions.of_user("u1"))
        assert session.provider == "google"
        assert await kept.do(lambda tx: tx.sessions.remove(session.digest))
        assert await kept.do(lambda tx: tx.grants.revoke_from_provider("u1", "google", 9)) == 1
        await kept.do(lambda tx: tx.identity_providers.add(samples.PROVIDER))
        await kept.do(lambda tx: tx.issuer.change(samples.ISSUER))
        await kept.do(lambda tx: tx.outbox.add(samples.MESSAGE))
        await kept.do(lambda tx: tx.resources.add(samples.RESOURCE))
        await kept.do(lambda tx: tx.kept_tokens.put(samples.KEPT_TOKEN))
        await kept.reopen()
        assert await kept.do(lambda tx: tx.users.find_identity("okta", "1")) == ada
        assert await kept.do(lambda tx: tx.identity_providers.find(samples.PROVIDER.id)) == samples.PROVIDER
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER


@pytest.mark.parametrize("step", OLDER)
async def test_a_file_brought_up_to_date_has_the_tables_of_a_new_one(tmp_path: Path, step: int) -> None:
    old, new = (TenantStores(tmp_path / name) for name in ("old", "new"))
    made_at(step, old.path(UID))
    assert tables_of(old.path(UID)) != []
    await (await old.open(UID)).close()
    await new.create(UID, [lambda tx: tx.issuer.found(samples.ISSUER)])
    assert tables_of(old.path(UID)) == tables_of(new.path(UID))


@pytest.mark.parametrize("step", OLDER)
async def test_a_step_that_fails_half_way_leaves_the_file_at_the_step_before(tmp_path: Path, step: int) -> None:
    stores = TenantStores(tmp_path)
    made_at(step, stores.path(UID))
    before = dump_of(stores.path(UID))
    failing = (*tenant.STEPS[:step], f"{tenant.STEPS[step]}; CREATE TABLE clients (x)")
    with pytest.raises(Broken):
        await OtherStores(tmp_path, failing).open(UID)
    assert dump_of(stores.path(UID)) == before
    assert version_of(stores.path(UID)) == step
    async with awake(stores) as kept:
        assert await held(kept) == HELD
