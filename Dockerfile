# syntax=docker/dockerfile:1
# docker buildx build --platform linux/amd64,linux/arm64 -t armready .
FROM python:3.13-slim AS build
WORKDIR /source
COPY requirements.txt ./
RUN python -m venv /opt/armready && /opt/armready/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt
COPY pyproject.toml README.md LICENSE MANIFEST.in ./
COPY armready armready
COPY rules rules
RUN /opt/armready/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
# The patch release of git is the distribution's to choose.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && git config --system --add safe.directory '*' \
 && useradd --create-home --uid 1000 armready
COPY --from=build /opt/armready /opt/armready
ENV PATH=/opt/armready/bin:$PATH
USER 1000
WORKDIR /src
ENTRYPOINT ["armready"]
CMD ["scan"]
