"""Recomputes the protocol's vectors with client.py's arithmetic and what stands here, both written from docs/protocol and sharing nothing
with the program: `python3 client.py --vectors docs/protocol/vectors` prints what differs and ends with 1, or ends with 0."""
import json, pathlib
from client import cbor, make_transaction, public_key, sha256, sign, state_root, uncbor, verify, verify_proof

NUMBERS = {"put": 0, "delete": 1, "get": 2, "transferKey": 3, "createMoney": 4, "transfer": 5}
HEX_FIELDS = {"signature", "value", "to", "chainId", "sender", "memo", "id", "valueHash", "owner", "parent", "transactionsRoot", "receiptsRoot",
              "stateRoot", "producer", "extension", "publicKey", "address", "engineParams"}
INTEGER_FIELDS = {"amount", "fee", "balance", "total", "subsidy", "supplyMax", "feePerByteMin"}
BITS_FIELDS = {"bits", "maxTargetBits"}


def main(folder):
    faults = []
    for name, check in CHECKS.items():
        vectors = json.loads((pathlib.Path(folder) / f"{name}.json").read_text())
        for what, holds in check(vectors):
            if not holds: faults.append(f"{name}: {what}")
    print("\n".join(faults) if faults else f"{len(CHECKS)} files of vectors agree")
    return 1 if faults else 0


def refuses(function, *arguments):
    try: return function(*arguments) is False
    except (ValueError, KeyError, TypeError, IndexError, MemoryError): return True


def from_hex(text): return bytes.fromhex(text)


def item(name, value):
    """A field as the vectors show it -> the item that CBOR carries."""
    if isinstance(value, bool): return int(value)
    if value is None: return None
    if name in HEX_FIELDS: return from_hex(value)
    if name in INTEGER_FIELDS: return int(value)
    return int(value, 16) if name in BITS_FIELDS and isinstance(value, str) else value


def struct(fields): return [item(name, value) for name, value in fields.items()]


def operation(fields): return [NUMBERS[fields["type"]]] + [item(n, v) for n, v in fields.items() if n != "type"]


def check_cbor(vectors):
    def read(value):
        if isinstance(value, dict): return from_hex(value["bytes"]) if "bytes" in value else int(value["integer"])
        return list(map(read, value)) if isinstance(value, list) else value
    for row in vectors["good"]:
        yield row["hex"], cbor(read(row["item"])).hex() == row["hex"] and uncbor(from_hex(row["hex"])) == read(row["item"])
    for row in vectors["refused"]: yield row["name"], refuses(uncbor, from_hex(row["hex"]))


def encode_bits(target):
    length = (target.bit_length() + 7) // 8
    mantissa = target >> 8 * (length - 3) if length > 3 else target << 8 * (3 - length)
    return (length + 1) << 24 | mantissa >> 8 if mantissa & 0x800000 else length << 24 | mantissa


def decode_bits(bits):
    mantissa, length = bits & 0xFFFFFF, bits >> 24
    target = mantissa << 8 * (length - 3) if length > 3 else mantissa >> 8 * (3 - length)
    if not 0 < target < 2**256 or mantissa & 0x800000 or encode_bits(target) != bits: raise ValueError("not a compact target")
    return target


def check_target(vectors):
    for row in vectors["decoded"]:
        target = decode_bits(int(row["bits"], 16))
        yield row["bits"], target == int(row["target"], 16) and 2**256 // (target + 1) == int(row["work"])
    for row in vectors["refused"]: yield row["name"], refuses(decode_bits, int(row["bits"], 16))
    for row in vectors["encoded"]: yield row["target"], encode_bits(int(row["target"], 16)) == int(row["bits"], 16)
    for row in vectors["leadingZeroBits"]: yield f"{row['n']} bits", encode_bits(2**(256 - row["n"]) - 1) == int(row["bits"], 16)


def merkle_root(items):
    level = [sha256(b"\0", i) for i in items]
    while len(level) > 1:
        pairs = [sha256(a, b) for a, b in zip(level[::2], level[1::2])]
        level = pairs + level[-1:] if len(level) % 2 else pairs
    return sha256(len(items).to_bytes(8, "big"), level[0] if level else bytes(32))


