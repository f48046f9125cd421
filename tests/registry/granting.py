"""Which of the hostile URLs name a server that somebody may mean to grant; all others must be refused."""

from tests.llm.hostile_urls import URLS

# A grant is there for private addresses, names inside a network, other ports and plain http. It opens none of the
# link-local addresses that the names of metadata services lead to.
GRANTABLE = {
    "private and reserved IPv4": {
        "https://10.0.0.1/": "https://10.0.0.1",
        "https://100.64.0.1/": "https://100.64.0.1",
        "https://172.16.0.1/": "https://172.16.0.1",
        "https://192.168.0.1/": "https://192.168.0.1",
    },
    "mapped, compatible and translated IPv6": {
        "https://[0:0:0:0:0:ffff:10.0.0.1]/": "https://[::ffff:a00:1]",
    },
    "other IPv6 that is not public": {
        "https://[fc00::1]/": "https://[fc00::1]",
        "https://[fd12:3456:789a::1]/": "https://[fd12:3456:789a::1]",
    },
    "metadata services": {
        "https://metadata/": "https://metadata",
        "https://metadata.google.internal/computeMetadata/v1/": "https://metadata.google.internal",
        "https://metadata.azure.internal/": "https://metadata.azure.internal",
    },
    # All but localhost, which is the site's own name.
    "internal names": {url: url.rstrip("/") for url in URLS["internal names"] if "//localhost/" not in url.lower()},
    "ports": {url: url.rstrip("/") for url in URLS["ports"][1:4]}
    | {"https://example.com:80/": "https://example.com:80"},
    "schemes": {
        "http://example.com/": "http://example.com",
        "http://1.1.1.1/": "http://1.1.1.1",
        "http://example.com:443/": "http://example.com:443",
    },
}
