"""How stores are opened, and what the turns over them are given: a tenant's, and the registry's own."""

from dataclasses import dataclass
from functools import partial

from tenants.actor import Awake
from tenants.keyring import DataKeys, Entropy, Keyring, RegistrySeal
from tenants.listings import ListTurn
from tenants.news import News
from tenants.problems import Broken
from tenants.records import Issuer
from tenants.store import Done, RegistryTx, Store, Stores, Tx
from tenants.tenant import Tenant
from tenants.turn import Turn

REGISTRY_UID = "registry"


@dataclass(frozen=True, slots=True)
class Waking:
    registry_stores: Stores[RegistryTx]
    stores: Stores[Tx]
    data_keys: DataKeys
    entropy: Entropy
    news: News
    sees_certificates: bool
    """Whether anybody tells us which certificates clients show in TLS."""

    async def of_list(self) -> Awake[RegistryTx, ListTurn]:
        seal, tell = RegistrySeal(REGISTRY_UID, self.data_keys), partial(self.news.tell, "")
        store = await self.registry_stores.open(REGISTRY_UID)
        return Awake(store, lambda tx, now: ListTurn(tx, now, self.entropy, seal, tell=tell))

    async def of_tenant(self, tenant: Tenant) -> Awake[Tx, Turn]:
        """Raises Broken if what lies there is another tenant's, or its data key was wrapped by another master key."""
        uid = tenant.listing.uid
        store: Store[Tx] = await self.stores.open(uid)
        try:
            [outcome] = (await store.perform([lambda tx: tx.issuer.get()])).outcomes
            issuer = outcome.value if isinstance(outcome, Done) else None
            if not isinstance(issuer, Issuer) or issuer.uid != uid:
                raise Broken(f"the store of {uid} is not the store of that tenant")
            keyring = Keyring(uid, self.data_keys.unwrap(uid, issuer.sealed_data_key), self.entropy)
        except BaseException:
            await store.close()
            raise
        tell = partial(self.news.tell, tenant.listing.id)

        def turn(tx: Tx, now: int) -> Turn:
            return Turn(
                tx,
                now,
                self.entropy,
                keyring,
                tenant.announce,
                tenant.wake_at,
                tell=tell,
                sees_certificates=self.sees_certificates,
            )

        return Awake(store, turn)
