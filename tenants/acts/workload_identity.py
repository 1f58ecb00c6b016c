"""A workload becomes a client: its platform says what it is, and the operator's rules say which client that is.

MCP, Workload Identity Federation (draft). It needs no secret and no registration, and no user stands behind the token.
"""

from tenants.acts.client_credentials import give_itself
from tenants.acts.issue import Tokens
from tenants.acts.possession import for_tokens
from tenants.oauth import identity_assertion, resource, scope, workload_assertion
from tenants.oauth.foreign_jwt import UnknownKey, Unproven
from tenants.oauth.hierarchy import with_implied
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import JWT_BEARER, AssertionRequest
from tenants.oauth.resource import Target
from tenants.oauth.workload_assertion import WorkloadAssertion, WorkloadKeysNeeded
from tenants.records import DAY, Client, Resource, WorkloadIssuer, WorkloadRule
from tenants.turn import Turn


def trusted(turn: Turn) -> list[WorkloadIssuer]:
    """Those whose workloads can get anything."""
    return [one for one in turn.tx.workload_issuers.all() if one.rules and one.disabled_at is None]


def may_be_of_workload(turn: Turn, request: AssertionRequest) -> bool:
    """Whether whoever brings the assertion shows no secret beside it, and some platform's word is enough.

    An identity assertion says that it is one: it takes a client that has proved itself, be it by its certificate.
    """
    shown = request.credentials
    if (shown is not None and shown.method != "none") or not trusted(turn):
        return False
    try:
        identity_assertion.read(request.assertion)
    except Unproven:
        return True
    return False


def act_as_client(turn: Turn, request: AssertionRequest) -> Tokens:
    """An access token alone, of the client that the rules name; if the request names one too, it must be the same.

    WorkloadKeysNeeded where the turn was not given the issuer's keys.
    """
    try:
        assertion = workload_assertion.read(request.assertion)
        issuer = next((one for one in trusted(turn) if one.issuer_uri == assertion.issuer), None)
        if issuer is None:
            raise Unproven("the token is of nobody whose word is enough here")
        use = workload_assertion.judge(assertion, issuer, f"{turn.issuer.uri}/token", turn.now)
        _prove(turn, assertion, issuer)
        named = None if request.credentials is None else request.credentials.client_id
        rule = workload_assertion.rule_for(assertion, issuer.rules, named)
    except Unproven as error:
        raise _no(str(error)) from None
    client = _client(turn, rule)
    binding = for_tokens(turn, request.proof, request.certificate, client)
    target = _target(turn, request, rule)
    scopes = scope.asked_without_user(
        request.scope,
        offered=scope.offered(turn.issuer.policy, target.registered),
        allowed=_limit(rule, client, target.registered),
    )
    if use is not None and not turn.tx.tickets.spend(use.id, use.expires_at):
        raise _no("the token was used before")
    if turn.now - client.last_used_at > DAY:
        turn.tx.clients.used(client.id, turn.now)
    tokens = give_itself(turn, client, target, scopes, binding)
    workload = assertion.jwt.claims["sub"]
    turn.remember(
        "access.federated",
        client.id,
        client.id,
        workload_issuer=issuer.id,
        workload=workload,
        resource=target.audience,
    )
    return tokens


def _prove(turn: Turn, assertion: WorkloadAssertion, issuer: WorkloadIssuer) -> None:
    """Keys are asked for last: what is refused without them makes us call nobody."""
    known = workload_assertion.keys_in(issuer) or turn.workload_keys
    if known is None or known.issuer != issuer:
        raise WorkloadKeysNeeded(issuer, fresh=False)
    try:
        workload_assertion.prove(assertion, known)
    except UnknownKey:
        if not known.fresh:
            raise WorkloadKeysNeeded(issuer, fresh=True) from None
        raise


def _client(turn: Turn, rule: WorkloadRule) -> Client:
    """As the operator has it now, which may be otherwise than when the rule was made."""
    client = turn.tx.clients.find(rule.client_id)
    if client is None or client.origin != "admin" or client.disabled_at is not None:
        raise _no("the client of the rule is gone, disabled, or not the operator's")
    if JWT_BEARER not in client.grant_types:
        raise Refusal("unauthorized_client", f"this client is not registered for {JWT_BEARER}")
    return client


def _target(turn: Turn, request: AssertionRequest, rule: WorkloadRule) -> Target:
    """What the workload asks for, or where it names nothing the only thing that it may ask for."""
    wanted = request.resources or (rule.resources if len(rule.resources) == 1 else ())
    target = resource.asked(wanted, registered=turn.tx.resources.all(), issuer_uri=turn.issuer.uri)
    if rule.resources and not any(resource.same((one,), target.audience) for one in rule.resources):
        raise Refusal("invalid_target", "the workload may not ask for this resource")
    return target


def _limit(rule: WorkloadRule, client: Client, registered: Resource | None) -> tuple[str, ...] | None:
    """What both the rule and the client are let have, if not everything."""
    of_client = scope.limit(client, registered)
    if not rule.scopes:
        return of_client
    of_rule = with_implied(rule.scopes, registered)
    return of_rule if of_client is None else tuple(name for name in of_rule if name in of_client)


def _no(detail: str) -> Refusal:
    return Refusal("invalid_grant", "the assertion is not accepted", detail=detail)
