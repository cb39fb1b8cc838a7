"""Who pays for a tenant, and whose documents it sees."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from meterbook.close.snapshot import Catalog, Fields


class TenantAccounts:
    """The accounts that have ever paid for each tenant, from the catalog as it is known now."""

    def __init__(self, catalog: Catalog) -> None:
        self._links: defaultdict[str, list[tuple[Fields, Fields]]] = defaultdict(list)
        self._tenants: dict[str, set[str]] = {}
        for (kind, id_), found in sorted(catalog.documents.items()):
            if kind == "account":
                links = found["document"]["tenants"]
                self._tenants[id_] = {link["tenant_id"] for link in links}
                for link in links:
                    self._links[link["tenant_id"]].append((link, found))

    def payer(self, tenant_id: str, on: date) -> Fields | None:
        """The account that pays on a day; for one that has left, the last that did."""
        day = on.isoformat()
        begun = [
            (link["ends_on"] > day, link["starts_on"], at)
            for at, (link, _) in enumerate(self._links[tenant_id])
            if link["starts_on"] <= day
        ]
        return self._links[tenant_id][max(begun)[2]][1] if begun else None

    def seen_by(self, tenant_id: str) -> set[str]:
        """The accounts whose documents a tenant is handed, also those of before it moved."""
        accounts = {str(found["id"]) for _, found in self._links[tenant_id]}
        return {account for account in accounts if tenant_id in self.payers(account)}

    def payers(self, account_id: str) -> set[str]:
        """Who sees an account's documents: the tenant of its name, or the only one in it.

        Where several tenants share an account under another name, nobody of them sees the whole
        bill.
        """
        tenants = self._tenants.get(account_id, set())
        return {account_id} | (tenants if len(tenants) == 1 else set())
