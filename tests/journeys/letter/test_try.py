import time
from common.local import letter_pay, letter_meetings, letter_attendance, letter_modules
from common.local.letter import ACTS
from common.local.letter_stage import Stage
from common.local.journey import Journey
from datetime import date

def test_it(platform):
    t=time.monotonic()
    stage=Stage(platform.url,platform.identity_provider,platform.clock)
    stage.on(date(2007,10,1))
    Journey(platform.url,platform.identity_provider).load_directory()
    print("directory",time.monotonic()-t)
    for act in [a.play for a in ACTS]+[letter_modules.first,letter_meetings.play,letter_pay.prepare,letter_attendance.play]:
        t=time.monotonic()
        act(stage)
        print(act.__module__,time.monotonic()-t)
