import asyncio, sys, importlib, time
from benchmarks.row import NotRun
from statistics import median
from common.local.run_servers import RunOwner
async def main(names, n):
    owner = RunOwner()
    try:
        for mod in ("command","gateway","read","latency","sustained","ready"):
            try: rows = importlib.import_module(f"benchmarks.rows.{mod}").ROWS
            except ModuleNotFoundError as e: print(e); continue
            for row in rows:
                if names and not any(row.name.startswith(x) or mod==x for x in names): continue
                t=time.time()
                try:
                    async with row.measure(owner.servers) as go:
                        rs=[await go() for _ in range(n)]
                except NotRun as e:
                    print(row.name,"not run:",e); continue
                v=median(r.value for r in rs); ref=[r.reference for r in rs if r.reference is not None]
                print(f"{row.name}: {v:.2f} {row.unit} ref {median(ref) if ref else 0:.2f} ratio {v/median(ref) if ref else 0:.2f} all {[round(r.value,2) for r in rs]} took {time.time()-t:.1f}s", flush=True)
    finally: owner.close()
asyncio.run(main(sys.argv[2:], int(sys.argv[1])))
