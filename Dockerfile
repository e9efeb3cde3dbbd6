# syntax=docker/dockerfile:1
# The TypeScript of the daemon needs no build: Node 24 runs it as it is. The first stage has the production packages, the second builds the
# console, the third runs.
#   docker build -t vigie .                                   with a Redis of its own inside
#   docker build -t vigie --build-arg EMBEDDED_REDIS=no .     for a Redis elsewhere (VIGIE_REDIS_URL)
FROM node:24-bookworm-slim AS packages
WORKDIR /opt/vigie
COPY package.json package-lock.json ./
# The Node of the image is the runtime: the pinned one of package.json is for machines with an older Node.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim AS console
WORKDIR /opt/vigie
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY console ./console
# All of the daemon's that runs in the browser as well.
COPY daemon/policy/translation.ts ./daemon/policy/translation.ts
RUN npx vite build console

FROM node:24-bookworm-slim
ARG EMBEDDED_REDIS=yes
RUN if [ "$EMBEDDED_REDIS" = yes ]; then \
      apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /opt/vigie
COPY --from=packages /opt/vigie/node_modules ./node_modules
COPY --from=console /opt/vigie/console/dist ./console/dist
COPY package.json LICENSE ./
COPY cli ./cli
COPY daemon ./daemon
COPY detectors ./detectors
COPY simulate ./simulate
COPY config ./config
# The only place that is written to: mount a volume here. The root file system can be read-only (docker run --read-only).
RUN mkdir -p /var/lib/vigie && chown 10001:10001 /var/lib/vigie
VOLUME /var/lib/vigie
USER 10001:10001
ENV NODE_ENV=production \
    VIGIE_REDIS_DIRECTORY=/var/lib/vigie \
    VIGIE_INGEST_HEP_UDP=0.0.0.0:9060 \
    VIGIE_INGEST_HEP_TCP=0.0.0.0:9060 \
    VIGIE_ADMIN_LISTEN=0.0.0.0:8060
EXPOSE 9060/udp 9060/tcp 8060/tcp
# Vigie drains on SIGTERM within ten seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8060/livez').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "cli/main.ts"]
CMD ["run"]
