"""Facts from what the app's publisher declares: policies, SDK lists, Data safety forms."""

from appaudit.policy.read import read
from appaudit.policy.result import PolicyResult

__all__ = ["PolicyResult", "read"]
