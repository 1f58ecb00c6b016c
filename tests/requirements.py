"""What Tenantry promises, one sentence each, and where the promise comes from.

An id is `document:what-it-asks`, in small letters: the document is an RFC (`rfc7636`), `oauth2.1`, `oidc-core`,
`oidc-discovery`, `oidc-logout`, `oidc-backchannel`, `mcp` (the authorization pages of the dated specification), `seed`
(a fault of the server that this one succeeds, which must not come back) or `house` (our own word). The source is a
section, or for `house` the reason.

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
    "rfc6749:a-client-may-ask-for-itself": (
        "A client that proves who it is gets, in its own name, an access token and nothing else.",
        "RFC 6749 §4.4, OAuth 2.1 §4.2",
    ),
    "rfc6749:a-client-gets-for-itself-what-the-operator-gave-it": (
        "In its own name a client gets no scope and no resource that the operator did not give it.",
        "RFC 6749 §4.4.2, §10.13",
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
    "rfc8414:the-path-of-an-issuer-is-inserted": (
        "An issuer with a path is described where clients look for it: its path behind the well-known one, or before.",
        "RFC 8414 §3.1, §5; RFC 9728 §3.1; OpenID Connect Discovery 1.0 §4.1",
    ),
    "rfc8707:audience-is-the-resource-asked-for": (
        "The audience of a token is the resource that was asked for.",
        "RFC 8707 §2.2",
    ),
    "rfc8707:invalid-target": (
        "A resource that is no absolute https URI, has a fragment, or is not served is refused.",
        "RFC 8707 §2",
    ),
    "rfc8628:a-device-gets-what-its-user-allowed": (
        "A device that shows a code gets tokens once its user, signed in elsewhere, has allowed it, and not before.",
        "RFC 8628 §3.3 to §3.5",
    ),
    "rfc8628:no-link-allows-anything": (
        "A link with the code in it only fills in a form: the user sees who asks, and decides.",
        "RFC 8628 §3.3.1, §5.4",
    ),
    "rfc8628:the-first-decision-counts": (
        "A device is allowed or denied once.",
        "RFC 8628 §3.3",
    ),
    "rfc8628:a-device-code-is-used-once": (
        "A device code gives tokens once; used again, it ends what it gave.",
        "RFC 8628 §5.2, RFC 9700 §4.5",
    ),
    "rfc8628:devices-that-hurry-are-slowed-down": (
        "A device that polls before its interval is over must wait five seconds longer from then on.",
        "RFC 8628 §3.5",
    ),
    "rfc8628:user-codes-cannot-be-guessed": (
        "Of the many user codes only a few can be tried, by one session and from one address.",
        "RFC 8628 §5.1",
    ),
    "rfc8693:a-resource-server-acts-for-its-user": (
        "A resource server gets, for a token that it was shown, one to act for the same user at another resource.",
        "RFC 8693 §2.1, §2.2, §4.1",
    ),
    "rfc8693:the-chain-of-actors-is-told": (
        "Who acted for the user before is told behind who acts now.",
        "RFC 8693 §4.1",
    ),
    "rfc8693:an-exchange-only-narrows": (
        "An exchanged token is for no resource the operator did not name, and gives nothing that the former did not.",
        "RFC 8693 §2.2.2, §5",
    ),
    "rfc8693:what-was-passed-on-falls-with-its-grant": (
        "What ends the grant of a token ends all that it was exchanged for.",
        "RFC 8693 §2.1, §5",
    ),
    "rfc8707:token-request-stays-within-the-grant": (
        "A token request may name no resource but the one that was granted.",
        "RFC 8707 §2.2",
    ),
    "rfc8725:every-header-member-is-pinned": (
        "A token is one of ours only if its whole header is what we write, and one of our keys signed it.",
        "RFC 8725 §3.1, §3.2, §3.10",
    ),
    "rfc8725:a-foreign-token-has-one-meaning": (
        "A token that another signed is read in one way, or not at all.",
        "RFC 8725 §3.1, §3.11; RFC 7515 §4, §10.12",
    ),
    "rfc8725:one-kind-of-token-is-no-other": (
        "A token of one type is not accepted as another.",
        "RFC 8725 §3.11, RFC 9068 §4",
    ),
    "rfc9068:signed-with-a-published-key": (
        "A token verifies with the published key that its header names.",
        "RFC 9068 §2.1, §4",
    ),
    "cimd:the-id-is-an-https-url": (
        "A client id leads to a document only if it is an https URL with a path, on a public host, and nothing more.",
        "draft-ietf-oauth-client-id-metadata-document-02 §3, §8.6",
    ),
    "cimd:no-shared-secrets": (
        "A document holds no secret and names no method that rests on one.",
        "draft-ietf-oauth-client-id-metadata-document-02 §4.1",
    ),
    "cimd:a-declared-key-must-be-used": (
        "A client whose document declares private_key_jwt proves itself by its key.",
        "draft-ietf-oauth-client-id-metadata-document-02 §8.2",
    ),
    "cimd:redirects-are-not-followed": (
        "A document is what is answered at the client id itself, with status 200, and at no other address.",
        "draft-ietf-oauth-client-id-metadata-document-02 §5",
    ),
    "cimd:nothing-is-fetched-from-special-addresses": (
        "Nothing is fetched from an address that is not public, whatever leads there.",
        "draft-ietf-oauth-client-id-metadata-document-02 §8.6; MCP 2026-07-28, Security Best Practices, SSRF",
    ),
    "cimd:documents-are-small": (
        "A document is at most 5 KiB, and comes within seconds.",
        "draft-ietf-oauth-client-id-metadata-document-02 §8.7",
    ),
    "cimd:errors-are-not-cached": (
        "An error or a document that cannot be used is not kept: what comes right later counts.",
        "draft-ietf-oauth-client-id-metadata-document-02 §5; MCP 2026-07-28, Client Registration",
    ),
    "cimd:one-answer-to-all-failures": (
        "Whoever sends us somewhere is not told what is there.",
        "draft-ietf-oauth-client-id-metadata-document-02 §8.6",
    ),
    "cimd:changes-are-consented-to-again": (
        "Where a document says something else of who the client is, its users are asked again.",
        "draft-ietf-oauth-client-id-metadata-document-02 §8.3",
    ),
    "mcp:an-enterprise-vouches-for-client-and-user": (
        "Where an identity provider vouches for client and user, the client gets an access token, and nobody is asked.",
        "MCP Enterprise-Managed Authorization §5",
    ),
    "mcp:an-identity-assertion-is-for-this-issuer-client-and-resource": (
        "An identity assertion is refused unless provider, issuer, client, resource, scopes and times are right.",
        "MCP Enterprise-Managed Authorization §7.4.1, §7.6.2",
    ),
    "mcp:an-identity-assertion-is-used-once": (
        "An identity assertion gives one token, and none when it comes again.",
        "MCP Enterprise-Managed Authorization §7.4.2",
    ),
    "mcp:scopes-of-an-identity-assertion-are-an-intersection": (
        "A token by identity assertion has the scopes that the provider allowed, the client asked for and we offer.",
        "MCP Enterprise-Managed Authorization §7.2.1",
    ),
    "mcp:a-workload-needs-no-secret": (
        "By the token of a platform that is trusted a workload gets an access token, without a secret or a client_id.",
        "MCP Workload Identity Federation (draft), Flow Steps",
    ),
    "mcp:a-workloads-token-is-for-this-issuer-now": (
        "A workload's token is refused unless issuer, audience, kind, times and signature are right.",
        "MCP Workload Identity Federation (draft), JWT Requirements; RFC 7523 §3",
    ),
    "mcp:a-workloads-token-is-used-once": (
        "A workload's token gives one access token, unless the operator says that it may come again.",
        "MCP Workload Identity Federation (draft), JWT Format; RFC 7523 §3",
    ),
    "mcp:workloads-get-what-a-rule-says": (
        "A workload whose claims meet no rule gets nothing; one that meets a rule gets no more than it says.",
        "MCP Workload Identity Federation (draft), Trust Configuration, Workload Trust Relationship",
    ),
    "mcp:words-of-users-and-of-workloads-are-told-apart": (
        "The word of a provider for a user is none for a workload, nor the other way round, whoever signed it.",
        "MCP Workload Identity Federation (draft), JWT Validation; RFC 8725 §3.11, §3.12",
    ),
    "mcp:documents-are-advertised": (
        "Clients are told that they may be known by their documents, and that they need no secret for it.",
        "MCP 2026-07-28, Client Registration",
    ),
    "mcp:a-document-names-its-own-url": (
        "A document says as its client_id the very URL that it was fetched from.",
        "MCP 2026-07-28, Client Registration",
    ),
    "mcp:redirect-uris-of-the-document": (
        "A redirect URI must stand in the document.",
        "MCP 2026-07-28, Client Registration",
    ),
    "mcp:documents-are-cached-as-they-say": (
        "A document is kept as long as its answer says, within bounds, and not used at the door after that.",
        "MCP 2026-07-28, Client Registration",
    ),
    "mcp:documents-of-trusted-hosts": (
        "An issuer may read documents of any host, of some, or none.",
        "MCP 2026-07-28, Security Considerations, Trust Policies",
    ),
    "mcp:the-host-of-the-id-is-shown": (
        "Before they sign in or consent, users see the host that the client's id leads to.",
        "MCP 2026-07-28, Security Considerations, Trust Policies",
    ),
    "house:strangers-do-not-fill-a-file": (
        "However many web pages say that they are clients, no more than so many that nobody uses are kept.",
        "A file must not grow by what strangers ask for",
    ),
    "house:who-was-made-is-who-signs-in": (
        "Whoever signs in with an identity of a user that the operator made is that user.",
        "users, their ids and what they may can be brought along before they come",
    ),
    "house:what-the-operator-fixed-no-sign-in-changes": (
        "What the operator said of a user stays when they sign in, until the operator lets the provider say it again.",
        "a role that was taken away must not come back with the next sign-in",
    ),
    "house:events-name-no-address": (
        "No event tells the e-mail address or the name of a user.",
        "events are kept for 400 days, and sent elsewhere; who is forgotten must be forgotten",
    ),
    "house:a-users-end-ends-all-that-they-have": (
        "With a user who is disabled or deleted end their sessions, grants, consents and the tokens kept for them.",
        "an operator who takes somebody out means all of it, at once",
    ),
    "house:an-ended-session-is-as-signed-out": (
        "A session that the operator ends is ended as if its user had signed out.",
        "one way out for all: the clients are told, and what hung on it ends",
    ),
    "house:a-session-name-opens-nothing": (
        "Neither the name of a session nor that of a grant lets anybody in.",
        "names stand in lists, tickets and logs",
    ),
    "house:many-grants-end-in-small-steps": (
        "However many grants end at once, the issuer goes on serving, and each ends once.",
        "an incident is no time to stand still",
    ),
    "house:an-operation-outlives-the-process": (
        "An operation that a restart met goes on, and counts nothing twice.",
        "long work meets restarts",
    ),
    "house:a-revoked-key-signs-nothing": (
        "Once a signing key is revoked it is published no more, and no token that it signed counts.",
        "A key that somebody else may have speaks for nobody",
    ),
    "house:a-crowd-asks-once": (
        "Many who need the same document at the same time make us ask for it once.",
        "We are not to be what strangers throw at others",
    ),
    "house:junk-of-one-address-stops-nobody-else": (
        "Who asks for junk, or at silent hosts, keeps no other address from a new client and nobody from a known one.",
        "What strangers can use up is counted by who they are",
    ),
    "house:an-outage-of-their-host-ends-no-grant": (
        "A client that was known by its document goes on to use its grants when nobody answers there.",
        "A refresh must not depend on a third party",
    ),
    "house:a-key-that-was-taken-back-proves-nothing": (
        "A key that a client's document holds no more proves nothing once what was read of the document has expired.",
        "Else a stolen key could not be taken back",
    ),
    "rfc7523:a-client-is-proven-by-its-key": (
        "A client that registered keys is who it says if one of them signed its assertion, and by nothing else.",
        "RFC 7523 §2.2, §3; OpenID Connect Core §9",
    ),
    "rfc7523:an-assertion-is-for-this-issuer-alone": (
        "An assertion names this issuer as its only audience.",
        "draft-ietf-oauth-rfc7523bis §4",
    ),
    "rfc7523:an-assertion-lives-for-minutes": (
        "An assertion says when it ends, which is soon.",
        "RFC 7523 §3 (4)",
    ),
    "rfc7523:an-assertion-counts-once": (
        "An assertion is good for one request, whatever becomes of it.",
        "RFC 7523 §3 (7); OpenID Connect Core §9",
    ),
    "rfc7523:every-failure-looks-the-same": (
        "Whatever is wrong with an assertion, its client is told the same.",
        "RFC 6749 §5.2; RFC 7523 §3.2",
    ),
    "rfc7523:keys-may-be-rolled": (
        "Keys that a client shows at its jwks_uri are looked for anew when one is not known.",
        "RFC 7591 §2; OpenID Connect Core §10.1.1",
    ),
    "rfc7523:our-assertions-are-for-one-provider-once": (
        "What we sign to a provider names that one alone, for a minute, and is another each time.",
        "RFC 7523 §3; OpenID Connect Core §9; draft-ietf-oauth-rfc7523bis §4",
    ),
    "rfc9207:iss-in-every-answer": (
        "Every authorization response, error or not, names the issuer exactly.",
        "RFC 9207 §2",
    ),
    "rfc9207:iss-is-advertised": (
        "The metadata says that authorization responses name the issuer.",
        "RFC 9207 §3",
    ),
    "rfc9126:only-what-was-pushed-counts": (
        "Beside a pushed request, nothing that a browser brings has any effect.",
        "RFC 9126 §4, RFC 9101 §5",
    ),
    "rfc9126:a-pushed-request-is-its-clients-for-a-short-time": (
        "A request URI is good for the client and the issuer that it was made for and by, and for a short time.",
        "RFC 9126 §2.2, §4",
    ),
    "rfc9126:a-pushed-request-is-answered-once": (
        "A pushed request is answered once, and may be looked at before.",
        "RFC 9126 §4",
    ),
    "rfc9126:what-authorize-refuses-is-refused-when-it-is-pushed": (
        "What the authorization endpoint would refuse is refused when it is pushed.",
        "RFC 9126 §2.1, §2.3",
    ),
    "rfc9126:it-can-be-demanded": (
        "A client or an issuer that demands pushed requests takes no others.",
        "RFC 9126 §5, §6",
    ),
    "rfc9449:a-proof-is-for-one-request-and-key": (
        "A proof of possession counts for the one request, and the one key, that it was signed for and with.",
        "RFC 9449 §4.3",
    ),
    "rfc9449:a-proof-is-used-once": (
        "A proof of possession counts once, for about a minute, or as long as its nonce does.",
        "RFC 9449 §11.1",
    ),
    "rfc9449:a-bound-token-opens-nothing-without-its-key": (
        "A token that is bound to a key opens nothing with another key, or with none.",
        "RFC 9449 §5, §7.1, §7.2",
    ),
    "rfc9449:a-code-for-one-key-is-nothing-to-another": (
        "A code that was asked for one key is redeemed with no other.",
        "RFC 9449 §10, §10.1",
    ),
    "rfc9449:a-nonce-that-is-given-is-asked-for": (
        "Where nonces are given, a proof without a recent one of the same issuer is refused.",
        "RFC 9449 §8, §9, §11.3",
    ),
    "rfc9449:it-can-be-demanded": (
        "A client that is registered for bound tokens gets no others.",
        "RFC 9449 §5.2",
    ),
    "rfc9700:redirect-uri-exact": (
        "A redirect URI is compared as a string with those registered.",
        "RFC 9700 §2.1, §4.1.3",
    ),
    "rfc9700:redirect-uri-registrable": (
        "Only https, http to this machine and listed private-use schemes are registered, without wildcard or fragment.",
        "RFC 9700 §2.1, §2.6; RFC 8252 §7",
    ),
    "rfc9728:the-document-names-resource-and-issuer": (
        "A resource's document names the resource exactly as registered, its issuer, and its own scopes.",
        "RFC 9728 §2, §3.3",
    ),
    "rfc9728:a-document-lies-at-the-path-of-its-resource": (
        "A resource's document lies below the well-known path of its own host, before its own path.",
        "RFC 9728 §3.1",
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
    "oidc-core:a-refreshed-id-token-names-the-same-user": (
        "An ID token that a provider gives for a refresh token of one user says nothing for them if it names another.",
        "OpenID Connect Core §12.2",
    ),
    "house:only-a-plain-no-of-the-provider-signs-out": (
        "When a provider is asked again, only invalid_grant ends what its user has; silence and other errors do not.",
        "a provider's outage, or a secret of ours that has expired, would else sign everybody out at once",
    ),
    "oidc-discovery:required-members": (
        "The OpenID document has every member that is required, and agrees with the RFC 8414 one.",
        "OpenID Connect Discovery §3",
    ),
    "mcp:metadata-issuer-exact": (
        "The issuer in every document is the configured string, byte for byte.",
        "MCP 2026-07-28, Authorization Server Discovery",
    ),
    "mcp:older-clients-know-the-origin": (
        "A client that knows no more than the origin finds metadata there, or the endpoints where they have to be.",
        "MCP 2025-03-26, Authorization, 2.3 Server Metadata Discovery",
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
    "mcp:a-client-may-step-up": (
        "A client that needs more scopes than it registered or was granted gets them with its user's yes.",
        "MCP 2026-07-28, Step-Up Authorization Flow",
    ),
    "mcp:a-scope-tells-those-that-it-implies": (
        "A token tells the scopes that were allowed and all that they imply.",
        "MCP 2026-07-28, Step-Up Authorization Flow",
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
    "seed:a-sign-in-leads-to-known-apps-only": (
        "A sign-in leads to apps that the operator named, and to nothing else that a link says.",
        "The seed sent a code to whatever page a link named (4, 48)",
    ),
    "seed:a-code-of-an-app-is-bound": (
        "A code of an app is worth nothing to anybody but whoever asked for it.",
        "The seed gave a token to anybody who had a code (4)",
    ),
    "seed:a-code-of-an-app-is-used-once-within-a-minute": (
        "A code of an app counts once, and for one minute.",
        "The seed never looked at the time (19)",
    ),
    "rfc7591:initial-access-token": (
        "Where the operator says so, only who has an initial access token registers clients, as many as it is for.",
        "RFC 7591 §3",
    ),
    "rfc7592:a-client-looks-after-its-registration": (
        "A client that registered itself can read, replace and end its registration.",
        "RFC 7592 §2",
    ),
    "rfc7592:the-token-is-of-one-client": (
        "A registration access token is good for the client that it was given to; all else is refused alike.",
        "RFC 7592 §2, §3",
    ),
    "rfc7592:an-update-replaces-everything": (
        "An update replaces all metadata of a client, but for its id and the secret that it has.",
        "RFC 7592 §2.2",
    ),
    "rfc7592:a-lost-answer-locks-nobody-out": (
        "The token that an update was made with counts until the one that it gave out is used.",
        "RFC 7592 §3, Appendix A.1",
    ),
    "house:what-a-client-says-anew-must-be-allowed-anew": (
        "Where a client says something else of who it is or where answers go, its users are asked again.",
        "Who stole its registration access token must not inherit what was allowed to it (RFC 7592 §5).",
    ),
    "house:registrations-are-limited-by-address": (
        "Only so many clients register themselves from one address in a time.",
        "Strangers must not fill a tenant's file (RFC 7591 §5).",
    ),
    "house:failures-are-limited-by-address": (
        "Only so many requests that do not prove their client come from one address in a time.",
        "Nobody is to guess without end (RFC 6749 §10.10), nor to spend turns for nothing.",
    ),
    "house:who-authenticated-is-held-up-by-nobody-else": (
        "A client that authenticated is not held up by what others do at the same address.",
        "Hosted MCP clients share a few addresses.",
    ),
    "house:a-client-pays-for-itself": (
        "Requests of a client count against it only where it proved who it is.",
        "A client's name is no secret: strangers must not use up what it may ask.",
    ),
    "house:guesses-are-limited": (
        "Only so many wrong passwords are looked at for one account in a time, whatever a request says of its origin.",
        "OWASP ASVS 6.3.1",
    ),
    "house:sign-ins-of-a-user-are-limited": (
        "One user signs in only so often in a time.",
        "A program that signs in without end must not fill the tenant's file.",
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
    "house:a-yes-is-asked-for-what-is-new": (
        "A user who allowed a part before sees what is new, and beside it what was allowed.",
        "A page that repeats itself is not read",
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
    "oidc-core:claims-are-well-formed": (
        "A claims parameter that is no JSON object of the right shape is refused.",
        "OpenID Connect Core §5.5",
    ),
    "oidc-core:claims-are-had-by-the-scope-that-covers-them": (
        "A claim that is asked for by name is had by the scope that covers it, which the user sees.",
        "OpenID Connect Core §5.5",
    ),
    "oidc-core:what-the-provider-says-of-the-sign-in-is-told": (
        "An ID token says how the user signed in, in the words of the provider that knows.",
        "OpenID Connect Core §2",
    ),
    "oidc-core:an-essential-acr-is-met-or-refused": (
        "Where a client requires an authentication context, a sign-in of another is refused.",
        "OpenID Connect Core §5.5.1.1",
    ),
    "oidc-core:an-id-token-names-its-access-token": (
        "The at_hash of an ID token is half of the access token hashed as the algorithm of its signature says.",
        "OpenID Connect Core §3.1.3.6",
    ),
    "oidc-core:userinfo-may-be-signed": (
        "A client that registered for it gets userinfo as a JWT, signed and meant for itself.",
        "OpenID Connect Core §5.3.2",
    ),
    "oidc-core:the-user-who-is-meant": (
        "Where a client says which user it means, no other gets it a code.",
        "OpenID Connect Core §3.1.2.1, §5.5.1",
    ),
    "oidc-logout:a-client-of-the-session-ends-it": (
        "A client that shows an ID token of this very session ends it unasked, and gets its user back.",
        "OpenID Connect RP-Initiated Logout 1.0 §2",
    ),
    "oidc-logout:nobody-else-ends-a-session": (
        "Whoever else sends a user to sign out, the user is asked first.",
        "OpenID Connect RP-Initiated Logout 1.0 §2, §6",
    ),
    "oidc-logout:only-to-what-is-registered": (
        "After signing out nobody is sent to a URI that the client did not register, letter by letter.",
        "OpenID Connect RP-Initiated Logout 1.0 §3",
    ),
    "oidc-backchannel:clients-of-the-session-are-told": (
        "Each client that was given an ID token in a session, and asked for it, is told when that session ends.",
        "OpenID Connect Back-Channel Logout 1.0 §2.5",
    ),
    "oidc-backchannel:told-again-and-given-up": (
        "A client that could not be told is told again, a bounded number of times.",
        "OpenID Connect Back-Channel Logout 1.0 §2.5",
    ),
    "oidc-backchannel:grants-end-with-their-session": (
        "What was allowed without offline_access ends with the session in which it was allowed.",
        "OpenID Connect Back-Channel Logout 1.0 §2.7",
    ),
    "house:ended-tokens-are-told-to-their-resource": (
        "A resource server can learn which of its access tokens were ended before their time, and of no others.",
        "A JWT that is checked offline must be refusable too",
    ),
    "house:names-are-safe-to-show": (
        "A client's name holds nothing that cannot be seen or that turns the text around.",
        "Consent must be to what is read",
    ),
    "house:a-guessed-token-costs-no-look-up": (
        "A string that this tenant never made is known as such without looking anywhere.",
        "Guessing must not cost reads",
    ),
    "house:the-admin-api-denies-before-it-looks": (
        "Who may not call the admin API with what they ask is refused before it is known whether it is there.",
        "AIP-193; authorization that looks first tells strangers what exists",
    ),
    "house:every-admin-method-says-who-may": (
        "A method of the admin API without a rule of who may call it is for nobody; the rules are those documented.",
        "a method that is added without one would be open to all",
    ),
    "aip155:a-request-is-done-once": (
        "A change of the admin API that bears a request id is done once, also where its answer was lost in a crash.",
        "AIP-155",
    ),
    "aip193:all-that-is-wrong-is-told": (
        "What a request breaks of the rules of its proto is told at once, with the path of each field.",
        "AIP-193, AIP-203; whoever mends one field must not be told of the next only then",
    ),
    "house:the-admin-api-keeps-its-promise": (
        "A change of the protos that older callers would not understand is found before it is published.",
        "AIP-180; callers are updated later than servers",
    ),
    "house:a-revoked-admin-token-opens-nothing": (
        "A token that was revoked or has expired opens nothing from that instant, and ends what it had opened.",
        "a stolen token must end when its owner says so",
    ),
    "house:no-change-without-its-event": (
        "Whatever is changed through the admin API leaves an event that says who did it, from where, in which request.",
        "an operator must be able to answer for every change",
    ),
    "house:no-event-holds-a-secret": (
        "No token, secret, key or digest of one stands in an event.",
        "events are read by more people than secrets are",
    ),
    "house:a-changed-trail-is-found-out": (
        "An event that was changed, taken out of the middle or put there breaks the chain of hashes, and is found.",
        "whoever gets at the file must not be able to hide it",
    ),
    "house:a-listener-misses-nothing": (
        "A stream that is resumed tells every event, whatever broke it, and whoever reads slowly holds up nobody.",
        "an alarm that was never heard was no alarm",
    ),
    "house:admin-tokens-go-by-tls-alone": (
        "No admin token is taken or sent without TLS between two machines.",
        "RFC 6750 §5.3; whoever listens would be the operator",
    ),
    "house:a-token-of-one-kind-is-no-other": (
        "A code is no refresh token, a refresh token no access token, and so on.",
        "Type confusion",
    ),
    "house:issuers-of-one-host-are-strangers": (
        "Of issuers that share a host none honours what another gave out: no token, code, client, form or cookie.",
        "one web origin may serve several operators",
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
    "rfc9440:a-client-certificate-in-a-header": (
        "A client certificate is read from a header as a byte sequence or as an escaped PEM, and from nothing else.",
        "RFC 9440 §2",
    ),
    "house:one-certificate-and-from-a-trusted-proxy-alone": (
        "Which certificate a client has shown is believed of a trusted proxy alone, and of one header.",
        "whoever can send a header could else be anybody",
    ),
    "rfc8705:a-client-is-proven-by-the-name-in-its-certificate": (
        "A client is proven by a certificate that counts now, is of an authority of the issuer's, and bears the name.",
        "RFC 8705 §2.1",
    ),
    "rfc8705:a-client-is-proven-by-the-key-of-its-certificate": (
        "A client is proven by a certificate of a key that it has registered.",
        "RFC 8705 §2.2",
    ),
    "rfc8705:a-bound-token-opens-nothing-without-its-certificate": (
        "A token that is bound to a certificate, and a public client's refresh token too, counts only with that one.",
        "RFC 8705 §3, §7.1",
    ),
    "rfc7591:a-software-statement-goes-before-the-clients-own-word": (
        "What a software statement says of a client goes before what the client says, and the statement is echoed.",
        "RFC 7591 §2.3, §3.2.1",
    ),
    "rfc7591:a-software-statement-is-believed-of-whom-the-operator-trusts": (
        "A software statement counts only if one whom the operator trusts has signed it, for this issuer and for now.",
        "RFC 7591 §2.3, §3.2.2",
    ),
    "house:a-further-host-is-verified-first": (
        "Nobody is found at a further host before its owner has said in the DNS that they want that.",
        "else whoever may name hosts could take those of others",
    ),
    "house:a-host-is-of-one-issuer": (
        "A host leads to the issuers whose URIs name it, or to the one whose further host it is, never to both.",
        "whoever is sent to a host must end at the issuer that its owner chose",
    ),
    "house:a-further-host-changes-no-identity": (
        "At a further host an issuer says and expects the same as at its own, and sets no cookie: pages lead home.",
        "RFC 8414 §3.3, RFC 9700 §4.4",
    ),
    "house:a-software-statement-may-be-required": (
        "Where the operator wants it so, nobody registers or changes a registration without a software statement.",
        "an issuer may let in known programs only",
    ),
    "house:who-changes-who-they-are-is-asked-for-again": (
        "Where a client comes to be called, reached or proven otherwise, its users are asked for their consent again.",
        "what they allowed was allowed to the one that it was",
    ),
    "house:the-operator-limits-who-came-by-themselves": (
        "A client that came by itself has no more scopes than the operator lets it have, whatever it says of itself.",
        "what a client says of itself it can say otherwise at any time",
    ),
    "house:a-disabled-client-has-nothing": (
        "A client that is disabled proves itself nowhere, no page goes on for it, and none of its tokens counts.",
        "whoever shuts a client out must not have to know all that it was given",
    ),
    "house:who-came-by-themselves-waits-where-the-operator-wants-to-see-them": (
        "Where the operator wants it so, a client that came by itself gets nothing before it is approved.",
        "an issuer may let in known programs only",
    ),
    "house:a-list-holds-each-thing-once-and-in-order": (
        "In the pages of a list each thing that is there all the time stands once and in order, whatever their sizes.",
        "AIP-158: whoever reads a list must not have to read it again to be sure of it",
    ),
    "house:what-was-just-done-is-seen": (
        "Whoever was told that something was done finds it done in whatever they read next.",
        "AIP-133, strong consistency",
    ),
    "house:applied-twice-changes-nothing": (
        "A file of issuers that is applied again changes nothing, and so does what was exported.",
        "what is applied every night must not write every night",
    ),
    "house:no-secret-in-a-file-of-issuers": (
        "A file that declares issuers holds no secret, and an export gives none away.",
        "such files are kept where many people read",
    ),
    "house:every-call-has-a-command": (
        "Whatever the admin API can do, a command does.",
        "an operator in trouble has a shell",
    ),
    "house:a-token-goes-to-its-own-server": (
        "The admin token of one server that has a name is never sent to the address of another.",
        "who sees it can do everything",
    ),
    "house:what-ends-something-is-asked-for": (
        "No command deletes or revokes before somebody said so twice; where nobody can be asked, nothing is done.",
        "a name that is mistyped ends the sign-ins of others",
    ),
    "house:an-issuer-is-deleted-by-its-typed-id": (
        "No issuer is deleted by a command whose word was not given twice.",
        "it takes the sign-in of everybody with it",
    ),
}
