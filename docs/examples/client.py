#!/usr/bin/env python3
"""A kvchain client with Python's standard library alone, written from docs/protocol: it makes a key, signs a put, submits it, waits
until a block holds it, gets the value back and checks the proof of it against the header of a block.

    client.py [--rpc http://127.0.0.1:8645] KEY VALUE       or, to check itself:   client.py --vectors docs/protocol/vectors
"""
import argparse, base64, hashlib, hmac, json, secrets, sys, time, urllib.parse, urllib.request

P = 2**256 - 2**32 - 977  # secp256k1 (SEC 2): the field, the order of the group, the base point
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)

def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()

def add(a, b):
    if a is None or b is None: return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0: return None
    slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P

def multiply(k, point):
    result = None
    while k:
        if k & 1: result = add(result, point)
        point, k = add(point, point), k >> 1
    return result

def public_key(secret):
    x, y = multiply(int.from_bytes(secret, "big"), G)
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")

def sign(digest, secret):  # ECDSA with RFC 6979's k and the low s
    z, d, key, v = int.from_bytes(digest, "big"), int.from_bytes(secret, "big"), bytes(32), b"\1" * 32
    mac = lambda *parts: hmac.new(key, b"".join(parts), hashlib.sha256).digest()
    for tail in (b"\0", b"\1"):
        key = mac(v, tail, secret, (z % N).to_bytes(32, "big"))
        v = mac(v)
    v = mac(v)
    k = int.from_bytes(v, "big")  # outside of 1..N-1 once in 2^127
    r = multiply(k, G)[0] % N
    s = pow(k, -1, N) * (z + r * d) % N
    return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")

