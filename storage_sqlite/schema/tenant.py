"""The tables of one tenant. A step that has shipped is never edited; a change is a new step behind it.

`grants` is laid out for the hot turns: redeeming a code and refreshing rewrite one row in place and touch no index.
"""

STEPS = (
    """
    CREATE TABLE issuer (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        id TEXT NOT NULL, uid TEXT NOT NULL, uri TEXT NOT NULL,
        policy TEXT NOT NULL, sealed_data_key BLOB NOT NULL
    ) STRICT;
    CREATE TABLE clients (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL, origin TEXT NOT NULL, auth_method TEXT NOT NULL,
        redirect_uris TEXT NOT NULL, grant_types TEXT NOT NULL, response_types TEXT NOT NULL,
        secrets TEXT NOT NULL, scopes TEXT, application_type TEXT, resources TEXT NOT NULL, metadata TEXT NOT NULL,
        created_at INTEGER NOT NULL, last_used_at INTEGER NOT NULL, disabled_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE users (
        id TEXT PRIMARY KEY,
        provider TEXT NOT NULL, subject TEXT NOT NULL,
        email TEXT COLLATE NOCASE, email_verified INTEGER NOT NULL, name TEXT, organization_id TEXT,
        roles TEXT NOT NULL, permissions TEXT NOT NULL, metadata TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, last_login_at INTEGER, disabled_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX users_by_identity ON users (provider, subject);
    CREATE INDEX users_by_email ON users (email) WHERE email IS NOT NULL;
    CREATE INDEX users_by_organization ON users (organization_id) WHERE organization_id IS NOT NULL;
    CREATE TABLE organizations (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL, slug TEXT COLLATE NOCASE, metadata TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX organizations_by_slug ON organizations (slug) WHERE slug IS NOT NULL;
    CREATE TABLE organization_domains (
        domain TEXT COLLATE NOCASE PRIMARY KEY,
        organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
        position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX domains_by_organization ON organization_domains (organization_id);
    CREATE TABLE sessions (
        digest BLOB PRIMARY KEY,
        user_id TEXT NOT NULL, authenticated_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_by_user ON sessions (user_id);
    CREATE INDEX sessions_by_end ON sessions (expires_at);
    CREATE TABLE consents (
        user_id TEXT NOT NULL, client_id TEXT NOT NULL, resource TEXT NOT NULL, redirect_uri TEXT NOT NULL,
        scopes TEXT NOT NULL, given_at INTEGER NOT NULL,
        PRIMARY KEY (user_id, client_id, resource, redirect_uri)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX consents_by_client ON consents (client_id);
    CREATE TABLE spent_tickets (
        id BLOB PRIMARY KEY, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spent_tickets_by_end ON spent_tickets (expires_at);
    CREATE TABLE grants (
        id INTEGER PRIMARY KEY,
        user_id TEXT NOT NULL, client_id TEXT NOT NULL, scopes TEXT NOT NULL, resource TEXT NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, authenticated_at INTEGER NOT NULL, nonce TEXT,
        revoked_at INTEGER,
        code_digest BLOB NOT NULL, code_challenge TEXT NOT NULL, redirect_uri TEXT NOT NULL,
        code_expires_at INTEGER NOT NULL, code_spent_at INTEGER,
        generation INTEGER NOT NULL, rotated_at INTEGER,
        refresh_digest BLOB, refresh_expires_at INTEGER, successor BLOB,
        access TEXT NOT NULL, access_expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX grants_by_user ON grants (user_id, client_id);
    CREATE INDEX grants_by_client ON grants (client_id);
    CREATE TABLE signing_keys (
        id TEXT PRIMARY KEY,
        algorithm TEXT NOT NULL, state TEXT NOT NULL, public_jwk TEXT NOT NULL, sealed_private BLOB NOT NULL,
        created_at INTEGER NOT NULL, activated_at INTEGER, retired_at INTEGER, expires_at INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX one_signing_key_signs ON signing_keys (state) WHERE state = 'current';
    CREATE TABLE events (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        type TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, subject TEXT, details TEXT NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE identity_providers (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL, display_name TEXT NOT NULL,
        issuer_uri TEXT NOT NULL, authorization_uri TEXT NOT NULL, token_uri TEXT NOT NULL,
        user_uri TEXT NOT NULL, jwks_uri TEXT NOT NULL,
        client_id TEXT NOT NULL, auth_method TEXT NOT NULL, sealed_secret BLOB,
        scopes TEXT NOT NULL, claims TEXT NOT NULL, access TEXT NOT NULL, login_domains TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, disabled_at INTEGER, version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE identities (
        provider TEXT NOT NULL, subject TEXT NOT NULL,
        user_id TEXT NOT NULL, position INTEGER NOT NULL,
        PRIMARY KEY (provider, subject)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO identities SELECT provider, subject, id, 0 FROM users;
    CREATE INDEX identities_by_user ON identities (user_id, position);
    ALTER TABLE sessions ADD COLUMN provider TEXT NOT NULL DEFAULT '';
    UPDATE sessions SET provider = coalesce((SELECT provider FROM users WHERE id = user_id), '');
    ALTER TABLE grants ADD COLUMN provider TEXT NOT NULL DEFAULT '';
    UPDATE grants SET provider = coalesce((SELECT provider FROM users WHERE id = user_id), '');
    DROP INDEX users_by_identity;
    ALTER TABLE users DROP COLUMN provider;
    ALTER TABLE users DROP COLUMN subject;
    ALTER TABLE identity_providers ADD COLUMN public_jwk TEXT;
    ALTER TABLE identity_providers ADD COLUMN token_algorithms TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE identity_providers ADD COLUMN vouches_for_email INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE identity_providers ADD COLUMN recheck_interval INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE identity_providers ADD COLUMN vouches_for_clients INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE webhook (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        uri TEXT NOT NULL, sealed_secret BLOB NOT NULL, former_secret BLOB, former_ends_at INTEGER NOT NULL,
        failures INTEGER NOT NULL, retry_at INTEGER NOT NULL, last_failure TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE deliveries (
        id TEXT PRIMARY KEY,
        body TEXT NOT NULL, created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deliveries_by_time ON deliveries (due_at);
    CREATE TABLE kept_tokens (
        user_id TEXT NOT NULL, provider TEXT NOT NULL,
        sealed BLOB NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
        PRIMARY KEY (user_id, provider)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX kept_tokens_by_time ON kept_tokens (due_at);
    CREATE INDEX kept_tokens_by_provider ON kept_tokens (provider);
    ALTER TABLE clients ADD COLUMN jwks TEXT;
    ALTER TABLE clients ADD COLUMN jwks_uri TEXT;
    ALTER TABLE clients ADD COLUMN assertion_algorithm TEXT;
    ALTER TABLE clients ADD COLUMN dpop_bound INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE clients ADD COLUMN par_required INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE clients ADD COLUMN registration_digest BLOB;
    ALTER TABLE clients ADD COLUMN next_registration_digest BLOB;
    ALTER TABLE clients ADD COLUMN document TEXT;
    ALTER TABLE clients ADD COLUMN post_logout_redirect_uris TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT;
    CREATE INDEX clients_by_document ON clients (last_used_at, id) WHERE origin = 'document';
    ALTER TABLE sessions ADD COLUMN amr TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE sessions ADD COLUMN acr TEXT;
    ALTER TABLE sessions ADD COLUMN sid TEXT NOT NULL DEFAULT '';
    ALTER TABLE sessions ADD COLUMN clients TEXT NOT NULL DEFAULT '[]';
    CREATE TABLE logout_notices (
        id TEXT PRIMARY KEY,
        client_id TEXT NOT NULL, user_id TEXT NOT NULL, sid TEXT NOT NULL,
        created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX logout_notices_by_time ON logout_notices (due_at);
    ALTER TABLE grants ADD COLUMN amr TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE grants ADD COLUMN acr TEXT;
    UPDATE issuer SET policy = json_set(policy, '$.registration', 'closed')
        WHERE json_extract(policy, '$.dynamic_registration') = 0;
    CREATE TABLE registration_tokens (
        id TEXT PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE, note TEXT NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, uses_left INTEGER
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE grants ADD COLUMN sid TEXT;
    ALTER TABLE grants ADD COLUMN ended TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE grants ADD COLUMN ended_at INTEGER;
    CREATE INDEX grants_by_end ON grants (coalesce(revoked_at, ended_at))
        WHERE coalesce(revoked_at, ended_at) IS NOT NULL;
    ALTER TABLE grants ADD COLUMN dpop_jkt TEXT;
    ALTER TABLE grants ADD COLUMN actor TEXT;
    ALTER TABLE grants ADD COLUMN parent_id INTEGER;
    ALTER TABLE clients ADD COLUMN target_resources TEXT NOT NULL DEFAULT '[]';
    CREATE TABLE device_requests (
        id INTEGER PRIMARY KEY,
        digest BLOB NOT NULL, user_code BLOB NOT NULL UNIQUE,
        client_id TEXT NOT NULL, scopes TEXT NOT NULL, resource TEXT NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        interval INTEGER NOT NULL, polled_at INTEGER, denied_at INTEGER
    ) STRICT;
    CREATE INDEX device_requests_by_end ON device_requests (expires_at);
    CREATE TABLE resources (
        id TEXT PRIMARY KEY,
        uri TEXT NOT NULL, canonical_uri TEXT NOT NULL UNIQUE,
        display_name TEXT NOT NULL, scopes TEXT NOT NULL, token_format TEXT, access_token_ttl INTEGER,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, disabled_at INTEGER, version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT OR IGNORE INTO resources
        SELECT 'resource-' || (key + 1), value, value, '', '[]', NULL, NULL, unixepoch(), unixepoch(), NULL, 1
        FROM issuer, json_each(issuer.policy, '$.resources');
    """,
    """
    ALTER TABLE events ADD COLUMN address TEXT NOT NULL DEFAULT '';
    ALTER TABLE events ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
    ALTER TABLE events ADD COLUMN previous BLOB NOT NULL DEFAULT x'';
    ALTER TABLE events ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
    CREATE TABLE answers (
        key BLOB PRIMARY KEY, asked BLOB NOT NULL, sealed BLOB NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_time ON answers (expires_at);
    CREATE TABLE outbox (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL, body TEXT NOT NULL, client_id TEXT NOT NULL, user_id TEXT NOT NULL,
        created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO outbox SELECT id, 'webhook', body, '', '', created_at, due_at, attempts FROM deliveries;
    INSERT INTO outbox SELECT id, 'logout', sid, client_id, user_id, created_at, due_at, attempts FROM logout_notices;
    CREATE INDEX outbox_by_time ON outbox (kind, due_at);
    DROP TABLE deliveries;
    DROP TABLE logout_notices;
    ALTER TABLE clients ADD COLUMN certificate_name TEXT;
    ALTER TABLE clients ADD COLUMN certificate_bound INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE clients ADD COLUMN scope_limit TEXT;
    ALTER TABLE clients ADD COLUMN approval TEXT;
    ALTER TABLE grants ADD COLUMN x5t TEXT;
    ALTER TABLE users ADD COLUMN fixed TEXT NOT NULL DEFAULT '[]';
    CREATE TABLE workload_issuers (
        id TEXT PRIMARY KEY,
        display_name TEXT NOT NULL, issuer_uri TEXT NOT NULL UNIQUE, jwks_uri TEXT NOT NULL, jwks TEXT,
        algorithms TEXT NOT NULL, audience TEXT NOT NULL, reusable INTEGER NOT NULL, rules TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, disabled_at INTEGER, version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)
