/** What the node container's image is made from where it cannot be pulled: the text of node-image/Dockerfile. */
export const nodeImageFile = `# The image of Berth's node container. Berth pulls it, or builds it from this very text; without a registry, see ./build.
FROM debian:bookworm-slim
RUN apt-get update \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \\
    haproxy bind9 bind9-dnsutils bind9-libs nftables iptables iproute2 conntrack socat openssl busybox-static \\
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/share/doc /usr/share/man /usr/share/locale
# dash prefers programs to applets, so tools of Debian come first and busybox fills in what is missing.
RUN mkdir -p /opt/busybox && busybox --install -s /opt/busybox
ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin:/opt/busybox
CMD ["sh"]
`
