"""What happens without a request: alarms ring, idle tenants go to sleep."""

import asyncio

from server.telemetry import Log
from tenants.registry import Registry
from tenants.residence import Residence

INTERVAL = 5.0


async def keep(registry: Registry, residence: Residence, log: Log, interval: float = INTERVAL) -> None:
    """Runs until cancelled. A round that fails is told and tried again: nothing here may end the house."""
    while True:
        await asyncio.sleep(interval)
        try:
            await residence.send_idle_to_sleep()
            while await registry.ring():
                pass
        except Exception as error:
            log.line("housekeeping.failed", error=f"{type(error).__name__}: {error}")
