"""An image built twice from the same sources must be the same: its layers are compared by what they hold.

The times of the files are set aside (`--timestamp 0`; with BuildKit, SOURCE_DATE_EPOCH and rewrite-timestamp). Nothing
is taken from the cache of layers.
"""

import json

from tools.containers_kit import ROOT, podman, run

SERVICE = "training"  # it holds more than the others: what prints its papers
TAGS = [f"localhost/bassin-{SERVICE}:{time}" for time in ("first", "second")]


def prove() -> str:
    """The names are gone afterwards; the layers stay for later builds."""
    try:
        first, second = map(build, TAGS)
    finally:
        podman("rmi", "--force", "--ignore", *TAGS)
    different = [number for number, pair in enumerate(zip(first, second, strict=True)) if len(set(pair)) > 1]
    assert not different, f"layers {different} of {len(first)} differ between two builds of {SERVICE}"
    return f"{SERVICE} built twice without cache: the same {len(first)} layers"


def build(tag: str) -> list[str]:
    command = ["podman", "build", "--quiet", "--no-cache", "--network=host", "--pull=never", "--format=docker"]
    run(*command, "--timestamp=0", "--build-arg", f"SERVICE={SERVICE}", "--tag", tag, ROOT)
    return list(json.loads(podman("image", "inspect", "--format", "{{json .RootFS.Layers}}", tag)))


if __name__ == "__main__":
    print(prove())
