"""Addresses taken from the IANA special-purpose registries, and not from the list of the policy that they test."""

import csv
import random
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest

from llm.addresses import AddressPolicy, Origin, is_public, plain_address
from llm.errors import Blocked

ROWS = list(csv.DictReader((Path(__file__).parent / "special_purpose.csv").read_text().splitlines()))
BLOCKS = [ip_network(row["block"]) for row in ROWS]
AZURE = ip_address("168.63.129.16")  # the host agent of a virtual machine, under an address that belongs to Microsoft
REFUSED = [row for row in ROWS if row["expected"] == "refused"]
MANY = 200


def some_of(text):
    """The first, the last, the middle and 20 other addresses of a block."""
    block, chance = ip_network(text), random.Random(text)
    positions = {0, block.num_addresses - 1, block.num_addresses // 2}
    positions |= {chance.randrange(block.num_addresses) for _ in range(20)}
    return [kind_of(block)(int(block.network_address) + position) for position in sorted(positions)]


def kind_of(block):
    return IPv4Address if block.version == 4 else IPv6Address


def outside_the_registries(address):
    """IPv6 is given out from one block alone (IANA, IPv6 address space)."""
    given_out = address.version == 4 or address in ip_network("2000::/3")
    return given_out and not any(address in block for block in BLOCKS)


def url_of(address):
    return f"https://[{address}]/" if address.version == 6 else f"https://{address}/"


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["block"])
def test_no_address_of_a_special_block_is_admitted(row):
    policy, name = AddressPolicy(), Origin("https", "example.com", 443)
    for address in some_of(row["block"]):
        assert not is_public(plain_address(str(address))), address
        assert not policy.admits(name, plain_address(str(address))), address
        with pytest.raises(Blocked):
            policy.check(url_of(address))


def test_a_mapped_address_is_judged_by_the_one_within():
    [row] = [row for row in ROWS if row["expected"] != "refused"]
    chance = random.Random(row["block"])
    verdicts = set()
    for address in [*some_of(row["block"]), *(mapped(chance.getrandbits(32)) for _ in range(MANY))]:
        within = address.ipv4_mapped
        assert is_public(plain_address(str(address))) is is_public(within), address
        verdicts.add(is_public(within))
    assert verdicts == {True, False}


def mapped(number):
    return IPv6Address(f"::ffff:{IPv4Address(number)}")


def test_what_the_registry_calls_reachable_is_refused_for_a_reason():
    assert all(row["why"] for row in ROWS if row["globally reachable"] != "False")


def test_addresses_outside_the_registries_are_admitted():
    chance = random.Random(4711)
    v4 = [IPv4Address(chance.getrandbits(32)) for _ in range(MANY)]
    v6 = [IPv6Address(1 << 125 | chance.getrandbits(125)) for _ in range(MANY)]
    outside = [address for address in v4 + v6 if outside_the_registries(address) and address != AZURE]
    assert len(outside) > MANY
    assert [address for address in outside if not is_public(address)] == []


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["block"])
def test_a_block_ends_where_its_row_says(row):
    """The addresses before and after it are public exactly if no other row holds them."""
    block = ip_network(row["block"])
    for number in (int(block.network_address) - 1, int(block.broadcast_address) + 1):
        if 0 <= number < 2**block.max_prefixlen:
            address = kind_of(block)(number)
            assert is_public(address) is outside_the_registries(address), address
