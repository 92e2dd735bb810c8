"""Sphinx settings: the built pages are checked with -W, so every warning is an error."""

import cmlp

project = "cmlp"
author = "the cmlp developers"
copyright = "2026, the cmlp developers"
version = release = cmlp.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
myst_enable_extensions = ["dollarmath", "amsmath"]
nb_execution_mode = "cache"  # a page is run again when its code changes; a fresh build runs all
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
exclude_patterns = ["_build", "examples", "gallery/*.ipynb", "gallery/*.py"]
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_\w+\.py",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "write_computation_times": False,
    "min_reported_time": 1000,
}
html_theme = "pydata_sphinx_theme"
html_title = "cmlp"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False}
html_show_sourcelink = False
html_sidebars = {"**": []}

autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
doctest_global_setup = "import numpy as np, cmlp"
nitpick_ignore = [
    ("py:obj", "history_")
]  # a property, which numpydoc links to though it is described in the list of attributes
