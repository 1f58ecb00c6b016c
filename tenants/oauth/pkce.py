"""Proof Key for Code Exchange (RFC 7636), S256 only: `plain` protects from nobody who saw the redirect."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

from tenants.oauth.refusal import Refusal

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def check_challenge(challenge: str | None, method: str | None) -> str:
    """The challenge of an authorization request. Refusal `invalid_request` unless it is a well-formed S256 one."""
    if challenge is None:
        raise Refusal("invalid_request", "code_challenge is missing: PKCE with S256 is required")
    if method != "S256":
        raise Refusal("invalid_request", "code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise Refusal("invalid_request", "code_challenge is not an S256 challenge")
    return challenge


def proves(verifier: str | None, challenge: str) -> bool:
    """Whether whoever sent `verifier` also made `challenge`. A missing or malformed verifier proves nothing."""
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        return False
    # the challenge is known to whoever saw the authorization request, its pre-image is not: compare in constant time
    return hmac.compare_digest(challenge_of(verifier), challenge)
