# One program on a small Debian; the pages are part of it.
FROM rust:1.95-slim-trixie AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin tallylight

FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data tallylight && install -d -m 0700 -o tallylight /data
COPY --from=build /src/target/release/tallylight /usr/local/bin/tallylight
USER tallylight
# Journals and documents: what was promised is on this volume.
VOLUME /data
ENV TALLYLIGHT_DATA=/data TALLYLIGHT_LISTEN=0.0.0.0:8080
EXPOSE 8080
# SIGTERM drains; give it the time that this takes.
STOPSIGNAL SIGTERM
ENTRYPOINT ["tallylight"]
CMD ["serve"]
