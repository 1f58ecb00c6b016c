"""Tells clients that sessions have ended. What they answer beyond a status is not read."""

import asyncio
from urllib.parse import urlencode

from server.outbound.fetcher import Fetcher, Unreachable
from tenants.acts.tell_logout import Call, Failure, delivered, due, failed
from tenants.tenant import Tenant

CALL_SECONDS = 5.0


class LogoutCalls:
    """Implements server.outbound.errands.Errand."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def run(self, tenant: Tenant) -> bool:
        """Tell the next few, side by side: who is slow holds up no more than these."""
        found = await tenant.perform(due, None)
        await asyncio.gather(*(self._tell(tenant, call) for call in found.calls))
        return found.more

    async def _tell(self, tenant: Tenant, call: Call) -> None:
        reason = await self._call(tenant, call)
        if reason:
            await tenant.perform(failed, Failure(call.notice, reason))
        else:
            await tenant.perform(delivered, call.notice)

    async def _call(self, tenant: Tenant, call: Call) -> str:
        """Why it does not count as told. Empty: it does (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8)."""
        try:
            answer = await self._fetcher.fetch(
                tenant.listing.uid,
                "POST",
                call.uri,
                headers={"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "tenantry"},
                body=urlencode({"logout_token": call.token}).encode("ascii"),
                max_bytes=None,
                seconds=CALL_SECONDS,
            )
        except Unreachable as error:
            return str(error)
        return "" if 200 <= answer.status < 300 else f"it answered with status {answer.status}"
