"""The images of one release, handed to the cluster's node without a registry."""

from tools.containers_kit import ROOT, podman, run
from tools.kube_kit import HOME, in_node

from common.local.layout import GATEWAY, service_names

MAILPIT = "docker.io/axllent/mailpit:v1.28"
DATA = ["docker.io/library/postgres:18", "docker.io/apache/kafka:4.1.1", MAILPIT]
STANDS_IN = """FROM docker.io/library/python:3.11-slim-bookworm
ENTRYPOINT ["python", "-W", "ignore", "-m", "smtpd", "-n", "-c", "DebuggingServer", "0.0.0.0:1025"]
"""


def build(release: str) -> list[str]:
    """Every image of ours under this tag. Two releases of the same sources differ in a label, hence in their digest."""
    made = [_built(name, release, "--build-arg", f"SERVICE={name}") for name in (GATEWAY, *service_names())]
    return [*made, _built("operations", release, "--target", "operations")]


def build_mailbox() -> None:
    """Where the image of Mailpit cannot be had, something that takes the mails all the same."""
    folder = ROOT / ".bassin" / "mailpit"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Containerfile").write_text(STANDS_IN)
    run("podman", "build", "--quiet", "--pull=never", "--format=docker", "--tag", MAILPIT, folder)


def hand_over(images: list[str]) -> None:
    archive = HOME / "release.tar"
    archive.unlink(missing_ok=True)
    podman("save", "--multi-image-archive", "--output", str(archive), *images)
    try:
        in_node("ctr", "-n", "k8s.io", "images", "import", archive)
    finally:
        archive.unlink()


def _built(name: str, release: str, *options: str) -> str:
    tag = f"localhost/bassin-{name.replace('_', '-')}:{release}"
    label = f"org.opencontainers.image.version={release}"
    command = ["podman", "build", "--quiet", "--network=host", "--pull=never", "--format=docker", "--label", label]
    run(*command, *options, "--tag", tag, ROOT)
    return tag
