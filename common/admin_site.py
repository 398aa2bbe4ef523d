"""The Django admin: the platform's staff see all organizations, an organization's admins their own."""

from unfold.sites import UnfoldAdminSite


class AtriumAdminSite(UnfoldAdminSite):
    pass
