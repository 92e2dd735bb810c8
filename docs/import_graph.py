"""Who imports whom in cmlp, read from the sources: for the design page, and for the test that holds the floors."""

import ast
from pathlib import Path

# From the ground up: a room imports from those below it alone. Modules of a room may import each other, without a circle.
FLOORS = [
    ["version", "_typing", "layers"],
    ["validation"],
    ["runtime"],
    ["initializers", "schedules", "norms", "losses"],
    ["activations", "optimizers", "regularization"],
    ["architecture"],
    ["data"],
    ["training"],
    ["parameters", "summary"],
    ["trace"],
    ["computation"],
    ["network"],
    ["model"],
    ["persistence"],
    ["callbacks"],
    ["convert", "estimators", "inspection", "datasets", "reference"],
    ["cli"],
    ["__init__", "__main__"],
]
COMPILED = "runtime"  # the only room that imports compiled modules


def modules(package: Path) -> dict[str, Path]:
    """Dotted names below cmlp, "training.loop", of all Python modules; a package is named as its folder."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


def imported_names(path: Path) -> set[str]:
    """Dotted names below cmlp that a file imports anywhere, by importlib too; but not for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cmlp":
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            given = node.args[0]
            if isinstance(given, ast.Constant):
                found.add(str(given.value))
    return {name.removeprefix("cmlp.") for name in found if name.startswith("cmlp.")}


def graph(package: Path) -> dict[str, set[str]]:
    """Module -> modules of cmlp that it imports; compiled ones are named with their underscore."""
    known = modules(package)
    arrows: dict[str, set[str]] = {}
    for name, path in known.items():
        arrows[name] = set()
        for target in imported_names(path):
            head, _, last = target.rpartition(".")
            if target in known:
                arrows[name].add(target)
            elif head in known:
                arrows[name].add(head)
            elif target.split(".")[0].startswith("_"):
                arrows[name].add(target.split(".")[0])
            elif not head and last in ("Network", "Model"):
                arrows[name].add("__init__")
        arrows[name].discard(name)
    return arrows


def room(name: str) -> str:
    return name.split(".")[0]


def rooms(package: Path) -> dict[str, set[str]]:
    """Room -> rooms that its modules import."""
    found: dict[str, set[str]] = {}
    for name, targets in graph(package).items():
        found.setdefault(room(name), set()).update(room(target) for target in targets)
    return {name: {target for target in targets if target != name} for name, targets in found.items()}


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle; empty if there is none."""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return trail[trail.index(name) :]
        if name in done or name not in arrows:
            return []
        for target in sorted(arrows[name]):
            found = visit(target, [*trail, name])
            if found:
                return found
        done.add(name)
        return []

    for name in sorted(arrows):
        found = visit(name, [])
        if found:
            return found
    return []


def reduced(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """Only those arrows that do not follow from others."""

    def below(name: str) -> set[str]:
        return set().union(*({target} | below(target) for target in arrows.get(name, ())))

    return {name: {t for t in targets if not any(t in below(o) for o in targets)} for name, targets in arrows.items()}


def draw(package: Path, path: Path) -> None:
    """The rooms on their floors as SVG; arrows that follow from others are left out."""
    from matplotlib.figure import Figure

    arrows, height = reduced(rooms(package)), len(FLOORS)
    figure = Figure(figsize=(9, 0.62 * height))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    places = {}
    for level, names in enumerate(FLOORS):
        for i, name in enumerate(names):
            aside = 0.06 * (-1) ** level if len(names) == 1 else 0.0  # so that no arrow runs through a room between
            places[name] = ((i + 1) / (len(names) + 1) + aside, level)
    for name, targets in arrows.items():
        for target in targets & places.keys():
            (x, y), (u, v) = places[name], places[target]
            ax.annotate("", (u, v + 0.2), (x, y - 0.2), arrowprops={"arrowstyle": "-|>", "color": "#9aa5b1", "lw": 0.6})
    for name, (x, y) in places.items():
        shown = {"__init__": "cmlp", "__main__": "python -m cmlp"}.get(name, name)
        box = {"boxstyle": "round,pad=0.35", "facecolor": "#ffd9b3" if name == COMPILED else "#e8f1fa", "edgecolor": "#33526e"}
        ax.text(x, y, shown, ha="center", va="center", fontsize=10, color="black", bbox=box)
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.7, height - 0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})


def table(package: Path) -> str:
    """A list-table of rooms from the top: what each imports."""
    arrows = rooms(package)
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 20 80", "", "   * - room", "     - imports"]
    for names in reversed(FLOORS):
        for name in names:
            below = [n for floor in FLOORS for n in floor if n in arrows.get(name, ())]
            lines += [f"   * - ``{name}``", f"     - {', '.join(f'``{n}``' for n in below) or 'nothing'}"]
    return "\n".join(lines) + "\n"