def verify(digest, signature, key):
    r, s, x = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"), int.from_bytes(key[1:], "big")
    y = pow(x**3 + 7, (P + 1) // 4, P)
    if len(signature) != 64 or not (0 < r < N and 0 < s <= N // 2 and key[0] in (2, 3)) or (y * y - x**3 - 7) % P: return False
    w, point = pow(s, -1, N), (x, y if y & 1 == key[0] & 1 else P - y)
    sum_ = add(multiply(int.from_bytes(digest, "big") * w % N, G), multiply(r * w % N, point))
    return sum_ is not None and sum_[0] % N == r

def cbor(item):  # docs/protocol/encoding.md
    def head(major, n):
        if n < 24: return bytes([major << 5 | n])
        size = next(size for size in (1, 2, 4, 8) if n < 256**size)
        return bytes([major << 5 | 23 + size.bit_length()]) + n.to_bytes(size, "big")
    if item is None: return b"\xf6"
    if isinstance(item, int): return head(0, item)
    if isinstance(item, bytes): return head(2, len(item)) + item
    if isinstance(item, str): return head(3, len(item.encode())) + item.encode()
    return head(4, len(item)) + b"".join(map(cbor, item))

def uncbor(data):
    def read(at, depth):
        if depth > 16: raise ValueError("arrays nest too deep")
        major, low = data[at] >> 5, data[at] & 31
        if data[at] == 0xF6: return None, at + 1
        size = 1 << low - 24 if low > 23 else 0
        n, at = int.from_bytes(data[at + 1:at + 1 + size], "big") if size else low, at + 1 + size
        if major == 0: return n, at
        if major in (2, 3): return data[at:at + n] if major == 2 else data[at:at + n].decode(), at + n
        items = [None] * min(n, len(data))
        for place in range(n): items[place], at = read(at, depth + 1)
        return items, at
    item, _ = read(0, 0)
    if cbor(item) != data: raise ValueError("not canonical CBOR")
    return item

def make_transaction(secret, body):  # docs/protocol/transaction.md: id, bytes, digest, signature, witnessId
    encoded = cbor(body)
    digest = sha256(b"kvchain/tx/v1", encoded)
    signature = sign(digest, secret)
    return sha256(encoded), b"\x82" + encoded + cbor(signature), digest, signature, sha256(encoded, signature)

def state_root(path, payload, proof):  # docs/protocol/state.md: the root to which the proof leads from what stands at `path`
    depth, zero = int.from_bytes(proof[:2], "big"), bytes(32)
    bits = lambda data: [data[i >> 3] >> (7 - (i & 7)) & 1 for i in range(depth)]
    start = 2 + (depth + 7) // 8
    bitmap, hashes = bits(proof[2:start]), [proof[i:i + 32] for i in range(start, len(proof), 32)]
    siblings, other = hashes[:sum(bitmap)], hashes[sum(bitmap):]
    if len(siblings) != sum(bitmap) or len(other) not in (0, 2) or any(len(h) != 32 for h in hashes): return None
    if payload and other or other and (other[0] == path or bits(other[0]) != bits(path)): return None
    leaf = [path, payload] if payload else other
    node = sha256(b"\0", *leaf) if leaf else zero
    for depth_bit, has_sibling in reversed(list(zip(bits(path), bitmap))):
        sibling = siblings.pop() if has_sibling else zero
        node = sha256(sibling, node) if depth_bit else sha256(node, sibling)
    return node

def verify_proof(file):  # docs/protocol/formats.md; gives the header, its hash and the value, or raises
    claim, header = file["claim"], uncbor(bytes.fromhex(file["header"]))
    known = {"format", "version", "kind", "chainId", "claim", "header", "nonce", "proof", "certificate"}
    if (file["format"], file["version"], file["kind"], header[0]) != ("kvchain-proof", 1, "key", 1) or set(file) - known or \
            len(file["nonce"]) != 64: raise ValueError("not a proof file of this version")
    decode = base64.b64decode if claim.get("encoding") == "base64" else str.encode
    value = None if "absent" in claim else decode(claim["value"])
    record = claim.get("tombstone") if "absent" in claim else claim
    if ("absent" in claim) != ("value" not in claim) or claim.get("absent", True) is not True: raise ValueError("not a claim")
    fields = record and [record["version"], bytes.fromhex(record["owner"]), value if value is None else sha256(value),
                         record["valueVersion"], record["contentType"], record["height"]]
    payload = fields and sha256(cbor(fields))
    if state_root(sha256(b"\1", claim["key"].encode()), payload, bytes.fromhex(file["proof"])) != header[5]:
        raise ValueError("the proof does not lead to the state root")
    return header, sha256(sha256(b"kvchain/header/v1", cbor(header)), bytes.fromhex(file["nonce"])), value

def put_and_prove(rpc, key, value, fee):
    def call(path, body=None):
        request = urllib.request.Request(rpc + path, body and json.dumps(body).encode(), {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer: return json.load(answer)
        except OSError as error: sys.exit(f"{rpc}{path}: {error} {getattr(error, 'read', bytes)().decode()}")  # with the node's reason
    secret, chain_id = secrets.token_bytes(32), bytes.fromhex(call("/v1/status")["chainId"])
    body = [1, chain_id, public_key(secret), 0, fee, None, b"", [[0, key, value.encode(), "text/plain", None]]]
    identity, encoded, *_ = make_transaction(secret, body)
    call("/v1/transactions", {"transaction": encoded.hex()})
    for _ in range(240):
        if (state := call(f"/v1/transactions/{identity.hex()}"))["status"] != "pending": break
        time.sleep(0.5)
    if state["status"] != "included":
        hint = "; a key belongs to who wrote it first, and every run makes a new account" if state.get("code") == "NOT_OWNER" else ""
        sys.exit(f"transaction {identity.hex()}: {state['status']} {state.get('code', 'after two minutes')}{hint}")
    path = "/v1/kv/" + urllib.parse.quote(key, safe="")
    got, file = call(path), call(path + "/proof")
    header, found, proven = verify_proof(file)
    has_work = int.from_bytes(found, "big") <= (header[7] & 0x7FFFFF) * 256**(header[7] >> 24) >> 24  # docs/protocol/target.md
    is_proven = proven == value.encode() and file["chainId"] == chain_id.hex() and has_work
    print(json.dumps({"id": identity.hex(), "status": "included", "value": got["value"], "proven": is_proven, "blockHash": found.hex()}))
    return is_proven

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rpc", default="http://127.0.0.1:8645", help="address of a node's API")
    parser.add_argument("--fee", type=int, default=0, help="fee of the transaction; a new account can pay none")
    parser.add_argument("--vectors", help="folder of the protocol's vectors to check this program with")
    for name, default in (("key", "greeting"), ("value", "hello")): parser.add_argument(name, nargs="?", default=default)
    asked = parser.parse_args()
    if asked.vectors: import check_vectors; sys.exit(check_vectors.main(asked.vectors))
    sys.exit(0 if put_and_prove(asked.rpc, asked.key, asked.value, asked.fee) else 1)
