"""An ID token of ours that comes back, to say who is meant and in which session (OpenID Connect Core §3.1.2.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from tenants.oauth import jwt
from tenants.records import Issuer, SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    client_id: str
    user_id: str
    sid: str | None


def read(text: str | None, keys: Sequence[SigningKey], issuer: Issuer) -> Hint | None:
    """What it says, or None if it is none of this issuer's.

    It may have expired: whoever is meant may have been here for long. But one whose key is gone proves nothing.
    """
    claims = jwt.verify(text, keys, typ="JWT") if text is not None else None
    if claims is None or claims.get("iss") != issuer.uri:
        return None
    client_id, user_id, sid = claims.get("aud"), claims.get("sub"), claims.get("sid")
    if not isinstance(client_id, str) or not isinstance(user_id, str):
        return None
    return Hint(client_id=client_id, user_id=user_id, sid=sid if isinstance(sid, str) else None)
