# One static program, the certificates that it trusts and a place for its data; no shell, no packages.
FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY . .
# The C library goes into the program; naming the host as the target keeps that away from build scripts. Names of
# functions stay, for the trace of a crash; what a build leaves behind does not, a layer would keep gigabytes.
RUN set -eu; \
    host=$(rustc --print host-tuple); \
    RUSTFLAGS="-C target-feature=+crt-static" CARGO_PROFILE_RELEASE_STRIP=debuginfo \
        cargo build --release --locked --bin tallylight --target "$host"; \
    install -D "target/$host/release/tallylight" /image/usr/local/bin/tallylight; \
    install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt; \
    install -d -m 0700 /own/data; \
    rm -rf target "${CARGO_HOME:-$HOME/.cargo}/registry"

FROM scratch
COPY --from=build /image/ /
COPY --from=build --chown=10001:10001 /own/ /
USER 10001:10001
# Journals and documents: what was promised is on this volume. Nothing else is written.
VOLUME /data
ENV TALLYLIGHT_DATA=/data TALLYLIGHT_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["tallylight", "health"]
# It drains; give it 30 s.
STOPSIGNAL SIGTERM
ENTRYPOINT ["tallylight"]
CMD ["serve"]
