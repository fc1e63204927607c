"""A command: its help, and how its command line is read. An option that takes one value is given once, and old
spellings still work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from attncli.cli.parameters import OTHER
from attncli.cli.shell import shown
from attncli.errors import UsageError
from attncli.language import N_

if TYPE_CHECKING:
    from attncli.cli.help_page import HelpPage

LISTS = ("LAYERS", "HEADS", "TOKENS", "POSITIONS", "ID,ID,…", "N,N,…")
"""What stands in the help for a value that may be several."""


class Command(click.Command):
    """A command with a page of help of its own, which refuses to be told one thing twice.

    `about`: paragraphs that say what the command does. `examples`: pairs of what a command line shows, and the
    line. `section` lists the options that name none. All are marked for translation. `formerly`: old spellings of
    options, which the help does not list, and the present ones.
    """

    def __init__(
        self,
        *arguments: Any,
        about: Sequence[str],
        examples: Sequence[tuple[str, str]],
        section: str = OTHER,
        formerly: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*arguments, **settings)
        self.about, self.examples, self.section = tuple(about), tuple(examples), section
        self.formerly = formerly or {}

    def page(self, context: click.Context) -> HelpPage:
        from attncli.cli.help_page import Example, HelpPage, sections_of, usage_of

        examples = tuple(Example(shows, line) for shows, line in self.examples)
        return HelpPage(usage_of(context), self.about, examples, tuple(sections_of(context, self.section)))

    def get_help(self, ctx: click.Context) -> str:
        return shown(self.page(ctx), ctx)

    def make_parser(self, ctx: click.Context) -> Any:
        parser = super().make_parser(ctx)
        for old, new in self.formerly.items():
            option = next(p for p in self.params if isinstance(p, click.Option) and new in p.opts)
            parser.add_option(obj=option, opts=[old], dest=option.name, action="store", nargs=option.nargs)
        return parser

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:  # a shell that asks for completions
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            for parameter, count in Counter(map(id, order)).items():
                option = next(p for p in order if id(p) == parameter)
                if count > 1 and isinstance(option, click.Option) and not (option.multiple or option.is_eager):
                    raise given_again(option)
        return super().parse_args(ctx, args)


def given_again(option: click.Option) -> UsageError:
    """The error for an option that is given more than once, and takes one value."""
    longest = (max(flags, key=len) for flags in (option.opts, option.secondary_opts) if flags)
    flags = " or ".join(longest)
    hint = N_("Give it once.")
    if option.metavar in LISTS:
        hint = N_("It takes several at once, as in {flag} 0,2", flag=flags)
    return UsageError(N_("{flag} is given more than once.", flag=flags), hint)