def merkle_proof_root(count, index, leaf, siblings):
    node, width, left = sha256(b"\0", leaf), count, list(siblings)
    while width > 1:
        if index % 2: node = sha256(left.pop(0), node)
        elif index + 1 < width: node = sha256(node, left.pop(0))
        index, width = index // 2, (width + 1) // 2
    return sha256(count.to_bytes(8, "big"), node)


def check_merkle(vectors):
    items = list(map(from_hex, vectors["items"]))
    for count, root in enumerate(vectors["roots"]): yield f"root of {count}", merkle_root(items[:count]).hex() == root
    for row in vectors["proofs"]:
        root = merkle_proof_root(row["count"], row["index"], from_hex(row["leaf"]), map(from_hex, row["siblings"]))
        yield f"proof of {row['index']} of {row['count']}", root.hex() == row["root"]


def bech32m(prefix, data):
    letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    number, bits = int.from_bytes(data, "big"), len(data) * 8
    digits = [number << -bits % 5 >> shift & 31 for shift in range(bits + -bits % 5 - 5, -1, -5)]
    check = 1
    for value in [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + digits + [0] * 6:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for place, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)): check ^= term * (top >> place & 1)
    digits += [(check ^ 0x2BC830A3) >> 5 * (5 - place) & 31 for place in range(6)]
    return prefix + "1" + "".join(letters[digit] for digit in digits)


def check_keys(vectors):
    for row in vectors["accounts"]:
        key, address = public_key(from_hex(row["secretKey"])), sha256(from_hex(row["publicKey"]))[:20]
        yield row["name"], (key.hex(), address.hex()) == (row["publicKey"], row["address"])
        yield row["addressText"], (bech32m("kv", address), bech32m("kvt", address)) == (row["addressText"], row["testAddressText"])
    for row in vectors["signatures"]:
        yield row["signature"], sign(from_hex(row["digest"]), from_hex(row["secretKey"])).hex() == row["signature"]
        yield row["publicKey"], verify(*(from_hex(row[name]) for name in ("digest", "signature", "publicKey")))
    for row in vectors["refusedSignatures"]:
        yield row["name"], not verify(*(from_hex(row[name]) for name in ("digest", "signature", "publicKey")))


def check_operation(vectors):
    for row in vectors["good"]: yield row["hex"], cbor(operation(row["operation"])).hex() == row["hex"]


def check_transaction(vectors):
    for row in vectors["good"]:
        fields = {name: value for name, value in row["body"].items() if name != "operations"}
        body = struct(fields) + [[operation(o) for o in row["body"]["operations"]]]
        made = make_transaction(from_hex(row["secretKey"]), body)
        yield row["name"], [b.hex() for b in made] == [row[n] for n in ("id", "hex", "digest", "signature", "witnessId")]
        yield row["name"], cbor(body).hex() == row["bodyHex"] and verify(made[2], made[3], body[2])
    for row in vectors["invalid"]:
        if row["code"] != "BAD_SIGNATURE": continue
        body, signature = uncbor(from_hex(row["hex"]))
        yield row["name"], not verify(sha256(b"kvchain/tx/v1", cbor(body)), signature, body[2])


def check_receipt(vectors):
    numbers = {row["code"]: row["number"] for row in json.loads(ERRORS.read_text())}
    for row in vectors["good"]:
        r = row["receipt"]
        results = [result and [result["version"], from_hex(result["valueHash"])] for result in r["results"]]
        encoded = cbor([from_hex(r["id"]), int(r["status"] == "applied"), numbers.get(r["code"]), r["index"], results])
        yield row["hash"], (encoded.hex(), sha256(encoded).hex()) == (row["hex"], row["hash"])


