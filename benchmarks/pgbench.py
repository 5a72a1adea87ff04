"""The same statements by PostgreSQL's own load generator, where it is installed: it costs next to nothing."""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path

from benchmarks.row import NotRun
from common.migrate import ServiceUrls

SCRIPT = """
BEGIN;
SELECT set_config('bassin.academies', '09', true);
INSERT INTO bassin (academie, code, name, local_name) VALUES ('09', gen_random_uuid()::text, 'LILLE CENTRE', 'bassin');
SELECT infra.append(ARRAY[gen_random_uuid()], ARRAY['hr_networks'], ARRAY[gen_random_uuid()],
    ARRAY['{"ce_specversion": "1.0", "ce_type": "fr.bassin.hr_networks.network_activated.v1"}'], ARRAY['{}'::bytea]);
INSERT INTO audit VALUES ('09', gen_random_uuid(), now(), gen_random_uuid(), 'network-activated', gen_random_uuid(),
    '{"bassin": "09901"}', NULL);
COMMIT;
"""


def pgbench_command(urls: ServiceUrls, clients: int, seconds: float) -> list[str]:
    program = shutil.which("pgbench")
    if program is None:
        raise NotRun("pgbench is not installed")
    script = Path(tempfile.mkdtemp(prefix="bassin-bench-")) / "command.sql"
    script.write_text(SCRIPT)
    load = ["--client", str(clients), "--time", str(max(1, round(seconds)))]
    return [program, "--no-vacuum", "--protocol=prepared", *load, "--file", str(script), urls.app]


async def transactions_a_second(command: list[str]) -> float:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    rate = re.search(rb"tps = ([0-9.]+)", said)
    if process.returncode or rate is None:
        raise NotRun(f"pgbench ended with status {process.returncode}")
    return float(rate[1])
