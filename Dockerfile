# syntax=docker/dockerfile:1
# Vigie needs no build step: Node 24 runs the TypeScript as it is. The first stage installs the production packages, the second runs.
FROM node:24-bookworm-slim AS packages
WORKDIR /opt/vigie
COPY package.json package-lock.json ./
# The Node of the image is the runtime: the pinned one of package.json is for machines with an older Node.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# redis-server for `redis.url: null` (embedded); leave it out where a Redis of your own is used.
ARG EMBEDDED_REDIS=yes
RUN if [ "$EMBEDDED_REDIS" = yes ]; then \
      apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /opt/vigie
COPY --from=packages /opt/vigie/node_modules ./node_modules
COPY package.json LICENSE ./
COPY cli ./cli
COPY daemon ./daemon
COPY detectors ./detectors
COPY config ./config
# The only place that is written to; mount a volume here. The root file system can be read-only.
RUN mkdir -p /var/lib/vigie && chown 10001:10001 /var/lib/vigie
VOLUME /var/lib/vigie
USER 10001:10001
ENV NODE_ENV=production \
    VIGIE_REDIS_DIRECTORY=/var/lib/vigie \
    VIGIE_INGEST_HEP_UDP=0.0.0.0:9060 \
    VIGIE_INGEST_HEP_TCP=0.0.0.0:9060 \
    VIGIE_ADMIN_LISTEN=0.0.0.0:8060
EXPOSE 9060/udp 9060/tcp 8060/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8060/livez').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "cli/main.ts"]
CMD ["run"]
