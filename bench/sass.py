#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issue slots of a hash, by pipe, in what NVRTC made of every kernel, beside the bound on paper.

usage: sass.py --nvdisasm PATH [--markdown] [--loops] DIRECTORY

DIRECTORY is what `bench/cubins DIRECTORY 75 ... 120` filled (`make bench/cubins`).  nvdisasm comes
with CUDA toolkits; the path to it is the user's.  Nothing is run on a card and nothing is fetched.

What is counted: instructions of the machine code, weighted by how often the loops around them run
(LOOPS below), left out what follows the last way out of a kernel: there only candidates come.
Rates are lanes a clock of an SM, as NVIDIA's programming guide has them; two assumptions are marked.

The bound: the work that algos/*.c declares for a hash on the same pipes, in the best split: logic
and rotations on the ALU, products on the FMA pipe, sums on either; words of the small table meet in
its banks as lanes at random do.  "of bound" is bound by code, device memory left out of both.
"""
import argparse
import functools
import json
import os
import re
import struct
import subprocess
import sys
from math import comb

# SM architecture: threads resident, KiB of shared memory, and a card to name rates for:
# SMs, GHz, GB/s of memory.
CARDS = {
    75: (1024, 64, "RTX 2080 Ti", 68, 1.545, 616),
    80: (2048, 164, "A100 80 GB", 108, 1.41, 2039),
    86: (1536, 100, "RTX 3090", 82, 1.695, 936),
    89: (1536, 100, "RTX 4090", 128, 2.52, 1008),
    90: (2048, 228, "H200", 132, 1.98, 4800),
    100: (2048, 228, "B200", 148, 1.965, 8000),
    103: (2048, 228, "B300", 148, 1.92, 8000),
    120: (1536, 100, "RTX 5090", 170, 2.407, 1792),
}

# Lanes a clock of an SM.
RATE = {"alu": 64, "fma": 64, "xu": 16, "lsu": 32, "issue": 128}

PIPES = {
    "alu": "LOP3 LOP32I PLOP3 SHF SHL SHR IADD3 IADD VIADD IABS PRMT LEA ISETP ICMP SEL FSEL IMNMX"
           " VIMNMX VIMNMX3 BMSK SGXT MOV P2R R2P VOTE CS2R VABSDIFF FSETP FMNMX IADD32I MOV32I"
           " VIADDMNMX FSEL",
    "fma": "IMAD IMUL FFMA FMUL FADD HFMA2 HADD2 HMUL2 IDP FFMA2",
    "xu": "POPC FLO BREV MUFU I2F F2I I2I",
    "lsu": "LDS STS LDG STG LD ST LDL STL ATOM ATOMG ATOMS RED SHFL LDSM MATCH",
    "branch": "BRA BRX JMP EXIT CALL RET BSSY BSYNC BREAK WARPSYNC BAR NANOSLEEP YIELD BPT KILL"
              " MEMBAR ERRBAR DEPBAR CCTL B2R BMOV",
    "other": "S2R LDC NOP R2UR S2UR R2UR REDUX PREEXIT ACQBULK CREDUX ELECT",
}
PIPE = {word: pipe for pipe, words in PIPES.items() for word in words.split()}

# How often the loops of a kernel run, in the order they begin, by how many the compiler left.
# {fly} and so on are of the options.
LOOPS = {
    "sha256d": {0: []},
    "scrypt_in": {7: ["4", "2", "4", "4", "4", "4", "4"]},
    "scrypt_mix": {2: ["1024", "1024"], 3: ["1024", "1024", "1024 * (GAP - 1) / 2 / 1024"]},
    "scrypt_out": {3: ["2", "4", "4"], 4: ["2", "4", "4", "4"]},
    "ethash": {4: ["24", "8 / FLY", "16", "24"], 3: ["24", "16", "24"]},
    "progpow": {5: ["22", "16", "64", "22", "22"],
                6: ["1024 / GROUP", "22", "16", "64", "22", "22"]},
}


def fail(text):
    sys.exit(f"sass.py: {text}")


@functools.lru_cache
def conflict(copies):
    """Passes for 32 lanes at random in 32 banks, each set of lanes with banks of its own."""
    lanes = 32 // copies
    reach = [0.0] * (lanes + 1)  # banks of a set filled one by one: ways[left][most]
    ways = {(lanes, 0): 1.0}
    for bank in range(lanes, 0, -1):
        following = {}
        for (left, most), p in ways.items():
            for k in range(left + 1):
                if bank == 1 and k != left:
                    continue
                q = comb(left, k) * (1 / bank) ** k * (1 - 1 / bank) ** (left - k)
                key = (left - k, max(most, k))
                following[key] = following.get(key, 0.0) + p * q
        ways = following
    for (_, most), p in ways.items():
        reach[most] += p
    below, mean = 0.0, 0.0
    for most, p in enumerate(reach):
        before, below = below, below + p
        mean += most * (below**copies - before**copies)
    return mean


def option(options, name, default):
    found = re.search(rf"-D{name}=(\d+)", options)
    return int(found.group(1)) if found else default


def registers(path):
    """{entry: [registers, bytes of static shared memory]} of a cubin."""
    with open(path, "rb") as file:
        elf = file.read()

    def text(table, at):
        return elf[table + at:elf.index(b"\0", table + at)].decode()

    at, = struct.unpack_from("<Q", elf, 40)
    size, number, names = struct.unpack_from("<HHH", elf, 58)
    heads = [struct.unpack_from("<IIQQQQI", elf, at + i * size) for i in range(number)]
    sections = {text(heads[names][4], h[0]): h for h in heads}
    symbols, info = sections[".symtab"], sections[".nv.info"]
    strings = heads[symbols[6]][4]
    out, i = {}, info[4]
    while i < info[4] + info[5]:
        form, what, length = struct.unpack_from("<BBH", elf, i)
        if form == 4 and what == 0x2f:  # registers of a symbol
            symbol, count_of = struct.unpack_from("<II", elf, i + 4)
            name, = struct.unpack_from("<I", elf, symbols[4] + 24 * symbol)
            shared = sections.get(".nv.shared." + text(strings, name))
            out[text(strings, name)] = [count_of, shared[5] if shared else 0]
        i += 4 + (length if form == 4 else 0)
    return out


def listing(nvdisasm, path):
    """{entry: [(address, guard, opcode, operands)], labels are addresses}."""
    try:
        text = subprocess.run([nvdisasm, "-c", path], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        fail(f"{nvdisasm} {path}: {error}")
    entries, labels, code, waiting = {}, {}, None, []
    for line in text.stdout.splitlines():
        section = re.match(r"\s*\.section\s+\.text\.(\w+)", line)
        label = re.match(r"(\.L_x_\d+):", line)
        op = re.match(r"\s+/\*([0-9a-f]{4,})\*/\s+(?:@(!?U?P\w+)\s+)?([A-Z0-9]+)((?:\.\w+)*)\s*(.*?)\s*;",
                      line)
        if section:
            code, labels, waiting = [], {}, []
            entries[section.group(1)] = (code, labels)
        elif label and code is not None:
            waiting.append(label.group(1))
        elif op and code is not None:
            for word in waiting:
                labels[word] = len(code)
            waiting = []
            code.append((op.group(2), op.group(3), op.group(4), op.group(5)))
    return entries


