"""What the answers of an identity provider say of a sign-in there: each thing by itself, and what to do about it.

A provider that was asked for an authorization of nobody, and for the tokens of a code that was made up, refuses both.
How it does shows whether it knows our redirect URI, and who we are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast
from urllib.parse import parse_qs

from server.outbound.calls import json_object, said_in
from server.outbound.discovery import algorithms_in
from server.outbound.fetcher import Answer, Unreachable
from tenants.acts.provider_proof import algorithm_of
from tenants.acts.try_out import Finding, Trial
from tenants.oauth import own_assertion
from tenants.oauth.foreign_jwt import ALGORITHMS, Unproven, can_prove, usable_keys
from tenants.records import IdentityProvider

AFTER_DISCOVERY = (
    *("endpoints", "keys", "algorithms", "pkce", "client_authentication", "scopes", "response_iss"),
    *("redirect_uri", "client"),
)
_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
_GONE, _OUT_OF_ORDER = (404, 410), (502, 503, 504)
_CODE_REFUSED = ("invalid_grant", "bad_verification_code")  # the second is GitHub's
_CLIENT_REFUSED = ("invalid_client", "unauthorized_client", "incorrect_client_credentials")  # the third is GitHub's
_GRANT_REFUSED = ("unauthorized_client", "unsupported_response_type")
_REDIRECT_REFUSED = "redirect_uri_mismatch"  # GitHub's and Google's

Metadata: TypeAlias = Mapping[str, Any]
Heard: TypeAlias = Answer | Unreachable | Unproven
"""An answer, or why there is none."""


@dataclass(frozen=True, slots=True)
class AllHeard:
    authorization: Heard
    token: Heard
    user: Heard | None
    """None: there is no such endpoint."""
    keys: Heard | None


def undiscovered(message: str) -> list[Finding]:
    return [_failed("discovery", message), *map(_needs_discovery, AFTER_DISCOVERY)]


def with_metadata(trial: Trial, said: Metadata, heard: AllHeard) -> list[Finding]:
    provider = trial.trip.provider
    algorithms = provider.token_algorithms or algorithms_in(said)
    return [
        _passed("discovery", "found, and it is the configured issuer's"),
        _endpoints(heard),
        _keys(heard, algorithms),
        _algorithms(said, algorithms),
        _pkce(said),
        _client_authentication(said, provider),
        _scopes(said, trial, heard),
        _response_iss(said),
        _redirect_uri(trial, heard),
        _client(trial, heard),
    ]


def without_metadata(trial: Trial, heard: AllHeard) -> list[Finding]:
    """Of a provider that is not asked what it says of itself."""
    provider = trial.trip.provider
    why = "its endpoints are configured" if provider.issuer_uri else f"the kind {provider.kind} has none"
    return [
        _skipped("discovery", f"not used: {why}"),
        _endpoints(heard),
        _keys(heard, provider.token_algorithms or algorithms_in({})),
        *map(_unsaid, ("algorithms", "pkce", "client_authentication")),
        _scopes(None, trial, heard),
        _unsaid("response_iss"),
        _redirect_uri(trial, heard),
        _client(trial, heard),
    ]


def _endpoints(heard: AllHeard) -> Finding:
    asked = {"authorization": heard.authorization, "token": heard.token, "userinfo": heard.user}
    wrong = {name: _trouble(answer) for name, answer in asked.items() if answer is not None}
    told = "; ".join(f"{name}: {trouble}" for name, trouble in wrong.items() if trouble)
    if told:
        return _failed("endpoints", told)
    return _passed("endpoints", f"{', '.join(wrong)}: all are https, public and there")


def _trouble(heard: Heard) -> str:
    if not isinstance(heard, Answer):
        return str(heard)
    if heard.status in _GONE:
        return f"nothing is there (status {heard.status}): the address is wrong, or the client_id"
    return f"it is out of order (status {heard.status})" if heard.status in _OUT_OF_ORDER else ""


def _keys(heard: AllHeard, algorithms: Sequence[str]) -> Finding:
    if heard.keys is None:
        return _skipped("keys", "not used: no ID tokens are asked for")
    if not algorithms:
        return _skipped("keys", "there is no algorithm to use them with")
    try:
        if not isinstance(heard.keys, Answer):
            raise heard.keys
        keys = usable_keys(json_object(heard.keys))
    except (Unreachable, Unproven) as error:
        return _failed("keys", f"they cannot be had: {error}")
    fitting = sum(any(can_prove(key, algorithm) for algorithm in algorithms) for key in keys)
    if not fitting:
        return _failed("keys", f"none of them is of use for {', '.join(algorithms)}: no ID token can be proven")
    return _passed("keys", f"{fitting} of use for {', '.join(algorithms)}")


def _algorithms(said: Metadata, allowed: Sequence[str]) -> Finding:
    offered = algorithms_in(said)
    if not offered:
        return _failed("algorithms", f"it signs ID tokens with none of {', '.join(ALGORITHMS)}; choose one there")
    both = [algorithm for algorithm in allowed if algorithm in offered]
    if not both:
        return _failed("algorithms", f"it signs ID tokens with {', '.join(offered)}; allow one of these")
    return _passed("algorithms", f"ID tokens may be signed with {', '.join(both)}")


def _pkce(said: Metadata) -> Finding:
    methods = _listed(said, "code_challenge_methods_supported")
    if methods is None:
        return _passed("pkce", "it does not say whether it knows PKCE, which is sent all the same")
    if "S256" not in methods:
        return _failed("pkce", "it does not take S256, with which every sign-in begins; allow it there")
    return _passed("pkce", "it takes S256")


def _client_authentication(said: Metadata, provider: IdentityProvider) -> Finding:
    check, method = "client_authentication", provider.auth_method
    methods = _listed(said, "token_endpoint_auth_methods_supported")
    if methods is None:
        return _passed(check, f"it does not say whether it takes {method}, which is used all the same")
    if method not in methods:
        return _failed(check, f"it does not take {method}; it takes {_known(_METHODS, methods)}: choose another")
    signed, algorithms = algorithm_of(provider), _listed(said, "token_endpoint_auth_signing_alg_values_supported")
    if method == "private_key_jwt" and algorithms is not None and signed not in algorithms:
        known = _known(own_assertion.ALGORITHMS, algorithms)
        return _failed(check, f"it does not take assertions signed with {signed}; it takes {known}: choose another")
    return _passed(check, f"it takes {method}")


def _scopes(said: Metadata | None, trial: Trial, heard: AllHeard) -> Finding:
    """A provider need not list all that it supports (OpenID Connect Discovery §3), except for `openid`."""
    wanted = trial.trip.provider.scopes
    if _error_sent_back(trial, heard) == "invalid_scope":
        return _failed("scopes", f"it does not let this client ask for {' '.join(wanted)}; allow it there")
    if said is None:
        return _unsaid("scopes")
    scopes = _listed(said, "scopes_supported")
    if scopes is None:
        return _passed("scopes", "it does not say which there are")
    missing = [scope for scope in wanted if scope not in scopes]
    if "openid" in missing:
        return _failed("scopes", "it does not list openid: it is no OpenID provider")
    if missing:
        return _skipped("scopes", f"it does not list {' '.join(missing)}, and may know it all the same")
    return _passed("scopes", "it lists all that are asked for")


def _response_iss(said: Metadata) -> Finding:
    if said.get("authorization_response_iss_parameter_supported") is True:
        return _passed("response_iss", "it promises iss at the callback, and must keep it")
    return _passed("response_iss", "it does not promise iss at the callback (RFC 9207)")


def _redirect_uri(trial: Trial, heard: AllHeard) -> Finding:
    """OpenID Connect Core §3.1.2.6: `prompt=none` is answered at the redirect URI, if that is a registered one."""
    check, ours, answer = "redirect_uri", trial.trip.redirect_uri, heard.authorization
    if isinstance(heard.token, Answer) and _error(heard.token) == _REDIRECT_REFUSED:
        return _failed(check, f"it does not know {ours}; register it there")
    if not isinstance(answer, Answer):
        return _skipped(check, "needs the authorization endpoint")
    if _error_sent_back(trial, heard) is not None:
        return _passed(check, f"it answers at {ours}")
    if answer.status == 400:
        return _failed(check, f"it refuses to answer at {ours}; register it there, and compare the client_id")
    return _skipped(check, f"it does not tell; {ours} must be registered there")


def _client(trial: Trial, heard: AllHeard) -> Finding:
    check, provider, answer = "client", trial.trip.provider, heard.token
    shown = {"none": "client_id", "private_key_jwt": "client_id and key"}.get(provider.auth_method)
    credentials = shown or "client_id and client_secret"
    if trial.damaged:
        what = "key" if provider.auth_method == "private_key_jwt" else "client_secret"
        return _failed(check, f"the {what} that is kept here cannot be unsealed; set it anew")
    if not isinstance(answer, Answer):
        return _skipped(check, "needs the token endpoint")
    error = _error(answer)
    if _error_sent_back(trial, heard) in _GRANT_REFUSED:
        return _failed(check, "it does not let this client use the authorization code grant; allow it there")
    if "access_token" in said_in(answer):
        return _failed(check, "it gives tokens for a code that it never gave out: nothing that it says proves anything")
    if error in _CODE_REFUSED and provider.kind == "entra":  # AADSTS9002313: the code is read before the secret
        return _skipped(check, "it does not tell: Entra refuses the code before it looks at the secret")
    if error in _CODE_REFUSED:
        return _passed(check, f"it accepts {credentials}, and refuses only the code, which was made up")
    if error in _CLIENT_REFUSED or answer.status == 401:
        return _failed(check, f"it does not accept {credentials}; compare them with what is registered there")
    return _skipped(check, f"it does not tell: the token endpoint answered with status {answer.status}")


def _error(answer: Answer) -> object:
    """The error code at a token endpoint (RFC 6749 §5.2), which WorkOS gives another name too."""
    said = said_in(answer)
    return said.get("error", said.get("code"))


def _error_sent_back(trial: Trial, heard: AllHeard) -> str | None:
    """The error that a browser would bring back to our redirect URI; None if it would not be sent there."""
    answer = heard.authorization
    if not isinstance(answer, Answer) or not 300 <= answer.status < 400:
        return None
    where, _, query = answer.headers.get("location", "").partition("?")
    if where != trial.trip.redirect_uri:
        return None
    try:
        return parse_qs(query, max_num_fields=100).get("error", [""])[0]
    except ValueError:
        return ""


def _listed(said: Metadata, member: str) -> list[object] | None:
    """None: it does not say."""
    value = said.get(member)
    return cast("list[object]", value) if isinstance(value, list) else None


def _known(ours: Sequence[str], theirs: Sequence[object]) -> str:
    return ", ".join(each for each in ours if each in theirs) or "none that is known here"


def _passed(check: str, message: str) -> Finding:
    return Finding(check, "passed", message)


def _failed(check: str, message: str) -> Finding:
    return Finding(check, "failed", message)


def _skipped(check: str, message: str) -> Finding:
    return Finding(check, "skipped", message)


def _needs_discovery(check: str) -> Finding:
    return _skipped(check, "needs discovery")


def _unsaid(check: str) -> Finding:
    return _skipped(check, "only discovery would say it")
