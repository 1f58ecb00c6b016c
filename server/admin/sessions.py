"""SessionService: proto in, the tenant's answer out."""

from functools import partial

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import session_service_pb2 as pb
from server.admin import filter, names, walks, whose
from server.admin.caller import Caller
from server.admin.filter import Field
from server.admin.names import PageTokens
from server.admin.turns import Turns
from tenants.acts.operate_sessions import Sessions, end_session, get_session, list_sessions, public_id
from tenants.acts.walk import Walk, Walked
from tenants.records import Session
from tenants.registry import Registry


def fields(issuer_id: str) -> dict[str, Field[Session]]:
    """What a filter of an issuer's sessions may speak of."""
    return {
        "user": whose.text(lambda session: session.user_id, names.USERS.name(issuer_id, "")),
        "provider": filter.text(lambda session: session.provider),
        "acr": filter.text(lambda session: session.acr),
        "sid": filter.text(lambda session: session.sid or None),
        "amr": filter.several(lambda session: session.amr),
        "client": whose.several(lambda session: session.clients, names.of_client(issuer_id, "")),
        "authenticate_time": filter.time(lambda session: session.authenticated_at),
        "expire_time": filter.time(lambda session: session.expires_at),
    }


class SessionService:
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._turns = Turns(registry, names.SESSIONS.name, "session")
        self._page_tokens = page_tokens

    async def GetSession(self, request: pb.GetSessionRequest, caller: Caller) -> pb.Session:
        issuer_id, session_id = names.SESSIONS.ids(request.name)
        return _shown(issuer_id, await self._turns.read(issuer_id, get_session, session_id))

    async def ListSessions(self, request: pb.ListSessionsRequest, caller: Caller) -> pb.ListSessionsResponse:
        (issuer_id, parent), size = names.parent_ids(request.parent), names.page_size(request.page_size)
        holds = filter.parse(request.filter, fields(issuer_id))
        asked = walks.asked("sessions", request.parent, request.filter)
        place = bytes.fromhex(self._page_tokens.after(request.page_token, asked))
        user_id = parent or whose.only(holds, "user")

        async def read(walk: Walk[bytes, Session]) -> Walked[bytes, Session]:
            return await self._turns.read(issuer_id, list_sessions, Sessions(walk=walk, user_id=user_id))

        page, place = await walks.page(
            read, place, size, holds, shown=partial(_shown, issuer_id), place_of=lambda session: session.digest
        )
        following = "" if place is None else self._page_tokens.following(place.hex(), asked)
        return pb.ListSessionsResponse(sessions=page, next_page_token=following)

    async def DeleteSession(self, request: pb.DeleteSessionRequest, caller: Caller) -> Empty:
        issuer_id, session_id = names.SESSIONS.ids(request.name)
        return await self._turns.change(caller, request, issuer_id, end_session, session_id, lambda _: Empty())


def _shown(issuer_id: str, session: Session) -> pb.Session:
    return pb.Session(
        name=names.SESSIONS.name(issuer_id, public_id(session)),
        user=names.USERS.name(issuer_id, session.user_id),
        provider=session.provider,
        authenticate_time=Timestamp(seconds=session.authenticated_at),
        expire_time=Timestamp(seconds=session.expires_at),
        amr=session.amr,
        acr=session.acr or "",
        sid=session.sid,
        clients=[names.of_client(issuer_id, client_id) for client_id in session.clients],
    )
