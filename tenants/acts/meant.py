"""Which user a client means, and how well they must have proven who they are: before a sign-in, and after it."""

from tenants.oauth import id_token_hint
from tenants.oauth.claims import Profile
from tenants.oauth.refusal import Refusal
from tenants.oauth.wishes import Wishes
from tenants.records import Session
from tenants.turn import Turn


def is_met(turn: Turn, wishes: Wishes, session: Session) -> bool:
    """Whether this session is one that was wished for, recent enough, of the user who is meant."""
    if not wishes.met_by(session.authenticated_at, turn.now, session.acr):
        return False
    meant = _users(turn, wishes)
    if wishes.id_token_hint is not None and not meant and "none" in wishes.prompt:
        return False  # nobody can be told by it, and nobody is asked
    return meant <= {session.user_id}


def check(turn: Turn, wishes: Wishes, profile: Profile) -> None:
    """Refusal if whoever has just signed in is not who was meant, or did so in another way than was required."""
    if wishes.claims.acr and profile.acr not in wishes.claims.acr:
        # OpenID Connect Core Error Code unmet_authentication_requirements 1.0
        raise Refusal("unmet_authentication_requirements", "the user did not sign in in the way that was required")
    meant = _users(turn, wishes)
    user = turn.tx.users.find_identity(profile.provider, profile.subject) if meant else None
    if not meant <= {None if user is None else user.id}:
        raise Refusal("login_required", "another user signed in than the one who was meant")


def _users(turn: Turn, wishes: Wishes) -> set[str | None]:
    """All whom it is said to be: of two nobody is both."""
    hint = id_token_hint.read(wishes.id_token_hint, turn.tx.signing_keys.all(), turn.issuer)
    named = (wishes.claims.subject, None if hint is None else hint.user_id)
    return {name for name in named if name is not None}
