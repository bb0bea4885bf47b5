"""Facts from what the app's publisher declares: policies, SDK lists, Data safety forms."""

from appaudit.policy.read import PolicyResult, read

__all__ = ["PolicyResult", "read"]
