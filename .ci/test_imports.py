"""imports.py reads what there is, and refuses what is wrong."""

import pathlib
import re
import tempfile
import unittest

import imports

RIGHT = {
    "src/main.rs": "fn main() { cloudtrail_all_regions::cli::run(); }",
    "src/bin/bootstrap.rs": "use cloudtrail_all_regions::{aws::Session, handler};\nuse lambda_runtime::run;",
    "src/lib.rs": "pub mod aws;\npub mod cli;\npub mod handler;\npub mod report;\npub mod rule;\npub mod stand_in;",
    "src/aws/mod.rs": "mod calls;\nmod session;\npub use session::Session;",
    "src/aws/calls.rs": "use aws_smithy_types::DateTime;\nuse crate::rule::Verdict;",
    "src/aws/session.rs": "use super::calls;\nuse std::time::{Duration, SystemTime};",
    "src/cli/mod.rs": "use clap::Parser;\nuse crate::{handler, report::{self, Report}, stand_in::World};",
    "src/handler.rs": "use crate::aws::{Session, Session as Access};",
    "src/report/mod.rs": "pub mod table;\nmod text;\npub use text::Plain;\npub struct Report;\n",
    # A comment and a text import nothing: it is Plain's own file that the table needs.
    "src/report/table.rs": '// use crate::aws::Session;\nuse super::Plain;\nconst TEXT: &str = "crate::cli::run";',
    "src/report/text.rs": "use crate::rule::{Verdict, trail::Trail};",
    "src/rule/mod.rs": "pub mod trail;\nuse trail::Trail;\npub struct Verdict;\n"
    "#[cfg(test)]\nmod tests { use super::*; use super::trail::Trail; }",
    "src/rule/trail.rs": "use std::{fmt, time::Duration};",
    "src/stand_in/mod.rs": "use crate::rule::trail::Trail;",
    "benches/measure/main.rs": "mod runs;\nmod tables;\nuse tables::Report;",
    "benches/measure/runs.rs": "",
    "benches/measure/tables.rs": "use crate::runs::milliseconds;",
}


