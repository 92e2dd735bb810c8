import sys

from cmlp.cli import main

sys.exit(main())
