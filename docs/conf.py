"""Sphinx settings: the built pages are checked with -W, so every warning is an error."""

import sys
import tempfile
import zlib
from pathlib import Path

import cmlp

sys.path.insert(0, str(Path(__file__).parent))
import import_graph

project = "cmlp"
author = "the cmlp developers"
copyright = "2026, the cmlp developers"
version = release = cmlp.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
myst_enable_extensions = ["dollarmath", "amsmath"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # a cell takes seconds; a busy machine may take long
nb_merge_streams = True
nb_render_markdown_format = "myst"
exclude_patterns = ["_build", "generated", "examples", "gallery/*.ipynb", "gallery/*.py"]
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_\w+\.py",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "write_computation_times": False,
    "min_reported_time": 1000,
    "capture_repr": (),
}


def inventory(name: str) -> str:
    """What these pages name of another project's, in Sphinx's own format: the build asks no network for it."""
    lines = Path(__file__).with_name("inventories").joinpath(f"{name}.txt").read_text().split("\n")
    objects = "".join("{} {} 1 {} -\n".format(*line.split()) for line in lines if line)
    head = f"# Sphinx inventory version 2\n# Project: {name}\n# Version: \n# The rest of this file is compressed using zlib.\n"
    path = Path(inventories.name, f"{name}.inv")
    path.write_bytes(head.encode() + zlib.compress(objects.encode()))
    return str(path)


inventories = tempfile.TemporaryDirectory()
PROJECTS = {
    "numpy": "https://numpy.org/doc/stable/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "sklearn": "https://scikit-learn.org/stable/",
    "torch": "https://docs.pytorch.org/docs/stable/",
}
intersphinx_mapping = {name: (url, inventory(name)) for name, url in PROJECTS.items()}

PACKAGE = Path(cmlp.__file__).parent
generated = Path(__file__).parent / "generated"
import_graph.draw(PACKAGE, generated / "rooms.svg")
(generated / "rooms.rst").write_text(import_graph.table(PACKAGE))

html_theme = "pydata_sphinx_theme"
html_title = "cmlp"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False}
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_show_sourcelink = False
html_sidebars = {"**": []}

autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
doctest_global_setup = "import numpy as np, cmlp"
nitpick_ignore = [
    ("py:obj", "history_")
]  # a property, which numpydoc links to though it is described in the list of attributes
