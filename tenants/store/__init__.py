"""The port: how a tenant is kept. Bring your own backend by implementing what stands here.

A `Store` is one tenant's memory, open. It performs *batches*: each piece of work is a plain function of a `Tx`,
run one after another, each undone alone if it raises, all made durable by one commit before any outcome is told.
`tests/support/storage_conformance.py` proves an implementation; `storage_sqlite` and `tenants.memory` pass it.

Verbs: `find` may give None; `add` refuses a second of the same name (AlreadyThere), and so does `change` where it would
take another's; `change` and `remove` tell whether there was one; `spend` and the other conditional verbs are one
statement each and tell whether they took effect; `sweep` removes at most `limit` and tells how many. A verb that
refuses has changed nothing. Lists come in the order of their ids, by code point, after `after`, at most `limit` long.

Each noun keeps to itself unless it says otherwise: removing a client leaves its grants, adding a grant asks for no
client. What was kept is found as it was given. Mappings hold JSON values; what is done to one after it was given
changes nothing, and one that was found is read, never written. "In any case" speaks of the letters A to Z.

What may be asked to be kept: text without lone surrogates, and without NUL where it is looked up in any case; scopes
and grant types without spaces; numbers of 63 bits and a sign.
"""

from tenants.store.batches import Commit, Done, Outcome, Store, Stores, Undone
from tenants.store.clients import ClientNoun, RegistrationTokenNoun
from tenants.store.events import AnswerNoun, EventNoun
from tenants.store.grants import DeviceRequestNoun, GrantNoun, TicketNoun
from tenants.store.issuers import IssuerNoun
from tenants.store.keys import SigningKeyNoun
from tenants.store.outbox import OutboxNoun
from tenants.store.providers import IdentityProviderNoun, WorkloadIssuerNoun
from tenants.store.registry import AdminTokenNoun, DomainNoun, ListingNoun, OperationNoun, RegistryTx
from tenants.store.resources import ResourceNoun
from tenants.store.tx import Tx
from tenants.store.users import ConsentNoun, KeptTokenNoun, OrganizationNoun, SessionNoun, UserNoun

__all__ = [
    "AdminTokenNoun",
    "AnswerNoun",
    "ClientNoun",
    "Commit",
    "ConsentNoun",
    "DeviceRequestNoun",
    "DomainNoun",
    "Done",
    "EventNoun",
    "GrantNoun",
    "IdentityProviderNoun",
    "IssuerNoun",
    "KeptTokenNoun",
    "ListingNoun",
    "OperationNoun",
    "OrganizationNoun",
    "OutboxNoun",
    "Outcome",
    "RegistrationTokenNoun",
    "RegistryTx",
    "ResourceNoun",
    "SessionNoun",
    "SigningKeyNoun",
    "Store",
    "Stores",
    "TicketNoun",
    "Tx",
    "Undone",
    "UserNoun",
    "WorkloadIssuerNoun",
]
