#!/bin/sh
# Write requirements/*.lock again: every version with its hashes, and the address of no index.
set -eu
cd "$(dirname "$0")/.."
compile() {
    .venv/bin/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header "$@"
}
compile pyproject.toml -o requirements/runtime.lock ${UPGRADE:+--upgrade}
for extra in operations papers; do
    compile pyproject.toml --extra $extra -c requirements/runtime.lock -o requirements/$extra.lock ${UPGRADE:+--upgrade}
done
compile --group build -o requirements/build.lock ${UPGRADE:+--upgrade}
compile pyproject.toml --extra operations --extra papers --group local -o requirements/local.lock ${UPGRADE:+--upgrade}
compile pyproject.toml --all-extras --group dev -o requirements/dev.lock ${UPGRADE:+--upgrade}
compile pyproject.toml --all-extras --group bench -c requirements/dev.lock -o requirements/bench.lock
echo uv | compile - -o requirements/bootstrap.lock ${UPGRADE:+--upgrade}
.venv/bin/python -m common.local.parts_lock
npm install --package-lock-only --silent