def check_sealed(row):
    header, chain_id = cbor(struct(row["header"])), from_hex(row["chainId"])
    content = sha256(b"kvchain/header/v1", header)
    found = sha256(content, from_hex(row["nonce"]))
    digest = sha256(b"kvchain/block/v1", chain_id, found)
    expected = tuple(row[name] for name in ("headerHex", "contentHash", "hash", "producerDigest"))
    yield row["hash"], (header.hex(), content.hex(), found.hex(), digest.hex()) == expected
    yield row["hash"], cbor([struct(row["header"]), from_hex(row["nonce"]), from_hex(row["signature"])]).hex() in row["hex"] or "transactions" in row
    if row["header"]["height"] > 0:
        yield "producer", verify(digest, from_hex(row["signature"]), from_hex(row["header"]["producer"]))
        yield "work", int.from_bytes(found, "big") <= decode_bits(row["header"]["bits"])


def check_header(vectors):
    for row in vectors["good"]: yield from check_sealed(row)


def check_block(vectors):
    for row in vectors["good"]:
        yield from check_sealed(row)
        header, _, _, transactions = uncbor(from_hex(row["hex"]))
        witness_ids = [sha256(cbor(body), signature) for body, signature in transactions]
        yield "witnessIds", [w.hex() for w in witness_ids] == row["transactions"]
        yield "transactionsRoot", merkle_root(witness_ids) == header[3]
        yield "receiptsRoot", merkle_root(list(map(from_hex, row["receipts"]))) == header[4]


def check_genesis(vectors):
    for row in vectors["good"]:
        file = row["file"]
        prefix = file["schedule"][0]["params"]["addressPrefix"]
        addresses = {bech32m(prefix, from_hex(change["stateKey"])[1:]): from_hex(change["stateKey"])[1:] for change in row["state"]}
        members = [[member["name"], from_hex(member["publicKey"])] for member in file["members"]]
        allocations = [[addresses[a["address"]], int(a["balance"])] for a in file["allocations"]]
        params = struct(file["schedule"][0]["params"])
        fields = [file["version"], file["name"], file["engine"], file["time"], params, members,
                  [addresses[minter] for minter in file["minters"]], allocations]
        yield "encoding", (cbor(fields).hex(), sha256(cbor(fields)).hex()) == (row["hex"], row["chainId"])
        yield from check_sealed(row["block0"])
        leaves = [(sha256(from_hex(c["stateKey"])), sha256(from_hex(c["after"]))) for c in row["state"]]
        yield "stateRoot of block 0", tree_root(leaves).hex() == row["block0"]["header"]["stateRoot"]


def tree_root(leaves, depth=0):
    """docs/protocol/state.md, by recursion over the bits of the paths."""
    if len(leaves) < 2: return sha256(b"\0", *leaves[0]) if leaves else bytes(32)
    sides = [[leaf for leaf in leaves if leaf[0][depth >> 3] >> (7 - (depth & 7)) & 1 == bit] for bit in (0, 1)]
    return sha256(tree_root(sides[0], depth + 1), tree_root(sides[1], depth + 1))


def check_state(vectors):
    for row in vectors["records"]:
        record = cbor(struct(row["record"]))
        path = sha256(from_hex(row["stateKey"]))
        yield row["stateKey"], (path.hex(), record.hex(), sha256(record).hex()) == (row["path"], row["hex"], row["payloadHash"])
    pair = lambda leaf: (from_hex(leaf["path"]), from_hex(leaf["payloadHash"]))
    leaves = list(map(pair, vectors["leaves"]))
    for count, root in enumerate(vectors["roots"]): yield f"root of {count}", tree_root(leaves[:count]).hex() == root
    yield "close paths", tree_root(list(map(pair, vectors["closeLeaves"]))).hex() == vectors["closeRoot"]
    for row in vectors["proofs"]:
        payload = row["payloadHash"] and from_hex(row["payloadHash"])
        root = state_root(from_hex(row["path"]), payload, from_hex(row["hex"]))
        yield row["key"], root is not None and root.hex() == row["root"] == vectors["root"]


def check_proof(vectors):
    for row in vectors["good"]: yield row["name"], verify_proof(row["file"])[1].hex() == vectors["hash"]
    for row in vectors["refused"]: yield row["name"], refuses(verify_proof, row["file"])


