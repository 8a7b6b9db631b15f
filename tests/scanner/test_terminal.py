"""What the terminal is given, whatever Azure's names hold."""

from __future__ import annotations

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from scanner.terminal import HarmlessConsole

NASTY = st.text(alphabet="az \x00\x07\x08\x1b[]31mJ\x7f\x9b\u202e\u2066\ud800é日", max_size=20)


@given(name=NASTY)
def test_no_name_commands_the_terminal(name: str) -> None:
    console = HarmlessConsole(file=StringIO(), width=400, color_system=None)
    table = Table("name")
    table.add_row(Text(name))
    console.print(Text(name), table, name)
    assert isinstance(console.file, StringIO)
    told = console.file.getvalue()
    assert not set(told) & set("\x00\x07\x08\x1b\x7f\x9b\u202e\u2066\ud800")
    assert told.encode()


def test_colours_of_our_own_are_kept() -> None:
    console = HarmlessConsole(file=StringIO(), force_terminal=True, color_system="standard")
    console.print(Text("a\x1b[2Jb", style="red"))
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue() == "\x1b[31ma\\u001b[2Jb\x1b[0m\n"
