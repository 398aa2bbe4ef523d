"""Tenancy: which organization the current work belongs to, and the three walls that hold it there."""

from .scope import NoOrgScope, all_orgs, current, current_org_id, no_scope, org_scope

__all__ = ["NoOrgScope", "all_orgs", "current", "current_org_id", "no_scope", "org_scope"]
