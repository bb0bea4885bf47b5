"""appaudit: does this Android app do what its privacy policy says?"""

import os

# numpy's linear algebra, which nothing here uses, else starts a thread a core as it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
