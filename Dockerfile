# The Cluster Agent: Node and one file, without a shell or a package manager, for any user id and a read-only file system.
#
#   docker build --build-arg VERSION=0.6.0 --build-arg REVISION="$(git rev-parse --short=12 HEAD)" -t datadog-cluster-agent:0.6.0 .
#
# `npm run check:image` tries all of this that can be tried without an image builder.

# The result is the same on every platform, so it is built on the builder's own.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /src
# Dependencies by themselves, so that their layer is kept while only the source changes.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
# The context has no git to ask.
ARG REVISION=unknown
RUN npm run build -- --commit "$REVISION"

FROM gcr.io/distroless/nodejs24-debian12:nonroot
ARG VERSION=0.6.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="datadog-cluster-agent" \
      org.opencontainers.image.description="Serves Datadog metrics to Kubernetes autoscalers, and cluster metadata to node agents: an independent implementation of the Datadog Cluster Agent" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY LICENSE /app/
COPY --from=build /src/dist/bundle/THIRD-PARTY-NOTICES.txt /src/dist/bundle/datadog-cluster-agent.mjs.LEGAL.txt /app/
COPY --from=build /src/dist/bundle/datadog-cluster-agent.mjs /app/
ENV NODE_ENV=production
# A number, since Kubernetes cannot tell from a name that it is not root. Any other works too.
USER 65532:65532
# External metrics (as deploy/ sets the port), node agents, own metrics, probes.
EXPOSE 8443 5005 5000 5555
ENTRYPOINT ["/nodejs/bin/node", "/app/datadog-cluster-agent.mjs"]
CMD ["start"]