class Imports(unittest.TestCase):
    def faults(self, **changed):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (RIGHT | changed).items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return imports.faults(folder)

    def with_line(self, file, line):
        return self.faults(**{file: f"{RIGHT[file]}\n{line}\n"})

    def test_a_tree_that_keeps_the_order_passes(self):
        self.assertEqual(self.faults(), [])

    def test_an_import_upwards_is_refused_however_it_is_written(self):
        for file, line in [
            ("src/rule/trail.rs", "use crate::report::Report;"),
            ("src/rule/trail.rs", "use crate::{rule::Verdict, aws::{Session}};"),
            ("src/rule/trail.rs", "use super::super::handler;"),
            ("src/rule/trail.rs", "fn f() { crate::aws::calls(); }"),
            ("src/rule/mod.rs", "mod inner { mod inmost { use super::super::super::cli::run; } }"),
            ("src/report/table.rs", "pub(crate) use crate::aws::Session;"),
            ("src/aws/session.rs", "use crate::handler;"),
            ("src/handler.rs", "use crate::cli::run;"),
            ("src/handler.rs", "use crate::stand_in::World;"),
            ("src/stand_in/mod.rs", "use crate::report::Report;"),
        ]:
            with self.subTest(file=file, line=line):
                found = self.with_line(file, line)
                self.assertIn("imports upwards", "\n".join(found))

    def test_a_crate_is_refused_where_it_does_not_belong(self):
        for file, line, said in [
            ("src/handler.rs", "use aws_sdk_config::Client;", "only `aws` may use `aws_sdk_config`"),
            ("src/stand_in/mod.rs", "fn f() { aws_config::load(); }", "only `aws` may use `aws_config`"),
            ("src/bin/bootstrap.rs", "use aws_config::Region;", "only `aws` may use `aws_config`"),
            ("src/rule/mod.rs", "use tokio::time::sleep;", "`rule` may not use `tokio`"),
            ("src/rule/mod.rs", "use std::{fmt, time::{Duration, SystemTime}};", "may not use `std::time::SystemTime`"),
            ("src/rule/trail.rs", 'fn f() { std::env::var("X"); }', "`rule` may not use `std::env`"),
            ("src/report/table.rs", "use std::fs;", "`report` may not use `std::fs`"),
            ("src/report/mod.rs", "#[derive(clap::ValueEnum)]\nenum Format {}", "only `cli` may use `clap`"),
        ]:
            with self.subTest(file=file, line=line):
                found = self.with_line(file, line)
                self.assertEqual(len(found), 2 if "clap" in line else 1, found)
                self.assertIn(said, "\n".join(found))

    def test_a_circle_of_files_is_refused(self):
        for file, line, files in [
            ("src/rule/trail.rs", "use super::Verdict;", "src/rule/mod.rs, src/rule/trail.rs"),
            ("src/report/text.rs", "use super::table::render;", "src/report/table.rs, src/report/text.rs"),
            ("src/aws/calls.rs", "use super::Session;", "src/aws/calls.rs, src/aws/session.rs"),
            (
                "benches/measure/runs.rs",
                "use crate::tables::Report;",
                "benches/measure/runs.rs, benches/measure/tables.rs",
            ),
        ]:
            with self.subTest(file=file):
                self.assertEqual(self.with_line(file, line), [f"a circle of files: {files}"])

    def test_the_tests_of_a_file_tie_no_circle_but_keep_the_order(self):
        self.assertEqual(self.with_line("src/rule/trail.rs", "mod tests { use super::super::Verdict; }"), [])
        found = self.with_line("src/rule/trail.rs", "mod tests { use crate::report::Report; }")
        self.assertEqual(found, ["src/rule/trail.rs:2: `rule` imports upwards, from `report`: crate::report::Report"])

    def test_a_module_without_a_place_is_refused(self):
        found = self.faults(**{"src/lib.rs": RIGHT["src/lib.rs"] + "\nmod util;", "src/util.rs": "use std::fmt;"})
        self.assertEqual(found, ["src/util.rs: `util` has no place in the order"])

    def test_the_paths_of_a_use_line_are_read_whole(self):
        tree = "a::{self, b::{c, d as e}, f::*, g}"
        self.assertEqual(
            list(imports.leaves(tree)),
            [
                (["a"], "a"),
                (["a", "b", "c"], "c"),
                (["a", "b", "d"], "e"),
                (["a", "f", "*"], "*"),
                (["a", "g"], "g"),
            ],
        )


class Page(unittest.TestCase):
    """docs/architecture.md says the same."""

    page = (pathlib.Path(__file__).parents[1] / "docs/architecture.md").read_text()

    def rows(self, heading):
        table = self.page.partition(f"| {heading} |")[2].partition("\n\n")[0]
        return [[re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:3]] for row in table.splitlines()[2:]]

    def test_the_order_of_the_modules(self):
        self.assertEqual([modules for modules, _ in self.rows("module, top first")], imports.ORDER)
        for beside, below in imports.BESIDE.items():
            modules = " and ".join(f"`{module}`" for module in below)
            self.assertIn(f"`{beside}`, AWS on a loopback port. It imports from {modules} alone", self.page)

    def test_the_only_users_of_crates(self):
        said = [(crate, user) for [crate], [user] in self.rows("crate")]
        crates = [(re.sub(r"\\w[*+]", "*", crates.pattern), user) for crates, user in imports.ONLY_USER]
        self.assertEqual(said, crates)

    def test_what_may_use_nothing_outside(self):
        modules = [f"`{module}`" for module in imports.FORBIDDEN]
        self.assertIn(f"{', '.join(modules[:-1])} and {modules[-1]} may not use `clap`, `tokio`, ", self.page)


if __name__ == "__main__":
    unittest.main()