def join_subtrees(children):
    """Of (hash, whether it is a lone leaf) or None, from left to right, two by two: what they make up."""
    def join(left, right):
        lone = left if right is None else right if left is None else None
        if lone and lone[1] or left is None and right is None: return lone
        return sha256(left[0] if left else bytes(32), right[0] if right else bytes(32)), False
    while len(children) > 1: children = [join(*pair) for pair in zip(children[::2], children[1::2])]
    return children[0]


def check_network(vectors):
    """docs/protocol/network.md. What the fields show in full is encoded; of transactions and headers, whose vectors are elsewhere, the ids."""
    def many(texts): return [text if text is None else from_hex(text) for text in texts]
    def block_hash(header, nonce): return sha256(sha256(b"kvchain/header/v1", cbor(header)), nonce).hex()
    encoders = {
        "status": lambda f: [f["version"], from_hex(f["chainId"]), f["engine"], from_hex(f["headHash"]), f["headHeight"], from_hex(f["work"]),
                             f["finalHeight"], f["blocksFrom"], f["addresses"],
                             f["memberProof"] and struct(f["memberProof"])],
        "request": lambda f: {"getHeaders": lambda: [0, [many(f["locator"]), f["limit"]]], "getBodies": lambda: [1, [many(f["hashes"])]],
                              "getTransactions": lambda: [2, [from_hex(f["block"]), many(f["witnessIds"])]], "getSnapshots": lambda: [3, []],
                              "getState": lambda: [4, [from_hex(f["block"]), f["prefixes"]]]}[f["type"]](),
        "offers": lambda f: [[one["height"], from_hex(one["hash"])] for one in f["offers"]],
        "parts": lambda f: [[1, [many([one["stateKey"], one["record"], one["value"]]) for one in f["leaves"]]]] if "leaves" in f
                           else [[0, [one and [from_hex(one["hash"]), int(one["isLeaf"])] for one in f["children"]]]],
        "bodies": lambda f: many(f["bodies"]),
        "answer": lambda f: [0, from_hex(f["data"])] if "data" in f else [1, numbers[f["code"]], f["detail"]],
        "exchangeQuestion": lambda f: [f["ports"]],
        "exchangeAnswer": lambda f: [f["addresses"]],
    }
    def part_root(f):
        if "children" in f: return join_subtrees([one and (from_hex(one["hash"]), one["isLeaf"]) for one in f["children"]])[0]
        return tree_root([(sha256(from_hex(one["stateKey"])), sha256(from_hex(one["record"]))) for one in f["leaves"]])
    def ids(transactions): return [one and sha256(cbor(one[0])).hex() for one in transactions]
    readers = {
        "batch": lambda items: {"ids": ids(items)},
        "transactions": lambda items: {"ids": ids(items)},
        "headers": lambda items: {"hashes": [block_hash(header, nonce) for header, nonce, _ in items]},
        "compactBlock": lambda items: {"hash": block_hash(*items[:2]), "witnessIds": [one.hex() for one in items[3]]},
    }
    numbers = {row["code"]: row["number"] for row in json.loads(ERRORS.read_text())}
    for row in vectors["good"]:
        kind, fields, data = row["kind"], row["fields"], from_hex(row["hex"])
        if kind in encoders: yield row["name"], cbor(encoders[kind](fields)) == data
        if "identity" in fields:
            signed = sha256(b"kvchain/paxos/member/v1", from_hex(fields["chainId"]), bytes(8), fields["identity"].encode())
            yield f"proof {row['name']}", verify(signed, from_hex(fields["memberProof"]["signature"]), from_hex(fields["publicKey"]))
        if kind == "parts": yield f"root of {row['name']}", part_root(fields).hex() == fields["stateRoot"]
        if kind not in encoders: yield row["name"], readers[kind](uncbor(data)) == fields and cbor(uncbor(data)) == data


ERRORS = pathlib.Path(__file__).resolve().parent.parent / "protocol" / "vectors" / "errors.json"
CHECKS = {"cbor": check_cbor, "target": check_target, "merkle": check_merkle, "keys": check_keys, "operation": check_operation,
          "transaction": check_transaction, "receipt": check_receipt, "header": check_header, "block": check_block,
          "genesis": check_genesis, "state": check_state, "proof": check_proof,
          "network": check_network}
