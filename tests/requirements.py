"""What Tenantry promises, one sentence each, and where the promise comes from.

An id is `document:what-it-asks`, in small letters: the document is an RFC (`rfc7636`), `oauth2.1`, `oidc-core`,
`oidc-discovery`, `mcp` (the authorization pages of the dated specification), `seed` (a fault of the server that this
one succeeds, which must not come back) or `house` (our own word). The source is a section, or for `house` the reason.

A requirement is added together with its first test, never before. A test names what it proves with
`@requirement("id")` from tests/support/requirement.py; several tests may prove one requirement, and one test several.
tests/unit/test_requirements.py holds both directions: no test names a requirement that is not here, and, when the
whole suite is collected, none stands here that no test names.
"""

Requirement = tuple[str, str]
"""The sentence, and its source."""

REQUIREMENTS: dict[str, Requirement] = {
    "oauth2.1:no-repeated-parameter": (
        "A parameter that stands twice is refused, and neither of them is used.",
        "OAuth 2.1 §3.1, §3.2.2",
    ),
    "oauth2.1:a-parameter-without-value-is-absent": (
        "A parameter without a value counts as absent.",
        "OAuth 2.1 §3.1, §3.2.2",
    ),
    "oauth2.1:unknown-parameters-are-ignored": (
        "A parameter that we do not know changes nothing.",
        "OAuth 2.1 §3.1",
    ),
    "oauth2.1:no-redirect-before-the-client-is-proven": (
        "Where the client is not known, nobody is redirected.",
        "OAuth 2.1 §4.1.2.1",
    ),
    "oauth2.1:no-redirect-before-the-redirect-uri-is-proven": (
        "Where the redirect URI is not one that the client registered, nobody is redirected.",
        "OAuth 2.1 §4.1.2.1",
    ),
    "oauth2.1:redirect-uri-required-if-several": (
        "A client with several redirect URIs must name one in each request.",
        "OAuth 2.1 §2.3.2",
    ),
    "oauth2.1:code-is-the-only-response-type": (
        "No token is ever given at the authorization endpoint.",
        "OAuth 2.1 §10.1",
    ),
    "oauth2.1:query-is-the-only-response-mode": (
        "An answer stands in the query of the redirect URI, and a client that wants it elsewhere is refused.",
        "OAuth 2.1 §4.1.2",
    ),
    "oauth2.1:state-comes-back-as-it-was": (
        "The client gets back the state that it sent, and no other parameter by way of it.",
        "OAuth 2.1 §4.1.2",
    ),
    "oauth2.1:answer-parameters-stand-once": (
        "No redirect URI can bring a second code, state or issuer into the answer.",
        "OAuth 2.1 §3.1",
    ),
    "oauth2.1:one-client-authentication-method": (
        "A client that uses more than one authentication method in a request is refused.",
        "OAuth 2.1 §2.4",
    ),
    "oauth2.1:registered-client-authentication-method": (
        "A client proves itself by the method that it registered, and every failure looks the same.",
        "OAuth 2.1 §2.4, §3.2.4",
    ),
    "oauth2.1:unknown-grant-types-are-refused": (
        "A grant type that is not offered is refused as such.",
        "OAuth 2.1 §3.2.4",
    ),
    "rfc6749:basic-is-form-encoded": (
        "Client id and secret are form-encoded before they stand in a Basic header.",
        "RFC 6749 §2.3.1",
    ),
    "rfc6749:malformed-basic-is-invalid-client": (
        "A Basic header that is not exactly an id and a secret proves nothing.",
        "RFC 6749 §5.2, RFC 7617 §2",
    ),
    "rfc6749:scope-syntax": (
        "A scope is printable ASCII without quote and backslash; any other is refused.",
        "RFC 6749 §3.3",
    ),
    "rfc6749:unknown-scope-is-refused": (
        "A scope that the issuer does not know, or of which nothing is left for the client, is refused.",
        "RFC 6749 §4.1.2.1",
    ),
    "rfc6749:granted-scope-is-the-intersection": (
        "A client gets no scope that it did not ask for, that the issuer does not offer, or that it may not have.",
        "RFC 6749 §3.3",
    ),
    "rfc6749:refresh-never-widens-scope": (
        "A refresh asks for the granted scopes or fewer.",
        "RFC 6749 §6",
    ),
    "rfc7009:the-hint-is-a-hint": (
        "A token type hint that is wrong or unknown changes nothing.",
        "RFC 7009 §2.1",
    ),
    "rfc7517:only-public-members": (
        "The published key set holds public members only.",
        "RFC 7517 §4, RFC 7518 §6",
    ),
    "rfc7591:metadata-is-checked": (
        "Client metadata that has the wrong type or a value that is not offered is refused.",
        "RFC 7591 §2, §3.2.2",
    ),
    "rfc7591:unknown-members-are-ignored": (
        "A member that a client cannot decide on has no effect.",
        "RFC 7591 §2",
    ),
    "rfc7591:keys-are-public": (
        "The keys that a client registers are a bounded set of public keys, by value or by reference.",
        "RFC 7591 §2",
    ),
    "rfc7591:scope-beyond-policy-is-dropped": (
        "A scope that the issuer does not offer is not registered.",
        "RFC 7591 §2",
    ),
    "rfc7591:everything-registered-is-echoed": (
        "The answer to a registration holds all that was registered.",
        "RFC 7591 §3.2.1",
    ),
    "rfc7591:expired-secret-is-no-secret": (
        "A client secret proves nothing once it has expired.",
        "RFC 7591 §3.2.1",
    ),
    "rfc7591:registration-is-advertised-only-where-it-is-open": (
        "The registration endpoint is advertised only where clients may register.",
        "RFC 8414 §2, RFC 7591 §3",
    ),
    "rfc7636:s256": (
        "A verifier proves the challenge that is its SHA-256 in base64url without padding.",
        "RFC 7636 §4.6, Appendix B",
    ),
    "rfc7636:s256-only": (
        "Every client needs a well-formed S256 challenge; none, and `plain`, are refused.",
        "RFC 7636 §4.2, §4.4.1; OAuth 2.1 §4.1.1",
    ),
    "rfc7636:verifier-must-prove": (
        "A missing, malformed or wrong verifier is never accepted.",
        "RFC 7636 §4.1, §4.6",
    ),
    "rfc8252:loopback-port-may-differ": (
        "The port of an http loopback redirect URI may be another one in each request.",
        "RFC 8252 §7.3",
    ),
    "rfc8414:endpoints-are-below-the-issuer": (
        "Every advertised URL begins with the issuer that was configured.",
        "RFC 8414 §2",
    ),
    "rfc8707:audience-is-the-resource-asked-for": (
        "The audience of a token is the resource that was asked for.",
        "RFC 8707 §2.2",
    ),
    "rfc8707:invalid-target": (
        "A resource that is no absolute https URI, has a fragment, or is not served is refused.",
        "RFC 8707 §2",
    ),
    "rfc8707:token-request-stays-within-the-grant": (
        "A token request may name no resource but the one that was granted.",
        "RFC 8707 §2.2",
    ),
    "rfc8725:every-header-member-is-pinned": (
        "A token is one of ours only if its whole header is what we write, and one of our keys signed it.",
        "RFC 8725 §3.1, §3.2, §3.10",
    ),
    "rfc8725:one-kind-of-token-is-no-other": (
        "A token of one type is not accepted as another.",
        "RFC 8725 §3.11, RFC 9068 §4",
    ),
    "rfc9068:signed-with-a-published-key": (
        "A token verifies with the published key that its header names.",
        "RFC 9068 §2.1, §4",
    ),
    "rfc9207:iss-in-every-answer": (
        "Every authorization response, error or not, names the issuer exactly.",
        "RFC 9207 §2",
    ),
    "rfc9207:iss-is-advertised": (
        "The metadata says that authorization responses name the issuer.",
        "RFC 9207 §3",
    ),
    "rfc9700:redirect-uri-exact": (
        "A redirect URI is compared as a string with those registered.",
        "RFC 9700 §2.1, §4.1.3",
    ),
    "rfc9700:redirect-uri-registrable": (
        "Only https, http to this machine and listed private-use schemes are registered, without wildcard or fragment.",
        "RFC 9700 §2.1, §2.6; RFC 8252 §7",
    ),
    "oidc-core:max-age-is-a-number": (
        "A max_age that is no plain number of seconds is refused.",
        "OpenID Connect Core §3.1.2.1",
    ),
    "oidc-core:prompt-none-stands-alone": (
        "A prompt that is unknown, or that contradicts itself, is refused.",
        "OpenID Connect Core §3.1.2.1",
    ),
    "oidc-core:request-objects-are-refused": (
        "A request object is refused and never fetched.",
        "OpenID Connect Core §3.1.2.6, §6",
    ),
    "oidc-discovery:required-members": (
        "The OpenID document has every member that is required, and agrees with the RFC 8414 one.",
        "OpenID Connect Discovery §3",
    ),
    "mcp:metadata-issuer-exact": (
        "The issuer in every document is the configured string, byte for byte.",
        "MCP 2026-07-28, Authorization Server Discovery",
    ),
    "mcp:pkce-is-advertised": (
        "The metadata lists S256, and nothing else.",
        "MCP 2026-07-28, Authorization Code Protection",
    ),
    "mcp:no-null-members": (
        "No JSON answer has a member that is null.",
        "MCP clients in the field refuse it",
    ),
    "mcp:resource-canonical-form": (
        "A resource is known with its scheme and host in capitals, and with or without the slash of a bare origin.",
        "MCP 2026-07-28, Canonical Server URI",
    ),
    "mcp:offline-access-is-tolerated": (
        "A client that asks for offline_access where it is not offered is served without it.",
        "MCP 2026-07-28, Refresh Tokens",
    ),
    "mcp:offline-access-is-no-scope-of-a-resource": (
        "An issuer may advertise offline_access, a resource never does.",
        "MCP 2026-07-28, Refresh Tokens",
    ),
    "mcp:application-type-is-honoured": (
        "An application type is honoured where it is given, and not made up where it is not.",
        "MCP 2026-07-28, Application Type",
    ),
    "seed:only-digests-are-kept": (
        "What is kept of a code or token is its digest, which matches the string itself only.",
        "The seed kept them in plain text",
    ),
    "house:forms-are-read-strictly": (
        "A form or query that two parsers could read in two ways is refused.",
        "Parameter pollution",
    ),
    "house:json-is-read-strictly": (
        "JSON that is too deep, repeats a member, or says what JSON cannot is refused.",
        "Two readers must not see two things",
    ),
    "house:no-control-character-in-a-parameter": (
        "A parameter that we read holds no control character.",
        "Header injection, and stores that end a text at NUL",
    ),
    "house:one-resource-a-grant": (
        "A request for several resources is refused.",
        "RFC 8707 §2 leaves it open; an audience must have been checked",
    ),
    "house:dangerous-schemes-are-never-a-way-back": (
        "A scheme that browsers run or open themselves is never a redirect URI.",
        "The operator's list is for native apps",
    ),
    "house:linked-pages-are-public": (
        "A page that a client links to is https on a public name.",
        "It is shown to, and fetched for, strangers",
    ),
    "house:names-are-safe-to-show": (
        "A client's name holds nothing that cannot be seen or that turns the text around.",
        "Consent must be to what is read",
    ),
    "house:a-guessed-token-costs-no-look-up": (
        "A string that this tenant never made is known as such without looking anywhere.",
        "Guessing must not cost reads",
    ),
    "house:a-token-of-one-kind-is-no-other": (
        "A code is no refresh token, a refresh token no access token, and so on.",
        "Type confusion",
    ),
    "house:tokens-of-one-tenant-mean-nothing-to-another": (
        "A code or token of one tenant is unknown to every other.",
        "Isolation",
    ),
    "house:what-one-tenant-seals-no-other-opens": (
        "What a tenant sealed opens only to itself, for the same purpose and in the same context.",
        "Isolation",
    ),
    "house:what-was-kept-stays-readable": (
        "What an earlier version gave out or sealed, a later one still reads.",
        "An upgrade must not end every session",
    ),
    "house:private-keys-are-sealed": (
        "The private half of a signing key is kept sealed.",
        "A copied file must not sign",
    ),
    "house:a-replayed-answer-opens-only-to-its-token": (
        "The answer that is kept for a repeated refresh opens only to who repeats it, token and all.",
        "A copied file must not hold live tokens",
    ),
}
