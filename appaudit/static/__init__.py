"""Facts from an app's files alone, without running it.

from appaudit.static import scan

result = scan(Path("shop.apk"))      # raises InputError with one sentence
result.app, result.facts, result.gaps
"""

from appaudit.static.scan import ScanResult, scan

__all__ = ["ScanResult", "scan"]
