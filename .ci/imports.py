#!/usr/bin/env python3
"""An import goes only down, and no files import each other in a circle.

    imports.py [TREE]

Reads every path in the Rust files of the library and the binaries, and for circles those of benches and tests: the
paths of `use`, and those in the code such as `crate::aws::Session` or `std::env::var`. What is re-exported stands for
the file that it comes from. A file's own `mod tests` keeps the order, but ties no circle: it may ask what stands on
its file. Prints each fault; exits 1 if there is one. test_imports.py shows what it refuses.
"""

import pathlib
import re
import sys

# The order, top first: a module imports only from modules of lines below its own.
ORDER = [
    ["main", "bin"],
    ["cli"],
    ["handler"],
    ["aws"],
    ["report", "telemetry"],
    ["invocation"],
    ["clock"],
    ["rule"],
    ["error"],
]
# It stands beside the order, below the command line.
BESIDE = {"stand_in": ["rule", "clock"]}
OUTSIDE = [
    "tokio",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
]
# What a module may not use of other crates.
FORBIDDEN = {
    "rule": ["clap", *OUTSIDE],
    "invocation": ["clap", *OUTSIDE],
    "report": ["clap", *OUTSIDE],
    "telemetry": ["clap", *OUTSIDE],
}
# Of these only the named module is a user. The events of `aws_lambda_events` are plain data and no part of the SDK.
ONLY_USER = [
    (re.compile(r"aws_lambda_events"), "invocation"),
    (re.compile(r"aws_\w+"), "aws"),
    (re.compile(r"clap\w*"), "cli"),
    (re.compile(r"lambda_runtime"), "bin"),
]
LIBRARY = "cloudtrail_all_regions"

NOISE = re.compile(
    r"""
    //[^\n]* | /\*.*?\*/                              # comments
  | b?r(?P<hashes>\#*)".*?"(?P=hashes)                # raw strings
  | b?"(?:\\.|[^"\\])*" | b?'(?:\\.|[^'\\])'          # strings and characters
""",
    re.VERBOSE | re.DOTALL,
)
TOKEN = re.compile(
    r"""
    (?P<use>\buse\s+(?P<tree>[^;]*);)
  | \bmod\s+(?P<inline>\w+)\s*\{
  | (?P<path>(?:\b\w+|\$crate)(?:::\w+)+)
  | (?P<brace>[{}])
""",
    re.VERBOSE,
)


def leaves(tree):
    """The paths of a `use` tree, each as (segments, the name that it gets here): `a::{b as c, d::*}`."""
    tree = tree.strip()
    depth, parts, part = 0, [], ""
    for character in tree:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    parts.append(part)
    for branch in filter(None, map(str.strip, parts)):
        head, brace, rest = branch.partition("{")
        prefix = [segment.strip() for segment in head.split("::") if segment.strip()]
        if brace:
            for segments, name in leaves(rest.rsplit("}", 1)[0]):
                yield (prefix, prefix[-1]) if segments == ["self"] else (prefix + segments, name)
        else:
            last, _, alias = prefix[-1].partition(" as ")
            segments = [*prefix[:-1], last.strip()]
            yield segments, alias.strip() or segments[-1]


