# syntax=docker/dockerfile:1
# docker buildx build --platform linux/amd64,linux/arm64 -t armready .
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE MANIFEST.in ./
COPY armready armready
COPY rules rules
RUN python -m venv /opt/armready && /opt/armready/bin/pip install --no-cache-dir .

FROM python:3.13-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && git config --system --add safe.directory '*' \
 && useradd --create-home --uid 1000 armready
COPY --from=build /opt/armready /opt/armready
ENV PATH=/opt/armready/bin:$PATH
USER armready
WORKDIR /src
ENTRYPOINT ["armready"]
CMD ["scan"]
