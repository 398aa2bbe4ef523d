"""The tables whose rows belong to an organization, by name; filled as models are declared."""

TENANT_TABLES: set[str] = set()