class Crate:
    """The modules of one crate, from its root file, by their paths; and what each imports."""

    def __init__(self, root):
        self.files, self.imports, self.exports = {}, [], {}
        self.add((), root, root.parent)

    def add(self, module, file, folder):
        self.files[module] = file
        text = NOISE.sub(lambda noise: "\n" * noise.group().count("\n"), file.read_text())
        for name in re.findall(r"\bmod\s+(\w+)\s*;", text):
            found = [path for path in [folder / f"{name}.rs", folder / name / "mod.rs"] if path.exists()]
            if not found:
                raise SystemExit(f"{file}: `mod {name};` has no file where this script looks")
            self.add((*module, name), found[0], folder / name)
        inside, depth = [], 0
        for token in TOKEN.finditer(text):
            line = text.count("\n", 0, token.start()) + 1
            here = (*module, *(name for name, _ in inside))
            if token["inline"]:
                depth += 1
                inside.append((token["inline"], depth))
            elif token["brace"] == "{":
                depth += 1
            elif token["brace"] == "}":
                if inside and inside[-1][1] == depth:
                    inside.pop()
                depth -= 1
            elif token["path"]:
                self.imports.append((module, here, line, token["path"].replace("$crate", "crate").split("::")))
            else:
                is_public = re.search(r"\bpub(\([^)]*\))?\s+$", text[: token.start()])
                for segments, name in leaves(token["tree"]):
                    self.imports.append((module, here, line, segments))
                    if is_public and not inside:
                        self.exports.setdefault(module, {})[name] = segments

    def absolute(self, here, segments):
        """A path from the crate's root; none if it leads out of the crate."""
        if segments[0] == "crate":
            return segments[1:]
        if segments[0] in ("self", "super"):
            module = list(here)
            while segments and segments[0] in ("self", "super"):
                if segments[0] == "super" and module:
                    module.pop()
                segments = segments[1:]
            return module + segments
        if (*here, segments[0]) in self.files:
            return [*here, *segments]
        return None

    def owner(self, path, seen=()):
        """The module of the file that a path from the root leads into; re-exports are followed."""
        module = ()
        for position, segment in enumerate(path):
            if (*module, segment) in self.files:
                module = (*module, segment)
                continue
            exported = self.exports.get(module, {}).get(segment)
            source = exported and self.absolute(module, exported)
            if source and (module, segment) not in seen:
                return self.owner([*source, *path[position + 1 :]], (*seen, (module, segment)))
            break
        return module


def place(module):
    return next((line for line, names in enumerate(ORDER) if module in names), None)


def is_down(above, below):
    if above == below:
        return True
    if above in BESIDE:
        return below in BESIDE[above]
    if below in BESIDE:
        return place(above) <= place("cli")
    return place(below) is None or place(above) < place(below)


def circles(edges):
    """Groups of files that reach each other (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            position = stack.index(node)
            group = stack[position:]
            del stack[position:]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def faults(tree):
    tree = pathlib.Path(tree)
    source = tree / "src"
    library = Crate(source / "lib.rs")
    binaries = [path for path in [source / "main.rs", *sorted((source / "bin").glob("*.rs"))] if path.exists()]
    others = ["benches/*.rs", "benches/*/main.rs", "tests/*/main.rs", "tests/*/lib.rs"]
    roots = [*binaries, *(path for pattern in others for path in sorted(tree.glob(pattern)))]
    found, edges = [], {}
    for crate in [library, *map(Crate, roots)]:
        for module, here, line, segments in crate.imports:
            file = crate.files[module]
            where = f"{file.relative_to(tree)}:{line}"
            path = crate.absolute(here, segments)
            if path is not None:
                target = crate.files[crate.owner(path)]
                if target != file and "tests" not in here[len(module) :]:
                    edges.setdefault(file, set()).add(target)
            if crate is not library and file not in binaries:
                continue
            top = file.relative_to(source).parts[0].removesuffix(".rs")
            if top != "lib" and place(top) is None and top not in BESIDE:
                found.append(f"{file.relative_to(tree)}: `{top}` has no place in the order")
                continue
            text = "::".join(segments)
            if path is None and segments[0] == LIBRARY:
                path = segments[1:]
            if path is not None:
                below = next(iter(library.owner(path)), None)
                if below and top != "lib" and not is_down(top, below):
                    found.append(f"{where}: `{top}` imports upwards, from `{below}`: {text}")
            else:
                user = next((user for crates, user in ONLY_USER if crates.fullmatch(segments[0])), top)
                if user != top:
                    found.append(f"{where}: only `{user}` may use `{segments[0]}`: {text}")
                for forbidden in FORBIDDEN.get(top, []):
                    if f"{text}::".startswith(f"{forbidden}::"):
                        found.append(f"{where}: `{top}` may not use `{forbidden}`: {text}")
    for group in circles(edges):
        found.append("a circle of files: " + ", ".join(str(file.relative_to(tree)) for file in group))
    return sorted(set(found))


if __name__ == "__main__":
    found = faults(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    if found:
        sys.exit("\n".join(found))
    print("Every import goes down, and no files import each other in a circle.")
