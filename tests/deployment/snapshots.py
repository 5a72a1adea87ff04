"""`python -m tests.deployment.snapshots`: what every overlay sends now becomes what it is held to."""

from tests.deployment.manifests import OVERLAYS, SNAPSHOTS, text

if __name__ == "__main__":
    SNAPSHOTS.mkdir(exist_ok=True)
    for stale in {file for file in SNAPSHOTS.iterdir() if file.stem not in OVERLAYS}:
        stale.unlink()
    for overlay in OVERLAYS:
        (SNAPSHOTS / f"{overlay}.yaml").write_text(text(overlay), "utf-8")