def find_loops(code, labels):
    """[(first, last)] of instructions, by where they begin."""
    found = {}
    for i, (_, op, _, operands) in enumerate(code):
        target = re.search(r"\((\.L_x_\d+)\)", operands)
        if op == "BRA" and target and labels.get(target.group(1), i) < i:
            found[labels[target.group(1)]] = max(i, found.get(labels[target.group(1)], 0))
    return sorted(found.items(), key=lambda loop: (loop[0], -loop[1]))


def weights(entry, code, labels, options):
    """How often each instruction runs for a hash."""
    loops = find_loops(code, labels)
    times = LOOPS.get(entry, {}).get(len(loops))
    if times is None:
        fail(f"{entry} {options}: {len(loops)} loops {loops}, which LOOPS does not know")
    facts = {name: option(options, name, 1) for name in ("FLY", "GAP", "GROUP", "PASSES")}
    out = [1.0] * len(code)
    for (first, last), word in zip(loops, times):
        for i in range(first, last + 1):
            out[i] *= eval(word, {}, facts)  # a word of LOOPS above
    ways_out = [i for i, (guard, op, _, _) in enumerate(code) if op == "EXIT"]
    end = [i for i in ways_out if not code[i][0]]
    # ways out before that are for those beyond the batch
    late = loops[-1][1] if loops else len(code) // 2
    guarded = [i for i in ways_out if code[i][0] and i > late]
    if guarded:
        for i in range(guarded[0] + 1, len(code)):
            out[i] = 0.0
    elif end:
        for i in range(end[0] + 1, len(code)):
            out[i] = 0.0
    return out


def lsu_weight(op, more, copies):
    if op == "LDS" and copies:
        return conflict(copies)
    for bits in (64, 128):
        if f".{bits}" in more:
            return bits / 32
    return 1.0


def count(code, times, arch, copies):
    slots = dict.fromkeys(("alu", "fma", "xu", "lsu", "branch", "uniform", "other", "either"), 0.0)
    slots["issue"] = 0.0
    for (_, op, more, _), n in zip(code, times):
        if not n:
            continue
        pipe = PIPE.get(op) or ("uniform" if op.startswith("U") or op == "LDCU" else None)
        if pipe is None:
            fail(f"an instruction without a pipe: {op}{more}")
        slots["issue"] += n
        if pipe == "lsu":
            slots[pipe] += n * lsu_weight(op, more, copies)
        elif pipe == "fma" and (".WIDE" in more or ".HI" in more):
            slots[pipe] += 2 * n  # assumed: half the rate
        elif arch >= 100 and op in ("IADD3", "IADD", "VIADD"):
            slots["either"] += n  # assumed: these SMs add on both pipes
        else:
            slots[pipe] += n
    return slots


