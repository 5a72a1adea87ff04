"""What the forkserver imports once, so that services share it: their own modules and what these import."""

import gc
import importlib
from importlib.metadata import entry_points

MODULES = ["gateway.main", "common.local.identity_provider", "common.local.serving"]

for module in [*(point.module for point in entry_points(group="bassin.services")), *MODULES]:
    importlib.import_module(module)
gc.collect()
gc.freeze()  # a collection in a service would write to the pages it shares, and so copy them
