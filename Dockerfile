# One image for each service, `docker build --build-arg SERVICE=training .`, and one for operators (--target operations).
# They share every layer but the last: Debian with Python, the packages of the lock, libs/common, then one service.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy UV_CACHE_DIR=/cache VIRTUAL_ENV=/opt/bassin
RUN apt-get update && apt-get install -y --no-install-recommends 'binutils=2.40-*' && rm -rf /var/lib/apt/lists/*
COPY requirements/bootstrap.lock requirements/
RUN python -m venv --without-pip /opt/bassin \
 && python -m venv /tools \
 && /tools/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements/bootstrap.lock
COPY requirements/build.lock requirements/runtime.lock requirements/papers.lock requirements/operations.lock requirements/
# Symbols for debuggers and what libraries carry for their own tests would be half of an image.
RUN --mount=type=cache,target=/cache \
    install() { /tools/bin/uv pip install --require-hashes --no-deps "$@"; } \
 && install --python /tools -r requirements/build.lock \
 && install -r requirements/runtime.lock \
 && install --target /images/operations -r requirements/operations.lock \
 && install --target /images/training -r requirements/papers.lock \
 && for image in operations training; do for part in /opt/bassin/lib/python3.11/site-packages/*; do \
        rm -rf "/images/$image/${part##*/}"; done; done \
 && find /opt/bassin /images -name '*.so' -exec strip --strip-unneeded {} + \
 && find /opt/bassin /images -regex '.*\.\(pyx\|pxd\|pxi\|c\|h\|pyi\)' -delete \
 && find /opt/bassin /images -type d -name tests -prune -exec rm -rf {} +
COPY pyproject.toml README.md LICENSE ./
COPY docs/openapi.json docs/asyncapi.json docs/
COPY libs libs
COPY services services
# Compiled by what they hold, not by when: the same sources give the same bytes, and a read-only root needs no more.
ARG SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/cache \
    /tools/bin/uv pip install --python /tools --no-deps --no-build-isolation --target /package . \
 && sed -i '1s,.*,#!/opt/bassin/bin/python,' /package/bin/bassin \
 && find /package \( -name direct_url.json -o -name uv_cache.json \) -delete \
 && sed -i '/direct_url.json\|uv_cache.json/d' /package/bassin-0.1.0.dist-info/RECORD \
 && for service in services/*/; do name=$(basename "$service") && mkdir -p "/images/$name" \
     && cp -r "/package/$name" "/images/$name" && cp -r "/package/$name" /images/operations; done \
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/bassin/lib /package /images

FROM python:3.11-slim-bookworm AS runtime
LABEL org.opencontainers.image.title="Bassin" \
      org.opencontainers.image.description="Coordination between the services, schools and académies of a région académique" \
      org.opencontainers.image.licenses="EUPL-1.2"
RUN groupadd --system --gid 10001 bassin && useradd --system --uid 10001 --gid bassin --no-create-home bassin
COPY --from=build /opt/bassin /opt/bassin
COPY --from=build /package/bin/bassin /opt/bassin/bin/
ENV PATH=/opt/bassin/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    BASSIN_HTTP_HOST=0.0.0.0 BASSIN_STATE=/tmp/bassin
WORKDIR /app
COPY --from=build /package/bassin-0.1.0.dist-info bassin-0.1.0.dist-info
COPY --from=build /package/common common
USER 10001:10001
ENTRYPOINT ["bassin"]

# What operators run beside the services: provision, parking, lag, audit.
FROM runtime AS operations
COPY --from=build /images/operations .
CMD ["--help"]

FROM runtime AS service
ARG SERVICE
LABEL org.opencontainers.image.title="Bassin ${SERVICE}"
ENV BASSIN_SERVICE=${SERVICE} BASSIN_HTTP_PORT=8000
COPY --from=build /images/${SERVICE} .
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s CMD ["python", "-m", "common.probe"]
CMD ["serve"]
