import time
from common.local import letter
from common.local.letter_stage import Stage
from tests.journeys.letter.test_the_letter_of_2007 import DISTURBED_AFTER


def test_it(platform):
    stage = Stage(platform.url, platform.identity_provider, platform.clock)
    for name, act in letter.ACTS.items():
        t = time.monotonic()
        act(stage)
        print(name, round(time.monotonic() - t, 2), flush=True)
        for s in DISTURBED_AFTER.get(name, ()):
            t = time.monotonic()
            platform.tell(s)
            print("   ", s, round(time.monotonic() - t, 2), flush=True)
