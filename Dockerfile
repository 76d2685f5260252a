# The program as an image, for a CI that runs steps in containers:
#   docker build -t scopeproof/scopeproof .
#   docker run --rm -v "$PWD:/work" -w /work --user "$(id -u)" scopeproof/scopeproof test target.yaml --out report
# ".ci/images" builds the same from what Go has built before, with target/servers/reference/image/Dockerfile.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN mkdir -p /out/tmp /out/etc/ssl/certs && chmod 1777 /out/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs \
    && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /out/scopeproof ./cmd/scopeproof
FROM scratch
COPY --from=build /out/ /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/scopeproof"]