def clocks(s):
    """Of an SM for one hash, by pipe, in the best split of what goes either way."""
    alu, fma, either = s["alu"], s["fma"], s["either"]
    move = min(max((alu + either - fma) / 2, 0), either)  # so many on the FMA pipe
    return {"alu": (alu + either - move) / RATE["alu"], "fma": (fma + move) / RATE["fma"],
            "xu": s["xu"] / RATE["xu"], "lsu": s["lsu"] / RATE["lsu"],
            "issue": s["issue"] / RATE["issue"]}


def on_paper(work, copies):
    """The declared work as clocks."""
    total = work["add"] + work["logic"] + work["rotate"] + work["mul32"] + 3 * work["mul64"]
    return clocks({"alu": work["logic"] + work["rotate"], "fma": work["mul32"] + 3 * work["mul64"],
                   "either": work["add"], "xu": 0, "lsu": work["local"] * conflict(copies or 1),
                   "issue": total + work["local"]})


def resident(arch, regs, shared, group):
    """Threads of an SM at once."""
    most, kib = CARDS[arch][:2]
    per_block = -(-regs // 8) * 8 * group
    reserved = 1024 if arch >= 80 else 0
    blocks = min(most // group, 65536 // per_block if per_block else 32, 32)
    if shared:
        blocks = min(blocks, kib * 1024 // (shared + reserved))
    return blocks * group


def look(nvdisasm, directory, row):
    options, arch = row["options"], row["arch"]
    path = os.path.join(directory, row["file"])
    entries, regs = listing(nvdisasm, path), registers(path)
    copies = option(options, "COPIES", 1) if "COPIES" in options else 0
    slots, most_regs, threads = None, 0, 10**9
    for entry in row["entries"]:
        if entry not in entries:
            fail(f"{path}: no entry {entry}")
        code, labels = entries[entry]
        one = count(code, weights(entry, code, labels, options), arch, copies)
        slots = {k: one[k] + (slots[k] if slots else 0) for k in one}
        shared = regs[entry][1] + (copies * 16384 if copies > 2 else 0)
        most_regs = max(most_regs, regs[entry][0])
        threads = min(threads, resident(arch, regs[entry][0], shared,
                                        option(options, "GROUP", 128)))
    return slots, most_regs, threads, copies


def summary(rows):
    """Means over periods: what is printed of an algorithm's plan on an architecture."""
    n = len(rows)
    slots = {k: sum(r[0][k] for r in rows) / n for k in rows[0][0]}
    return slots, max(r[1] for r in rows), min(r[2] for r in rows), rows[0][3]


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[2][7:])
    parser.add_argument("--nvdisasm", required=True)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--loops", action="store_true", help="only say which loops there are")
    parser.add_argument("directory")
    args = parser.parse_args()
    try:
        with open(os.path.join(args.directory, "index.json"), encoding="utf-8") as file:
            index = json.load(file)
    except (OSError, ValueError) as error:
        fail(f"{args.directory}/index.json: {error}; bench/cubins makes it")
    if args.loops:
        for row in index:
            for entry, (code, labels) in listing(
                    args.nvdisasm, os.path.join(args.directory, row["file"])).items():
                print(row["file"], entry, len(code), find_loops(code, labels))
        return
    groups = {}
    for row in index:
        if row["arch"] not in CARDS:
            fail(f"sm_{row['arch']}: add it to CARDS")
        key = (row["algo"], row["plan"], row["arch"])
        groups.setdefault(key, []).append((look(args.nvdisasm, args.directory, row), row))
    head = ("kernel", "plan", "sm", "regs", "threads", "ALU", "FMA", "either", "XU", "LSU", "branch",
            "uniform", "issue", "limit", "of bound", "card", "MH/s by code", "by memory")
    rule = " | " if args.markdown else "\t"
    print(("| " if args.markdown else "") + rule.join(head) + (" |" if args.markdown else ""))
    if args.markdown:
        print("|---" * len(head) + "|")
    for (algo, plan, arch), found in groups.items():
        slots, regs, threads, copies = summary([f[0] for f in found])
        if not threads:
            continue  # more shared memory than an SM of this architecture has
        work = found[0][1]["work"]
        code, paper = clocks(slots), on_paper(work, copies)
        limit = max(code, key=code.get)
        share = max(paper.values()) / code[limit]
        _, _, card, sms, ghz, gbs = CARDS[arch]
        rate = sms * ghz * 1e3 / code[limit]
        moved = work["stream"] + work["reads"] * work["grain"]
        cells = (algo, plan or "-", str(arch), str(regs), str(threads),
                 *(f"{slots[k]:.0f}" for k in ("alu", "fma", "either", "xu", "lsu", "branch",
                                               "uniform", "issue")),
                 limit, f"{100 * share:.0f} %", card, f"{rate:.4g}",
                 f"{gbs * 1e3 / moved:.4g}" if moved else "-")
        print(("| " if args.markdown else "") + rule.join(cells) + (" |" if args.markdown else ""))


if __name__ == "__main__":
    main()
