"""Every block of code in the pages runs here, from the page's text: README.md and docs/*.md.

What a block is, its language says; there is no other way to leave one out.

========== ====================================================================================================
language   what is done with it
========== ====================================================================================================
python     runs as a program of its own, in the page's folder
console    each line behind ``$`` runs, without a shell; the lines below it must be what it prints, where there are any
sh, none   (none: an indented block) each line is a command, and runs
json       is read
text       is no code; nothing in it may look like a command
========== ====================================================================================================

What a page shows of a command's output are its warnings, then what it prints. ``...`` stands for any text in a line, and
a line of ``...`` for any lines: what differs from run to run, as seconds do. The blocks of a page run in order, in one
folder that begins empty, so that a later command finds what an earlier one made. Samples stand for whole data sets
(``tests/samples``).

Comments in front of a block, which readers do not see, say what else is to be done:

``<!-- test setup: CODE -->``
    Python that runs before: what the text speaks of but does not make. It shares its names with a block of Python.
``<!-- test check: CODE -->``
    Python that runs after a block of Python, with its names.
``<!-- test parse `xnorflow build`: REASON -->``
    Commands that begin so (all of the block, where none is named) are not run. Their program's own parser reads them:
    each option, argument, choice, board and network must exist, and each file, unless a command before writes it.
``<!-- test add `--epochs 2` to `xnorflow train`: REASON -->``
    These words are put behind commands that begin so (behind all, where none is named), to make them cheaper.
``<!-- test figures: REASON -->``
    In the output that is shown any number is as good as another.
``<!-- test build `out/tfc`: REASON -->``
    A small build, made once for all pages, lies in that folder.
``<!-- test board `tfc.safetensors`: REASON -->``
    A simulated board with that network, or that build's, is at the port ``/dev/ttyUSB1``.

Commands in the running text, as `xnorflow zoo`, are always parsed, and may leave out arguments and name them in capitals.
"""
